/**
 * A game whose players move by a step of their own, as an author ships it: `fray step`, a server module in TypeScript, a page in Chromium.
 * The page predicts every tick of it; a worker dies; the journal replays with the step that stands in it; a page with another step is refused.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import t from 'tap';
import { packageRoot } from '../../src/cli/games.ts';
import { connect } from '../../src/client/node.ts';
import { flyersSchema } from '../step/flight.ts';
import { exampleBytes, FOLDER, stepOf } from '../step/steps.ts';
import { openChromium, startServer } from './chromium.ts';

const ROOT = packageRoot();
const SCHEMA = `
import { angle, axis2, button, defineSchema } from 'fray/schema';
import { step } from './step.ts';
export const flyers = defineSchema({
  name: 'flyers',
  world: { width: 100, depth: 100, dimensions: 3 },
  input: { move: axis2(), aim: angle(), jump: button(), jet: button() },
  player: { movement: { step } },
});`;
const SERVER = `
import { defineGame } from 'fray/plugin';
import { flyers } from './schema.ts';
export default defineGame(flyers, { onJoin: (room, player) => room.place(player, { x: 0, y: 0 }) });`;
const PAGE = `
import { connect } from 'fray/client';
import { flyers } from '../schema.ts';
const game = await connect(location.href, { schema: flyers, name: 'Ann', transport: 'websocket' });
Object.assign(globalThis, { game });`;

t.test('a step of their own, in Chromium', { timeout: 240_000 }, async (t) => {
  // Inside the repository: `fray/…` is found as in an author's folder.
  const folder = mkdtempSync(join(ROOT, 'test', 'step', '.game-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'page'));
  const made = await fray(
    'step',
    join(FOLDER, 'rust', 'step.wasm'),
    '--out',
    join(folder, 'step.ts'),
  );
  t.match(made, /step\.ts has the step of step\.wasm, \d+ bytes with its fuel/);
  writeFileSync(join(folder, 'schema.ts'), SCHEMA);
  writeFileSync(join(folder, 'server.ts'), SERVER);
  writeFileSync(
    join(folder, 'page', 'index.html'),
    '<script type="module" src="main.js"></script>',
  );
  writeFileSync(join(folder, 'main.ts'), PAGE.replace("'../", "'./"));
  await build({
    entryPoints: [join(folder, 'main.ts')],
    outfile: join(folder, 'page', 'main.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['fray-source'],
    logLevel: 'silent',
  });
  const core = 'fray_client_step.wasm';
  copyFileSync(join(ROOT, 'core-wasm', core), join(folder, 'page', core));
  const journals = join(folder, 'journals');
  const adminPort = await freePort();
  const server = await startServer([
    ...['--game', folder, '--workers', '1', '--journalDir', journals, '--logLevel', 'error'],
    ...['--adminPort', String(adminPort)],
  ]);
  t.teardown(() => server.stop());
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const loaded: string[] = [];
  page.on('response', (response) => void loaded.push(response.url()));
  await page.goto(server.url);
  await page.waitForFunction(() => 'game' in globalThis);
  await page.waitForTimeout(500);

  const seen = await page.evaluate(flies, 8000);
  t.ok(
    loaded.some((url) => url.endsWith(core)),
    'it has loaded the core that can call it',
  );
  t.ok(seen.top > 3, `it flew, ${seen.top} units high`);
  t.ok(seen.far > 10, `and went ${seen.far} units`);
  t.ok(seen.ticks > 150, `${seen.ticks} ticks`);
  t.equal(seen.offFree, 0, 'and all of it was predicted');
  // On a machine that has other things to do commands come late, and others are applied.
  if (seen.touched === 0) t.equal(seen.corrections, 0, 'without a correction');
  else
    t.comment(
      `${seen.touched} ticks with another command than the page's: ${seen.corrections} corrections`,
    );

  await t.test('a page with another step is refused', async (t) => {
    const other = flyersSchema(stepOf(exampleBytes('assemblyscript')));
    await t.rejects(connect(server.url, { schema: other, name: 'Bob' }), {
      code: 'E_SCHEMA_MISMATCH',
    });
  });

  await t.test('goes on where its worker has died', async (t) => {
    const admin = `http://127.0.0.1:${adminPort}/`;
    const told = JSON.parse(await fray('debug', 'kill-worker', '--admin', admin, '--json'));
    t.match(told, { roomsLost: 0 });
    await page.waitForTimeout(1500);
    const again = await page.evaluate(flies, 3000);
    t.ok(again.top > 1, `it flies again, ${again.top} units high`);
    t.equal(again.offFree, 0, 'and predicts');
  });

  await t.test('its journal has the step in it, and replays', async (t) => {
    await page.close();
    await server.stop();
    const [file] = readdirSync(journals, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.journal'),
    );
    t.ok(file, 'a journal');
    const text = await fray('replay', join(journals, String(file)));
    t.match(text, /hashes/);
  });
});

/** Walks round, jumps twice and flies for a while; what the page counted meanwhile. Runs in the page. */
async function flies(ms: number) {
  const { game } = globalThis as unknown as { game: Playing };
  const { corrections, touchedTicks } = game.stats;
  const begin = performance.now();
  let [top, far, frames] = [0, 0, 0];
  while (performance.now() - begin < ms) {
    const at = performance.now() - begin;
    const turn = Math.floor(at / 1000);
    const move = { x: Math.cos(turn), y: Math.sin(turn) };
    game.setInput({ move, jump: Math.floor(at / 300) % 3 === 0, jet: turn % 3 === 2 });
    await new Promise(requestAnimationFrame);
    const { me } = game.view();
    top = Math.max(top, me?.z ?? 0);
    far = Math.max(far, Math.hypot(me?.x ?? 0, me?.y ?? 0));
    frames += 1;
  }
  const { stats } = game;
  return {
    top,
    far,
    frames,
    ticks: stats.freeTicks,
    touched: stats.touchedTicks - touchedTicks,
    corrections: stats.corrections - corrections,
    offFree: stats.correctionUnitsFreeMax,
  };
}

interface Playing {
  readonly stats: {
    readonly corrections: number;
    readonly correctionUnitsFreeMax: number;
    readonly freeTicks: number;
    readonly touchedTicks: number;
  };
  setInput(input: object): void;
  view(): { readonly me: { readonly x: number; readonly y: number; readonly z: number } | null };
}

async function fray(...args: string[]): Promise<string> {
  const run = promisify(execFile)(process.execPath, [join(ROOT, 'dist', 'cli.js'), ...args]);
  return (await run).stdout;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
