/** Who may kill a worker, and when that makes sense. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'tap';
import { DEBUG_HEADER, type Debugged, debugRoutes, KILL_PATH } from '../../src/http/debug.ts';
import type { Crew } from '../../src/room/crew.ts';

/** What a request to kill worker 0 is answered, and how that was killed. */
function ask(
  { host, how = 'exit', header = '1', from = '::ffff:127.0.0.1' }: Record<string, string>,
  watches = true,
): [number, string[]] {
  const killed: string[] = [];
  let status = 0;
  const worker = { index: 0, state: 'ready', kill: (by: string) => killed.push(by) };
  const crew = { workers: [worker], watches } as unknown as Crew;
  const { commands } = debugRoutes({ crew } as Debugged);
  const request = {
    url: `${KILL_PATH}?worker=0&how=${how}`,
    headers: { [DEBUG_HEADER]: header, host },
    socket: { remoteAddress: from },
  } as unknown as IncomingMessage;
  const response = {
    writeHead(code: number) {
      status = code;
    },
    end() {},
  } as unknown as ServerResponse;
  commands[KILL_PATH]?.(request, response);
  return [status, killed];
}

test('a worker is killed from this machine alone, by a name of this machine', async (t) => {
  for (const host of ['localhost:9090', '127.0.0.1:9090', '[::1]:9090', 'localhost'])
    t.same(ask({ host }), [202, ['exit']], host);
  for (const host of [
    'game.example:9090',
    '127.0.0.1.game.example',
    'localhost.example',
    '',
    'a b',
  ])
    t.same(ask({ host }), [403, []], `'${host}': a name that was turned to this machine`);
  t.same(ask({ host: 'localhost', header: '' }), [403, []]);
  t.same(ask({ host: 'localhost', from: '10.0.0.7' }), [403, []]);
});

test('nobody is made to hang where nobody looks for those who do', async (t) => {
  t.same(ask({ host: 'localhost', how: 'hang' }), [202, ['hang']]);
  t.same(ask({ host: 'localhost', how: 'hang' }, false), [409, []]);
  t.same(ask({ host: 'localhost', how: 'now' }, false), [202, ['now']]);
});
