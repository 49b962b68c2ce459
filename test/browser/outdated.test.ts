/** A page that is older than its server, by the arena, whose lobby the outpost has too: it is loaded anew, once, and plays; where that does not help it says why, and is not loaded for ever. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { packageRoot } from '../../src/cli/games.ts';
import { sees } from './arena-page.ts';
import { openChromium, startServer } from './chromium.ts';

/** Of servers that die: over a WebSocket a page knows at once. */
const DYING = ['--bots', '2', '--logLevel', 'error', '--no-webrtc'];

/** A figure of its schema, as it stands in what is built. */
const DAMAGE = /(damage: ?)(\d+)(, ?cooldownMs)/;

t.test('a page older than its server', { timeout: 240_000 }, async (t) => {
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const flags = ['--bots', '2', '--logLevel', 'error'];
  const first = await startServer(flags);
  t.teardown(() => first.stop());

  await t.test('is loaded anew and plays without being asked again', async (t) => {
    const { page, loads } = await open(t, browser);
    await page.route('**/main.js', outdated, { times: 1 });
    await page.goto(first.url);
    await play(page);
    await inside(page);
    t.equal(loads(), 2);
    t.equal(await page.evaluate(() => sessionStorage.getItem('outdated')), null);
  });

  await t.test('says why where that does not help, and stays', async (t) => {
    const { page, loads } = await open(t, browser);
    await page.route('**/main.js', outdated);
    await page.goto(first.url);
    await play(page);
    await refused(page);
    t.equal(loads(), 2);
    await page.click('#play');
    await page.waitForTimeout(1500);
    await refused(page);
    t.equal(loads(), 2, 'asked for again it stays, too');
  });

  await t.test(
    'whose server dies in the middle of a game: with the files of the next it plays on, with those of before it says why',
    async (t) => {
      const before = await startServer(DYING);
      t.teardown(() => void before.process.kill('SIGKILL'));
      const pages = [await open(t, browser), await open(t, browser)] as const;
      const [{ page: fresh }, { page: stale }] = pages;
      const old = await (await fetch(new URL('main.js', before.url))).text();
      await stale.route('**/main.js', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: old }),
      );
      for (const { page } of pages) {
        await page.goto(before.url);
        await play(page);
        await sees(page);
        // Of this page, not of the one that is loaded anew.
        await page.evaluate(() => Object.assign(window, { isFirst: true }));
      }
      before.process.kill('SIGKILL');
      for (const { page } of pages)
        await page.waitForFunction(() => window.fray.game.status === 'resuming');
      const port = new URL(before.url).port;
      const next = await startServer([...DYING, '--port', port, '--game', nextVersion(t)]);
      t.teardown(() => void next.process.kill('SIGKILL'));
      for (const { page } of pages) await page.waitForFunction(() => !('isFirst' in window));
      await sees(fresh);
      await refused(stale);
      await fresh.waitForTimeout(1500);
      for (const { loads } of pages) t.equal(loads(), 2, 'loaded anew once');
      t.equal(await fresh.evaluate(() => window.fray.game.status), 'open');
      t.equal(await fresh.evaluate(() => sessionStorage.getItem('outdated')), null);
      await refused(stale);
    },
  );
});

async function open(t: Test, browser: Browser): Promise<{ page: Page; loads: () => number }> {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  let count = 0;
  page.on('load', () => {
    count += 1;
  });
  return { page, loads: () => count };
}

async function play(page: Page): Promise<void> {
  await page.fill('#name', 'Ann');
  await page.click('#play');
}

async function inside(page: Page): Promise<void> {
  await page.waitForFunction(() => document.getElementById('lobby')?.hidden);
}

async function refused(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    /schema/.test(document.getElementById('trouble')?.textContent ?? ''),
  );
}

/** The arena as it is built, with another figure in its schema, for server and page. Answers its folder. */
function nextVersion(t: Test): string {
  const base = mkdtempSync(join(tmpdir(), 'fray-next-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  const folder = join(base, 'arena');
  cpSync(join(packageRoot(), 'dist', 'games', 'arena'), folder, { recursive: true });
  mkdirSync(join(base, 'node_modules'));
  symlinkSync(packageRoot(), join(base, 'node_modules', 'fray'));
  const chunk = readdirSync(folder).find((file) => file.startsWith('chunk-')) ?? '';
  for (const file of [chunk, join('page', 'main.js')]) {
    const path = join(folder, file);
    writeFileSync(path, changed(readFileSync(path, 'utf8')));
  }
  return folder;
}

/** The script of the page as it was before a figure of the schema was changed. */
async function outdated(route: Parameters<Parameters<Page['route']>[1]>[0]): Promise<void> {
  const script = await (await route.fetch()).text();
  await route.fulfill({ contentType: 'text/javascript', body: changed(script) });
}

function changed(text: string): string {
  if (!DAMAGE.test(text)) throw new Error('Cannot change the schema: no weapon stands there');
  return text.replace(DAMAGE, (_, before: string, damage: string, after: string) =>
    [before, Number(damage) + 1, after].join(''),
  );
}
