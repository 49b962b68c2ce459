/** Both demo games by keys alone, from the lobby on; and what moves less for those who ask for that. */
import t from 'tap';
import { complaintsOf, openChromium, startServer } from './chromium.ts';

interface Shown {
  readonly view: { readonly me: { x: number; y: number; aim: number; alive: boolean } | null };
  readonly game: {
    on(kind: 'event', heard: (event: { kind: string; own: boolean }) => void): void;
  };
  shots: number;
}

for (const game of ['arena', 'outpost']) {
  t.test(`${game} by keys alone`, { timeout: 120_000 }, async (t) => {
    const server = await startServer(['--game', game, '--bots', '2', '--logLevel', 'error']);
    t.teardown(() => server.stop());
    const browser = await openChromium();
    t.teardown(() => browser.close());
    const page = await browser.newPage({
      viewport: { width: 480, height: 300 },
      reducedMotion: 'reduce',
    });
    page.setDefaultTimeout(60_000);
    const complaints = await complaintsOf(page);
    await page.goto(server.url);
    t.equal(await page.evaluate(() => document.activeElement?.id), 'name', 'the name is asked for');
    await page.keyboard.type('Keys');
    for (const id of ['play', 'journal']) {
      await page.keyboard.press('Tab');
      t.equal(await page.evaluate(() => document.activeElement?.id), id, `then ${id}`);
    }
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => (window.fray as unknown as Shown | undefined)?.view.me?.alive);
    await page.evaluate(() => {
      const fray = window.fray as unknown as Shown;
      fray.shots = 0;
      fray.game.on('event', ({ kind, own }) => {
        if (kind === 'shot' && own) fray.shots += 1;
      });
    });
    const aim = () => page.evaluate(() => (window.fray as unknown as Shown).view.me?.aim ?? 0);
    const before = await aim();
    // The arena's aim goes where the arrow points, the outpost's eyes turn by it.
    const arrow = game === 'arena' && Math.cos(before) < 0 ? 'ArrowRight' : 'ArrowLeft';
    await page.keyboard.down(arrow);
    await page.waitForFunction((aim) => {
      const now = (window.fray as unknown as Shown).view.me?.aim ?? aim;
      return Math.abs(Math.sin((now - aim) / 2)) > 0.2;
    }, before);
    await page.keyboard.up(arrow);
    await page.keyboard.down('KeyJ');
    await page.waitForFunction(() => (window.fray as unknown as Shown).shots > 0);
    await page.keyboard.up('KeyJ');
    t.pass('it aims and fires');
    const still = await page.evaluate(() => {
      const feed = document.getElementById('feed');
      const line = document.createElement('li');
      feed?.append(line);
      const animation = getComputedStyle(line).animationName;
      const hurt = document.getElementById('hurt');
      const fade = hurt ? getComputedStyle(hurt).transitionDuration : '0s';
      line.remove();
      return [animation, fade];
    });
    t.same(still, ['none', '0s'], 'nothing slides or fades where less motion is asked for');
    t.same(complaints, []);
  });
}
