/** The demo game in Chromium over each way that there is: data channel, blocked UDP, none; moves between them, and comes back. */
import { readFileSync } from 'node:fs';
import type { Browser, CDPSession, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { join, sees } from './arena-page.ts';
import { complaintsOf, openChromium, type RunningServer, startServer } from './chromium.ts';

/** Loads of a page per server whose times are compared. */
const LOADS = 5;
/** ms that a network without UDP may cost. */
const BLOCKED_MS_MAX = 300;
/** An address that answers nobody (RFC 5737): as if UDP were blocked. */
const UNREACHABLE = '192.0.2.1';

t.test('pages and their transports', { timeout: 300_000 }, async (t) => {
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const start = async (...flags: string[]): Promise<RunningServer> => {
    const server = await startServer(['--bots', '4', '--logLevel', 'error', ...flags]);
    t.teardown(() => server.stop());
    return server;
  };
  const plain = await start();

  await t.test(
    'a page plays over WebRTC, moves to the WebSocket and back without a gap',
    async (t) => {
      const { page, complaints } = await play(t, browser, plain.url);
      await carriedBy(page, 'webrtc');
      t.match(await stateOf(page), { status: 'open', why: 'the best of webrtc, websocket' });
      await page.keyboard.press('F3');
      await page.waitForSelector('.fray-devtools dd:text("the best")');
      await watchGaps(page);
      for (const kind of ['websocket', 'webrtc'] as const) {
        const { switches } = await stateOf(page);
        await page.evaluate((to) => (window.fray.game as unknown as Switchable).switchTo(to), kind);
        await page.waitForTimeout(1500);
        t.match(await stateOf(page), { transport: kind, switches: switches + 1, why: 'as asked' });
      }
      const gap = await page.evaluate(() => (window as unknown as Watched).gapTicksMax);
      t.ok(gap <= 3, `${gap} ticks without a snapshot`);
      t.equal((await stateOf(page)).resumes, 0, 'and nothing was lost meanwhile');
      t.same(complaints, [], 'nothing on the console');
      await page.close();
    },
  );

  await t.test('a crashed tab that is loaded again is the same player', async (t) => {
    const { page } = await play(t, browser, plain.url);
    await carriedBy(page, 'webrtc');
    await page.waitForFunction(() => (window.fray.game as unknown as Kept).token !== null);
    const { playerId } = await stateOf(page);
    const session = await page.context().newCDPSession(page);
    const crash = new Promise((resolve) => page.once('crash', resolve));
    session.send('Page.crash').catch(() => undefined);
    await crash;
    // Playwright has given the page up; the tab is still there.
    await session.send('Page.reload');
    const after = await untilPlays(session);
    t.match(after, { status: 'open', playerId, resumed: 'fresh' });
    await page.close();

    await t.test('and one that was left is not', async (t) => {
      const { page } = await play(t, browser, plain.url);
      const { playerId: first } = await stateOf(page);
      await page.goto('about:blank');
      await page.goto(plain.url);
      await join(page, 'Ann');
      await sees(page);
      const { playerId: second, resumed } = await stateOf(page);
      t.equal(resumed, 'new');
      t.not(second, first);
      await page.close();
    });
  });

  await t.test('fray-rtc is killed: its players come back, in their bodies', async (t) => {
    const { page, complaints } = await play(t, browser, plain.url);
    await carriedBy(page, 'webrtc');
    const { playerId } = await stateOf(page);
    process.kill(rtcOf(plain), 'SIGKILL');
    await page.waitForFunction(
      () => (window.fray.game.stats as unknown as Line).transport !== 'webrtc',
    );
    await carriedBy(page, 'webrtc');
    t.match(await stateOf(page), { status: 'open', playerId });
    t.same(complaints, [], 'nothing on the console');
    await page.close();
  });

  await t.test('blocked UDP costs no more than 300 ms', async (t) => {
    const blocked = await start('--rtcPublicAddress', UNREACHABLE);
    const ms = { plain: [] as number[], blocked: [] as number[] };
    for (let load = 0; load < LOADS; load += 1) {
      for (const [name, { url }] of Object.entries({ plain, blocked })) {
        const { page, complaints, tookMs } = await play(t, browser, url);
        ms[name as keyof typeof ms].push(tookMs);
        t.same(complaints, [], 'nothing on the console');
        if (name === 'blocked') t.match(await stateOf(page), { transport: 'websocket' });
        await page.close();
      }
    }
    const cost = median(ms.blocked) - median(ms.plain);
    t.comment(JSON.stringify(ms));
    t.ok(cost <= BLOCKED_MS_MAX, `${Math.round(cost)} ms later`);
  });

  await t.test('a server without WebRTC is no trouble', async (t) => {
    const without = await start('--no-webrtc');
    const { page, complaints } = await play(t, browser, without.url);
    await page.waitForFunction(() =>
      (window.fray.game.stats as unknown as Line).transportWhy.includes('did not open'),
    );
    t.match(await stateOf(page), {
      transport: 'websocket',
      why: 'webrtc did not open (the server has none)',
    });
    t.same(complaints, [], 'nothing on the console');
    await page.close();
  });
});

interface Switchable {
  switchTo(kind: string): Promise<void>;
}
interface Kept {
  readonly token: string | null;
}
interface Line {
  readonly transport: string;
  readonly transportWhy: string;
}
interface Watched {
  gapTicksMax: number;
}

interface Played {
  readonly page: Page;
  readonly complaints: readonly string[];
  /** From the click on the button to the first snapshots. */
  readonly tookMs: number;
}

async function play(t: Test, browser: Browser, url: string): Promise<Played> {
  const page = await browser.newPage();
  t.teardown(() => page.close());
  const complaints = await complaintsOf(page);
  // tsx compiles with kept names: functions sent into the page call this.
  await page.addInitScript('globalThis.__name = (fn) => fn');
  await page.goto(url);
  const started = performance.now();
  await join(page, 'Ann');
  await page.waitForFunction(() => window.fray.game.stats.snapshots > 0);
  const tookMs = performance.now() - started;
  await sees(page);
  return { page, complaints, tookMs };
}

async function carriedBy(page: Page, transport: string): Promise<void> {
  await page.waitForFunction(
    (kind) => (window.fray.game.stats as unknown as Line).transport === kind,
    transport,
  );
}

function stateOf(page: Page) {
  return page.evaluate(() => {
    const { status, playerId, resumed, stats } = window.fray.game as unknown as {
      status: string;
      playerId: number;
      resumed: string;
      stats: {
        transport: string;
        transportWhy: string;
        transportSwitches: number;
        resumes: number;
      };
    };
    const { transport, transportWhy: why, transportSwitches: switches, resumes } = stats;
    return { status, playerId, resumed, transport, why, switches, resumes };
  });
}

/** Presses the button once it is there, and answers what is played then. */
async function untilPlays(session: CDPSession): Promise<unknown> {
  const expression = `(() => {
    if (document.readyState !== 'complete') return null;
    if (!window.pressed) document.getElementById('join')?.requestSubmit();
    window.pressed = true;
    if (!(window.fray?.game.stats.snapshots > 15)) return null;
    const { status, playerId, resumed } = fray.game;
    return { status, playerId, resumed };
  })()`;
  for (const until = performance.now() + 15_000; performance.now() < until; ) {
    const { result } = await session.send('Runtime.evaluate', { expression, returnByValue: true });
    if (result.value) return result.value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return 'does not play';
}

/** From here on the page keeps the longest row of ticks without a snapshot. */
async function watchGaps(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = window as unknown as Watched;
    const stats = window.fray.game.stats as unknown as { snapshotTick: number; snapshots: number };
    let { snapshotTick: tick, snapshots } = stats;
    seen.gapTicksMax = 0;
    const look = (): void => {
      // Several may come between two looks: what is missing in all counts as one gap.
      const missing = stats.snapshotTick - tick - (stats.snapshots - snapshots);
      if (stats.snapshots > snapshots) seen.gapTicksMax = Math.max(seen.gapTicksMax, missing + 1);
      ({ snapshotTick: tick, snapshots } = stats);
      requestAnimationFrame(look);
    };
    look();
  });
}

/** The child process that holds the data channels of a server. */
function rtcOf(server: RunningServer): number {
  const { pid } = server.process;
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) {
    const command = readFileSync(`/proc/${child}/cmdline`, 'utf8');
    if (command.includes('fray-rtc')) return Number(child);
  }
  throw new Error('the server has no fray-rtc');
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
