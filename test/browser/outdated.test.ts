/** A page that is older than its server, by the arena, whose lobby the outpost has too: it is loaded anew, once, and plays; where that does not help it says why, and is not loaded for ever. */
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { openChromium, startServer } from './chromium.ts';

/** A figure of its schema, as it stands in what is built. */
const DAMAGE = /(damage: ?)(\d+)(, ?cooldownMs)/;

t.test('a page older than its server', { timeout: 240_000 }, async (t) => {
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const flags = ['--bots', '2', '--logLevel', 'error'];
  const first = await startServer(flags);
  t.teardown(() => first.stop());

  await t.test('is loaded anew and plays without being asked again', async (t) => {
    const { page, loads } = await open(t, browser);
    await page.route('**/main.js', outdated, { times: 1 });
    await page.goto(first.url);
    await play(page);
    await inside(page);
    t.equal(loads(), 2);
    t.equal(await page.evaluate(() => sessionStorage.getItem('outdated')), null);
  });

  await t.test('says why where that does not help, and stays', async (t) => {
    const { page, loads } = await open(t, browser);
    await page.route('**/main.js', outdated);
    await page.goto(first.url);
    await play(page);
    await refused(page);
    t.equal(loads(), 2);
    await page.click('#play');
    await page.waitForTimeout(1500);
    await refused(page);
    t.equal(loads(), 2, 'asked for again it stays, too');
  });
});

async function open(t: Test, browser: Browser): Promise<{ page: Page; loads: () => number }> {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  let count = 0;
  page.on('load', () => {
    count += 1;
  });
  return { page, loads: () => count };
}

async function play(page: Page): Promise<void> {
  await page.fill('#name', 'Ann');
  await page.click('#play');
}

async function inside(page: Page): Promise<void> {
  await page.waitForFunction(() => document.getElementById('lobby')?.hidden);
}

async function refused(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    /schema/.test(document.getElementById('trouble')?.textContent ?? ''),
  );
}

/** The script of the page as it was before a figure of the schema was changed. */
async function outdated(route: Parameters<Parameters<Page['route']>[1]>[0]): Promise<void> {
  const script = await (await route.fetch()).text();
  await route.fulfill({ contentType: 'text/javascript', body: changed(script) });
}

function changed(text: string): string {
  if (!DAMAGE.test(text)) throw new Error('Cannot change the schema: no weapon stands there');
  return text.replace(DAMAGE, (_, before: string, damage: string, after: string) =>
    [before, Number(damage) + 1, after].join(''),
  );
}
