/**
 * The ways to install Fray, each in a fresh copy of this repository: production packages only, without install scripts,
 * and packed as an author gets it. Needs npm and a registry (or npm's cache), as `npm ci` did.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { followFirstGame } from './first-game.ts';

const root = resolve(fileURLToPath(import.meta.url), '..', '..', '..');
const base = mkdtempSync(join(tmpdir(), 'fray-install-'));
const START_MS_MAX = 30_000;
/** Nearly a fifth of it are the cores beside the pages of the demo games, which are those of the package once more. */
const PACKED_BYTES_MAX = 4_750_000;

test('npm ci --omit=dev builds, and the server plays the arena', async (t) => {
  const folder = copyRepository('omit');
  await npm(folder, 'ci', '--omit=dev');
  t.notOk(existsSync(join(folder, 'node_modules', 'typescript')), 'no development packages');
  await serves(t, folder, join(folder, 'dist', 'cli.js'));
  await starts(t, folder);
});

test('npm ci --ignore-scripts, then npm run build', async (t) => {
  const folder = copyRepository('scripts');
  await npm(folder, 'ci', '--ignore-scripts', '--omit=dev');
  t.notOk(existsSync(join(folder, 'dist')), 'nothing is built before');
  await npm(folder, 'run', 'build');
  await serves(t, folder, join(folder, 'dist', 'cli.js'));
});

test('the package holds what an author needs, and nothing else', async (t) => {
  const folder = copyRepository('pack');
  // Packing needs the development packages: the half gigabyte that is here already.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const said = await npm(folder, 'pack', '--json', '--loglevel=silent');
  // The build's own lines come before.
  const [packed] = JSON.parse(said.slice(said.search(/^\[/m))) as [Packed];
  const files = packed.files.map((file) => file.path);
  for (const file of NEEDED) t.ok(files.includes(file), `holds ${file}`);
  t.same(
    files.filter((file) => !ALLOWED.test(file)),
    [],
    'holds nothing else',
  );
  t.ok(packed.unpackedSize < PACKED_BYTES_MAX, `${packed.unpackedSize} bytes unpacked`);
  const command = packed.files.find((file) => file.path === 'dist/cli.js');
  t.equal((command?.mode ?? 0) & 0o111, 0o111, 'the command is executable');
  for (const [module, cores] of [
    ['client.browser.js', ['./fray_client.wasm', './fray_client_step.wasm']],
    ['watch.js', ['./fray_core.wasm']],
  ] as const) {
    const text = readFileSync(join(folder, 'dist', module), 'utf8');
    const assets = [...text.matchAll(ASSET)].map(([, file]) => file);
    t.same(assets.sort(), cores, `bundlers see the core, and it lies beside ${module}`);
  }

  const author = join(base, 'author');
  mkdirSync(author);
  writeFileSync(join(author, 'package.json'), '{ "private": true, "type": "module" }');
  await npm(author, 'install', join(folder, packed.filename));
  writeFileSync(join(author, 'game.ts'), GAME);
  for (const [module, resolution] of [
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler'],
  ] as const) {
    const options = ['--noEmit', '--strict', '--target', 'ES2022', '--lib', 'ES2023,DOM'];
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [tsc, ...options, '--module', module, '--moduleResolution', resolution, 'game.ts'];
    const wrong = await execute(process.execPath, args, author).catch((error) => error.stdout);
    t.equal(wrong, '', `types of the package under moduleResolution ${resolution}`);
  }
  writeFileSync(join(author, 'same.mjs'), SAME);
  t.equal(
    await execute(process.execPath, ['same.mjs'], author),
    'done\n',
    'schema, plugin, client and watch load, testing opens a room, and a token of tokens opens',
  );
  await serves(t, author, join(author, 'node_modules', '.bin', 'fray'));
  await t.test('an author follows docs/first-game.md word for word', (t) =>
    followFirstGame(t, author),
  );
});

test('copies are removed', (t) => {
  rmSync(base, { recursive: true, force: true });
  t.notOk(existsSync(base));
  t.end();
});

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

const NEEDED = [
  'dist/cli.js',
  'dist/room-worker.js',
  'dist/fray-rtc.js',
  'dist/schema.js',
  'dist/plugin.js',
  'dist/testing.js',
  'dist/tokens.js',
  'dist/watch.js',
  'dist/devtools.js',
  'dist/client.browser.js',
  'dist/client.node.js',
  'dist/fray_client.wasm',
  'dist/fray_client_step.wasm',
  'dist/fray_core.wasm',
  'dist/fray_seal.wasm',
  'dist/cores/cores.json',
  'dist/games/arena/server.js',
  'dist/games/arena/page/index.html',
  'dist/games/arena/page/main.js',
  'dist/games/arena/page/fray_client.wasm',
  'dist/games/arena/page/fray_core.wasm',
  'dist/types/src/schema/index.d.ts',
  'dist/types/src/plugin/index.d.ts',
  'dist/types/src/plugin/testing/index.d.ts',
  'dist/types/src/client/index.d.ts',
  'dist/types/src/watch/index.d.ts',
  'dist/types/src/devtools/index.d.ts',
  'dist/types/src/tokens.d.ts',
  'LICENSE',
  'README.md',
];
const ALLOWED =
  /^(dist\/|examples\/|package\.json$|(README|ARCHITECTURE|CHANGELOG|SECURITY)\.md$|LICENSE$|protocol\/SPEC\.md$)/;

/** An asset as Vite, Rollup and webpack find it: both words in place, the file a plain text. */
const ASSET = /\bnew\s+URL\s*\(\s*["']([^"']+)["']\s*,\s*import\.meta\.url\s*\)/g;

const GAME = `import { angle, axis2, button, circle, defineSchema, u16 } from 'fray/schema';
import { defineGame } from 'fray/plugin';
import { connect, type Watchable } from 'fray/client';
import { watch } from 'fray/watch';
import { testRoom } from 'fray/testing';
import { devtools } from 'fray/devtools';
import { issueConnectToken } from 'fray/tokens';
const duel = defineSchema({
  name: 'duel',
  tickRateHz: 30,
  world: { width: 40, depth: 40 },
  input: { move: axis2(), aim: angle(), fire: button() },
  player: { shape: circle(0.5), health: 100, fields: { kills: u16({ to: 'room' }) } },
});
const rules = defineGame(duel, {
  onJoin(room, p) { p.kills = 0; room.place(p, room.freePlace()); },
  // @ts-expect-error there is no such field
  onDeath(room, { attacker }) { if (attacker) attacker.kill += 1; },
});
export default rules;
export const kills: number | undefined = testRoom(rules).join().view().me?.kills;
export async function play(): Promise<number | undefined> {
  const game = await connect('http://localhost', { schema: duel, name: 'Ann', room: 'any' });
  return game.view(0).players[0]?.kills;
}
export async function look(journal: Uint8Array): Promise<Watchable<typeof duel>> {
  const film = await watch(journal, { schema: duel, bar: null });
  return film.view(0).players[0]?.kills === 1 ? film : connect('http://localhost', { schema: duel });
}
export const shown = async () => devtools(await connect('http://localhost', { schema: duel }), { key: 'F2' }).open;
export const token: string = issueConnectToken({ userId: 'ann', servers: ['203.0.113.5:40000'], key: new Uint8Array(32) }).token;
`;
const SAME = `import { defineSchema } from 'fray/schema';
import { defineGame } from 'fray/plugin';
import { connect } from 'fray/client';
import { watch } from 'fray/watch';
import { testRoom } from 'fray/testing';
import { devtools } from 'fray/devtools';
import { issueConnectToken, openConnectToken } from 'fray/tokens';
const key = new Uint8Array(32).fill(7);
const { token } = issueConnectToken({ userId: 'ann', servers: ['203.0.113.5:40000'], key });
if (openConnectToken(token, [key]).userId !== 'ann') throw new Error('the token does not open');
for (const made of [connect, watch, devtools]) if (typeof made !== 'function') throw new Error('not there');
const ann = testRoom(defineGame(defineSchema({ name: 'duel', world: { width: 40, depth: 40 }, input: {} }), {})).join();
if (ann.status !== 'joining') throw new Error('testing opens no room');
console.log('done');
`;

/** The files of the repository as they are now, committed or not. */
function copyRepository(name: string): string {
  const folder = join(base, name);
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
  });
  for (const file of listed.toString().split('\0')) {
    const from = join(root, file);
    if (file === '' || !existsSync(from) || statSync(from).isDirectory()) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(from, join(folder, file));
  }
  return folder;
}

function npm(folder: string, ...args: string[]): Promise<string> {
  return execute('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], folder);
}

/** Rejects with what the command printed. */
async function execute(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    cwd,
    env: plainEnvironment(),
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/** Without what npm and this test's own loader put into the environment. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => !/^npm_|^NODE_OPTIONS$|^TAP/.test(name)));
}

/** Starts the command, asks for the health, the page and the core, and ends it as a supervisor would. */
async function serves(t: Test, folder: string, command: string): Promise<void> {
  const child = spawn(command, ['start', '--port', '0', '--adminPort', '0', '--bots', '2'], {
    cwd: folder,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  try {
    const url = await addressOf(child, ended);
    t.equal((await fetch(new URL('/healthz', url))).status, 200, 'healthy');
    t.match(await (await fetch(url)).text(), /main\.js/, 'serves the page');
    const core = await fetch(new URL('/fray_client.wasm', url));
    t.equal(core.headers.get('content-type'), 'application/wasm', 'serves the core');
    child.kill('SIGTERM');
    t.equal(await ended, 0, 'ends with code 0');
  } finally {
    child.kill('SIGKILL');
  }
}

/** `npm start` prints an address, and the arena's page is there. */
async function starts(t: Test, folder: string): Promise<void> {
  const child = spawn('npm', ['start', '--', '--port', '0', '--adminPort', '0'], {
    cwd: folder,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm, its shell and the server: npm alone does not end with its child.
    detached: true,
  });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  try {
    const url = await addressOf(child, ended);
    t.match(await (await fetch(url)).text(), /main\.js/, 'npm start serves the page');
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
}

function addressOf(child: ChildProcess, ended: Promise<number | null>): Promise<string> {
  return new Promise((done, fail) => {
    const said: string[] = [];
    const complain = (what: string) => fail(new Error(`The server ${what}:\n${said.join('\n')}`));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const url = /https?:\/\/[\w.:[\]-]+:\d+/.exec(line)?.[0];
        if (url !== undefined) done(url);
      });
    }
    const timer = setTimeout(() => complain('named no address in time'), START_MS_MAX);
    ended.then((code) => {
      clearTimeout(timer);
      complain(`ended with ${code}`);
    });
  });
}
