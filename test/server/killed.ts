/**
 * Kills a server while bots play in many rooms, tears the ends of its journals off, starts it again, and looks at what came of it:
 * real processes, real sockets, a real disk.
 *
 *     npm run build && FRAY_TEST_CLI=dist/cli.js node --import=tsx --conditions=fray-source test/server/killed.ts TIMES ROOMS SEED TRANSPORT TEARS
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import type { BotsReport } from '../../src/cli/bots-report.ts';
import { Replay } from '../../src/room/replay.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { CORE, freePort, GAME, until } from './fixture.ts';
import { events, fray, type Run } from './fray-process.ts';

export interface KilledOptions {
  readonly times: number;
  readonly rooms: number;
  /** Bots in each. */
  readonly people: number;
  readonly seed: number;
  readonly transport?: KilledTransport;
  /** Ends are torn off after so many of the kills, the first ones; default all. */
  readonly tears?: number;
  /** See `journalFlushMs`. */
  readonly flushMs?: number;
  readonly tell?: (line: string) => void;
}

export type KilledTransport = 'websocket' | 'udp' | 'webrtc';

export interface KilledOutcome {
  readonly bots: BotsReport;
  /** By kill: ms from the kill until every bot was back in its room, and until the server listened. */
  readonly backMs: readonly number[];
  readonly listenMs: readonly number[];
  /** By kill: ms that a timer of this process was late at most in the two seconds before: so late may any thread have been. */
  readonly lateMs: readonly number[];
  /** By kill: rooms that went on. */
  readonly continued: readonly number[];
  /** By kill: ticks that players had seen and that were lost, over all rooms, as the server counts them. */
  readonly ticksLost: readonly number[];
  /** Of all journals that had people: whether every hash and checkpoint came out the same, and how often it went on. */
  readonly journals: readonly {
    readonly verified: boolean;
    readonly problem: string;
    readonly resumptions: number;
    readonly checkpoints: number;
  }[];
}

export async function killServer(options: KilledOptions): Promise<KilledOutcome> {
  const { times, rooms, people, seed, tell = () => undefined } = options;
  const { transport = 'websocket', tears = times, flushMs = 50 } = options;
  const dir = mkdtempSync(join(tmpdir(), 'fray-killed-'));
  const random = seeded(seed);
  const [port, adminPort] = [await freePort(), await freePort()];
  const udp = `127.0.0.1:${await freePort()}`;
  const flags = [
    ...[
      '--game',
      BUILT ? 'arena' : GAME,
      '--port',
      String(port),
      '--admin-port',
      String(adminPort),
    ],
    ...['--workers', '2', '--spare-workers', '0', '--players-max', String(people)],
    ...['--journal-dir', dir, '--checkpoint-ms', '2000', '--journal-flush-ms', String(flushMs)],
    ...(transport === 'webrtc' ? [] : ['--no-webrtc']),
    ...(transport === 'udp' ? ['--udp', udp] : []),
  ];
  const bots = rooms * people;
  let server = fray(['start', ...flags]);
  let botsRun: Run | undefined;
  const [backMs, listenMs, continued]: [number[], number[], number[]] = [[], [], []];
  const [ticksLost, lateMs]: [number[], number[]] = [[], []];
  try {
    await listens(server);
    const seconds = String(5 + times * (BUILT ? 8 : 9));
    const counts = ['--count', String(bots), '--seconds', seconds, '--verify', '--json'];
    const url = `http://127.0.0.1:${port}/`;
    botsRun = fray([
      'bots',
      '--game',
      BUILT ? 'arena' : GAME.replace('server.ts', ''),
      '--url',
      url,
      ...['--transport', transport, ...(transport === 'udp' ? ['--udp', udp] : [])],
      ...counts,
    ]);
    const metric = (name: string): Promise<number> => metricOf(adminPort, name);
    await until('all are in', async () => (await metric('fray_joins_total')) >= bots, 60_000);
    for (let k = 0; k < times; k += 1) {
      lateMs.push(await latenessOf(1500 + random() * 1000));
      server.child.kill('SIGKILL');
      const killedMs = performance.now();
      await server.ended;
      const torn = k < tears ? tear(dir, random) : 0;
      server = fray(['start', ...flags]);
      await listens(server);
      listenMs.push(Math.round(performance.now() - killedMs));
      const back = async (): Promise<boolean> =>
        (await metric('fray_resumes_total{state="fresh"}')) >= bots;
      await until(`all are back (seed ${seed}, kill ${k})`, back, 15_000);
      backMs.push(Math.round(performance.now() - killedMs));
      ticksLost.push(await metric('fray_room_ticks_lost_total'));
      continued.push(events(server, 'room').filter(({ text }) => text === GOES_ON).length);
      tell(
        `kill ${k + 1}: ${torn} bytes torn off, listens after ${listenMs[k]} ms, all back after ${backMs[k]} ms, ${ticksLost[k]} ticks lost`,
      );
    }
    await botsRun.ended;
    const report = JSON.parse(botsRun.out || 'null') as BotsReport;
    tell(botsRun.err.trim());
    server.child.kill('SIGTERM');
    await server.ended;
    const journals = await verify(dir);
    return { bots: report, backMs, listenMs, lateMs, continued, ticksLost, journals };
  } finally {
    server.child.kill('SIGKILL');
    botsRun?.child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Waits for so many ms; how late the latest of many short timers was meanwhile, ms. */
async function latenessOf(ms: number): Promise<number> {
  const untilMs = performance.now() + ms;
  let most = 0;
  for (let beganMs = performance.now(); beganMs < untilMs; ) {
    await pause(STEP_MS);
    const nowMs = performance.now();
    most = Math.max(most, nowMs - beganMs - STEP_MS);
    beganMs = nowMs;
  }
  return Math.ceil(most);
}

/** Cuts up to two kilobytes off each journal that was being written; how many in all. */
function tear(dir: string, random: () => number): number {
  let torn = 0;
  for (const name of readdirSync(dir).filter((one) => one.endsWith('.journal'))) {
    const path = join(dir, name);
    const { size } = statSync(path);
    const cut = Math.min(Math.floor(random() * TEAR_BYTES_MAX), Math.max(0, size - 3000));
    truncateSync(path, size - cut);
    torn += cut;
  }
  return torn;
}

async function verify(dir: string): Promise<KilledOutcome['journals']> {
  const module = await compileCore(readFileSync(CORE));
  const names = readdirSync(dir).filter((name) => name.endsWith('.journal'));
  const all = names.map((name) => {
    const replay = new Replay(readJournal(readFileSync(join(dir, name))), module);
    const { differs, problem, resumptions, checkpoints } = replay.play();
    const verified = differs === null && problem === null;
    const state = problem ?? (differs === null ? '' : `differs at tick ${differs}`);
    return { verified, problem: state, resumptions, checkpoints };
  });
  // Rooms that stood ready, and nobody came.
  return all.filter(({ checkpoints }) => checkpoints > 0);
}

async function metricOf(port: number, name: string): Promise<number> {
  const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
    (answer) => answer.text(),
    () => '',
  );
  let sum = 0;
  for (const line of text.split('\n')) {
    const [key = '', value = ''] = line.split(' ');
    if (key === name || (key.startsWith(`${name}{`) && !name.includes('{'))) sum += Number(value);
  }
  return sum;
}

async function listens(run: Run): Promise<void> {
  await until(
    'it listens',
    () => run.out.includes('Admin:') || run.child.exitCode !== null,
    30_000,
  );
  if (run.child.exitCode !== null) throw new Error(`Cannot start: ${run.err}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A build cannot load a game's sources. */
const BUILT = process.env['FRAY_TEST_CLI'] !== undefined;
const GOES_ON = 'a room goes on from its journal';
const TEAR_BYTES_MAX = 2048;
const STEP_MS = 10;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [times = 50, rooms = 20, seed = Date.now() & 0x7fff_ffff] = process.argv
    .slice(2, 5)
    .map(Number);
  const transport = (process.argv[5] ?? 'websocket') as KilledTransport;
  const tears = Number(process.argv[6] ?? times);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  print(`seed ${seed}`);
  const outcome = await killServer({
    times,
    rooms,
    people: 2,
    seed,
    transport,
    tears,
    tell: print,
  });
  print(JSON.stringify(outcome, null, 1));
}
