/** A match is played with bots, and its journal watched in the page of its game: `fray replay FILE --watch`. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { JournalFile, readJournal } from '../../workers/journal-file.ts';
import { testCore } from '../room/bench.ts';
import { type Place, playersAt } from '../watch/truth.ts';
import { join as joinGame } from './arena-page.ts';
import { complaintsOf, openChromium, startServer } from './chromium.ts';
import { CLI, type Film, longestOf, type ServedJournal, serveJournal } from './journals.ts';

const WEBGL = ['--enable-unsafe-swiftshader', '--use-angle=swiftshader', '--ignore-gpu-blocklist'];
const module = await testCore();
const folder = mkdtempSync(join(tmpdir(), 'fray-watch-'));
t.teardown(() => rmSync(folder, { recursive: true }));
t.setTimeout(400_000);

/** A real server with bots of its own, joined by some that come as players do; the file of its journal. */
async function match(game: string): Promise<string> {
  const dir = join(folder, game);
  const server = await startServer([
    ...['--game', game, '--bots', '14', '--journalDir', dir, '--logLevel', 'error'],
  ]);
  const bots = ['bots', '--url', server.url, '--game', game, '--count', '3', '--seconds', '14'];
  await promisify(execFile)(process.execPath, [CLI, ...bots]);
  await server.stop();
  return longestOf(dir);
}

async function serve(t: Test, file: string): Promise<ServedJournal> {
  const served = await serveJournal(file);
  t.teardown(() => served.stop());
  return served;
}

const filmOf = (page: Page): Promise<Pick<Film, 'tick' | 'playing' | 'speed' | 'playerId'>> =>
  page.evaluate(() => {
    const { tick, playing, speed, playerId } = window.fray.game as unknown as Film;
    return { tick, playing, speed, playerId };
  });

async function goTo(page: Page, tick: number): Promise<void> {
  await page.evaluate((tick) => (window.fray.game as unknown as Film).seek(tick), tick);
  await settled(page);
}

async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => !(window.fray.game as unknown as Film).seeking);
}

/** Living players as the page shows them. */
async function shown(page: Page): Promise<Place[]> {
  const places = await page.evaluate(() => {
    const living = (window.fray.game as unknown as Film).view().players.filter((p) => p.alive);
    return living.map(({ handle, x, y, z, health }) => ({ handle, x, y, z, health }));
  });
  return places.sort((a, b) => a.handle - b.handle);
}

async function open(page: Page, url: string): Promise<void> {
  page.setDefaultTimeout(90_000);
  await page.addInitScript('globalThis.__name = (fn) => fn');
  await page.goto(url);
  await page.waitForFunction(() => 'fray' in window);
  await page.waitForFunction(() => (window.fray.game as unknown as Film).report !== null);
}

t.test('the arena plays a journal: exactly, at any tick, speed and through any eyes', async (t) => {
  const path = await match('arena');
  const file = new Uint8Array(readFileSync(path));
  const { url, stop } = await serve(t, path);
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1000, height: 600 } });
  const complaints = await complaintsOf(page);
  await open(page, url);
  const last = await page.evaluate(() => (window.fray.game as unknown as Film).lastTick);
  t.ok(last > 300, `${last} ticks`);

  await t.test('what is shown at a tick is the state after it, to the last digit', async (t) => {
    const report = await page.evaluate(() => (window.fray.game as unknown as Film).report);
    t.match(report, { differs: null });
    t.ok((report?.hashes ?? 0) >= 10, `${report?.hashes} hashes verified in the page`);
    await page.evaluate(() => {
      const film = window.fray.game as unknown as Film;
      film.pause();
      film.seesAll = true;
    });
    for (const part of [0.5, 0.1, 0.9, 0.905, 0.3, 1, 0]) {
      const tick = Math.round(part * last);
      await goTo(page, tick);
      const wanted = playersAt(file, module, tick);
      t.same(await shown(page), wanted, `tick ${tick}: ${wanted.length} players`);
    }
    t.match(await page.textContent('[data-part=verdict]'), /^verified, \d+ hashes/);
  });

  await t.test('pause, speed, jumps and single ticks, by keys and by the bar', async (t) => {
    const tick = async () => (await filmOf(page)).tick;
    await goTo(page, 60);
    await page.keyboard.press('Space');
    await page.waitForFunction(() => (window.fray.game as unknown as Film).tick > 75);
    t.equal((await filmOf(page)).playing, true);
    await page.click('[data-part=play]');
    const still = await tick();
    await page.waitForTimeout(300);
    t.equal(await tick(), still, 'paused');
    await page.keyboard.press('ArrowRight');
    await settled(page);
    t.equal(await tick(), Math.round(still) + 150, '5 s on');
    await page.click('[data-part=back]');
    await settled(page);
    t.equal(await tick(), Math.round(still), '5 s back');
    await page.keyboard.press('.');
    await settled(page);
    t.equal(await tick(), Math.round(still) + 1);
    await page.keyboard.press(',');
    await settled(page);
    t.equal(await tick(), Math.round(still));
    for (const [times, least, most] of [
      [0.25, 3, 12],
      [4, 70, 160],
    ] as const) {
      await goTo(page, 30);
      await page.selectOption('[data-part=speed]', String(times));
      const [from, fromMs] = [await tick(), performance.now()];
      await page.keyboard.press('Space');
      await page.waitForTimeout(1000);
      await page.keyboard.press('Space');
      const passed = ((await tick()) - from) / ((performance.now() - fromMs) / 1000);
      t.ok(passed > least && passed < most, `${passed.toFixed(1)} ticks a second at ${times}`);
    }
    await page.locator('[data-part=line]').fill('222');
    await settled(page);
    t.equal(await tick(), 222, 'by the time line');
    const time = page.locator('[data-part=time]', { hasText: /0:07 \/ 0:\d\d · tick 222/ });
    await time.waitFor();
  });

  await t.test('any player’s eyes: its place, name and scores', async (t) => {
    const roster = await page.evaluate(() =>
      (window.fray.game as unknown as Film).roster.map(({ id, name, bot }) => ({ id, name, bot })),
    );
    t.ok(roster.length >= 8);
    t.ok(
      roster.some(({ bot }) => !bot),
      'people are there, too',
    );
    for (const { id, name } of roster.slice(0, 5)) {
      await page.selectOption('[data-part=eyes]', String(id));
      const seen = await page.evaluate(() => {
        const { me } = (window.fray.game as unknown as Film).view();
        return me && { name: me.name, x: me.x, y: me.y, handle: me.handle };
      });
      t.equal(seen?.name, name);
      const [own] = playersAt(file, module, 222).filter(({ handle }) => handle === seen?.handle);
      if (own) t.same([seen?.x, seen?.y], [own.x, own.y]);
      await page.waitForFunction(
        (name) => document.querySelector('#scores .me span')?.textContent === name,
        name,
      );
    }
  });

  await t.test(
    'deaths stand on the time line, the feed tells of them as they are passed',
    async (t) => {
      const marks = await page.evaluate(() => (window.fray.game as unknown as Film).marks.length);
      t.ok(marks > 0, `${marks} deaths`);
      t.equal(await page.getAttribute('[data-part=marks]', 'data-marks'), String(marks));
      await goTo(page, 0);
      await page.selectOption('[data-part=speed]', '2');
      await page.keyboard.press('KeyN');
      await settled(page);
      await page.keyboard.press('Space');
      await page.waitForSelector('#feed li');
      await page.keyboard.press('Space');
      await page.click('[data-part=close]');
      await page.waitForSelector('#lobby:not([hidden])');
      t.equal(await page.locator('.fray-watch').count(), 0, 'the bar has gone');
    },
  );

  await t.test(
    'what is no journal is said in words, with a code; a good one then plays',
    async (t) => {
      const said = async (name: string, bytes: Uint8Array): Promise<string> => {
        const at = join(folder, name);
        writeFileSync(at, bytes);
        await page.evaluate(() => document.getElementById('trouble')?.replaceChildren());
        await page.setInputFiles('#journal', at);
        await page.waitForFunction(() =>
          /\(E_/.test(document.getElementById('trouble')?.textContent ?? ''),
        );
        return (await page.textContent('#trouble')) ?? '';
      };
      const wrong = new TextEncoder().encode('this is a text, however long it may be '.repeat(9));
      t.match(await said('text.journal', wrong), /does not begin like one \(E_MALFORMED\)/);
      t.match(await said('empty.journal', new Uint8Array(0)), /E_MALFORMED/);
      t.match(await said('short.journal', file.subarray(0, 300)), /not whole \(E_MALFORMED\)/);
      const other = file.slice();
      other[40] = (other[40] ?? 0) ^ 1;
      t.match(await said('head.journal', other), /E_MALFORMED/);
      t.match(await said('core.journal', ofAnotherCore(path)), /core 00\w+ played it.*\(E_CORE\)/);
      const flipped = file.slice();
      const at = Math.floor(file.length / 2);
      flipped[at] = (flipped[at] ?? 0) ^ 64;
      writeFileSync(join(folder, 'flipped.journal'), flipped);
      await page.setInputFiles('#journal', join(folder, 'flipped.journal'));
      await page.waitForFunction(() =>
        /^E_MALFORMED: .*block \d+ is damaged/.test(
          document.querySelector('.fray-watch')?.shadowRoot?.querySelector('[data-part=verdict]')
            ?.textContent ?? '',
        ),
      );
      t.pass('one that is damaged in the middle plays up to there, and says so');
      await page.click('[data-part=close]');
      await dropped(page, file);
      await page.waitForFunction(() => (window.fray.game as unknown as Film).status === 'open');
      t.equal((await filmOf(page)).playing, true, 'a file that was dropped plays');
      await page.goto(url.replace('journal=journal', 'journal=nothing'));
      await page.waitForFunction(() =>
        /E_CONFIG/.test(document.getElementById('trouble')?.textContent ?? ''),
      );
    },
  );
  const expected = complaints.filter((text) => !/404/.test(text));
  t.same(expected, [], 'nothing on the console');

  await t.test('the journal is for this machine alone', async (t) => {
    const status = (host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { host };
        get(new URL('/journal', url), { headers }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).on('error', reject);
      });
    t.equal(await status(new URL(url).host), 200);
    t.equal(await status('journals.example'), 403, 'no page of another site reads it');
  });
  t.equal(await stop(), 0, 'a signal ends it well');
});

/** The same journal, if another core had played it. */
function ofAnotherCore(path: string): Uint8Array {
  const { head } = readJournal(readFileSync(path));
  const coreHash = Uint8Array.from(head.coreHash, (byte, k) => (k === 0 ? 0 : byte));
  const copy = join(folder, 'another');
  new JournalFile(copy, { ...head, coreHash }).close();
  return new Uint8Array(readFileSync(copy));
}

/** A file let fall on the page. */
async function dropped(page: Page, bytes: Uint8Array): Promise<void> {
  const text = Buffer.from(bytes).toString('base64');
  await page.evaluate((text) => {
    const dataTransfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], 'a.journal'));
    document.body.dispatchEvent(
      new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }),
    );
  }, text);
}

t.test('the outpost plays one, too; journals of other games are refused', async (t) => {
  const path = await match('outpost');
  const file = new Uint8Array(readFileSync(path));
  const browser = await openChromium(WEBGL);
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 320, height: 240 } });
  const complaints = await complaintsOf(page);
  await open(page, (await serve(t, path)).url);
  await page.evaluate(() => {
    const film = window.fray.game as unknown as Film;
    film.pause();
    film.seesAll = true;
  });
  for (const tick of [400, 100, 600]) {
    await goTo(page, tick);
    t.same(await shown(page), playersAt(file, module, tick), `tick ${tick}`);
  }
  t.same(complaints, [], 'nothing on the console');
  await t.rejects(
    serveJournal(path, ['--game', 'arena']),
    /ended with 1: fray: Cannot watch with arena: .* \(E_SCHEMA_MISMATCH\)/,
  );
  const arena = await startServer(['--bots', '2', '--logLevel', 'error']);
  t.teardown(() => arena.stop());
  const other = await browser.newPage();
  const asked: string[] = [];
  other.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await other.addInitScript('globalThis.__name = (fn) => fn');
  await other.goto(arena.url);
  await other.setInputFiles('#journal', path);
  await other.waitForFunction(() =>
    /E_SCHEMA_MISMATCH/.test(document.getElementById('trouble')?.textContent ?? ''),
  );
  t.notOk(asked.includes('/fray_core.wasm'), 'and brings no core');
  asked.length = 0;
  await other.reload();
  await joinGame(other, 'Ann');
  const more = asked.filter((name) => /watch|fray_core/.test(name));
  t.same(more, [], 'who plays loads nothing of the player of journals');
});
