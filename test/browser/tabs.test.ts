/** Two tabs of one browser on one machine, one in front of the other, as people have them. */
import type { Page } from 'playwright-core';
import t from 'tap';
import { type ArenaFacts, factsOf, join, sees } from './arena-page.ts';
import { complaintsOf, openPlainChromium, startServer } from './chromium.ts';

/** ms that a tab is watched for; commands and snapshots come at 30 Hz. */
const WATCH_MS = 3000;

t.test('a visible and a hidden tab play in one room', { timeout: 120_000 }, async (t) => {
  // Without bots nobody shoots, and nobody moves but by a key.
  const server = await startServer(['--logLevel', 'error']);
  t.teardown(() => server.stop());
  const { context, close } = await openPlainChromium();
  t.teardown(close);
  const [ann, ben] = [await context.newPage(), await context.newPage()];
  const complaints = [await complaintsOf(ann), await complaintsOf(ben)];
  for (const [page, name] of [
    [ann, 'Ann'],
    [ben, 'Ben'],
  ] as const) {
    await page.bringToFront();
    await page.goto(server.url);
    await join(page, name);
    await sees(page);
  }
  const before = { ann: await factsOf(ann), ben: await factsOf(ben) };
  t.same([before.ann.visibility, before.ben.visibility], ['hidden', 'visible']);
  t.not(before.ann.playerId, before.ben.playerId);
  for (const { names } of [before.ann, before.ben])
    t.ok(names.includes('Ann') && names.includes('Ben'), names.join());

  await t.test('the hidden one keeps its place: 20 of 30 Hz at least both ways', async (t) => {
    const start = await factsOf(ann);
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const end = await factsOf(ann);
    t.match(end, { status: 'open', visibility: 'hidden', playerId: start.playerId });
    t.ok(end.snapshots - start.snapshots > 60, `${end.snapshots - start.snapshots} snapshots`);
    t.ok(end.commands - start.commands > 60, `${end.commands - start.commands} commands`);
  });

  await t.test('keys move the visible one alone', async (t) => {
    const still = await factsOf(ann);
    const start = await factsOf(ben);
    const went = await walk(ben, start);
    t.ok(went > 0.5, `Ben went ${went} units`);
    t.same((await factsOf(ann)).me, still.me, 'Ann stands where she stood');
  });

  await t.test('a key that is down when the tab is hidden is let go', async (t) => {
    await ann.bringToFront();
    const held = await setOff(ann);
    t.ok(held, 'Ann walks');
    await ben.bringToFront();
    await ann.waitForFunction(() => document.hidden, undefined, { polling: 50 });
    await ann.waitForTimeout(500);
    t.equal((await factsOf(ann)).me?.speed, 0, 'Ann stands');
    await ann.keyboard.up(held);
  });

  await t.test('coming back shows the present', async (t) => {
    await ann.bringToFront();
    await ann.waitForFunction(() => !document.hidden);
    await ann.waitForTimeout(200);
    const { behind, interpolationTicks, status } = await factsOf(ann);
    t.equal(status, 'open');
    t.ok(behind <= interpolationTicks + 1, `${behind} ticks behind the newest snapshot`);
  });

  await t.test('closing one takes its player out of the other', async (t) => {
    await ann.close();
    await ben.waitForFunction(
      () =>
        !window.fray.game.roster.some((row) => (row as unknown as { name: string }).name === 'Ann'),
      undefined,
      { polling: 50, timeout: 2000 },
    );
    t.match(await factsOf(ben), { status: 'open' });
  });
  t.same(complaints, [[], []], 'nothing on the consoles');
});

/** Holds each direction for a while, since a wall may be in the way; units from `start` at most. */
async function walk(page: Page, { me: start }: ArenaFacts): Promise<number> {
  let most = 0;
  for (const key of ['KeyD', 'KeyW', 'KeyA', 'KeyS']) {
    await page.keyboard.down(key);
    await page.waitForTimeout(250);
    await page.keyboard.up(key);
    const { me } = await factsOf(page);
    if (me && start) most = Math.max(most, Math.hypot(me.x - start.x, me.y - start.y));
  }
  return most;
}

/** Holds the first key that makes the player walk, and answers it; '' when walls are all around. */
async function setOff(page: Page): Promise<string> {
  for (const key of ['KeyD', 'KeyW', 'KeyA', 'KeyS']) {
    await page.keyboard.down(key);
    await page.waitForTimeout(300);
    if (((await factsOf(page)).me?.speed ?? 0) > 1) return key;
    await page.keyboard.up(key);
  }
  return '';
}
