/**
 * The same journal in Node's WASM, in a native build and in Chromium: the same state hash at every tick, and the same
 * region, bit for bit, wherever it is saved; and all of it again when the room goes on in a fresh instance from a saved
 * region. And in worker threads: two rooms in one or each in its own, none dies or one does, in the middle of a tick.
 *
 * `FRAY_TEST_TICKS=1000000 node --import=tsx --conditions=fray-source test/browser/determinism.test.ts` is the long form: half an hour of a processor and
 * 1.5 GB of disk. `FRAY_TEST_JOURNAL=FILE` takes a journal that was played before (`busy-room.ts FILE TICKS SEED`).
 */
import { execFile } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import t from 'tap';
import { core } from '../plugin/bench.ts';
import { PEOPLE, PLAYERS, playBusy } from './busy-room.ts';
import { openChromium } from './chromium.ts';
import { JournalEntries, Replay, type ReplayReport } from './replay.ts';
import { inThreads } from './room-threads.ts';

const TICKS = Number(process.env['FRAY_TEST_TICKS'] ?? 5000);
const PLAYED = process.env['FRAY_TEST_JOURNAL'];
const SEED = Number(process.env['FRAY_TEST_SEED'] ?? 11);
/** Ticks between two restores. */
const EVERY = Math.max(1, Math.floor(TICKS / 7) - 3);
/** From here on also with none that dies: where one of two threads does, the other one is seen that does not. */
const LONG_TICKS = 100_000;
/** Bytes in which a journal's head ends. */
const HEAD_BYTES_MAX = 1 << 17;
const root = new URL('../../', import.meta.url);

t.test(
  `${TICKS} ticks of ${PLAYERS} players have the same hashes everywhere, restored or not`,
  { timeout: Math.max(900_000, TICKS * 60) },
  async (t) => {
    t.comment(`seed ${SEED}; FRAY_TEST_SEED and FRAY_TEST_TICKS choose others`);
    const folder = mkdtempSync(join(tmpdir(), 'fray-determinism-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = PLAYED ?? join(folder, 'arena.journal');
    if (PLAYED === undefined) {
      const { deaths, commands, joins, leaves, lost, errors } = playBusy(TICKS, SEED, file);
      t.same(errors, [], 'no hook threw');
      t.ok(deaths > TICKS / 50, `${deaths} deaths: they were busy`);
      t.ok(commands > TICKS * PEOPLE * 0.8, `${commands} commands of clients`);
      t.ok(leaves > TICKS / 500 && joins > leaves, `${joins} joins, ${leaves} leaves`);
      t.ok(lost > TICKS / 5, `${lost} packets lost`);
    }
    const all = { ticks: TICKS + 1, hashes: TICKS + 1, differs: -1 };

    const node = await inNode(file, EVERY);
    t.match(node, { ...all, restores: Math.floor(TICKS / EVERY) }, 'Node, restored');
    t.match(await inNode(file, 0), { ...all, last: node.last, restores: 0 }, 'Node, a fresh room');
    t.same(await native(file, EVERY), node, 'native build, restored');
    t.match(await native(file, 0), { ...all, last: node.last }, 'native build');
    const [restored, straight] = await inChromium(file, [EVERY, 0]);
    t.same(restored, node, 'Chromium, restored');
    t.match(straight, { ...all, last: node.last, restores: 0 }, 'Chromium');
    t.comment(JSON.stringify(node));

    const config = await configOf(file);
    const regions = new Set<string>();
    for (const workers of [1, 2] as const)
      for (const dieAt of TICKS >= LONG_TICKS ? [0, TICKS >> 1] : [TICKS >> 1]) {
        const rooms = await inThreads({ workers, dieAt, module: core, journal: file, config });
        const name = `${workers} workers, ${dieAt === 0 ? 'none dies' : 'one dies'}`;
        t.equal(rooms.length, 2, name);
        for (const { row, hashes, last, differs, replayed, region } of rooms) {
          const isNew = dieAt > 0 && (row === 0 || workers === 1);
          t.match({ last, differs }, { last: node.last, differs: -1 }, `${name}: room ${row}`);
          // The newest copy is of the last ticks before its death; what came after it was played again, and so was the tick in which it died.
          const own = isNew ? hashes + (TICKS >> 1) : hashes;
          t.ok(own === TICKS + 1 || (isNew && own === TICKS + 2), `${hashes} hashes of its own`);
          t.equal(replayed > 0, isNew, `${replayed} ticks played again`);
          regions.add(region);
        }
      }
    t.equal(regions.size, 1, `all regions are the same, bit for bit: ${[...regions].join()}`);
  },
);

async function inNode(journal: string, restoreEvery: number): Promise<ReplayReport> {
  const run = new Replay(core, restoreEvery);
  for await (const chunk of createReadStream(journal, { highWaterMark: 1 << 20 }))
    run.take(chunk as Uint8Array);
  return run.report;
}

async function configOf(journal: string): Promise<Uint8Array> {
  let config: Uint8Array | undefined;
  const head = createReadStream(journal, { end: HEAD_BYTES_MAX });
  const entries = new JournalEntries();
  const taker = {
    head: (bytes: Uint8Array) => {
      config = bytes;
    },
    entry: () => undefined,
  };
  for await (const chunk of head) entries.take(chunk as Uint8Array, taker);
  if (config === undefined) throw new Error('the journal has no head');
  return config;
}

async function native(journal: string, restoreEvery: number): Promise<ReplayReport> {
  const example = ['run', '--quiet', '--release', '--example', 'replay', '--'];
  const { stdout } = await promisify(execFile)(
    'cargo',
    [...example, journal, String(restoreEvery)],
    { cwd: new URL('core-wasm', root), maxBuffer: 1 << 20 },
  );
  return JSON.parse(stdout) as ReplayReport;
}

async function inChromium(journal: string, every: readonly number[]): Promise<ReplayReport[]> {
  const bundle = await build({
    entryPoints: [new URL('replay-page.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  });
  const server = serve(journal, bundle.outputFiles[0]?.text ?? '');
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(await addressOf(server));
    await page.waitForFunction(() => 'replay' in globalThis);
    const reports: ReplayReport[] = [];
    for (const restoreEvery of every) {
      const replayed = page.evaluate(
        (ticks) =>
          (globalThis as unknown as { replay(every: number): Promise<ReplayReport> }).replay(ticks),
        restoreEvery,
      );
      reports.push(await replayed);
    }
    return reports;
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** The page, the core and the journal, on loopback: a long journal is too large to be handed over in one piece. */
function serve(journal: string, page: string): Server {
  const html = '<!doctype html><script type="module" src="/page.js"></script>';
  const wasm = readFileSync(new URL('core-wasm/fray_core.wasm', root));
  const files: Record<string, readonly [string, string | Buffer]> = {
    '/': ['text/html', html],
    '/page.js': ['text/javascript', page],
    '/core.wasm': ['application/wasm', wasm],
  };
  return createServer((request, response) => {
    const [type, body] = files[request.url ?? ''] ?? ['application/octet-stream', ''];
    response.setHeader('Content-Type', type);
    if (request.url !== '/journal') {
      response.end(body);
      return;
    }
    response.setHeader('Content-Length', statSync(journal).size);
    createReadStream(journal).pipe(response);
  });
}

function addressOf(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    );
  });
}
