/**
 * Follows docs/first-game.md word for word, in a folder where the package is installed: its `sh` blocks are run, its `diff` blocks are
 * made in the file that the text before them names, and the game that comes of it is played in Chromium.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { Test } from 'tap';
import { complaintsOf, openChromium } from '../browser/chromium.ts';
import { edit, Running } from '../cli/author.ts';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const PICTURE = join(docs, 'first-game.png');
const SIZE = { width: 800, height: 500 };

/** `sh`: commands; `diff`: a change of `file`. */
interface Step {
  readonly kind: 'sh' | 'diff';
  readonly file: string;
  readonly lines: readonly string[];
}

/** The blocks of a page in their order. */
export function stepsOf(text: string): Step[] {
  let file = '';
  const steps: Step[] = [];
  for (const [, named, kind, block = ''] of text.matchAll(
    /`([\w.-]+\.ts)`|^```(sh|diff)\n([\s\S]*?)^```$/gm,
  )) {
    if (named !== undefined) file = named;
    else steps.push({ kind: kind as Step['kind'], file, lines: block.trimEnd().split('\n') });
  }
  return steps;
}

/** `text` with the change of a diff block. Throws where what it takes away or stands between is not there, or there twice. */
export function changed(text: string, diff: readonly string[]): string {
  const side = (sign: string) =>
    diff.filter((line) => !line.startsWith(sign)).map((line) => line.slice(1));
  const before = `\n${side('+').join('\n')}\n`;
  const parts = `\n${text}`.split(before);
  if (parts.length !== 2)
    throw new Error(`This stands there ${parts.length - 1} times, once was meant:${before}`);
  return parts.join(`\n${side('-').join('\n')}\n`).slice(1);
}

/** `author`: the folder. Resolves when all of the page has been done. */
export async function followFirstGame(t: Test, author: string): Promise<void> {
  const steps = stepsOf(readFileSync(join(docs, 'first-game.md'), 'utf8'));
  const guide = new Guide(t, author);
  try {
    for (const step of steps) {
      if (step.kind === 'diff') guide.change(step);
      else for (const line of step.lines) await guide.run(line);
    }
  } finally {
    await guide.close();
  }
  t.ok(steps.length === 11, `${steps.length} blocks`);
}

class Guide {
  #folder: string;
  readonly #t: Test;
  #dev: Running | undefined;
  #browser: Browser | undefined;
  #page: Page | undefined;
  #complaints: string[] = [];

  constructor(t: Test, folder: string) {
    this.#t = t;
    this.#folder = folder;
  }

  change({ file, lines }: Step): void {
    edit(this.#folder, file, (text) => changed(text, lines));
  }

  async run(line: string): Promise<void> {
    const [command = '', ...args] = line.split(' ');
    if (command === 'cd') this.#folder = resolve(this.#folder, args[0] ?? '');
    else if (line === 'npm run dev') await this.#openDev();
    else if (line === 'npm start') await this.#serve();
    else {
      // What was changed by now has been seen in the browser before it is tested.
      if (line === 'npm test') await this.#play();
      const startMs = performance.now();
      const running = new Running(command, args, this.#folder);
      const code = await running.ended;
      this.#t.equal(
        code,
        0,
        `${line}: ${code === 0 ? seconds(startMs) : running.lines.join('\n')}`,
      );
    }
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    await this.#dev?.stop();
  }

  /** Opens the page, and changes a number as the text says: it shows without another command. */
  async #openDev(): Promise<void> {
    this.#dev = new Running('npm', ['run', 'dev'], this.#folder, { FRAY_PORT: '0' });
    const url = await this.#dev.url();
    this.#browser = await openChromium();
    this.#page = await this.#browser.newPage({ viewport: SIZE });
    this.#complaints = await complaintsOf(this.#page);
    await this.#page.goto(url);
    await this.#shows('health 100, kills 0');
    for (const [from, to] of [
      [100, 150],
      [150, 100],
    ] as const) {
      const startMs = performance.now();
      edit(this.#folder, 'schema.ts', (text) => text.replace(`health: ${from}`, `health: ${to}`));
      await this.#shows(`health ${to}, kills 0`);
      this.#t.pass(`health ${to} shows after ${seconds(startMs)}`);
    }
  }

  /** The picture, a walk over a coin, and that nothing was complained of. */
  async #play(): Promise<void> {
    const page = this.#page as Page;
    await this.#settled();
    this.#complaints.length = 0;
    await this.#shows('coins 0, health 100, kills 0');
    const picture = await page.screenshot();
    for (let tries = 0; tries < 5 && !/coins 1/.test(await this.#status()); tries += 1) {
      await page.keyboard.down('w');
      await page.waitForTimeout(1500);
      await page.keyboard.up('w');
    }
    await this.#shows('coins 1, health 100, kills 0');
    if (process.env['FRAY_TEST_PICTURES'] === 'write') writeFileSync(PICTURE, picture);
    const share = await this.#differs(picture, readFileSync(PICTURE));
    this.#t.ok(share < 0.02, `${(100 * share).toFixed(2)} % of the picture is another`);
    this.#t.same(this.#complaints, []);
    await page.close();
  }

  /** The built page from the server that players get. */
  async #serve(): Promise<void> {
    const environment = { FRAY_PORT: '0', FRAY_ADMIN_PORT: '0', FRAY_LOG_LEVEL: 'error' };
    const start = new Running('npm', ['start'], this.#folder, environment);
    try {
      const url = await start.url();
      this.#page = await (this.#browser as Browser).newPage({ viewport: SIZE });
      const complaints = await complaintsOf(this.#page);
      await this.#page.goto(url);
      await this.#shows('coins 0, health 100, kills 0');
      this.#t.same(complaints, [], 'npm start');
      await this.#isOutdated(url);
    } finally {
      await start.stop();
    }
  }

  /** A page of another game than the server's is loaded once more, and then says why it does not play. */
  async #isOutdated(url: string): Promise<void> {
    const page = this.#page as Page;
    let loads = 0;
    page.on('load', () => {
      loads += 1;
    });
    await page.route('**/assets/*.js', async (route) => {
      const script = await (await route.fetch()).text();
      await route.fulfill({
        contentType: 'text/javascript',
        body: script.replace('health:100', 'health:101'),
      });
    });
    await page.goto(url);
    await page.getByText('schema').waitFor({ timeout: 30_000 });
    await page.waitForTimeout(1500);
    this.#t.equal(loads, 2, 'a page of another schema is loaded once more');
    this.#t.match(await this.#status(), /schema hash/);
  }

  /** The changes came all at once: until the game of the last of them runs. */
  async #settled(): Promise<void> {
    const lines = this.#dev?.lines ?? [];
    for (let count = -1; count !== lines.length; ) {
      count = lines.length;
      await (this.#page as Page).waitForTimeout(2000);
    }
  }

  async #shows(text: string): Promise<void> {
    const page = this.#page as Page;
    await page
      .getByText(text, { exact: true })
      .waitFor({ timeout: 30_000 })
      .catch(async () => {
        const said = [
          `the page says ${await this.#status()}`,
          ...this.#complaints,
          ...(this.#dev?.lines ?? []),
        ];
        throw new Error(`"${text}" does not show:\n${said.join('\n')}`);
      });
  }

  #status(): Promise<string> {
    return (this.#page as Page).locator('#status').innerText();
  }

  /** Share of the pixels that are another in two pictures of one size; 1 for other sizes. */
  async #differs(a: Buffer, b: Buffer): Promise<number> {
    const page = await (this.#browser as Browser).newPage();
    const urls = [a, b].map((png) => `data:image/png;base64,${png.toString('base64')}`);
    const share = await page.evaluate(`(async () => {
      const [a, b] = await Promise.all(${JSON.stringify(urls)}.map(async (url) => {
        const bitmap = await createImageBitmap(await (await fetch(url)).blob());
        const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        pen.drawImage(bitmap, 0, 0);
        return pen.getImageData(0, 0, bitmap.width, bitmap.height).data;
      }));
      if (a.length !== b.length) return 1;
      let others = 0;
      for (let i = 0; i < a.length; i += 4)
        if (Math.max(Math.abs(a[i] - b[i]), Math.abs(a[i + 1] - b[i + 1]), Math.abs(a[i + 2] - b[i + 2])) > 32) others += 1;
      return others / (a.length / 4);
    })()`);
    await page.close();
    return Number(share);
  }
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
