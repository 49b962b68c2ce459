/** The admin page in Chromium: what it shows of a server that is played on, and does with keys alone. */
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { test } from 'tap';
import { arena } from '../../games/arena/schema.ts';
import { connect } from '../../src/client/node.ts';
import { CORE, freePort } from '../server/fixture.ts';
import { listening } from '../server/fray-process.ts';
import { complaintsOf, openChromium } from './chromium.ts';

/** A folder for pictures, as those in docs/. */
const PICTURES = process.env['FRAY_TEST_PICTURES'];
const SIZES = { phone: { width: 360, height: 740 }, desk: { width: 1440, height: 900 } };

test('an operator sees rooms, players and ticks, looks into a room, kicks and drains, by keys alone', {
  timeout: 120_000,
}, async (t) => {
  const server = await listening(t, [
    ...['--game', 'arena', '--bots', '12', '--workers', '1', '--no-webrtc', '--drain-ms', '500'],
    ...['--port', '0', '--admin-port', String(await freePort())],
  ]);
  const ann = await connect(server.url, { schema: arena, name: 'Ann', wasm: CORE });
  t.teardown(() => ann.close());
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: SIZES.desk });
  const complaints = await complaintsOf(page);
  page.setDefaultTimeout(30_000);
  await page.goto(server.admin);
  await page.waitForSelector('#players-table td');
  t.match(await page.textContent('#state'), /takes players/);
  t.match(await page.textContent('#game'), 'arena');
  t.match(await page.textContent('#players-table'), /Ann.*websocket.*127\.0\.0\.1.*joined/);
  t.match(await page.textContent('#sessions-table'), 'websocket1');
  await page.waitForFunction(() => document.querySelectorAll('#worst-table .stages').length > 2);
  const drawn = await page.evaluate(() =>
    [...document.querySelectorAll('#worst-table .stages')].map((bar) =>
      [...bar.children].reduce(
        (sum, part) => sum + Number.parseFloat((part as HTMLElement).style.width),
        0,
      ),
    ),
  );
  for (const share of drawn) t.ok(share > 90 && share < 101, `${share} % of a tick is drawn`);
  t.ok(await page.evaluate(() => document.querySelectorAll('.bars div').length === 16));
  t.match(await page.textContent('#histogram'), /[1-9]\d* ticks since the start/);
  await fits(t, page, 'desk');
  await picture(page, 'admin');
  await page.setViewportSize(SIZES.phone);
  await fits(t, page, 'phone');
  await picture(page, 'admin-phone');

  // From the skip link on: keys alone.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await reach(page, /^Inspect room/);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() =>
    /tick \d+/.test(document.getElementById('inspector-state')?.textContent ?? ''),
  );
  t.match(await page.textContent('#entities-table'), 'Ann');
  t.ok(await page.evaluate(inked), 'the room is drawn');
  await picture(page, 'admin-inspector-phone');
  await page.setViewportSize(SIZES.desk);
  await page.waitForTimeout(600);
  await fits(t, page, 'desk');
  await picture(page, 'admin-inspector');
  await page.keyboard.press('Escape');
  t.equal(await page.evaluate(() => document.querySelector('dialog[open]')), null);

  await page.selectOption('#level', 'warn');
  await page.waitForFunction(
    async () => (await (await fetch('api/log-level')).json()).level === 'warn',
  );
  const gone = new Promise<unknown>((resolve) => ann.on('status', (_, error) => resolve(error)));
  await reach(page, /^Kick Ann/);
  await page.keyboard.press('Enter');
  await page.keyboard.type('enough');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  t.match(await gone, { code: 'E_KICKED', message: /enough/ });
  await page.waitForFunction(() =>
    document.getElementById('players-table')?.textContent?.includes('nobody is here'),
  );
  t.match(await page.textContent('#drops-table'), 'session_E_KICKED1');

  await page.focus('#drain');
  await page.keyboard.press('Enter');
  t.match(await page.textContent('#ask-text'), /^Drain the server/);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  t.equal(await server.ended, 0, 'the server has drained and ended');
  // Of the requests that the server that has gone does not answer.
  t.same(
    complaints.filter((text) => !/ERR_CONNECTION|Failed to fetch/.test(text)),
    [],
  );
});

/** Presses Tab until what is in focus is called so. */
async function reach(page: Page, name: RegExp): Promise<void> {
  for (let press = 0; press < 40; press += 1) {
    await page.keyboard.press('Tab');
    const label = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    if (name.test(label ?? '')) return;
  }
  throw new Error(`Tab does not lead to ${name}`);
}

/** Nothing lies beyond the edge of the page. */
async function fits(
  t: { equal(found: unknown, wanted: unknown, message: string): unknown },
  page: Page,
  size: string,
): Promise<void> {
  const over = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  t.equal(over, 0, `${size}: nothing is cut off`);
}

function inked(): boolean {
  const canvas = document.getElementById('map') as HTMLCanvasElement;
  const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set<number>();
  for (let at = 0; at < (pixels?.length ?? 0); at += 4)
    if ((pixels?.[at + 3] ?? 0) > 200)
      colours.add(((pixels?.[at] ?? 0) << 8) | (pixels?.[at + 1] ?? 0));
  return colours.size >= 1;
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
}
