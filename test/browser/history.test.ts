/** A player who leaves the page and comes back by the browser's own buttons: from its memory of pages, and loaded anew. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { factsOf, join, sees } from './arena-page.ts';
import { complaintsOf, openChromium, startServer } from './chromium.ts';

/** ms. A session that falls silent is over after 10 s; a page that is left has to say goodbye. */
const GONE_MS = 2000;

t.test('the arena after back and forward', { timeout: 120_000 }, async (t) => {
  const server = await startServer(['--bots', '4', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const elsewhere = await serveElsewhere();
  t.teardown(() => elsewhere.server.close());

  for (const kept of [true, false]) {
    const how = kept ? 'kept by the browser' : 'loaded anew';
    await t.test(`${how}, plays again with one player`, async (t) => {
      const browser = await openChromium([], kept ? ['--disable-back-forward-cache'] : []);
      t.teardown(() => browser.close());
      const page = await browser.newPage();
      const complaints = await complaintsOf(page);
      await page.addInitScript(countShows);
      await page.goto(server.url);
      const home = page.url();
      await join(page, 'Wanderer');
      await sees(page);
      let { playerId } = await factsOf(page);
      const watcher = await browser.newPage();
      await watcher.goto(server.url);
      await join(watcher, 'Watcher');
      for (const round of [1, 2]) {
        t.ok(await seesWanderer(watcher, true), 'the others see the player');
        await page.bringToFront();
        await (round === 1 ? page.goto(elsewhere.url) : go(page, 'forward', elsewhere.url));
        t.ok(await seesWanderer(watcher, false), 'gone for the others');
        await go(page, 'back', home);
        await page.waitForFunction((id) => window.fray?.game.playerId !== id, playerId);
        await sees(page);
        const facts = await factsOf(page);
        t.match(facts, { status: 'open' }, `plays after back ${round}`);
        t.equal(facts.names.filter((name) => name === 'Wanderer').length, 1, 'once');
        t.ok(await page.isHidden('#lobby'));
        playerId = facts.playerId;
        if (round === 1) await talks(t, page, watcher);
      }
      t.equal(await page.evaluate(() => window.restored), kept ? 2 : 0, how);
      t.same(complaints, [], 'nothing on the console');
      await page.close();
      t.ok(await seesWanderer(watcher, false), 'gone with its tab');
      await watcher.close();
    });
  }
});

declare global {
  interface Window {
    /** How often the browser showed this page again without loading it. */
    restored: number;
  }
}

/** In the page, before its own scripts. */
function countShows(): void {
  window.restored = 0;
  addEventListener('pageshow', (event) => {
    if (event.persisted) window.restored += 1;
  });
}

/** Uses the browser's button; a page that comes from its memory does not load, so nothing else can be awaited. */
async function go(page: Page, where: 'back' | 'forward', url: string): Promise<void> {
  const left = page.waitForURL(url, { waitUntil: 'commit' });
  // The page may be gone before it answers.
  page.evaluate((where) => history[where](), where).catch(() => undefined);
  await left;
}

/** Whether the other window comes to have the player in its roster, or not to, in the time for it. */
function seesWanderer(watcher: Page, there: boolean): Promise<boolean> {
  const has = (there: boolean) => {
    const roster = (window.fray.game.roster ?? []) as unknown as readonly { name: string }[];
    return roster.some(({ name }) => name === 'Wanderer') === there;
  };
  return watcher.waitForFunction(has, there, { timeout: GONE_MS }).then(
    () => true,
    () => false,
  );
}

/** The second game of a page has its controls to itself: one F3 opens the devtools, one line is said once. */
async function talks(t: Test, page: Page, watcher: Page): Promise<void> {
  await page.bringToFront();
  await page.keyboard.press('F3');
  t.ok(await page.isVisible('.fray-devtools'), 'F3 opens the devtools');
  await page.keyboard.press('Enter');
  await page.keyboard.type('back again');
  await page.keyboard.press('Enter');
  await watcher.waitForSelector('#talk li');
  await watcher.waitForTimeout(200);
  t.same(await watcher.locator('#talk li').allTextContents(), ['Wanderer back again']);
}

/** Another site, a page of it. */
async function serveElsewhere(): Promise<{ server: Server; url: string }> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><link rel="icon" href="data:,"><title>elsewhere</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
