/** The admin port's HTTP API under `/api`: what an operator sees of the server, and does to it. `GET /api/openapi.json` describes it. */
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';
import { ERROR, errorText } from '../../../protocol/gen/tables.ts';
import { FrayError } from '../../errors.ts';
import type { LogLevel } from '../../ops/log.ts';
import { lookInto } from '../../room/looking.ts';
import type { Administered } from './facts.ts';
import {
  dropsFacts,
  playersFacts,
  roomsFacts,
  serverFacts,
  sessionsFacts,
  ticksFacts,
} from './facts.ts';
import * as shape from './schemas.ts';

/** Adds the routes. Who may ask is the caller's. */
export function addApi(app: FastifyInstance, of: Administered): void {
  addReads(app, of);
  addRooms(app, of);
  addCommands(app, of);
}

function addReads(app: FastifyInstance, of: Administered): void {
  app.get('/api/server', { schema: said('The server and its workers', shape.ServerAnswer) }, () =>
    serverFacts(of),
  );
  app.get('/api/rooms', { schema: said('Open rooms', shape.RoomsAnswer) }, () => roomsFacts(of));
  app.get(
    '/api/players',
    {
      schema: {
        ...said('Sessions, of one room or all', shape.PlayersAnswer),
        querystring: shape.PlayersQuery,
      },
    },
    ({ query }) => playersFacts(of, (query as { room?: string }).room),
  );
  app.get('/api/ticks', { schema: said('Tick times, and the worst', shape.TicksAnswer) }, () =>
    ticksFacts(of),
  );
  app.get('/api/sessions', { schema: said('By transport', shape.SessionsAnswer) }, () =>
    sessionsFacts(of),
  );
  app.get('/api/drops', { schema: said('What was dropped, by reason', shape.DropsAnswer) }, () =>
    dropsFacts(of),
  );
  app.get('/api/log-level', { schema: said('The least level', shape.LogLevelBody) }, () => ({
    level: of.log.level,
  }));
}

function addRooms(app: FastifyInstance, of: Administered): void {
  app.get(
    '/api/rooms/:room/entities',
    {
      schema: {
        ...said('What stands in a room now', shape.InspectionAnswer),
        params: shape.RoomParams,
      },
    },
    async ({ params }) => {
      const { room } = params as { room: string };
      const found = await lookInto(of.directory, room);
      if (found !== null) return found;
      throw new FrayError('E_ROOM_UNKNOWN', `Cannot look into room ${room}: it is not open`);
    },
  );
}

function addCommands(app: FastifyInstance, of: Administered): void {
  app.put(
    '/api/log-level',
    { schema: { ...said('Sets the least level', shape.LogLevelBody), body: shape.LogLevelBody } },
    ({ body }) => {
      of.log.setLevel((body as { level: LogLevel }).level);
      return { level: of.log.level };
    },
  );
  app.post(
    '/api/drain',
    {
      schema: {
        ...said(
          'Ends the server as SIGTERM does: no new players, then none',
          shape.DrainAnswer,
          202,
        ),
        body: shape.DrainBody,
      },
    },
    ({ body }, reply) => {
      if (of.draining()) throw new FrayError('E_SHUTDOWN', 'Cannot drain: it is draining already');
      const { graceMs } = body as { graceMs?: number };
      return reply.code(202).send({ graceMs: of.drain(graceMs ?? null) });
    },
  );
  app.post(
    '/api/players/:session/kick',
    {
      schema: {
        ...said('Ends a session', shape.KickAnswer),
        params: shape.KickParams,
        body: shape.KickBody,
      },
    },
    ({ params, body }) => {
      const { session } = params as { session: number };
      if (!of.sessions.list().some(({ id }) => id === session))
        throw new FrayError('E_SESSION_OVER', `Cannot kick session ${session}: it is not live`);
      const { reason } = body as { reason?: string };
      of.sessions.end(session, ERROR.E_KICKED, reason || errorText(ERROR.E_KICKED));
      return { session };
    },
  );
}

/** The schema of a route that answers with `answer`, or with a failure. */
function said(summary: string, answer: TSchema, status = 200): FastifySchema {
  return {
    summary,
    security: [{ token: [] }],
    response: { [status]: answer, '4xx': shape.Failure, '5xx': shape.Failure },
  } as FastifySchema;
}
