/** The operator's port: `/metrics` for Prometheus, `/healthz` and `/readyz`, and debug.ts. Loopback by default; it has no login. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../ops/metrics.ts';
import { type Debugged, debugRoutes } from './debug.ts';
import { PublicHttp } from './public.ts';

export interface AdminHttpOptions {
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  /** Whose workers may be killed, and rooms moved. */
  readonly directory: Debugged;
}

/** The same small HTTP as the public port, with the same limits on slow peers; no page and no upgrade. */
export function createAdminHttp(options: AdminHttpOptions): PublicHttp {
  const metrics = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.from(await options.metrics.text());
    response.writeHead(200, {
      'Content-Type': options.metrics.contentType,
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const { routes, commands } = debugRoutes(options.directory);
  return new PublicHttp({
    ready: options.ready,
    routes: { '/metrics': metrics, ...routes },
    commands,
    socketsMax: ADMIN_SOCKETS_MAX,
  });
}

/** A scraper or two, and a person. */
const ADMIN_SOCKETS_MAX = 64;
