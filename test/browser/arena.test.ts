/** The demo game as people meet it: in Chromium, two windows, a bad line, a full server. */

import type { Page } from 'playwright-core';
import t from 'tap';
import { join } from './arena-page.ts';
import { openChromium, startServer } from './chromium.ts';
import { playSession } from './session.ts';

const SECONDS = Number(process.env['FRAY_TEST_SECONDS'] ?? 40);

t.test('two windows play one arena', { timeout: 240_000 }, async (t) => {
  const result = await playSession({ seconds: SECONDS, bots: 20, pressesMin: 3 });
  t.comment(JSON.stringify(result));
  t.same(result.consoleErrors, [], 'nothing on the console');
  t.equal(result.correctionFreeMax, 0, 'prediction is exact where nothing touched the player');
  t.ok(result.kills + result.deaths > 0, `${result.kills} kills, ${result.deaths} deaths`);
  t.ok(result.presses >= 3, `${result.presses} key presses seen in the other window`);
  t.ok(result.frames > SECONDS * 10, `${result.frames} frames`);
});

t.test('a page, alone with the server', { timeout: 120_000 }, async (t) => {
  const server = await startServer(['--bots', '4', '--playersMax', '5', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const browser = await openChromium();
  t.teardown(() => browser.close());

  await t.test('shows the net graph and plays over a bad line', async (t) => {
    const page = await browser.newPage();
    await page.goto(server.url);
    await join(page, 'Lossy');
    await page.keyboard.press('F3');
    t.ok(await page.isVisible('.fray-devtools'));
    await slide(page, 'rtt', 150);
    await slide(page, 'loss', 5);
    await page.waitForTimeout(4000);
    // Of the last packets: where few came, on a busy machine, none of them may be lost yet.
    await page.waitForFunction(() => (window.fray.game.stats as unknown as Stats).lossPercent > 0);
    const stats = await page.evaluate(() => {
      const { rttMs, lossPercent, snapshots, correctionUnitsFreeMax } = window.fray.game
        .stats as unknown as Stats;
      return { rttMs, lossPercent, snapshots, correctionUnitsFreeMax };
    });
    t.ok(stats.rttMs > 120, `round trip ${stats.rttMs} ms`);
    t.pass(`${stats.lossPercent} % lost`);
    t.equal(stats.correctionUnitsFreeMax, 0);
    await page.close();
  });

  await t.test('chats, and the other window hears it', async (t) => {
    const [ann, ben] = [await browser.newPage(), await browser.newPage()];
    for (const page of [ann, ben]) await page.goto(server.url);
    await join(ann, 'Ann');
    await join(ben, 'Ben');
    await ann.keyboard.press('Enter');
    await ann.keyboard.type('hello <b>there</b>');
    await ann.keyboard.press('Enter');
    await ben.waitForSelector('#talk li');
    t.match(await ben.textContent('#talk li'), 'Ann hello <b>there</b>');
    await ann.close();
    await ben.close();
  });

  await t.test('a full server says so in words', async (t) => {
    const pages: Page[] = [];
    for (let n = 0; n < 5; n += 1) {
      const page = await browser.newPage();
      await page.goto(`${server.url}/#room=${n === 0 ? '' : await room(pages)}`);
      await join(page, `P${n}`);
      pages.push(page);
    }
    const late = await browser.newPage();
    await late.goto(`${server.url}/#room=${await room(pages)}`);
    await late.fill('#name', 'Late');
    await late.click('#play');
    await late.waitForFunction(() => document.getElementById('trouble')?.textContent !== '');
    t.match(await late.textContent('#trouble'), /full|free place/i);
    for (const page of [...pages, late]) await page.close();
  });

  await t.test(
    'a hidden tab stays in the room and is in the present at once when it comes back',
    async (t) => {
      const page = await browser.newPage();
      await page.goto(server.url);
      await join(page, 'Sleeper');
      await page.waitForTimeout(500);
      const session = await page.context().newCDPSession(page);
      await session.send('Page.setWebLifecycleState', { state: 'frozen' });
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await session.send('Page.setWebLifecycleState', { state: 'active' });
      await page.waitForTimeout(300);
      const late = await page.evaluate(() => {
        const { view, game } = window.fray as unknown as {
          view: { tick: number };
          game: { stats: Stats; status: string };
        };
        return { behind: game.stats.snapshotTick - view.tick, status: game.status };
      });
      t.equal(late.status, 'open');
      t.ok(late.behind < 9, `${late.behind} ticks behind the newest snapshot`);
      await page.close();
    },
  );
});

interface Stats {
  rttMs: number;
  lossPercent: number;
  snapshots: number;
  snapshotTick: number;
  correctionUnitsFreeMax: number;
}

async function slide(page: Page, key: string, value: number): Promise<void> {
  await page.evaluate(
    ({ key, value }) => {
      const input = document
        .querySelector('.fray-devtools')
        ?.shadowRoot?.querySelector<HTMLInputElement>(`input[data-link=${key}]`);
      if (!input) throw new Error(`no slider ${key}`);
      input.value = String(value);
      input.dispatchEvent(new Event('input'));
    },
    { key, value },
  );
}

function room(pages: readonly Page[]): Promise<string> {
  const first = pages[0];
  if (!first) throw new Error('nobody is in a room yet');
  return first.evaluate(() => (window.fray.game as unknown as { roomId: string }).roomId);
}
