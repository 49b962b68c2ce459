/**
 * The table of every option of a server: type with range, default, unit, what it does. Why one table: `fray config`, the flags of
 * `fray start`, the docs and the checks are made from it and cannot drift apart. Read through src/config.ts.
 */
import type { TSchema } from 'typebox';
import { Type } from 'typebox';

/** One option, with values `V`. The range is part of `type`; `zero` says what 0 (or an empty list) means where it is not a plain value. */
export interface Option<V = unknown> {
  /** Not inferred from: to let it say what `V` is takes the compiler as long as a quarter of all our code. */
  readonly type: TSchema;
  readonly default: V;
  /** `ms`, `bytes`, `count`, ...; empty for names and switches. */
  readonly unit: string;
  readonly doc: string;
  readonly zero?: string;
  /** Its value is never printed or logged. */
  readonly secret?: true;
}

/** The options of `fray start`, in the order in which they are printed. */
export const OPTIONS = {
  game: text(
    'arena',
    1,
    1024,
    'Game to serve: a name under dist/games, a folder of a built game, or its server file.',
  ),
  host: text(
    '127.0.0.1',
    1,
    255,
    'Address that players reach. The development key is refused on any other than loopback.',
  ),
  port: integer(8080, 0, 65535, '', 'TCP port of page and players.', '0 takes a free one'),
  adminHost: text('127.0.0.1', 1, 255, 'Address of metrics, health and admin page for operators.'),
  adminPort: integer(
    9090,
    0,
    65535,
    '',
    'TCP port of metrics, health and admin page.',
    '0 switches it off',
  ),
  adminTokens: list(
    [],
    KEY(),
    2,
    'Tokens for the admin API from other machines, 32 bytes in hex: the current one, then the previous one. Read again on SIGHUP.',
    'an empty list lets in this machine alone',
    true,
  ),
  bots: integer(
    0,
    0,
    1024,
    'count',
    'Players of the first room that are bots while people are few: each person who comes takes the place of one at once, and each who goes gives it back.',
    '0 adds none to those of the game itself',
  ),
  workers: integer(
    0,
    0,
    64,
    'count',
    'Worker threads that run rooms.',
    '0 takes the CPUs this process may use, less one for I/O',
  ),
  roomsMax: integer(64, 1, 65536, 'count', 'Rooms open at once.'),
  roomsWarm: integer(
    1,
    0,
    1024,
    'count',
    'Empty rooms kept ready, so that the first player does not wait.',
  ),
  playersMax: integer(0, 0, 1024, 'count', 'Places of a room.', "0 takes the game's own figure"),
  emptyCloseMs: integer(
    0,
    0,
    86_400_000,
    'ms',
    'An empty room is closed after this time.',
    "0 takes the game's own figure",
  ),
  guests: flag(
    true,
    'Lets players in without a connect token. Off by default as soon as tokenKeys is set.',
  ),
  tokenKeys: list(
    [],
    KEY(),
    2,
    'Keys of connect tokens, 32 bytes in hex: the current one, then the previous one.',
    'an empty list is the built-in development key',
    true,
  ),
  publicAddresses: list(
    [],
    ADDRESS(),
    32,
    'Addresses of this server as players reach it over UDP, as in 203.0.113.5:40000. Connect tokens have to name one of them.',
    'an empty list is what the UDP sockets are bound to; without UDP no address is asked for',
  ),
  udp: list(
    [],
    ADDRESS(),
    8,
    'Addresses of UDP sockets for native clients (netcode 1.02), as in 127.0.0.1:40000 or [::]:40000.',
    'an empty list opens none',
  ),
  io: choice(
    'auto',
    ['auto', 'native', 'js'],
    'Who moves UDP packets: native threads (Linux, after npm run build:native) or this process; auto takes native ones where they are.',
  ),
  ioThreads: integer(
    1,
    1,
    8,
    '',
    'Native I/O threads, each with sockets of its own on the same addresses. One moves some ten thousand players.',
  ),
  ioSpinUs: integer(
    0,
    0,
    1000,
    'us',
    'Time that a native I/O thread looks for work before it sleeps. It takes all of a processor.',
    '0 sleeps at once',
  ),
  tokenOpensPerSecond: integer(
    500,
    1,
    100_000,
    '1/s',
    'Connect tokens looked into for UDP handshakes, whoever asks: some 50 us each; an eighth of them for one prefix of addresses. Clients ask again.',
  ),
  webrtc: flag(true, 'Takes players over WebRTC data channels, in a process of their own.'),
  rtcHost: text('', 0, 255, 'Address of the UDP port of WebRTC.', 'empty is that of host'),
  rtcPort: integer(0, 0, 65535, '', 'UDP port of all WebRTC players.', '0 takes a free one'),
  rtcPublicAddress: text(
    '',
    0,
    255,
    'The one address that WebRTC players are told, for a server behind a translated address.',
    "empty tells them the machine's own",
  ),
  iceServers: list(
    [],
    Type.String({ minLength: 6, maxLength: 255 }),
    8,
    'STUN servers that WebRTC players are told of, as in stun:stun.example.org:3478.',
    'an empty list names none: the server itself has a public address',
  ),
  offersPerSecond: integer(
    200,
    1,
    10_000,
    '1/s',
    'Offers of WebRTC answered: some 3 ms of CPU each. More get 429.',
  ),
  offersPerPrefixPerSecond: integer(
    32,
    1,
    10_000,
    '1/s',
    'The same for a prefix of addresses, IPv4 /24 and IPv6 /56; four seconds of them may come at once.',
  ),
  stateDir: text(
    '',
    0,
    1024,
    'Folder for what has to survive a restart: connect tokens that were used. Needed with tokenKeys.',
    'empty keeps them in memory: with the development key alone, whose tokens open once more after a restart',
  ),
  spareWorkers: integer(
    1,
    0,
    8,
    'count',
    'Threads that have loaded the game and wait for a worker to die, so that its rooms go on at once. Each costs the memory of a worker without rooms, and that of as many rooms (2 MB of 50 players) as are played in on the fullest one, 128 MB at most.',
    '0 keeps none: rooms of a dead worker stand still until another has loaded the game',
  ),
  watchdogMs: integer(
    250,
    0,
    60_000,
    'ms',
    'A worker without a sign of life for so long (a hook that loops for ever, or takes longer than this) is ended, and another goes on with its rooms; where rooms are made, 20 times as long. Not while a debugger may attach (--inspect).',
    '0 waits for ever',
  ),
  workerHeapMb: integer(
    0,
    0,
    65_536,
    'MB',
    'JavaScript memory of a room worker, beside that of its rooms: beyond it the worker ends (a game that keeps more and more outside its state), and another goes on with its rooms. Fewer than 64 are too few to load a game.',
    '0 leaves it to Node, which allows some gigabytes',
  ),
  shadowMs: integer(
    1000,
    50,
    60_000,
    'ms',
    'Each room that is played in is copied so often into memory that outlives its worker: from there it goes on after a crash, with what came since played again (some 0.1 ms a tick). A copy of a room of 50 takes 0.2 ms.',
  ),
  balancePercent: integer(
    25,
    0,
    100,
    'percent',
    'Where one worker is busy by so much more of its time than another, and for more than half of it, a room goes to the other at the end of a tick. No player is told; what its game keeps outside its declared state stays behind.',
    '0 moves no room by itself',
  ),
  journalDir: text(
    '',
    0,
    1024,
    'Folder for the journals of rooms: every record that entered each, compressed, a file per room; `fray replay` verifies them.',
    'empty keeps none',
  ),
  journalKeyFile: text(
    '',
    0,
    1024,
    'Private key (Ed25519, PEM) that signs what a journal closes with: players, result, final hash.',
    'empty makes `key.pem` in journalDir and keeps it, its public half in `key.pub.pem`',
  ),
  journalFlushMs: integer(
    50,
    10,
    10_000,
    'ms',
    'Journals are written so often: at most so much of them is lost when the process is killed.',
  ),
  journalHashTicks: integer(
    30,
    1,
    36_000,
    'ticks',
    'A state hash goes into the journal after each so many ticks.',
  ),
  checkpointMs: integer(
    30_000,
    0,
    3_600_000,
    'ms',
    'Each room that is played in gets a checkpoint in its journal so often: its memory, or what has changed of it since the last one (some 70 kB of a room of 50). A server that was killed goes on from there, and what came since is played again.',
    '0 makes none: rooms of a killed server are played again from their beginning',
  ),
  journalMbMax: integer(
    4096,
    0,
    16_777_216,
    'MB',
    'The oldest journals are deleted while all of them have more bytes. Those of open rooms stay.',
    '0 deletes none for their size',
  ),
  journalHoursMax: integer(
    168,
    0,
    87_600,
    'hours',
    'Journals are deleted so long after their rooms.',
    '0 deletes none for their age',
  ),
  auth: text(
    '',
    0,
    1024,
    'Module whose default export is asked about every player who would come in (OnAuth of fray/plugin).',
    'empty asks nobody',
  ),
  authTimeoutMs: integer(
    5000,
    100,
    60_000,
    'ms',
    'A login without an answer is refused after this time (E_AUTH_TIMEOUT).',
  ),
  authsMax: integer(
    64,
    1,
    10_000,
    'count',
    'Logins that run at once, those included that nobody waits for any more; one more is refused (E_AUTH_BUSY).',
  ),
  allowedOrigins: list(
    [],
    Type.String({ minLength: 1, maxLength: 255 }),
    64,
    "Origins of pages that may connect beside the server's own, or *.",
    "an empty list is the server's own alone",
  ),
  trustProxy: flag(
    false,
    'Takes the address of a player from X-Forwarded-For. Only behind a proxy that sets it.',
  ),
  traces: flag(
    false,
    'Spans of one tick a second of each worker, with its stages, for OpenTelemetry: through @opentelemetry/api, which has to be installed beside Fray. The SDK that exports them is yours (node --import).',
  ),
  websocket: choice(
    'ws',
    ['ws', 'uws'],
    'Library of the WebSockets: ws, or uWebSockets.js where it is installed, which costs less CPU.',
  ),
  tlsCert: text(
    '',
    0,
    4096,
    'File with the certificate of the public port and its chain, in PEM: page and players by TLS. Read again on SIGHUP.',
    'empty speaks without TLS',
  ),
  tlsKey: text('', 0, 4096, 'File with the private key of tlsCert, in PEM without passphrase.'),
  httpRequestsMax: integer(
    256,
    1,
    65_536,
    'count',
    'Requests for page and signalling at once whose answer is not complete; further ones get 503. Half of them for one network.',
  ),
  sessionsMax: integer(10_000, 1, 16_384, 'count', 'Sessions at once.'),
  sessionsPerAddressMax: integer(256, 1, 16_384, 'count', 'Sessions at once from one address.'),
  hellosPerSecond: integer(
    1000,
    1,
    100_000,
    '1/s',
    'Handshakes the whole server answers; further ones are dropped and counted.',
  ),
  hellosPerAddressPerSecond: integer(
    64,
    1,
    100_000,
    '1/s',
    'The same for one address; four seconds of them may come at once.',
  ),
  hellosPerPrefixPerSecond: integer(
    256,
    1,
    100_000,
    '1/s',
    'The same for a prefix of addresses, IPv4 /24 and IPv6 /56: a rented block is no crowd.',
  ),
  packetsPerSecond: integer(
    300,
    10,
    10_000,
    '1/s',
    'Packets one session may send; one second of them may come at once, more are dropped (E_RATE).',
  ),
  bytesPerSecond: integer(
    65_536,
    1024,
    16_777_216,
    'bytes/s',
    'Bytes one session may send, in the same way.',
  ),
  dropMs: integer(
    1000,
    0,
    60_000,
    'ms',
    'A player from whom nothing is heard for so long is away: the game hears onDrop.',
    '0 tells no game',
  ),
  resumeMs: integer(
    30_000,
    0,
    3_600_000,
    'ms',
    'A player who is away for so long is out (E_TIMEOUT); until then he comes back to the same body.',
    '0 ends a session with its connection',
  ),
  sessionTokenMs: integer(
    300_000,
    0,
    86_400_000,
    'ms',
    'Life of the tokens with which players come back or change transports; each is renewed at half of it.',
    '0 hands out none; 1 to 999 is too short',
  ),
  idleTimeoutMs: integer(
    10_000,
    1000,
    600_000,
    'ms',
    'A connection that is silent for so long is closed; its session waits for resumeMs, or is over (E_TIMEOUT) where that is 0.',
  ),
  joinTimeoutMs: integer(
    5000,
    500,
    60_000,
    'ms',
    'A connection without a joined room is closed after this time.',
  ),
  drainMs: integer(
    10_000,
    0,
    3_600_000,
    'ms',
    'Grace time after SIGTERM: players hear a notice and may finish.',
    '0 closes at once',
  ),
  retryUrl: text(
    '',
    0,
    96,
    'Address that players are told with the notice of a drain, to come back to: the page or server that goes on.',
    'empty is where they came from, as behind a proxy that knows who goes on',
  ),
  logLevel: choice(
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    'Least level of the log lines on standard error.',
  ),
} as const;

function text(
  value: string,
  minLength: number,
  maxLength: number,
  doc: string,
  zero?: string,
): Option<string> {
  return {
    type: Type.String({ minLength, maxLength }),
    default: value,
    unit: '',
    doc,
    ...(zero === undefined ? {} : { zero }),
  };
}

function integer(
  value: number,
  minimum: number,
  maximum: number,
  unit: string,
  doc: string,
  zero?: string,
): Option<number> {
  return {
    type: Type.Integer({ minimum, maximum }),
    default: value,
    unit,
    doc,
    ...(zero === undefined ? {} : { zero }),
  };
}

function flag(value: boolean, doc: string): Option<boolean> {
  return { type: Type.Boolean(), default: value, unit: '', doc };
}

function list(
  value: string[],
  item: TSchema,
  maxItems: number,
  doc: string,
  zero: string,
  secret?: true,
): Option<string[]> {
  return {
    type: Type.Array(item, { maxItems }),
    default: value,
    unit: '',
    doc,
    zero,
    ...(secret === undefined ? {} : { secret }),
  };
}

function choice<const T extends readonly string[]>(
  value: T[number],
  values: T,
  doc: string,
): Option<T[number]> {
  const type = Type.Union(values.map((one) => Type.Literal(one)));
  return { type, default: value, unit: '', doc };
}

/** IPv4, or IPv6 in brackets, and a port. */
function ADDRESS() {
  return Type.String({
    pattern:
      '^([0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-fA-F:.]{2,45}(%[0-9a-zA-Z._-]{1,16})?\\]):[0-9]{1,5}$',
  });
}

function KEY() {
  return Type.String({ pattern: '^[0-9a-fA-F]{64}$' });
}
