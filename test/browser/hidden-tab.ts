/**
 * A tab that is really hidden, by hand: Chromium with a window (headless tabs are always visible to their page), a second
 * tab in front for five and a half minutes, so that its heaviest throttling of timers sets in, then the first again.
 * `xvfb-run node --import=tsx --conditions=fray-source test/browser/hidden-tab.ts [SECONDS]`. Exit code 1 unless the
 * player is still in the room and, 200 ms after coming back, the view is at most interpolation delay + 1 tick behind.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { startServer } from './chromium.ts';

/** Joins as soon as the page can; 'true' when it is in the room. Asked again and again: the page may still be loading. */
const JOIN = `(() => {
  const play = document.getElementById('play');
  if (document.readyState === 'complete' && play && !play.disabled && !('fray' in globalThis)) {
    document.getElementById('name').value = 'Hidden';
    play.click();
  }
  return 'fray' in globalThis;
})()`;

const FACTS = `JSON.stringify({ status: fray.game.status, visible: document.visibilityState,
  snapshots: fray.game.stats.snapshots, tick: fray.game.stats.snapshotTick })`;

/** From the moment it is visible: how far the view is behind the newest snapshot in the first frame after 200 ms. */
const WATCH = `(() => {
  globalThis.wasHidden = document.hidden;
  document.addEventListener('visibilitychange', () => {
    const since = performance.now();
    const frame = () => {
      if (performance.now() - since < 200) requestAnimationFrame(frame);
      else globalThis.behind = fray.game.stats.snapshotTick - fray.view.tick;
    };
    requestAnimationFrame(frame);
  });
})()`;

const RESULT = `JSON.stringify({ status: fray.game.status, hidden: wasHidden, behind: globalThis.behind,
  limit: fray.game.interpolationTicks + 1 })`;

const PORT = 19_333;
const seconds = Number(process.argv[2] ?? 330);
const server = await startServer(['--bots', '6', '--logLevel', 'error']);
const profile = mkdtempSync(join(tmpdir(), 'fray-hidden-'));
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
];
const browser = spawn(
  process.env['FRAY_CHROMIUM'] ?? '/usr/bin/chromium',
  [
    `--remote-debugging-port=${PORT}`,
    '--remote-allow-origins=*',
    `--user-data-dir=${profile}`,
    ...flags,
    server.url,
  ],
  { stdio: 'ignore' },
);
const gone = new Promise((resolve) => browser.on('exit', resolve));

try {
  const page = await attach();
  while ((await page.run(JOIN)) !== 'true') await pause(200);
  await pause(3000);
  await fetch(`http://127.0.0.1:${PORT}/json/new?about:blank`, { method: 'PUT' });
  for (let spent = 0; spent < seconds; spent += 30) {
    await pause(Math.min(30, seconds - spent) * 1000);
    console.error(await page.run(FACTS));
  }
  await page.run(WATCH);
  await fetch(`http://127.0.0.1:${PORT}/json/activate/${page.id}`);
  await pause(1000);
  const { status, hidden, behind, limit } = JSON.parse(await page.run(RESULT)) as Record<
    string,
    unknown
  >;
  console.log(
    JSON.stringify({ seconds, status, hidden, behindTicksAfter200Ms: behind, limitTicks: limit }),
  );
  process.exitCode =
    status === 'open' && hidden === true && Number(behind) <= Number(limit) ? 0 : 1;
} finally {
  browser.kill();
  await gone;
  await server.stop();
  rmSync(profile, { recursive: true, force: true });
}

/** The page's tab, over the browser's own debugging protocol. */
async function attach(): Promise<{ id: string; run(expression: string): Promise<string> }> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await pause(200);
    const tabs = await fetch(`http://127.0.0.1:${PORT}/json`).then(
      async (answer) =>
        (await answer.json()) as { id: string; url: string; webSocketDebuggerUrl: string }[],
      () => [],
    );
    const tab = tabs.find(({ url }) => url.startsWith(server.url));
    if (tab) return { id: tab.id, run: await evaluator(tab.webSocketDebuggerUrl) };
  }
  throw new Error('Cannot find the tab: Chromium did not open the page');
}

async function evaluator(url: string): Promise<(expression: string) => Promise<string>> {
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.once('open', resolve));
  const waiting = new Map<number, (value: string) => void>();
  let last = 0;
  socket.on('message', (bytes) => {
    const { id, result } = JSON.parse(String(bytes)) as {
      id: number;
      result?: { result?: { value?: unknown } };
    };
    waiting.get(id)?.(String(result?.result?.value));
  });
  return (expression) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      const params = { expression, awaitPromise: true, returnByValue: true };
      socket.send(JSON.stringify({ id: last, method: 'Runtime.evaluate', params }));
    });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
