/**
 * A game in an iframe of a game portal: the portal's page is of another site, and the game's page comes from the game's own server, or
 * from a third place that `allowedOrigins` has to name. When the portal takes the iframe away the player is gone at once.
 * `FRAY_TEST_TRANSPORTS` names the transports to try.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import t, { type Test } from 'tap';
import { PublicHttp } from '../../src/http/public.ts';
import { CORE, metricsOf, serve } from '../server/fixture.ts';
import { openChromium } from './chromium.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TRANSPORTS = (process.env['FRAY_TEST_TRANSPORTS'] ?? 'websocket,webrtc').split(',');
const REFUSED: { readonly [transport: string]: string } = {
  websocket: 'fray_drops_total{reason="websocket_refused_origin"}',
  webrtc: 'fray_drops_total{reason="webrtc_offer_origin"}',
};
/** ms. The server waits 30 s for a player who is only lost. */
const GONE_MS = 5000;

const SCRIPT = `
import { connect } from 'fray/client';
import { duel } from './games/schema.ts';

const asked = new URLSearchParams(location.search);
connect(asked.get('server'), {
  schema: duel,
  wasm: 'fray_core.wasm',
  transport: asked.get('transport'),
}).then(
  (game) => {
    const look = () => {
      if (game.stats.snapshots > 5) globalThis.status = 'plays';
      else setTimeout(look, 50);
    };
    look();
  },
  (error) => { globalThis.status = error.code ?? String(error); },
);
`;

t.test('a game in an iframe of another site', { timeout: 180_000 }, async (t) => {
  const folder = await pageFolder(t);
  const browser = await openChromium();
  t.teardown(() => browser.close());
  // Where the game's files lie, and the portal: another site for a browser, as its host name differs.
  const files = await serveAt(
    t,
    new PublicHttp({ mounts: [{ path: '/', directory: folder }], csp: '' }),
  );
  const elsewhere = `http://127.0.0.1:${files}`;

  for (const transport of TRANSPORTS) {
    const look = async (t: Test, allowedOrigins: string | null, page: 'own' | 'elsewhere') => {
      const origins = allowedOrigins === null ? {} : { allowedOrigins };
      const flags = { webrtc: String(transport === 'webrtc'), ...origins };
      const server = await serve(flags, {}, { page: folder });
      t.teardown(() => server.stop(0));
      const from = page === 'own' ? server.url : `${elsewhere}/`;
      const asked = `${from}?server=${encodeURIComponent(server.url)}&transport=${transport}`;
      const { status, leave } = await seenInFrame(t, browser, asked);
      const playersUntil = async (players: number, ms: number) => {
        for (const until = performance.now() + ms; performance.now() < until; ) {
          if ((await metricsOf(server)).get('fray_players') === players) return true;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return false;
      };
      if (status === 'plays') {
        t.ok(await playersUntil(1, GONE_MS), 'one player is there');
        await leave();
        t.ok(await playersUntil(0, GONE_MS), 'and gone with the iframe');
      }
      return { status, refused: (await metricsOf(server)).get(REFUSED[transport] ?? '') };
    };
    await t.test(`${transport}: from its own server it plays by default`, async (t) => {
      t.match(await look(t, null, 'own'), { status: 'plays', refused: 0 });
    });
    await t.test(`${transport}: from elsewhere it is refused by default`, async (t) => {
      t.match(await look(t, null, 'elsewhere'), { status: 'E_CLOSED', refused: 1 });
    });
    await t.test(`${transport}: from elsewhere it plays where that origin is named`, async (t) => {
      t.match(await look(t, elsewhere, 'elsewhere'), { status: 'plays', refused: 0 });
    });
    await t.test(`${transport}: and not where another one is`, async (t) => {
      const other = `${elsewhere}1,https://127.0.0.1:${files}`;
      t.match(await look(t, other, 'elsewhere'), { status: 'E_CLOSED', refused: 1 });
    });
    await t.test(`${transport}: from elsewhere it plays with *`, async (t) => {
      t.match(await look(t, '*', 'elsewhere'), { status: 'plays', refused: 0 });
    });
  }
});

interface Seen {
  /** `plays`, or the code of the refusal. */
  readonly status: string;
  /** The portal's page takes the iframe away. */
  leave(): Promise<void>;
}

/** Opens a portal's page with the game in an iframe, and waits for what comes of it. */
async function seenInFrame(t: Test, browser: Browser, url: string): Promise<Seen> {
  const html = `<!doctype html><title>portal</title><iframe src="${url.replaceAll('&', '&amp;')}" width="600" height="400"></iframe>`;
  const routes = {
    '/': (_request: unknown, response: { end(text: string): unknown; setHeader: Set_ }) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(html);
    },
  };
  const port = await serveAt(t, new PublicHttp({ routes, csp: '' }));
  const page = await browser.newPage();
  t.teardown(() => page.close());
  await page.goto(`http://localhost:${port}/`);
  const [, frame] = page.frames();
  if (frame === undefined) throw new Error('The portal has no frame');
  t.not(new URL(frame.url()).host, new URL(page.url()).host, 'the frame is of another origin');
  const read = (): string => (globalThis as { status?: string }).status ?? '';
  await frame.waitForFunction(read, undefined, { timeout: 30_000 });
  return {
    status: await frame.evaluate(read),
    leave: () => page.evaluate(() => document.querySelector('iframe')?.remove()),
  };
}
type Set_ = (name: string, value: string) => unknown;

async function serveAt(t: Test, http: PublicHttp): Promise<number> {
  t.teardown(() => http.stop(0));
  return http.listen(0, '127.0.0.1');
}

/** A page that connects to the server of its address, and the core. */
async function pageFolder(t: Test): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fray-portal-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    stdin: { contents: SCRIPT, resolveDir: join(root, 'test', 'server'), loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['fray-source'],
    outfile: join(folder, 'main.js'),
    logLevel: 'error',
  });
  copyFileSync(CORE, join(folder, 'fray_core.wasm'));
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><meta charset="utf-8"><title>game</title><script type="module" src="main.js"></script>',
  );
  return folder;
}
