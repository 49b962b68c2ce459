/** What the admin port's HTTP API takes and answers: JSON Schemas, of which its OpenAPI document is made too. Times are in ms or us, as named. */
import { type TProperties, Type } from 'typebox';
import { STAGES } from '../../room/looking.ts';

/** No other property than these; so a client may rely on the list. */
function record<P extends TProperties>(properties: P, description = '') {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description !== '' && { description }),
  });
}

const count = (description: string) => Type.Integer({ minimum: 0, description });
const us = (description: string) => Type.Number({ minimum: 0, description: `${description}, us` });
const text = (description: string) => Type.String({ description });

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
const Level = Type.Unsafe<(typeof LEVELS)[number]>({ type: 'string', enum: [...LEVELS] });

export const Failure = record(
  { code: text('Stable: E_...'), message: text('Cannot <action>: <state>') },
  'What went wrong.',
);

export const ServerAnswer = record({
  version: text('Of Fray.'),
  node: text('Of Node.'),
  game: text('Its name.'),
  uptimeMs: count('Since the start, ms.'),
  ready: Type.Boolean({ description: 'New players are taken.' }),
  draining: Type.Boolean({ description: 'It is about to end.' }),
  logLevel: Level,
  rooms: count('Open rooms, warm ones included.'),
  players: count('People in rooms.'),
  bots: count('Bots in rooms.'),
  workers: Type.Array(
    record({
      worker: count('Its index.'),
      state: text('starting, ready, waiting (it crashed too often) or stopped.'),
      restarts: count('Threads that took it up after a crash.'),
      rooms: count('Of it.'),
      ticksSkipped: count('Given up because it was too far behind.'),
      overloadLevel: Type.Integer({ minimum: 0, maximum: 4 }),
    }),
  ),
});

export const Room = record({
  id: text('As clients join it.'),
  worker: count('That runs it.'),
  people: count('Seats given to people.'),
  bots: count('In it.'),
  playersMax: count('Places.'),
  entities: count('Players included.'),
  tick: count('Its newest.'),
  open: Type.Boolean({ description: 'False: joined by its id alone.' }),
  ageMs: Type.Number({ minimum: 0 }),
});
export const RoomsAnswer = record({ rooms: Type.Array(Room) });

export const PlayersAnswer = record({
  players: Type.Array(
    record({
      session: count('Number of the session, to kick it by.'),
      userId: text('From the token, or guest-...'),
      guest: Type.Boolean(),
      name: text('That it asked for; empty: the game picked one.'),
      address: text('Of the player.'),
      room: text('Id; empty while it has none.'),
      state: text('authorising, accepted, joining, joined or leaving.'),
      away: Type.Boolean({ description: 'Nothing is heard of it; its place is kept.' }),
      transport: text('websocket, udp or webrtc; empty while it is away.'),
    }),
  ),
});

const StageTimes = record(
  Object.fromEntries(STAGES.map((name) => [name, us(`Stage ${name}`)])),
  'begin is ingest, apply, simulate and resolve; end is journal, command, record, select and encode.',
);
const Histogram = record({
  boundsUs: Type.Array(Type.Number(), { description: 'Upper bound of each bucket but the last.' }),
  counts: Type.Array(Type.Number(), { description: 'One more than bounds.' }),
  count: count('Of all.'),
  p50Us: us('Median'),
  p99Us: us('99 of 100 are below'),
});
export const TicksAnswer = record({
  workers: Type.Array(
    record({ worker: count('Its index.'), duration: Histogram, lateness: Histogram }),
  ),
  worst: Type.Array(
    record({
      room: text('Id; empty where it is gone.'),
      worker: count('Its index.'),
      tick: count('Its number.'),
      agoMs: Type.Number({ minimum: 0 }),
      us: us('All of it'),
      stage: text('The stage that took the most.'),
      stagesUs: StageTimes,
    }),
    { description: 'The longest of the last ten minutes, the longest first.' },
  ),
});

export const SessionsAnswer = record({
  open: count('Connections, in a room or not.'),
  joined: count('Sessions in a room.'),
  away: count('Of them those of whom nothing is heard.'),
  transports: Type.Array(
    record({
      transport: text('websocket, udp or webrtc.'),
      sessions: count('That it carries.'),
      datagramsIn: count('Since the start.'),
      datagramsOut: count('Since the start.'),
      bytesIn: count('Since the start.'),
      bytesOut: count('Since the start.'),
    }),
  ),
});

export const DropsAnswer = record({
  drops: Type.Array(
    record({ reason: text('As in docs/limits.md.'), count: count('Since the start.') }),
  ),
});

export const LogLevelBody = record({ level: Level });

export const DrainBody = record({
  graceMs: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 3_600_000, description: 'Default: drainMs.' }),
  ),
});
export const DrainAnswer = record({ graceMs: count('So long players may finish, ms.') });

export const KickParams = Type.Object({ session: Type.Integer({ minimum: 1 }) });
export const KickBody = record({
  reason: Type.Optional(
    Type.String({
      maxLength: 80,
      description: 'The player is told. Default: the sentence of E_KICKED.',
    }),
  ),
});
export const KickAnswer = record({ session: count('That was ended.') });

export const RoomParams = Type.Object({ room: Type.String({ minLength: 1, maxLength: 48 }) });
export const PlayersQuery = Type.Object({ room: Type.Optional(Type.String({ maxLength: 48 })) });

export const InspectionAnswer = record({
  tick: count('As of which.'),
  players: count('Slots in use.'),
  entities: Type.Array(
    record({
      handle: count('Generation and index.'),
      kind: text('Name of its kind.'),
      x: Type.Number({ description: 'World units, as y, z, radius and depth.' }),
      y: Type.Number(),
      z: Type.Number(),
      aim: Type.Number({ description: 'Turns, 0 is +x, counter-clockwise to +y.' }),
      radius: Type.Number({ description: 'Half width of a box.' }),
      depth: Type.Number({ description: 'Half depth of a box; 0: it is round.' }),
      health: Type.Integer(),
      team: Type.Integer(),
      player: Type.Union([
        record({
          id: count('Of the player.'),
          name: text('As all see it.'),
          bot: Type.Boolean(),
          alive: Type.Boolean(),
        }),
        Type.Null(),
      ]),
    }),
  ),
  walls: Type.Array(Type.Array(Type.Number(), { minItems: 4, maxItems: 4 }), {
    description: 'Left, top, right, bottom; at most 2,000.',
  }),
});
