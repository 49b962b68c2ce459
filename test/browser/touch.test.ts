/**
 * The arena on a phone, held either way, played by two thumbs: real touch events from outside the page.
 * `FRAY_TEST_PICTURES=FOLDER` keeps a picture of each screen.
 */
import { join as path } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { complaintsOf, openChromium, startServer } from './chromium.ts';
import { collisions, Thumbs } from './thumbs.ts';

/** CSS pixels, of a phone of today and of the smallest that is still about. */
const PORTRAIT = { width: 390, height: 844 };
const NARROW = { width: 360, height: 740 };
const LANDSCAPE = { width: 844, height: 390 };
const SCREENS = [
  PORTRAIT,
  NARROW,
  LANDSCAPE,
  { width: 320, height: 568 },
  { width: 568, height: 320 },
];
/** What must lie over nothing else. */
const PARTS = [
  ...['vitals', 'scores', 'map', 'feed', 'talk'],
  ...['stick-move', 'stick-aim', 'stick-dash'],
];
/** CSS pixels of a push; 56 are all the way. */
const PUSH = 50;

t.test('the arena on a phone', { timeout: 120_000 }, async (t) => {
  const server = await startServer(['--bots', '6', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const page = await openPhone(browser);
  const complaints = await complaintsOf(page);
  await page.goto(server.url);

  await t.test('the lobby fits, and speaks of thumbs', async (t) => {
    for (const screen of SCREENS) {
      await turn(page, screen);
      const box = await page.locator('#play').boundingBox();
      t.ok(box && box.y > 0 && box.y + box.height < screen.height, 'the button is on the screen');
      t.ok(await page.isVisible('.thumbs'));
      t.ok(await page.isHidden('.keys:not(.thumbs)'), 'no word of keys');
      await keep(page, 'lobby');
    }
    t.equal(await page.evaluate(() => document.activeElement?.id), '', 'no keyboard comes up');
  });

  await turn(page, PORTRAIT);
  await page.fill('#name', 'Thumbelina');
  await page.tap('#play');
  await page.waitForFunction(() => window.fray?.view.me?.alive);

  await t.test('nothing lies over anything else or hangs out', async (t) => {
    await page.evaluate(fillLists);
    for (const screen of SCREENS) {
      await turn(page, screen);
      t.same(await page.evaluate(collisions, PARTS), [], `${screen.width} x ${screen.height}`);
      t.equal(await page.evaluate(() => document.documentElement.scrollWidth), screen.width);
    }
  });

  for (const screen of [PORTRAIT, LANDSCAPE]) {
    const held = screen === PORTRAIT ? 'upright' : 'across';
    await t.test(`two thumbs walk, aim, shoot and dash: held ${held}`, async (t) => {
      await turn(page, screen);
      await playWithThumbs(t, page, screen);
    });
  }
  t.same(complaints, [], 'nothing on the console');
});

async function openPhone(browser: Browser): Promise<Page> {
  const phone = { viewport: PORTRAIT, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  return (await browser.newContext(phone)).newPage();
}

async function turn(page: Page, screen: { width: number; height: number }): Promise<void> {
  await page.setViewportSize(screen);
  await page.waitForFunction((width) => innerWidth === width, screen.width);
}

async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env['FRAY_TEST_PICTURES'];
  const { width, height } = page.viewportSize() ?? PORTRAIT;
  if (folder) await page.screenshot({ path: path(folder, `${name}-${width}x${height}.png`) });
}

async function playWithThumbs(
  t: Test,
  page: Page,
  { width, height }: { width: number; height: number },
): Promise<void> {
  const thumbs = new Thumbs(await page.context().newCDPSession(page));
  const left = { x: 100, y: height - 100 };
  const right = { x: width - 100, y: height - 100 };

  await thumbs.put('left', left);
  let walks = false;
  for (const [dx, dy] of DIRECTIONS) {
    // A wall or a death may be in the way of one.
    await thumbs.put('left', { x: left.x + dx * PUSH, y: left.y - dy * PUSH });
    walks = await comesTrue(page, isWalking, { dx, dy });
    if (walks) break;
  }
  t.ok(walks, 'the left thumb walks');

  await thumbs.put('right', right);
  for (const [dx, dy] of DIRECTIONS.slice(1, 3)) {
    await thumbs.put('right', { x: right.x + dx * PUSH, y: right.y - dy * PUSH });
    t.ok(await comesTrue(page, hasShot, { dx, dy }), `the right thumb shoots ${dx}, ${dy}`);
  }
  await keep(page, 'play');
  await thumbs.lift('right');
  await thumbs.lift('left');
  t.ok(await comesTrue(page, isStill, {}), 'nobody walks or shoots without a thumb');

  // Who is dead just then, or waits for the next dash, does not dash: a few taps.
  let dashed = false;
  for (let tap = 0; tap < 4 && !dashed; tap += 1) {
    await page.tap('#stick-dash');
    dashed = await comesTrue(page, hasDashed, {});
  }
  t.ok(dashed, 'the button dashes');
  const moved = await page.evaluate(() => [scrollX, scrollY, visualViewport?.scale]);
  t.same(moved, [0, 0, 1], 'the page neither scrolled nor grew');
}

const DIRECTIONS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

interface Push {
  readonly dx?: number;
  readonly dy?: number;
}

/** Whether it becomes true in the page in time for a death and the next life. */
function comesTrue(page: Page, what: (push: Push) => boolean, push: Push): Promise<boolean> {
  return page.waitForFunction(what, push, { timeout: 4000 }).then(
    () => true,
    () => false,
  );
}

/** In the page: it walks where the thumb pushes. */
function isWalking({ dx = 0, dy = 0 }: Push): boolean {
  const { me } = window.fray.view;
  return me?.alive === true && me.vx * dx + me.vy * dy > 3;
}

/** In the page: a bolt of the own player flies where the thumb pushes, while it still walks. */
function hasShot({ dx = 0, dy = 0 }: Push): boolean {
  const bolts = window.fray.view.entities as readonly {
    kind: string;
    own?: boolean;
    vx: number;
    vy: number;
  }[];
  return bolts.some((bolt) => {
    if (bolt.kind !== 'projectile' || !bolt.own) return false;
    return (bolt.vx * dx + bolt.vy * dy) / Math.hypot(bolt.vx, bolt.vy) > 0.99;
  });
}

/** In the page: alive, and neither walking nor shooting. */
function isStill(): boolean {
  const { me, entities } = window.fray.view;
  const bolts = entities as readonly { kind: string; own?: boolean }[];
  const shoots = bolts.some((bolt) => bolt.kind === 'projectile' && bolt.own);
  return me?.alive === true && Math.hypot(me.vx, me.vy) === 0 && !shoots;
}

/** In the page. */
function hasDashed(): boolean {
  const me = window.fray.view.me as unknown as { dashReady: number };
  return me.dashReady < 0.9;
}

/** In the page: lines in both lists, as many as they ever show. */
function fillLists(): void {
  for (const [id, count] of [
    ['feed', 6],
    ['talk', 5],
  ] as const) {
    for (let n = 0; n < count; n += 1) {
      const line = document.createElement('li');
      line.textContent = 'Thumbelina and Wisp';
      document.getElementById(id)?.append(line);
    }
  }
}
