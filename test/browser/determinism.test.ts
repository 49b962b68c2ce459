/**
 * The same journal in Node's WASM, in a native build and in Chromium: the same hash at every tick. The journal is the
 * arena's with 50 busy players, six of them clients of the core over a lossy line.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import t from 'tap';
import arena from '../../games/arena/server.ts';
import { InputCommand } from '../../protocol/gen/tables.ts';
import type { Game } from '../../src/plugin/game.ts';
import { fileJournal } from '../../workers/journal.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { Bench, type Journal, replay, type TestClient } from '../plugin/bench.ts';
import { openChromium } from './chromium.ts';
import type { ReplayReport } from './replay-page.ts';

const TICKS = Number(process.env['FRAY_TEST_TICKS'] ?? 10_000);
const SEED = BigInt(process.env['FRAY_TEST_SEED'] ?? 11);
const PEOPLE = 6;
const root = new URL('../../', import.meta.url);

t.test(
  `${TICKS} ticks of 50 players have the same hashes everywhere`,
  { timeout: 900_000 },
  async (t) => {
    t.comment(`seed ${SEED}; FRAY_TEST_SEED and FRAY_TEST_TICKS choose others`);
    const folder = mkdtempSync(join(tmpdir(), 'fray-determinism-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const bench = play();
    t.same(bench.errors, [], 'no hook threw');
    t.ok(bench.stat('deaths') > TICKS / 50, `${bench.stat('deaths')} deaths: they were busy`);
    t.ok(
      bench.stat('inputsAccepted') > TICKS * PEOPLE * 0.8,
      `${bench.stat('inputsAccepted')} commands of clients`,
    );
    const file = write(folder, bench.journal);

    t.equal(
      firstDifference(replay(bench.journal), bench.journal.hashes),
      -1,
      'Node, a fresh instance, whole region',
    );

    const { stdout } = await promisify(execFile)(
      'cargo',
      ['run', '--quiet', '--release', '--example', 'replay', '--', file],
      { cwd: new URL('core-wasm', root), maxBuffer: 1 << 20 },
    );
    const native = JSON.parse(stdout) as { ticks: number; hashes: number; last: string };
    t.match(native, { ticks: TICKS + 1, hashes: TICKS + 1 }, 'native build');

    const page = await inChromium(file);
    t.match(
      page,
      { ticks: TICKS + 1, hashes: TICKS + 1, differs: -1, last: native.last },
      'Chromium',
    );
  },
);

/** Plays and keeps the journal. Clients turn, fire and dash; every 13th packet of each is lost, both ways. */
function play(): Bench {
  const bench = new Bench(arena as unknown as Game, {
    playersMax: 50,
    entitiesMax: 256,
    seed: SEED,
    bots: 50 - PEOPLE,
  });
  for (let slot = 50 - PEOPLE; slot < 50; slot += 1) bench.join(slot);
  bench.tick();
  const clients: TestClient[] = [];
  for (let slot = 50 - PEOPLE; slot < 50; slot += 1) clients.push(bench.client(slot));
  for (let tick = 2; tick <= TICKS; tick += 1) {
    clients.forEach((client, index) => {
      steer(client, tick, index);
      const length = client.core.packet(tick);
      if (length > 0 && (tick + index) % 13 !== 0) {
        bench.packet(50 - PEOPLE + index, client.core.packetBytes.slice(0, length));
      }
    });
    bench.tick();
    clients.forEach((client, index) => {
      if ((tick * 7 + index) % 13 !== 0) client.takePacket();
    });
  }
  return bench;
}

function steer(client: TestClient, tick: number, index: number): void {
  const { command } = client.core;
  const turn = Math.floor((tick + index * 11) / 17);
  command.setUint32(InputCommand.tick, tick + 1, true);
  command.setUint16(
    InputCommand.buttons,
    (tick % 9 < 5 ? 1 : 0) | (tick % 61 === index ? 2 : 0),
    true,
  );
  command.setUint16(InputCommand.aim, (tick * 977 + index * 10_000) & 0xffff, true);
  command.setInt8(InputCommand.moveX, ((turn * 89 + index * 50) % 255) - 127);
  command.setInt8(InputCommand.moveY, ((turn * 57 + index * 91) % 255) - 127);
  client.core.sample();
}

function write(folder: string, journal: Journal): string {
  const sink = fileJournal(folder, 'arena', journal.config);
  journal.ticks.forEach(({ begin, end }, tick) => {
    if (begin) sink.record(STAGE.begin, tick, begin);
    sink.record(STAGE.end, tick, end);
    const [high, low] = (journal.hashes[tick] ?? '')
      .split(':')
      .map((half) => Number.parseInt(half, 16));
    sink.record(STAGE.hash, tick, new Uint8Array(new Uint32Array([low ?? 0, high ?? 0]).buffer));
  });
  sink.close();
  return join(folder, 'arena.journal');
}

async function inChromium(journal: string): Promise<ReplayReport> {
  const bundle = await build({
    entryPoints: [new URL('replay-page.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  });
  const files: Record<string, { body: string | Buffer; contentType: string }> = {
    '/': {
      body: '<!doctype html><script type="module" src="/page.js"></script>',
      contentType: 'text/html',
    },
    '/page.js': { body: bundle.outputFiles[0]?.text ?? '', contentType: 'text/javascript' },
    '/core.wasm': {
      body: readFileSync(new URL('core-wasm/fray_core.wasm', root)),
      contentType: 'application/wasm',
    },
    '/journal': { body: readFileSync(journal), contentType: 'application/octet-stream' },
  };
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    await page.route('http://fray.test/**', (route) => {
      const file = files[new URL(route.request().url()).pathname];
      return file ? route.fulfill(file) : route.fulfill({ status: 404 });
    });
    await page.goto('http://fray.test/');
    await page.waitForFunction(() => 'replay' in globalThis);
    return await page.evaluate(() =>
      (globalThis as unknown as { replay(): Promise<ReplayReport> }).replay(),
    );
  } finally {
    await browser.close();
  }
}

function firstDifference(a: readonly string[], b: readonly string[]): number {
  return a.length === b.length
    ? a.findIndex((hash, tick) => hash !== b[tick])
    : Math.min(a.length, b.length);
}
