/**
 * The outpost on a phone of 360 x 740, held either way: a thumb walks, the other looks, buttons fire, jump, change the gun and show the scores.
 * `FRAY_TEST_PICTURES=FOLDER` keeps a picture of each screen.
 */
import { join as path } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { complaintsOf, openChromium, startServer } from './chromium.ts';
import { collisions, Thumbs } from './thumbs.ts';

const PORTRAIT = { width: 360, height: 740 };
const LANDSCAPE = { width: 740, height: 360 };
/** What must lie over nothing else. */
const PARTS = [
  ...['round', 'vitals', 'gun', 'feed', 'stick-move', 'thumb-scores', 'thumb-arm'],
  ...['thumb-crouch', 'thumb-jump', 'thumb-fire'],
];

interface Shown {
  readonly view: { readonly me: { x: number; y: number; alive: boolean; weapon: string } | null };
  readonly controls: { aim: number; pitch: number; fire: boolean; jump: boolean };
}

t.test('the outpost on a phone', { timeout: 120_000 }, async (t) => {
  const server = await startServer(['--game', 'outpost', '--bots', '4', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const phone = { viewport: PORTRAIT, hasTouch: true, isMobile: true, deviceScaleFactor: 1 };
  const page = await (await browser.newContext(phone)).newPage();
  page.setDefaultTimeout(60_000);
  await page.addInitScript('globalThis.__name = (fn) => fn');
  const complaints = await complaintsOf(page);
  await page.goto(server.url);
  t.ok(await page.isVisible('.thumbs'), 'the lobby speaks of thumbs');
  t.ok(await page.isHidden('.keys:not(.thumbs)'), 'and of no keys');
  await keep(page, 'lobby');
  await page.fill('#name', 'Thumbelina');
  await page.tap('#play');
  await page.waitForFunction(() => (window.fray as unknown as Shown | undefined)?.view.me?.alive);
  await page.evaluate(fillFeed);
  for (const screen of [PORTRAIT, LANDSCAPE]) {
    await page.setViewportSize(screen);
    await page.waitForFunction((width) => innerWidth === width, screen.width);
    t.same(await page.evaluate(collisions, PARTS), [], `${screen.width} x ${screen.height}`);
    t.equal(await page.evaluate(() => document.documentElement.scrollWidth), screen.width);
    await keep(page, 'play');
  }

  const { width, height } = LANDSCAPE;
  const thumbs = new Thumbs(await page.context().newCDPSession(page));
  const controls = () => page.evaluate(() => ({ ...(window.fray as unknown as Shown).controls }));
  const before = await controls();
  await thumbs.put('right', { x: width - 250, y: height / 2 });
  await thumbs.put('right', { x: width - 200, y: height / 2 - 20 });
  await page.waitForFunction(
    (aim) => (window.fray as unknown as Shown).controls.aim !== aim,
    before.aim,
  );
  await thumbs.lift('right');
  const turned = await controls();
  t.ok(turned.aim < before.aim && turned.pitch > before.pitch, 'to the right and up');

  await thumbs.put('left', { x: 90, y: height - 90 });
  await thumbs.put('left', { x: 90, y: height - 145 });
  await page.waitForFunction(hasWalked);
  await thumbs.lift('left');
  t.pass('the left one walks');

  for (const [button, does] of [
    ['thumb-fire', 'fire'],
    ['thumb-jump', 'jump'],
  ] as const) {
    const box = await page.locator(`#${button}`).boundingBox();
    await thumbs.put('right', { x: (box?.x ?? 0) + 20, y: (box?.y ?? 0) + 20 });
    await page.waitForFunction((key) => (window.fray as unknown as Shown).controls[key], does);
    await thumbs.lift('right');
    await page.waitForFunction((key) => !(window.fray as unknown as Shown).controls[key], does);
    t.pass(`${button}, as long as it is held`);
  }
  await page.waitForFunction(() => (window.fray as unknown as Shown).view.me?.alive);
  await page.tap('#thumb-arm');
  await page.waitForFunction(() => document.getElementById('gun')?.textContent === 'launcher');
  const scores = await page.locator('#thumb-scores').boundingBox();
  await thumbs.put('left', { x: (scores?.x ?? 0) + 20, y: (scores?.y ?? 0) + 10 });
  await page.waitForSelector('#table tr.own');
  await thumbs.lift('left');
  t.same(complaints, [], 'nothing on the console');
});

async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env['FRAY_TEST_PICTURES'];
  const { width, height } = page.viewportSize() ?? PORTRAIT;
  if (folder)
    await page.screenshot({ path: path(folder, `outpost-${name}-${width}x${height}.png`) });
}

/** In the page: as many lines as the feed ever has. */
function fillFeed(): void {
  for (let n = 0; n < 6; n += 1) {
    const line = document.createElement('li');
    line.textContent = 'Thumbelina rifle Wisp';
    document.getElementById('feed')?.append(line);
  }
}

/** In the page: the own player has gone a unit since this was asked first. */
function hasWalked(): boolean {
  const { me } = (window.fray as unknown as Shown).view;
  const start = window as unknown as { start?: { x: number; y: number } };
  if (!me?.alive) return false;
  start.start ??= { x: me.x, y: me.y };
  return Math.hypot(me.x - start.start.x, me.y - start.start.y) > 1;
}
