/** One file for whoever sits at this machine: nothing that another site's page could have a browser fetch and read. */
import { statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendFile } from './static.ts';

/**
 * A route that answers with the file as it is when it is asked for; 404 where it has gone. Who calls this machine by another name
 * than its own (a page whose host name leads here) gets 403.
 */
export function ownFile(
  file: string,
  type: string,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts === undefined || !OWN_NAME.test(request.headers.host ?? '')) {
      response.writeHead(facts === undefined ? 404 : 403).end();
      return;
    }
    const { size: bytes, mtimeMs } = facts;
    const etag = `"${bytes.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
    sendFile(request, response, { file, bytes, type, etag, cacheControl: 'no-cache' });
  };
}

const OWN_NAME = /^(127\.0\.0\.1|localhost)(:\d+)?$/;
