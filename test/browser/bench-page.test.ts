/** The page of a run of the benchmarks: `fray bench --out FILE.html`. A file, so nothing answers it: no server, no other file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { GOALS } from '../../src/cli/bench-goals.ts';
import { benchPage } from '../../src/cli/bench-page.ts';
import { type BenchReport, ownRow, ratioRow, runHead } from '../../src/cli/bench-report.ts';
import { complaintsOf, openChromium } from './chromium.ts';

const rounds = [
  { ours: 10, peer: 30 },
  { ours: 12, peer: 40 },
];
const row = (name: string, ratioMin: number) =>
  ratioRow({
    name,
    unit: 'us',
    rounds,
    peerName: 'a peer 1.0',
    goal: { text: `>= ${ratioMin}x`, ratioMin, id: 'P1' },
    more: { ours: 'this', peer: 'that', settings: 'as it comes' },
  });
const report: BenchReport = {
  head: runHead({ quick: true, seed: 7 }),
  benches: [
    {
      name: 'tick',
      summary: 'what wins and what loses',
      seconds: 1,
      rows: [row('wins', 2), row('loses', 30), ownRow({ name: 'plain', unit: 'ms', ours: 4 })],
      charts: (['bars', 'steps', 'points'] as const).map((kind) => ({
        title: `a picture of ${kind}`,
        kind,
        x: { label: 'x', values: [1, 2, 30] },
        y: { label: 'y' },
        series: [
          { label: 'ours', values: [1, 5, 3] },
          { label: 'peer', values: [2, null, 4] },
        ],
      })),
      progress: ['</script><script>document.title = "taken"</script>'],
      failure: null,
    },
    {
      name: 'move',
      summary: 'what was wrong',
      seconds: 1,
      rows: [],
      charts: [],
      progress: [],
      failure: 'Error: 5 packets were not right',
    },
  ],
};

t.test(
  'the page of a run shows all of it, in both colours and widths, and losers as large as winners',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fray-bench-page-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'bench.html');
    writeFileSync(file, benchPage(report));
    const browser = await openChromium();
    try {
      for (const [width, height] of [
        [1440, 900],
        [360, 740],
      ] as const)
        for (const colorScheme of ['light', 'dark'] as const) {
          const page = await browser.newPage({ viewport: { width, height }, colorScheme });
          const heard = await complaintsOf(page);
          await page.goto(pathToFileURL(file).href);
          await page.locator('canvas').nth(4).waitFor();
          const where = `${width}, ${colorScheme}`;
          t.equal(
            await page.locator('canvas').count(),
            5,
            `${where}: three pictures, two of rounds`,
          );
          t.equal(await page.locator('.goals .card').count(), GOALS.length);
          t.match(await page.title(), /^Fray: 0 of \d+ goals met/, 'no text of a run is code');
          t.match(await page.locator('.goals .missed').first().innerText(), /P1 [\s\S]*missed/);
          t.match(await page.locator('.failure').innerText(), /5 packets were not right/);
          t.match(
            await page.locator('#report').innerText(),
            /a peer 1\.0, settings: as it comes/,
            'how the peer was set up',
          );
          const wide = await page.evaluate('document.documentElement.scrollWidth');
          t.equal(wide, width, `${where}: nothing stands out`);
          const size = (name: string) =>
            page.locator('.rows .card', { hasText: name }).first().boundingBox();
          const [wins, loses] = [await size('wins'), await size('loses')];
          t.equal(loses?.width, wins?.width);
          t.ok((loses?.height ?? 0) >= (wins?.height ?? 1), 'a row that loses is as large');
          const drawn = (await page.evaluate(INK)) as number[];
          t.ok(drawn.length === 5 && Math.min(...drawn) > 200, `${where}: ink ${drawn.join(' ')}`);
          t.same(heard, []);
          await page.close();
        }
    } finally {
      await browser.close();
    }
  },
);

/** Pixels of each picture that are not its ground. */
const INK = `[...document.querySelectorAll('canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 100) ink += 1;
  return ink;
})`;
