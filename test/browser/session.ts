/**
 * Two windows of Chromium in one arena. The first is played by a script through real key and pointer events, the second
 * follows it and watches. Run it by hand for five minutes: `npm run session`; the tests run a short one.
 *
 * What is measured: kills and deaths of the first, gaps between snapshots, frame times, console errors, and the time
 * from a key press in the first window to the first frame of the second that shows the movement, both on the one clock
 * of the machine.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { openChromium, startServer } from './chromium.ts';
import { installPilot } from './pilot.ts';

export interface SessionReport {
  readonly seconds: number;
  readonly kills: number;
  readonly deaths: number;
  readonly snapshotGapTicksMax: number;
  readonly frameMsP50: number;
  readonly frameMsP95: number;
  readonly frames: number;
  readonly presses: number;
  readonly seenMsP50: number;
  readonly seenMsP95: number;
  readonly interpolationTicks: number;
  readonly seenLimitMs: number;
  readonly correctionFreeMax: number;
  readonly consoleErrors: readonly string[];
}

export interface SessionOptions {
  readonly seconds: number;
  readonly bots: number;
  /** Play on, up to three times `seconds`, until so many presses were seen and somebody died: who meets whom is chance. */
  readonly pressesMin?: number;
  /** Where to leave a picture of the first window, if anywhere. */
  readonly picture?: string;
  readonly say?: (line: string) => void;
}

/** Plays one session and reports what was seen. */
export async function playSession(options: SessionOptions): Promise<SessionReport> {
  const say = options.say ?? (() => {});
  const server = await startServer(['--bots', String(options.bots), '--logLevel', 'error']);
  const browser = await openChromium();
  const consoleErrors: string[] = [];
  try {
    const first = await enter(
      browser,
      server.url,
      'Ada',
      { width: 1280, height: 720 },
      consoleErrors,
    );
    const second = await enter(
      browser,
      server.url,
      'Bob',
      { width: 640, height: 400 },
      consoleErrors,
    );
    await first.evaluate(installPilot, { fights: true });
    await second.evaluate(installPilot, { fights: false });
    const id = await first.evaluate(() => window.pilot.id());
    const reportNow = async () => {
      const facts = await first.evaluate(() => window.pilot.facts());
      const seen = await second.evaluate(() => window.pilot.seen());
      return report((performance.now() - started) / 1000, facts, seen, consoleErrors);
    };
    const started = performance.now();
    let pictured = false;
    let [spent, seconds] = [0, options.seconds];
    for (; spent < seconds; spent = (performance.now() - started) / 1000) {
      const place = await first.evaluate(() => window.pilot.place());
      await second.evaluate(({ id, place }) => window.pilot.follow(id, place), { id, place });
      if (options.picture && !pictured && spent > Math.min(20, options.seconds / 2)) {
        pictured = await takePicture(first, options.picture);
      }
      if (Math.floor(spent / 30) !== Math.floor((spent - 0.25) / 30)) say(`${Math.round(spent)} s`);
      await first.waitForTimeout(250);
      const more = options.pressesMin !== undefined && seconds < 3 * options.seconds;
      if (more && seconds - spent < 1) {
        const { presses, kills, deaths } = await reportNow();
        if (presses < options.pressesMin || kills + deaths === 0) seconds += 5;
      }
    }
    return await reportNow();
  } finally {
    await browser.close();
    await server.stop();
  }
}

async function enter(
  browser: Awaited<ReturnType<typeof openChromium>>,
  url: string,
  name: string,
  viewport: { width: number; height: number },
  consoleErrors: string[],
): Promise<Page> {
  const page = await (await browser.newContext({ viewport })).newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') consoleErrors.push(`${name}: ${message.text()}`);
  });
  page.on('pageerror', (error) => consoleErrors.push(`${name}: ${error.message}`));
  // tsx compiles with kept names: functions sent into the page call this.
  await page.addInitScript('globalThis.__name = (fn) => fn');
  await page.goto(url);
  await page.fill('#name', name);
  await page.click('#play');
  await page.waitForFunction(() => 'fray' in window);
  return page;
}

/** A picture is worth taking when something is going on: bolts in the air and others near. */
async function takePicture(page: Page, path: string): Promise<boolean> {
  if (!(await page.evaluate(() => window.pilot.lively()))) return false;
  await page.screenshot({ path });
  return true;
}

interface Facts {
  kills: number;
  deaths: number;
  gap: number;
  frames: number[];
  presses: number[];
  interpolationTicks: number;
  tickRateHz: number;
  correctionFreeMax: number;
}

function report(
  seconds: number,
  facts: Facts,
  seen: number[],
  consoleErrors: string[],
): SessionReport {
  const delays: number[] = [];
  for (const pressed of facts.presses) {
    const next = seen.find((at) => at > pressed);
    if (next !== undefined && next - pressed < MATCH_MS) delays.push(next - pressed);
  }
  const tickMs = 1000 / facts.tickRateHz;
  return {
    seconds: Math.round(seconds),
    kills: facts.kills,
    deaths: facts.deaths,
    snapshotGapTicksMax: facts.gap,
    frameMsP50: percentile(facts.frames, 0.5),
    frameMsP95: percentile(facts.frames, 0.95),
    frames: facts.frames.length,
    presses: delays.length,
    seenMsP50: percentile(delays, 0.5),
    seenMsP95: percentile(delays, 0.95),
    interpolationTicks: facts.interpolationTicks,
    seenLimitMs: (facts.interpolationTicks + 2.5) * tickMs,
    correctionFreeMax: facts.correctionFreeMax,
    consoleErrors,
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? Number.NaN) * 10) / 10;
}

/** A movement seen later than this after a press belongs to something else. */
const MATCH_MS = 700;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '300' },
      bots: { type: 'string', default: '20' },
      picture: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(
      'npm run session -- [--seconds 300] [--bots 20] [--picture arena.png] [--out report.json]',
    );
  } else {
    const result = await playSession({
      seconds: Number(values.seconds),
      bots: Number(values.bots),
      say: (line) => console.error(line),
      ...(values.picture ? { picture: values.picture } : {}),
    });
    console.log(JSON.stringify(result, null, 2));
    if (values.out) writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
    const held =
      result.kills >= 5 &&
      result.deaths >= 2 &&
      result.snapshotGapTicksMax <= 3 &&
      result.frameMsP95 <= 34 &&
      result.consoleErrors.length === 0 &&
      result.presses >= Math.min(20, result.seconds / 15) &&
      result.seenMsP95 <= result.seenLimitMs;
    console.log(held ? 'held' : 'missed');
    process.exitCode = held ? 0 : 1;
  }
}
