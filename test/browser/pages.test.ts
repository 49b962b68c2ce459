/**
 * A game's page as its author ships it: built by Vite or not at all, from a packed install, without isolation and under
 * the content security policies that docs/pages.md names.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import t, { type Test } from 'tap';
import { PublicHttp } from '../../src/http/public.ts';
import { documented, installAuthor, VITE } from './author.ts';
import { complaintsOf, openChromium, startServer } from './chromium.ts';
import { type Film, longestOf, serveJournal } from './journals.ts';

/** Bytes of the client's JavaScript and the core, gzipped. */
const GZIPPED_BYTES_MAX = 80_000;
const DEVTOOLS_BYTES_MAX = 8_000;
const [SENT = '', ELSEWHERE = ''] = documented('Content security policy');

t.test('a page of an author', { timeout: 180_000 }, async (t) => {
  const folder = await installAuthor();
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const browser = await openChromium();
  t.teardown(() => browser.close());

  for (const [what, game] of [
    ['built by Vite without a plugin or configuration', 'game'],
    ['of plain module scripts', 'plain'],
  ] as const) {
    await t.test(`${what}, plays without isolation under the policy of fray start`, async (t) => {
      const dir = join(folder, `journals of ${game}`);
      const flags = ['--game', game, '--journalDir', dir, '--logLevel', 'error'];
      const server = await startServer(flags, folder);
      t.teardown(() => server.stop());
      const seen = await visit(browser, server.url);
      t.match(seen, PLAYS);
      t.same(seen.complaints, []);
      t.equal(seen.headers['content-security-policy'], SENT, 'as docs/pages.md names it');
      t.equal(seen.headers['cross-origin-opener-policy'], undefined);
      t.equal(seen.headers['cross-origin-embedder-policy'], undefined);
      await server.stop();
      const command = join(folder, 'node_modules', 'fray', 'dist', 'cli.js');
      const served = await serveJournal(longestOf(dir), ['--game', game], { folder, command });
      t.teardown(() => served.stop());
      t.same(await watches(browser, served.url), WATCHES, 'and its page plays the journal');
    });
  }

  await t.test('from elsewhere, plays under the least policy; one word less is seen', async (t) => {
    const page = await serveFolder(t, join(folder, 'game', 'page'));
    const flags = ['--game', 'game', '--allowedOrigins', page.origin, '--logLevel', 'error'];
    const server = await startServer(flags, folder);
    t.teardown(() => server.stop());
    const socket = server.url.replace('http:', 'ws:');
    t.match(ELSEWHERE, 'wss://play.example', 'the policy names a server');
    // The icon is this page's own wish.
    const connections = `${socket} ${server.url}`;
    const named = ELSEWHERE.replace('wss://play.example https://play.example', connections);
    const policy = `${named}; img-src data:`;
    page.policy = policy;
    const url = `${page.origin}/?server=${socket}`;
    const seen = await visit(browser, url);
    t.match(seen, PLAYS);
    t.same(seen.complaints, []);
    const shown = await visit(browser, `${url}&devtools`);
    t.match(shown, { ...PLAYS, tools: 'Net Link Timeline Entities', complaints: [] }, 'devtools');
    for (const word of ["'wasm-unsafe-eval'", socket, server.url, "connect-src 'self'"]) {
      page.policy = policy.replace(word, '');
      const { complaints } = await visit(browser, url);
      t.match(complaints.join('\n'), /policy: \S+ forbids/, `without ${word}`);
    }
  });

  await t.test("from Vite's own server, plays through its proxy", async (t) => {
    const server = await startServer(['--game', 'game', '--logLevel', 'error'], folder);
    t.teardown(() => server.stop());
    const config = documented('With Vite').find((block) => block.includes('vite.config.js')) ?? '';
    const { port } = new URL(server.url);
    writeFileSync(
      join(folder, 'vite.config.js'),
      config.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`),
    );
    t.teardown(() => rmSync(join(folder, 'vite.config.js')));
    const seen = await visit(browser, await startVite(t, folder));
    t.match(seen, PLAYS);
    t.same(seen.complaints, []);
  });

  await t.test('loads at most 80 KB of client and core, gzipped', async (t) => {
    const bytes = (file: string) =>
      gzipSync(readFileSync(join(folder, 'node_modules', 'fray', 'dist', file)), { level: 9 })
        .length;
    const [client, core] = [bytes('client.browser.js'), bytes('fray_client.wasm')];
    const sum = `${client} + ${core} = ${client + core} bytes gzipped`;
    t.comment(sum);
    t.ok(client + core <= GZIPPED_BYTES_MAX, sum);
    const tools = bytes('devtools.js');
    t.ok(tools <= DEVTOOLS_BYTES_MAX, `${tools} bytes of devtools, for pages that import them`);
    const text = readFileSync(
      join(folder, 'node_modules', 'fray', 'dist', 'client.browser.js'),
      'utf8',
    );
    t.notMatch(text, 'fray-devtools', 'and nothing of them in the client');
  });
});

/** What is true of a page that plays. */
const PLAYS = {
  isolated: false,
  sharedMemory: 'undefined',
  core: 'application/wasm',
  status: 'open',
  walked: true,
};

interface Visit {
  readonly isolated: boolean;
  /** `typeof SharedArrayBuffer` */
  readonly sharedMemory: string;
  /** Content type of the core's file; '' if none was fetched. */
  readonly core: string;
  readonly status: string;
  /** Sections of the devtools that are seen; '' for none. */
  readonly tools: string;
  /** Snapshots came and the player went a unit. */
  readonly walked: boolean;
  readonly complaints: readonly string[];
  /** Of the page itself. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens the page and stays until its player has walked, or it complains. */
async function visit(browser: Browser, url: string): Promise<Visit> {
  const page = await browser.newPage();
  const complaints = await complaintsOf(page);
  let core = '';
  page.on('response', (response) => {
    if (/fray_client[^/]*\.wasm$/.test(response.url()))
      core = response.headers()['content-type'] ?? '';
  });
  const complained = new Promise<boolean>((resolve) => {
    page.on('console', () => complaints.length > 0 && resolve(false));
    page.on('pageerror', () => resolve(false));
  });
  const answer = await page.goto(url);
  const playing = page.waitForFunction(hasWalked).then(
    () => true,
    () => false,
  );
  const walked = await Promise.race([playing, complained]);
  const facts = await page.evaluate(() => ({
    isolated: globalThis.crossOriginIsolated,
    sharedMemory: typeof globalThis.SharedArrayBuffer,
    status: (window.fray?.game as { status?: string } | undefined)?.status ?? '',
    tools: [
      ...(document
        .querySelector('.fray-devtools')
        ?.shadowRoot?.querySelectorAll<HTMLElement>('summary') ?? []),
    ]
      .filter((summary) => getComputedStyle(summary).cursor === 'pointer')
      .map((summary) => summary.textContent)
      .join(' '),
  }));
  await page.close();
  return { ...facts, walked, core, complaints, headers: answer?.headers() ?? {} };
}

/** What is true of a page that plays a journal. */
const WATCHES = {
  core: 'application/wasm',
  differs: null,
  problem: null,
  own: 'Ann',
  complaints: [],
};

/** Opens a page that plays a journal until all of it is verified, and the last player in it is seen. */
async function watches(browser: Browser, url: string): Promise<object> {
  const page = await browser.newPage();
  const complaints = await complaintsOf(page);
  let core = '';
  page.on('response', (response) => {
    if (/fray_core[^/]*\.wasm$/.test(response.url()))
      core = response.headers()['content-type'] ?? '';
  });
  await page.goto(url);
  await page.waitForFunction(() => (window.fray?.game as unknown as Film)?.report);
  const facts = await page.evaluate(() => {
    const film = window.fray.game as unknown as Film;
    film.pause();
    // The player came some time after the room, and went some time before its end.
    let own = '';
    for (let tick = film.lastTick; own === '' && tick >= film.firstTick; tick -= 5) {
      film.seek(tick);
      while (film.seeking) film.view();
      own = film.view().me?.name ?? '';
    }
    return { own, differs: film.report?.differs, problem: film.report?.problem };
  });
  await page.close();
  return { ...facts, core, complaints };
}

/** In the page: it has seen 15 snapshots, and its player has come a unit further. */
function hasWalked(): boolean {
  const { fray } = window;
  const me = fray?.view.me;
  if (!me || fray.game.stats.snapshots < 15) return false;
  const start = window as unknown as { startX?: number };
  start.startX ??= me.x;
  return Math.abs(me.x - start.startX) > 1;
}

/** Serves files as some other host of pages would, with the policy that stands in `policy`. */
async function serveFolder(
  t: Test,
  directory: string,
): Promise<{ policy: string; readonly origin: string }> {
  const site = { policy: '', origin: '' };
  const http = new PublicHttp({
    mounts: [{ path: '/', directory }],
    csp: '',
    setHeaders: (response) => response.setHeader('Content-Security-Policy', site.policy),
  });
  site.origin = `http://127.0.0.1:${await http.listen(0, '127.0.0.1')}`;
  t.teardown(() => http.stop(0));
  return site;
}

async function startVite(t: Test, folder: string): Promise<string> {
  const port = await freePort();
  const args = [VITE, '--host', '127.0.0.1', '--port', String(port), '--strictPort'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  t.teardown(() => {
    child.kill();
    return ended;
  });
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        if (line.includes('ready in')) resolve(`http://127.0.0.1:${port}/`);
      });
    }
    ended.then(() => reject(new Error(`Vite ended:\n${said.join('\n')}`)));
  });
}

async function freePort(): Promise<number> {
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
