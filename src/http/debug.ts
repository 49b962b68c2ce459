/**
 * What an operator does to a server that is to be tried, on the admin port and from this machine alone: `POST /debug/kill-worker` ends a
 * worker, `GET /debug/crashes` tells what came of each that died; `POST /debug/move-room` sends a room to another worker, `GET
 * /debug/moves` tells where each is and what came of those that went. A page in a browser can do none of it: it would need a header
 * of ours, for which it has to ask first.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Crew } from '../room/crew.ts';
import type { RoomDirectory } from '../room/directory.ts';
import { isLocal } from './admin/access.ts';

/** Of every request below /debug. */
export const DEBUG_HEADER = 'x-fray-debug';
export const KILL_PATH = '/debug/kill-worker';
export const CRASHES_PATH = '/debug/crashes';
export const MOVE_PATH = '/debug/move-room';
export const MOVES_PATH = '/debug/moves';

/** How a worker is ended: at once by the host, by itself, or by a loop without end, which the watchdog has to see. */
export const KILLS = ['exit', 'hang', 'now'] as const;
export type Kill = (typeof KILLS)[number];

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Whose workers and rooms they are. */
export type Debugged = Pick<RoomDirectory, 'crew' | 'rooms' | 'move' | 'moves'>;

export function debugRoutes(of: Debugged): {
  readonly routes: { readonly [path: string]: Handler };
  readonly commands: { readonly [path: string]: Handler };
} {
  return {
    routes: {
      [CRASHES_PATH]: guarded((_, response) => tell(response, 200, crashesOf(of.crew))),
      [MOVES_PATH]: guarded((_, response) => tell(response, 200, movesOf(of))),
    },
    commands: {
      [KILL_PATH]: guarded((request, response) => {
        const asked = new URL(request.url ?? '', 'http://localhost').searchParams;
        const worker = of.crew?.workers.find(({ index }) => String(index) === asked.get('worker'));
        const how = KILLS.find((one) => one === asked.get('how'));
        if (worker === undefined || how === undefined || worker.state !== 'ready')
          tell(response, 409, { error: 'there is no such worker that runs, or no such way' });
        else if (how === 'hang' && of.crew?.watches !== true)
          tell(response, 409, { error: 'with watchdogMs 0 nobody would end it' });
        else {
          worker.kill(how);
          tell(response, 202, { worker: worker.index, how });
        }
      }),
      [MOVE_PATH]: guarded((request, response) => {
        const asked = new URL(request.url ?? '', 'http://localhost').searchParams;
        const [room, to] = [asked.get('room') ?? '', Number(asked.get('to') ?? 'NaN')];
        const error = of.move(room, to);
        tell(response, error === '' ? 202 : 409, error === '' ? { room, to } : { error });
      }),
    },
  };
}

function guarded(handler: Handler): Handler {
  return (request, response) => {
    if (isLocal(request) && request.headers[DEBUG_HEADER] === '1') handler(request, response);
    else tell(response, 403, { error: 'from this machine alone, and not from a page' });
  };
}

function crashesOf(crew: Crew | undefined): object {
  return {
    workers: crew?.workers.map(({ state }) => state) ?? [],
    sparesReady: crew?.sparesReady ?? 0,
    count: crew?.crashCount ?? 0,
    crashes: crew?.crashes ?? [],
  };
}

function movesOf(of: Debugged): object {
  const workers = of.crew?.workers ?? [];
  return {
    workers: workers.map(({ state, timing }) => ({
      state,
      ticksSkipped: timing.counter('ticksSkipped'),
    })),
    rooms: of
      .rooms()
      .map(({ id, worker, people, bots, tick }) => ({ id, worker, people, bots, tick })),
    count: of.moves.count,
    moves: of.moves.reports,
  };
}

function tell(response: ServerResponse, status: number, facts: object): void {
  const body = JSON.stringify(facts);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
