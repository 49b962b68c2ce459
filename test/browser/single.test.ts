/**
 * The single-file program, built here and run where there is no Node: below a root folder of its own that holds this one file, the libraries
 * that the system's loader wants for it, and games of an author. Where this machine lets nobody change the root, with an empty PATH.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import t, { type Test } from 'tap';
import type { BotsReport } from '../../src/cli/bots-report.ts';
import { until } from '../server/fixture.ts';
import { factsOf, join as joinRoom, sees } from './arena-page.ts';
import { complaintsOf, openChromium } from './chromium.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Beside Node itself, which is 99 to 127 MB. */
const BYTES_MAX = 13e6;
/** Of a first start, which unpacks 31 MB. */
const START_MS_MAX = 30_000;

const house = mkdtempSync(join(tmpdir(), 'fray-house-'));
const program = join(house, 'fray');
const enter = entrance();

interface Run {
  readonly child: ChildProcess;
  out: string;
  err: string;
  readonly ended: Promise<number | null>;
}

t.before(() => {
  const tool = ['--import', 'tsx', 'tools/build-single.ts', program];
  t.comment(execFileSync(process.execPath, tool, { cwd: ROOT, encoding: 'utf8' }));
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  for (const [, library = ''] of libraries.matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(house, dirname(library)), { recursive: true });
    copyFileSync(library, join(house, library));
  }
  for (const folder of ['tmp', 'home', 'dev']) mkdirSync(join(house, folder));
  // Processes are started with it; a file will do.
  writeFileSync(join(house, 'dev', 'null'), '');
});
t.teardown(() => rmSync(house, { recursive: true, force: true }));

t.test('it is one file, says what it can do, and unpacks itself once', async (t) => {
  const isAlone = enter.length > 0;
  t.comment(isAlone ? 'below a root of its own' : 'NOT below a root of its own: chroot is refused');
  const more = statSync(program).size - statSync(process.execPath).size;
  t.ok(more < BYTES_MAX, `Node and ${(more / 1e6).toFixed(1)} MB`);
  const first = await ended(['--help']);
  t.match(first, { code: 0, err: '' });
  t.match(first.out, /^ {2}fray start +Start a server$/m);
  const cache = join(house, 'home', '.cache', 'fray');
  t.match(readdirSync(cache), [/^fray-\d+\.\d+\.\d+-[0-9a-f]{16}$/], 'for this user, by its hash');
  t.same(await ended(['--help']), first);
  t.match(await ended(['start', '--prot', '1']), { code: 2, err: /did you mean --port\?/ });
  const lost = await ended(['--help'], { FRAY_CACHE_DIR: '/fray/none' });
  t.match(lost, {
    code: 2,
    out: '',
    err: /Cannot unpack the program: name a folder .*\(E_CONFIG\)/,
  });
});

t.test('fray start plays the arena by every transport, and ends with 0 on SIGTERM', async (t) => {
  const server = await listening(t, '--bots', '3', '--udp', '127.0.0.1:0', '--drain-ms', '500');
  t.match(server.out, /^WebRTC: UDP port \d+$/m, 'native code is in it');
  const page = join(ROOT, 'dist', 'games', 'arena', 'page');
  for (const file of ['index.html', 'main.js', 'fray_client.wasm']) {
    const got = await fetch(`${server.url}${file === 'index.html' ? '' : file}`);
    t.equal(got.status, 200, file);
    t.ok(Buffer.from(await got.arrayBuffer()).equals(readFileSync(join(page, file))), file);
  }
  const [, udp = ''] = /^UDP: (\S+)/m.exec(server.out) ?? [];
  const counts = ['--count', '6', '--seconds', '2', '--verify', '--json'];
  const bots = await ended([
    'bots',
    '--url',
    server.url,
    ...['--transport', 'mix'],
    '--udp',
    udp,
    ...counts,
  ]);
  t.equal(bots.code, 0, bots.err);
  const report = JSON.parse(bots.out) as BotsReport;
  t.match(report, { connected: 6, mismatches: 0, transport: 'udp 2, webrtc 2, websocket 2' });
  t.ok(report.hashChecks > 0);
  await t.test('and Chromium plays it', (t) => playsIn(t, server.url));
  server.child.kill('SIGTERM');
  t.equal(await server.ended, 0, server.err);
});

t.test('it plays a game of an author, in TypeScript and in JavaScript', async (t) => {
  for (const ending of ['ts', 'js'] as const) {
    const game = join(house, `mine-${ending}`);
    mkdirSync(game);
    for (const name of ['schema', 'server'])
      writeFileSync(join(game, `${name}.${ending}`), source(name, ending));
    const server = await listening(t, '--game', inside(game), '--bots', '2');
    t.match(server.out, new RegExp(`^Play mine-${ending}: `, 'm'));
    server.child.kill('SIGTERM');
    t.equal(await server.ended, 0, server.err);
  }
});

/** The page of the program: predicted, over a data channel, without a word on the console. */
async function playsIn(t: Test, url: string): Promise<void> {
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const complaints = await complaintsOf(page);
  await page.goto(url);
  await joinRoom(page, 'Ann');
  await sees(page);
  const before = await factsOf(page);
  // Two ways at once: a wall stops one of them.
  for (const key of ['d', 'w']) await page.keyboard.down(key);
  await page.waitForFunction(() => {
    const { me } = window.fray.view;
    return me !== null && Math.hypot(me.vx, me.vy) > 1;
  });
  await page.waitForFunction(
    (some) => window.fray.game.stats.snapshots > some,
    before.snapshots + 15,
  );
  t.match(await factsOf(page), { status: 'open', names: /Ann/ });
  t.equal(await page.evaluate(() => window.fray.game.stats.transport), 'webrtc');
  t.same(complaints, [], 'nothing on the console');
}

/** A module of the test's game as an author has it, who imports Fray by name. */
function source(name: string, ending: 'ts' | 'js'): string {
  const text = readFileSync(join(ROOT, 'test', 'server', 'games', `${name}.ts`), 'utf8');
  const own = text.replace(/'[./]+\/src\/(schema|plugin)\/[\w-]+\.ts'/g, "'fray/$1'");
  if (ending === 'ts') return own;
  return transformSync(own, { loader: 'ts' }).code.replace('./schema.ts', './schema.js');
}

function run(args: readonly string[], environment: { readonly [name: string]: string } = {}): Run {
  const [command = '', ...rest] = [...enter, inside(program), ...args];
  const env = { PATH: '', HOME: inside(join(house, 'home')), ...environment };
  const child = spawn(command, rest, { env, cwd: '/' });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const made: Run = { child, out: '', err: '', ended: closed };
  child.stdout.on('data', (data: Buffer) => {
    made.out += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    made.err += data.toString();
  });
  return made;
}

async function ended(
  args: readonly string[],
  environment?: { readonly [name: string]: string },
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const made = run(args, environment);
  const code = await made.ended;
  return { code, out: made.out, err: made.err };
}

async function listening(t: Test, ...args: string[]): Promise<Run & { readonly url: string }> {
  const server = run(['start', '--port', '0', '--admin-port', '0', '--workers', '1', ...args]);
  t.teardown(() => void server.child.kill('SIGKILL'));
  const isUp = () => /^Admin:/m.test(server.out) || server.child.exitCode !== null;
  await until('it listens', isUp, START_MS_MAX);
  const [, url = ''] = /^Play [\w-]+: (\S+)/m.exec(server.out) ?? [];
  if (url === '') throw new Error(`Cannot start: ${server.out}${server.err}`);
  return Object.assign(server, { url });
}

/** How the program sees a path of the house. */
function inside(path: string): string {
  return enter.length > 0 ? path.slice(house.length) : path;
}

/** The command that enters the house; none where this machine forbids it. `chroot` of a user needs a name space of its own. */
function entrance(): string[] {
  const ways = [
    ['/usr/sbin/chroot', house],
    ['/usr/bin/unshare', '-r', '/usr/sbin/chroot', house],
  ];
  // The program that is missing in there is the one sign that the root has been changed: 127.
  const opens = ([command = '', ...args]: string[]) =>
    spawnSync(command, [...args, '/none']).status === 127;
  return ways.find(opens) ?? [];
}
