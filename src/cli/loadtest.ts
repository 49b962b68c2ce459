/** `fray loadtest`: how many players a server holds under rule R, found by real clients in processes of their own. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findCrowd } from '../../native/crowd.ts';
import { FrayError } from '../errors.ts';
import { DEVELOPMENT_KEY } from '../tokens.ts';
import { describeHead, runHead } from './bench-report.ts';
import type { Command, Io, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { readConfig } from './configuration.ts';
import { type Seats, seatsFor } from './loadtest/children.ts';
import { Crew } from './loadtest/crew.ts';
import { findKnee, type Ramp } from './loadtest/knee.ts';
import { type Measured, measure } from './loadtest/measure.ts';
import { TRANSPORTS, type Transport } from './loadtest/messages.ts';
import {
  difference,
  type LoadRow,
  ROW_HEAD,
  rowCells,
  rowLine,
  rowOf,
  windowLine,
} from './loadtest/report.ts';
import type { LoadedServer } from './loadtest/servers.ts';
import { findPeer, PEERS, runningServer, startFray, startPeer } from './loadtest/servers.ts';
import { allowedCpus } from './loadtest/threads.ts';
import { table } from './table.ts';

export const command: Command = {
  name: 'loadtest',
  summary: 'Find how many players a server holds (rule R), with real clients',
  examples: [
    'fray loadtest --start --transport udp --repeat 2',
    'fray loadtest --url http://127.0.0.1:8080 --admin http://127.0.0.1:9090 --pid 4711 --ramp from=100,to=2000,step=5',
    'fray loadtest --start --peer colyseus,ws --json --out capacity.json',
  ],
  args: {
    url: {
      type: 'string',
      default: '',
      valueHint: 'url',
      description: 'The page of a server that runs, or udp://HOST:PORT/ for --transport udp.',
    },
    start: { type: 'boolean', description: 'Start the servers that are loaded, here.' },
    admin: {
      type: 'string',
      default: '',
      valueHint: 'url',
      description:
        'With --url: its admin port, for what clients cannot see. Without it those clauses are not judged.',
    },
    pid: {
      type: 'string',
      default: '',
      valueHint: 'n',
      description:
        'With --url: its process, for the CPU of all threads and child processes. Without it the admin port tells that of the process alone.',
    },
    transport: {
      type: 'string',
      default: 'websocket',
      valueHint: 'name',
      description: 'websocket, udp or webrtc; with --start several, joined by commas.',
    },
    game: {
      type: 'string',
      default: 'arena',
      valueHint: 'name',
      description: 'The game that is played: a name under dist/games, or a path.',
    },
    ramp: {
      type: 'string',
      default: 'from=100,to=16000,step=5',
      valueHint: 'text',
      description:
        'Players of the first window, most players, and percent by which they rise in the fine search; from and to alike measure that number alone.',
    },
    seconds: {
      type: 'string',
      default: '5',
      valueHint: 's',
      description:
        'Length of a window, 1..3600 s; before it the server has half of it, at most 3 s, to settle.',
    },
    cores: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description:
        'Cores that the server may use, 1..256: with --start it is pinned to the first ones, with --pid those of the process count.',
    },
    processes: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'With --start: servers on these cores, 1..64; clients take turns among them.',
    },
    flags: {
      type: 'string',
      default: '',
      valueHint: 'text',
      description: 'With --start: more flags for fray start, as in "--workers 2 --websocket uws".',
    },
    generators: {
      type: 'string',
      default: '0',
      valueHint: 'n',
      description:
        'Processes that load, 0..256, each on a core that the server has not; 0 takes one for each such core.',
    },
    peer: {
      type: 'string',
      default: '',
      valueHint: 'names',
      description: `Servers of others, by the same rule, of the same bytes and rate: ${Object.keys(PEERS).join(', ')}; joined by commas. Alone, or beside --start in the same run.`,
    },
    repeat: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'Searches per server, 1..10; knees more than 10 % apart end with exit code 1.',
    },
    decode: {
      type: 'string',
      default: '5',
      valueHint: 'percent',
      description:
        'Clients that decode everything with the whole client and compare hashes, 0..100; the others read headers.',
    },
    native: {
      type: 'boolean',
      default: true,
      description:
        'Clients over UDP play on a native thread, if npm run build:native has made it; --no-native has them in JavaScript.',
    },
    seed: { type: 'string', default: '1', valueHint: 'n', description: 'Seed of what clients do.' },
    json: {
      type: 'boolean',
      description: 'Print the rows as a JSON array; progress goes to standard error.',
    },
    out: {
      type: 'string',
      default: '',
      valueHint: 'file',
      description: 'Write them to a file, too: `fray plan --measured` reads it.',
    },
  },
  async run(values, io) {
    const wish = wishOf(values, io);
    const seats = seatsFor({
      cores: wish.cores,
      generators: wish.generators,
      taken: wish.pid === null ? null : allowedCpus(wish.pid),
      elsewhere: wish.url !== '' && wish.pid === null,
    });
    io.progress(`loadtest: ${describeHead(runHead({ quick: false, seed: wish.seed }))}`);
    io.progress(`loadtest: ${seatLine(seats)}`);
    const rows: LoadRow[] = [];
    if (wish.start || wish.url !== '')
      for (const transport of wish.transports)
        for (let turn = 0; turn < wish.repeat; turn += 1)
          rows.push(await searchOurs({ wish, seats, transport, io }));
    for (const peer of wish.peers)
      for (let turn = 0; turn < wish.repeat; turn += 1) {
        const row = await searchPeer(peer, { wish, seats, rows, io });
        if (row !== null) rows.push(row);
      }
    const bad = [...apart(rows, wish.repeat), ...beside(rows)];
    for (const { text } of bad) io.progress(`loadtest: ${text}`);
    if (wish.out !== '')
      writeFileSync(resolve(io.folder, wish.out), `${JSON.stringify(rows, null, 1)}\n`);
    io.out(
      values['json'] === true ? JSON.stringify(rows, null, 1) : table(ROW_HEAD, rows.map(rowCells)),
    );
    return rows.some((row) => row.held === null) ||
      bad.some(({ fails }) => fails) ||
      rows.length === 0
      ? EXIT.failed
      : EXIT.done;
  },
};

interface Wish {
  readonly url: string;
  readonly admin: string | null;
  readonly pid: number | null;
  readonly start: boolean;
  readonly transports: readonly Transport[];
  readonly game: string;
  readonly ramp: Ramp;
  readonly seconds: number;
  readonly cores: number;
  readonly processes: number;
  readonly flags: string;
  readonly generators: number;
  readonly peers: readonly string[];
  readonly repeat: number;
  readonly decodeShare: number;
  readonly native: string | null;
  readonly seed: number;
  readonly out: string;
  readonly guests: boolean;
  readonly tokenKey: string;
}

/** Throws E_CONFIG for what makes no sense, before anything is started. */
function wishOf(values: Values, io: Io): Wish {
  const number = (name: string, min: number, max: number): number =>
    wholeNumber(values, name, { min, max });
  const [url, pidText] = [textOf(values, 'url'), textOf(values, 'pid')];
  const start = values['start'] === true;
  const peers = listOf(textOf(values, 'peer'));
  const transports = listOf(textOf(values, 'transport')) as Transport[];
  for (const one of transports)
    if (!TRANSPORTS.includes(one))
      throw wrong(`--transport ${one}`, `it is not ${TRANSPORTS.join(', ')}`);
  for (const one of peers)
    if (PEERS[one] === undefined)
      throw wrong(`--peer ${one}`, `it is not ${Object.keys(PEERS).join(', ')}`);
  if (url !== '' && start) throw wrong('--url', 'with --start the server is started here');
  if (url === '' && !start && peers.length === 0)
    throw wrong('fray loadtest', 'it needs --url, --start or --peer');
  if (url !== '' && transports.length > 1) throw wrong('--transport', 'with --url it is one');
  if (url !== '' && !URL.canParse(url)) throw wrong(`--url ${url}`, 'it is no address');
  const pid = pidText === '' ? null : number('pid', 1, 2 ** 31 - 1);
  const cpus = pid === null ? null : allowedCpus(pid);
  const key = readConfig({}, io).config.tokenKeys[0];
  return {
    url,
    admin: textOf(values, 'admin') || null,
    pid,
    start,
    transports,
    game: textOf(values, 'game'),
    ramp: parseRamp(textOf(values, 'ramp')),
    seconds: number('seconds', 1, 3600),
    cores: cpus?.length ?? number('cores', 1, 256),
    processes: number('processes', 1, 64),
    flags: textOf(values, 'flags'),
    generators: number('generators', 0, 256),
    peers,
    repeat: number('repeat', 1, 10),
    decodeShare: number('decode', 0, 100) / 100,
    native: values['native'] === true ? findCrowd() : null,
    seed: number('seed', 0, 0xffff_ffff),
    out: textOf(values, 'out'),
    guests: key === undefined,
    tokenKey: key ?? Buffer.from(DEVELOPMENT_KEY).toString('hex'),
  };
}

/** As in `from=100,to=16000,step=5`; what is left out is as there. Throws E_CONFIG. */
export function parseRamp(text: string): Ramp {
  const found = { from: 100, to: 16_000, step: 5 };
  for (const part of listOf(text)) {
    const [, name, value] = /^(from|to|step)=(\d+)$/.exec(part) ?? [];
    if (name === undefined)
      throw wrong(`--ramp ${part}`, 'parts are from=N, to=N and step=PERCENT');
    found[name as keyof typeof found] = Number(value);
  }
  const { from, to, step } = found;
  if (from < 1 || to < from || step < 1 || step > 100)
    throw wrong(`--ramp ${text}`, 'it needs 1 <= from <= to and a step of 1..100 percent');
  return { from, to, step: step / 100 };
}

interface Search {
  readonly wish: Wish;
  readonly seats: Seats;
  readonly io: Io;
}

async function searchOurs({
  wish,
  seats,
  transport,
  io,
}: Search & { transport: Transport }): Promise<LoadRow> {
  const { game, flags } = wish;
  const servers: LoadedServer[] = [];
  try {
    if (wish.start)
      for (let at = 0; at < wish.processes; at += 1)
        servers.push(
          await startFray({
            transport,
            cpus: seats.server,
            game,
            folder: io.folder,
            flags: flags.split(/\s+/).filter((word) => word !== ''),
          }),
        );
    else servers.push(runningServer(wish));
    return await search({
      wish,
      seats,
      io,
      servers,
      transport,
      peer: null,
      bytesOut: 0,
      rateHz: 0,
    });
  } finally {
    await Promise.all(servers.map((one) => one.stop()));
  }
}

/** Null, and a line, where it cannot run. Its bytes and rate are those of ours by the same transport, or of W4. */
async function searchPeer(
  name: string,
  { wish, seats, rows, io }: Search & { rows: readonly LoadRow[] },
): Promise<LoadRow | null> {
  const facts = PEERS[name];
  const found = findPeer(name);
  if (facts === undefined || 'missing' in found) {
    io.progress(`loadtest: ${'missing' in found ? found.missing : name}`);
    return null;
  }
  const { transport, way } = facts;
  const like = rows.find((row) => row.transport === transport && row.server === OURS);
  const bytesOut = Math.round(like?.bytesIn ?? W4.bytesIn);
  const bytes = Math.round(like?.bytesOut ?? W4.bytesOut);
  const rateHz = like?.tickRateHz ?? W4.rateHz;
  const server = await startPeer(name, {
    cpus: seats.server,
    bytes,
    rateHz,
    roomSize: W4.roomSize,
  });
  try {
    return await search({
      wish,
      seats,
      io,
      servers: [server],
      transport,
      peer: way,
      bytesOut,
      rateHz,
    });
  } finally {
    await server.stop();
  }
}

async function search(
  parts: Search & {
    servers: readonly LoadedServer[];
    transport: Transport;
    peer: 'plain' | 'geckos' | 'colyseus' | null;
    bytesOut: number;
    rateHz: number;
  },
): Promise<LoadRow> {
  const { wish, seats, io, servers, transport, peer, bytesOut, rateHz } = parts;
  const crew = await Crew.start(
    {
      urls: servers.map((one) => one.url),
      transport,
      peer,
      game: wish.game,
      folder: io.folder,
      rateHz,
      seed: wish.seed,
      decodeShare: wish.decodeShare,
      verify: true,
      bytesOut,
      guests: wish.guests,
      native: wish.native,
      tokenKey: wish.tokenKey,
    },
    seats.generators,
  );
  try {
    const title = servers[0]?.title ?? '';
    const probe = async (players: number): Promise<Measured> => {
      const { cores, seconds } = wish;
      const settleMs = Math.min(SETTLE_MS_MAX, seconds * 500);
      const one = await measure(players, {
        crew,
        servers,
        cores,
        settleMs,
        measureMs: seconds * 1000,
      });
      if (Number.isNaN(one.window.cpuSeconds))
        throw wrong(
          '--url',
          'nobody tells what CPU the server takes: name its --pid, or its --admin port',
        );
      io.progress(`${title} ${transport}: ${windowLine(one)}`);
      return one;
    };
    const knee = await findKnee(wish.ramp, probe);
    const row = rowOf(
      {
        server: title,
        transport,
        game: peer === null ? wish.game : '',
        tickRateHz: crew.rateHz,
        cores: wish.cores,
        processes: servers.length,
        flags: peer === null ? wish.flags : '',
        shared: seats.shared,
        native: crew.native,
        seed: wish.seed,
      },
      knee,
    );
    io.progress(`loadtest: ${rowLine(row)}`);
    return row;
  } finally {
    await crew.stop();
  }
}

/** Of searches for the same knee: how far they are apart. */
export function apart(
  rows: readonly LoadRow[],
  repeat: number,
): { text: string; fails: boolean }[] {
  if (repeat < 2) return [];
  const lines: { text: string; fails: boolean }[] = [];
  for (const row of rows) {
    const same = rows.filter(
      ({ server, transport }) => server === row.server && transport === row.transport,
    );
    if (same[0] !== row) continue;
    const most = Math.max(...same.map((one) => difference(row, one) ?? Number.POSITIVE_INFINITY));
    const found = same.map(({ held }) => held ?? 0).join(', ');
    lines.push({
      text: `${row.server} by ${row.transport}: knees at ${found}, ${(100 * most).toFixed(1)} % apart (<= 10 %)`,
      fails: most > APART_MAX,
    });
  }
  return lines;
}

/** Of peers in the same run: how many times their players ours holds. */
export function beside(rows: readonly LoadRow[]): { text: string; fails: boolean }[] {
  const lines: { text: string; fails: boolean }[] = [];
  for (const peer of rows) {
    if (peer.server === OURS || peer.held === null) continue;
    const ours = rows.find((row) => row.server === OURS && row.transport === peer.transport);
    if (ours?.held == null) continue;
    const ratio = ours.held / peer.held;
    const goal = peer.server.startsWith('colyseus')
      ? `, goal >= 8: ${ratio >= 8 ? 'met' : 'MISSED'}`
      : '';
    const least = [ours, peer].some(({ limit }) => limit !== 'server')
      ? ', one of them at least'
      : '';
    lines.push({
      text: `${ours.server} holds ${ours.held} by ${ours.transport}, ${peer.server} ${peer.held}${least}: ratio ${ratio.toFixed(2)}${goal}`,
      fails: false,
    });
  }
  return lines;
}

function seatLine({ server, generators, shared }: Seats): string {
  if (shared !== null)
    return `generators share the server's processors: ${shared}; figures are lower bounds`;
  const where =
    server === null ? 'the server where it is' : `the server on CPU ${server.join(', ')}`;
  return `${where}, ${generators.length} generator${generators.length > 1 ? 's' : ''} on CPU ${generators.join(', ')}`;
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function wrong(what: string, why: string): FrayError {
  return new FrayError('E_CONFIG', `Cannot use ${what}: ${why}`);
}

const OURS = 'Fray';
/** W4: what peers move where nothing of ours was measured before. */
const W4 = { bytesIn: 20, bytesOut: 64, rateHz: 30, roomSize: 50 };
const APART_MAX = 0.1;
const SETTLE_MS_MAX = 3000;
