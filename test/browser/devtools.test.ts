/**
 * `fray/devtools` over the arena in Chromium: what it shows is what the client knows, its keys are its own, it moves little for those who
 * ask for that, and it fits a phone. `FRAY_TEST_PICTURES=FOLDER` keeps pictures of it.
 */
import { join as path } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { join, sees } from './arena-page.ts';
import { complaintsOf, openChromium, startServer } from './chromium.ts';

/** ms of play before the picture. */
const PLAY_MS = Number(process.env['FRAY_TEST_PICTURES'] ? 6000 : 0);
const PHONE = { width: 360, height: 740 };

t.test('the devtools of a game', { timeout: 120_000 }, async (t) => {
  const server = await startServer(['--bots', '30', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(60_000);
  const complaints = await complaintsOf(page);
  await page.goto(server.url);
  await join(page, 'Ada');
  await sees(page);
  const shown = page.locator('.fray-devtools');
  t.ok(await shown.isHidden(), 'nothing is there before the key');
  await page.keyboard.press('F3');
  t.ok(await shown.isVisible());

  await t.test('the net graph and the sliders', async (t) => {
    await page.waitForSelector('.fray-devtools dd:text-matches("^\\\\d+ ms, jitter")');
    await page.keyboard.press('Shift+F3');
    await page.locator('.fray-devtools [data-link=rtt]').focus();
    const before = await page.evaluate(keysHeard);
    for (let n = 0; n < 5; n += 1) await page.keyboard.press('ArrowRight');
    t.equal(await page.evaluate(linkOf), 'rtt=5', 'by keys alone');
    await page.keyboard.press('End');
    t.equal(await page.evaluate(linkOf), 'rtt=400');
    await page.keyboard.press('Home');
    t.equal(await page.evaluate(keysHeard), before, 'and the game heard none of them');
  });

  await t.test('entities: fields, age, bytes and tier', async (t) => {
    await page.waitForFunction(
      () => (window.fray.view as unknown as { players: unknown[] }).players.length > 1,
    );
    const costs = await page.evaluate(costsInSight);
    t.ok(costs.entities > 0 && costs.bits > 0, JSON.stringify(costs));
    t.ok(costs.bits < costs.snapshotBits, `part of the snapshot: ${JSON.stringify(costs)}`);
    const picks = page.locator('.fray-devtools tr:not([hidden]) button');
    await picks.first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.fray-devtools tr[aria-selected=true]');
    const cells = page.locator('.fray-devtools tr[aria-selected=true] td');
    const [name, away, age, bytes, tier] = await cells.allTextContents();
    t.match(away, /^\d+\.\d$/, `${name} is away`);
    t.match([age, bytes, tier].join(' '), /^(\d+ \d+\.\d 1\/[124]|– – –)$/);
    await page.waitForSelector('.fray-devtools dt:text-is("kind")');
    await page.locator('.fray-devtools td button:text-is("Ada")').first().click();
    await page.waitForSelector('.fray-devtools dt:text-is("best · owner")');
    t.equal(await page.locator('.fray-devtools dt:has-text("watches")').count(), 0, 'to: none');
    t.equal(await page.locator('.fray-devtools dt:text-is("kills · room")').count(), 1);
    t.match(await page.textContent('.fray-devtools .note'), 'known to the server alone');
  });

  await t.test('the focus goes back to the game, whose shots stand in the timeline', async (t) => {
    await page.keyboard.press('Escape');
    t.equal(await page.evaluate(() => document.activeElement?.className), '', 'the game has it');
    await page.keyboard.down('KeyJ');
    await page.waitForSelector('.fray-devtools li[data-kind=shot]');
    await page.waitForTimeout(PLAY_MS);
    await keep(page, 'devtools');
    await page.keyboard.up('KeyJ');
  });

  await t.test(
    'on a phone it takes half of the screen at most, and nothing hangs out',
    async (t) => {
      await page.setViewportSize(PHONE);
      await page.waitForFunction((width) => innerWidth === width, PHONE.width);
      const box = await shown.boundingBox();
      t.ok(box && box.height <= PHONE.height / 2 && box.width <= PHONE.width, JSON.stringify(box));
      t.equal(await page.evaluate(panelOverflow), 0);
      await keep(page, 'devtools');
    },
  );

  await t.test('who wants less motion sees it change once a second', async (t) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.waitForTimeout(300);
    const writes = await page.evaluate(writesIn, 3000);
    t.ok(writes >= 1 && writes <= 4, `${writes} writes in 3 s`);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
  });

  await page.keyboard.press('F3');
  t.ok(await shown.isHidden(), 'the key closes it');
  await page.evaluate(() => (window.fray.game as unknown as { close(): void }).close());
  t.equal(await shown.count(), 0, 'it goes with the game');
  t.same(complaints, [], 'nothing on the console');
});

async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env['FRAY_TEST_PICTURES'];
  const { width, height } = page.viewportSize() ?? PHONE;
  if (folder) await page.screenshot({ path: path(folder, `${name}-${width}x${height}.png`) });
}

/** In the page: keys that came as far as the window, since this was asked first. */
function keysHeard(): number {
  const heard = window as unknown as { keys?: number };
  if (heard.keys === undefined) {
    heard.keys = 0;
    addEventListener('keydown', () => {
      heard.keys = (heard.keys ?? 0) + 1;
    });
  }
  return heard.keys;
}

/** In the page. */
function linkOf(): string {
  return (window.fray.game.stats as unknown as { link: string }).link;
}

/** In the page: bits of the states that the newest snapshot carried, and its own. */
function costsInSight(): { entities: number; bits: number; snapshotBits: number } {
  const game = window.fray.game as unknown as {
    stats: { snapshotTick: number; snapshotBytes: number };
    view(): { players: readonly Row[]; entities: readonly Row[] };
    costOf(handle: number): { tick: number; bits: number };
  };
  interface Row {
    readonly handle: number;
    readonly own?: boolean;
    readonly kind: string;
    readonly predicted: boolean;
  }
  const { players, entities } = game.view();
  const sums = { entities: 0, bits: 0, snapshotBits: game.stats.snapshotBytes * 8 };
  for (const row of [...players, ...entities]) {
    const { tick, bits } = game.costOf(row.handle);
    if (row.predicted || (row.kind === 'player' && row.own) || tick !== game.stats.snapshotTick)
      continue;
    sums.entities += 1;
    sums.bits += bits;
  }
  return sums;
}

/** In the page: CSS pixels by which the panel is wider than it shows. */
function panelOverflow(): number {
  const panel = document.querySelector('.fray-devtools')?.shadowRoot?.querySelector('.panel');
  return panel ? panel.scrollWidth - panel.clientWidth : -1;
}

/** In the page: how often the panel changes something in so many ms. */
function writesIn(ms: number): Promise<number> {
  const root = document.querySelector('.fray-devtools')?.shadowRoot;
  return new Promise((resolve) => {
    let writes = 0;
    const observer = new MutationObserver(() => {
      writes += 1;
    });
    if (root) observer.observe(root, { subtree: true, childList: true, characterData: true });
    setTimeout(() => {
      observer.disconnect();
      resolve(writes);
    }, ms);
  });
}
