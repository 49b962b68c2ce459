/**
 * A row of test/hostile in a real Chromium: a tab that is hidden, and whose timers do not fire at all meanwhile. This is the
 * short form, and harsher than a browser, which lets a long hidden tab have one timer a minute; `hidden-tab.ts` is the long
 * one, five and a half minutes of a browser's own throttling.
 */
import type { Page } from 'playwright-core';
import t from 'tap';
import { SECONDS, Stage, unnoticed } from '../hostile/measure.ts';
import { factsOf, join, sees } from './arena-page.ts';
import { openPlainChromium } from './chromium.ts';

/** ms after which a tab that came back has to show the present. */
const BACK_MS = 200;

t.setTimeout(120_000 + SECONDS * 5000);
t.test('a hidden tab plays on, nobody notices, and back it shows the present', async (t) => {
  const stage = await Stage.open(t, [], 'arena');
  const { context, close } = await openPlainChromium();
  t.teardown(close);
  const [front, tab] = [await context.newPage(), await context.newPage()];
  // Functions that tsx has compiled ask for it.
  await tab.addInitScript('globalThis.__name = (fn) => fn');
  await holdTimersWhileHidden(tab);
  await tab.bringToFront();
  await tab.goto(stage.disturbed.url);
  await join(tab, 'Hidden');
  await sees(tab);
  await unnoticed(t, [], async () => {
    let commandsBefore = 0;
    const watch = await stage.watch(async () => {
      await front.bringToFront();
      await tab.waitForFunction(() => document.hidden, undefined, { polling: 50 });
      commandsBefore = (await factsOf(tab)).commands;
    });
    const ticks = watch.disturbed.ticks;
    const hidden = await factsOf(tab);
    await noteWhenBack(tab, BACK_MS);
    await tab.bringToFront();
    await tab.waitForFunction(() => 'behindWhenBack' in window, undefined, { polling: 50 });
    const behind = await tab.evaluate(() => (window as unknown as WhenBack).behindWhenBack);
    await tab.waitForFunction(
      (before) => (window.fray.game.stats as unknown as Commands).commands > before + 15,
      hidden.commands,
      { polling: 50, timeout: 5000 },
    );
    const back = await factsOf(tab);
    const problems = [
      ...(hidden.visibility === 'hidden' ? [] : [`the tab was ${hidden.visibility}`]),
      ...(back.status === 'open' ? [] : [`it is ${back.status}`]),
    ];
    const commands = hidden.commands - commandsBefore;
    const doubts = [
      ...(behind <= back.interpolationTicks + 1 ? [] : [`the view is ${behind} ticks behind`]),
      ...(commands > ticks / 2 ? [] : [`${commands} commands in ${ticks} ticks`]),
    ];
    return {
      watch,
      problems,
      doubts,
      note: `${commands} commands; ${behind.toFixed(2)} ticks behind ${BACK_MS} ms after`,
    };
  });
});

interface Commands {
  readonly commands: number;
}

interface WhenBack {
  behindWhenBack: number;
}

/** What a browser does to a tab that was hidden for long, only more so. Runs before the page's own scripts. */
async function holdTimersWhileHidden(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const held: (() => void)[] = [];
    const plain = window.setTimeout.bind(window);
    const holding = (fn: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): number =>
      plain(() => {
        if (document.hidden) held.push(() => fn(...args));
        else fn(...args);
      }, ms);
    window.setTimeout = holding as typeof window.setTimeout;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) for (const fn of held.splice(0)) fn();
    });
  });
}

/** Writes down how far the view is behind in the first frame `ms` after the tab came back. */
function noteWhenBack(page: Page, ms: number): Promise<void> {
  return page.evaluate((ms) => {
    const game = window.fray.game as unknown as { stats: { snapshotTick: number } };
    const view = window.fray.view as unknown as { tick: number };
    delete (window as unknown as Partial<WhenBack>).behindWhenBack;
    const back = (): void => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', back);
      const sinceMs = performance.now();
      const frame = (): void => {
        if (performance.now() - sinceMs < ms) requestAnimationFrame(frame);
        else (window as unknown as WhenBack).behindWhenBack = game.stats.snapshotTick - view.tick;
      };
      requestAnimationFrame(frame);
    };
    document.addEventListener('visibilitychange', back);
  }, ms);
}
