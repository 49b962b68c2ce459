/**
 * The same journal in Node's WASM, in a native build and in Chromium: the same state hash at every tick, and the same
 * region, bit for bit, wherever it is saved; and all of it again when the room goes on in a fresh instance from a saved
 * region. `FRAY_TEST_TICKS=100000 npx tap --timeout=7200 test/browser/determinism.test.ts` is the long form.
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
import { Replay, type ReplayReport } from './replay.ts';

const TICKS = Number(process.env['FRAY_TEST_TICKS'] ?? 5000);
const SEED = Number(process.env['FRAY_TEST_SEED'] ?? 11);
/** Ticks between two restores. */
const EVERY = Math.max(1, Math.floor(TICKS / 7) - 3);
const root = new URL('../../', import.meta.url);

t.test(
  `${TICKS} ticks of ${PLAYERS} players have the same hashes everywhere, restored or not`,
  { timeout: Math.max(900_000, TICKS * 60) },
  async (t) => {
    t.comment(`seed ${SEED}; FRAY_TEST_SEED and FRAY_TEST_TICKS choose others`);
    const folder = mkdtempSync(join(tmpdir(), 'fray-determinism-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'arena.journal');
    const { bench, joins, leaves, lost } = playBusy(TICKS, SEED, file);
    t.same(bench.errors, [], 'no hook threw');
    const facts = {
      deaths: bench.stat('deaths'),
      hits: bench.stat('hits'),
      commands: bench.stat('inputsAccepted'),
      joins,
      leaves,
      lost,
    };
    t.comment(JSON.stringify(facts));
    t.ok(facts.deaths > TICKS / 50, `${facts.deaths} deaths: they were busy`);
    t.ok(facts.commands > TICKS * PEOPLE * 0.8, `${facts.commands} commands of clients`);
    t.ok(leaves > TICKS / 500 && joins > leaves, `${joins} joins, ${leaves} leaves`);
    t.ok(lost > TICKS / 5, `${lost} packets lost`);
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
  },
);

async function inNode(journal: string, restoreEvery: number): Promise<ReplayReport> {
  const run = new Replay(core, restoreEvery);
  for await (const chunk of createReadStream(journal, { highWaterMark: 1 << 20 }))
    run.take(chunk as Uint8Array);
  return run.report;
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
