/** The outpost in Chromium, whose WebGL is drawn by the processor: small windows, few frames, generous times. */
import type { Page } from 'playwright-core';
import t from 'tap';
import { join } from './arena-page.ts';
import { complaintsOf, openChromium, startServer } from './chromium.ts';

/** What the test reads of the page's console variable. */
interface Seen {
  readonly id: number;
  readonly team: number;
  readonly alive: boolean;
  readonly x: number;
  readonly y: number;
  readonly aim: number;
}
interface Outpost {
  readonly game: { readonly playerId: number; readonly stats: { readonly snapshots: number } };
  readonly view: { readonly me: Seen | null; readonly players: readonly Seen[] };
  readonly controls: { readonly aim: number; readonly pitch: number };
  shots: number;
}

t.setTimeout(300_000);

const WEBGL = ['--enable-unsafe-swiftshader', '--use-angle=swiftshader', '--ignore-gpu-blocklist'];

t.test('two windows play one outpost with bots', { timeout: 240_000 }, async (t) => {
  const flags = ['--game', 'outpost', '--bots', '6', '--logLevel', 'error'];
  const server = await startServer(flags);
  t.teardown(() => server.stop());
  const browser = await openChromium(WEBGL);
  t.teardown(() => browser.close());
  const enter = async (name: string): Promise<{ page: Page; said: string[] }> => {
    const page = await browser.newPage({ viewport: { width: 320, height: 180 } });
    page.setDefaultTimeout(90_000);
    const said = await complaintsOf(page);
    await page.goto(server.url);
    await join(page, name);
    await page.waitForFunction(() => (window.fray as unknown as Outpost).view.me?.alive);
    return { page, said };
  };
  const ann = await enter('Ann');
  const ben = await enter('Ben');
  const [a, b] = [ann.page, ben.page];

  const id = await a.evaluate(() => window.fray.game.playerId);
  const here = await placeIn(b, id);
  await a.bringToFront();
  await a.keyboard.down('KeyS');
  await a.keyboard.down('KeyD');
  await b.waitForFunction(
    ({ id, here }) => {
      const { view } = window.fray as unknown as Outpost;
      const seen = view.players.find((player) => player.id === id);
      return seen !== undefined && Math.hypot(seen.x - here.x, seen.y - here.y) > 1.5;
    },
    { id, here },
  );
  await a.keyboard.up('KeyS');
  await a.keyboard.up('KeyD');
  t.pass('a second window saw the first one walk');

  // The click takes the mouse, or it is dragged: both turn the view, and the button fires.
  await a.evaluate(() => {
    const fray = window.fray as unknown as Outpost & {
      game: { on(kind: 'event', heard: (e: { kind: string; own: boolean }) => void): void };
    };
    fray.shots = 0;
    fray.game.on('event', (event) => {
      if (event.kind === 'shot' && event.own) fray.shots += 1;
    });
  });
  const aimBefore = await a.evaluate(() => (window.fray as unknown as Outpost).controls.aim);
  await a.mouse.move(160, 90);
  await a.mouse.down();
  await a.mouse.move(200, 90, { steps: 4 });
  await a.waitForFunction(() => (window.fray as unknown as Outpost).shots > 2);
  await a.mouse.up();
  const aim = await a.evaluate(() => (window.fray as unknown as Outpost).controls.aim);
  t.ok(aim < aimBefore - 0.05, `turned right: from ${aimBefore} to ${aim}`);

  await a.keyboard.press('Digit2');
  await a.waitForFunction(() => document.getElementById('gun')?.textContent === 'launcher');
  await a.keyboard.down('Tab');
  await a.waitForSelector('#table tr.own');
  t.equal(await a.locator('#table table').count(), 2, 'a table for each team');
  await a.keyboard.up('Tab');
  await a.keyboard.press('F3');
  await a.waitForSelector('.fray-devtools dd:has-text("jitter")');
  await a.keyboard.press('Digit1');
  await a.keyboard.down('KeyJ');
  await a.waitForSelector('.fray-devtools li[data-kind=receipt]');
  await a.keyboard.up('KeyJ');
  t.match(await a.textContent('#clock'), /^[0-5]:\d\d$/);
  t.same(ann.said, [], 'nothing on the console');
  t.same(ben.said, [], 'nothing on the console of the other');
});

async function placeIn(page: Page, id: number): Promise<{ x: number; y: number }> {
  const place = await page.waitForFunction((id) => {
    const { view } = window.fray as unknown as Outpost;
    const seen = view.players.find((player) => player.id === id);
    return seen && { x: seen.x, y: seen.y };
  }, id);
  return (await place.jsonValue()) as { x: number; y: number };
}
