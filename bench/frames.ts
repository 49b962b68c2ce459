/**
 * `fray bench frames`: what a frame of the outpost's page costs, with 15 bots in the room, in Debian's Chromium at 1280 x 720.
 *
 * Benches run where there is no graphics card, so the whole is never measured at once. Three ways instead:
 * - *all but the card*: WebGL's draw calls do nothing, and nobody waits for a screen. What is left is what the page itself
 *   costs: decoding, prediction, interpolation, three.js, interface. Its frames per second are the most that any card could show.
 * - *the card's share*: draw calls and triangles of a frame, counted at WebGL.
 * - *no card*: everything is drawn by the processor (SwiftShader), which shares it with server and bots. As it is, a lower bound.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';

export const bench: Bench = {
  name: 'frames',
  async run(options) {
    // Here and not above: the product installs no browser, and who only lists benches needs none.
    const { openChromium, startServer } = await import('../test/browser/chromium.ts');
    const server = await startServer(['--game', 'outpost', '--bots', '15', '--logLevel', 'error']);
    try {
      const rows: BenchRow[] = [];
      for (const way of options.quick ? WAYS.slice(0, 1) : WAYS) {
        const browser = await openChromium([...WEBGL, ...way.flags]);
        try {
          rows.push(...way.rows(await measure(browser, server.url, way, options)));
        } finally {
          await browser.close();
        }
      }
      return rows;
    } finally {
      await server.stop();
    }
  },
};

/** Of the frames of one page. */
interface Frames {
  readonly perSecond: number;
  /** ms in the page's own frame callback. */
  readonly msP50: number;
  readonly msP99: number;
  readonly drawCalls: number;
  readonly triangles: number;
}

interface Way {
  readonly name: string;
  readonly flags: readonly string[];
  /** WebGL's draw calls count and do nothing. */
  readonly drawsNothing: boolean;
  rows(frames: Frames): BenchRow[];
}

const WAYS: readonly Way[] = [
  {
    name: 'all but the card',
    flags: ['--disable-frame-rate-limit', '--disable-gpu-vsync'],
    drawsNothing: true,
    rows: ({ perSecond, msP50, msP99, drawCalls, triangles }) => [
      ownRow({
        name: 'frames/outpost, all but the card',
        unit: 'frames per second, no limit',
        ours: perSecond,
        goal: `>= ${FRAMES_GOAL}`,
        met: perSecond >= FRAMES_GOAL,
      }),
      ownRow({ name: 'frames/outpost, script p50', unit: 'ms a frame', ours: msP50 }),
      ownRow({
        name: 'frames/outpost, script p99',
        unit: 'ms a frame',
        ours: msP99,
        goal: `<= ${FRAME_MS_GOAL.toFixed(1)}`,
        met: msP99 <= FRAME_MS_GOAL,
      }),
      ownRow({ name: "frames/outpost, card's share", unit: 'draw calls a frame', ours: drawCalls }),
      ownRow({ name: "frames/outpost, card's share", unit: 'triangles a frame', ours: triangles }),
    ],
  },
  {
    name: 'no card',
    flags: [],
    drawsNothing: false,
    rows: ({ perSecond }) => [
      ownRow({
        name: 'frames/outpost, drawn by the processor',
        unit: 'frames per second',
        ours: perSecond,
      }),
    ],
  },
];

async function measure(
  browser: Browser,
  url: string,
  { name, drawsNothing }: Way,
  { quick, progress }: BenchOptions,
): Promise<Frames> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  page.setDefaultTimeout(90_000);
  // What esbuild puts around functions that keep their names.
  await page.addInitScript('globalThis.__name = (fn) => fn');
  await page.addInitScript(count, drawsNothing);
  await page.goto(url);
  await page.fill('#name', 'Ann');
  await page.click('#play');
  await page.waitForFunction(() => (globalThis as Partial<Watched>).fray?.view.me?.alive);
  await page.keyboard.down('KeyW');
  await sleep(quick ? 2000 : 5000);
  const frames = await framesOf(page, quick ? 4000 : 20_000);
  progress(
    `frames/${name}: ${frames.perSecond.toFixed(1)} a second, ${frames.msP50.toFixed(2)} ms (p99 ${frames.msP99.toFixed(2)})`,
  );
  return frames;
}

/** The page looks around while it walks, so that everything comes into sight. */
async function framesOf(page: Page, forMs: number): Promise<Frames> {
  await page.evaluate(() => {
    const seen = (globalThis as unknown as Watched).drawn;
    Object.assign(seen, { script: [], calls: 0, triangles: 0, sinceMs: performance.now() });
  });
  await page.waitForTimeout(forMs);
  const seen = await page.evaluate(() => {
    const { script, calls, triangles, sinceMs } = (globalThis as unknown as Watched).drawn;
    return { script, calls, triangles, passedMs: performance.now() - sinceMs };
  });
  const count = seen.script.length;
  if (count < FRAMES_MIN) throw new Error(`Cannot measure frames: there were ${count}`);
  const sorted = [...seen.script].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(part * (count - 1))] as number;
  return {
    perSecond: (count * 1000) / seen.passedMs,
    msP50: at(0.5),
    msP99: at(0.99),
    drawCalls: seen.calls / count,
    triangles: seen.triangles / count,
  };
}

interface Watched {
  readonly drawn: { script: number[]; calls: number; triangles: number; sinceMs: number };
  readonly fray: {
    readonly view: { readonly me: { readonly alive: boolean } | null };
    readonly controls: { aim: number };
  };
}

/** Runs in the page before its own script. */
function count(drawsNothing: boolean): void {
  const seen = { script: [] as number[], calls: 0, triangles: 0, sinceMs: 0 };
  const page = globalThis as unknown as { drawn: typeof seen } & Partial<Watched>;
  page.drawn = seen;
  const next = globalThis.requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (paint) =>
    next((nowMs) => {
      const startMs = performance.now();
      paint(nowMs);
      seen.script.push(performance.now() - startMs);
      if (page.fray) page.fray.controls.aim += 0.02;
    });
  const gl = WebGL2RenderingContext.prototype;
  const counted = (draw: (...given: number[]) => void, countAt: number, timesAt: number) =>
    function (this: WebGL2RenderingContext, ...given: number[]) {
      seen.calls += 1;
      const times = timesAt < 0 ? 1 : (given[timesAt] ?? 1);
      if (given[0] === gl.TRIANGLES) seen.triangles += ((given[countAt] ?? 0) / 3) * times;
      if (!drawsNothing) draw.apply(this, given);
    };
  gl.drawElements = counted(gl.drawElements, 1, -1);
  gl.drawArrays = counted(gl.drawArrays, 2, -1);
  gl.drawElementsInstanced = counted(gl.drawElementsInstanced, 1, 4);
  gl.drawArraysInstanced = counted(gl.drawArraysInstanced, 2, 3);
}

const WEBGL = ['--enable-unsafe-swiftshader', '--use-angle=swiftshader', '--ignore-gpu-blocklist'];
/** What a screen shows. */
const FRAMES_GOAL = 60;
/** ms. Half of a frame of a 60 Hz screen: the other half is the browser's and the card's. */
const FRAME_MS_GOAL = 1000 / 120;
/** Fewer say nothing. A processor that is busy with other work draws one or two in a second. */
const FRAMES_MIN = 3;
