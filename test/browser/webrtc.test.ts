/** Chromium opens a data channel to the real `fray-rtc`, from the server's own page and from a page of another origin. */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import t from 'tap';
import type { openWebRtc } from '../../src/transport/client/webrtc.ts';
import { WebRtcTransport } from '../../src/transport/server/webrtc.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { complaintsOf, openChromium } from './chromium.ts';

/** First byte of the datagram that a page closes its pipe with. */
const LAST_WORD = 254;

declare const fray: { readonly openWebRtc: typeof openWebRtc };

t.test('Chromium plays ball over a data channel', { timeout: 120_000 }, async (t) => {
  const bundle = await build({
    entryPoints: ['src/transport/client/webrtc.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'fray',
    target: 'es2022',
  });
  const page = `<!doctype html><title>t</title><script>${bundle.outputFiles[0]?.text}</script>`;
  const transport = new WebRtcTransport({
    allowedOrigins: ['*'],
    bufferedBytesMax: 65_536,
    sendBufferBytes: 65_536,
    silentMs: 5000,
  });
  const http = createServer((request, response) => {
    if (request.url?.startsWith('/rtc')) void transport.handleOffer(request, response);
    else response.setHeader('content-type', 'text/html').end(page);
  });
  const [own, other] = [await listen(http), await listen(createPage(page))];
  const browser = await openChromium();
  t.teardown(async () => {
    await browser.close();
    await transport.stop();
    for (const server of [http, other.server]) server.closeAllConnections();
    for (const server of [http, other.server]) server.close();
  });
  const closed: number[] = [];
  let lastWords = 0;
  transport.onDatagram((pipe, bytes) => {
    if (bytes[0] === LAST_WORD) lastWords += 1;
    if (bytes[0] === 255) transport.close(pipe, 16);
    else transport.send(pipe, bytes);
  });
  transport.onClose((_pipe, code) => void closed.push(code));
  t.equal(await transport.ready(), true);

  for (const origin of [own.url, other.url]) {
    const tab = await browser.newPage();
    await tab.goto(origin);
    const seen = await tab.evaluate(async (url) => {
      const started = performance.now();
      const pipe = await fray.openWebRtc(url, { timeoutMs: 20_000 });
      const openMs = performance.now() - started;
      let back = 0;
      const sizes: number[] = [];
      pipe.onDatagram((bytes) => {
        back += 1;
        sizes.push(bytes.length);
      });
      for (let size = 1; size <= 1120; size += 100) pipe.send(new Uint8Array(size));
      pipe.send(new Uint8Array(1121));
      const until = performance.now() + 10_000;
      while (back < 12 && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 10));
      const code = await new Promise<number>((resolve) => {
        pipe.onClose(resolve);
        pipe.send(Uint8Array.of(255));
      });
      return {
        kind: pipe.kind,
        back,
        sizes: sizes.sort((a, b) => a - b),
        code,
        openMs,
        dropped: pipe.dropped,
      };
    }, own.url);
    t.comment(`open after ${Math.round(seen.openMs)} ms`);
    t.match(seen, { kind: 'webrtc', back: 12, code: 16, dropped: 1 });
    t.same(
      seen.sizes,
      Array.from({ length: 12 }, (_, k) => 1 + 100 * k),
    );
    await tab.close();
  }
  t.same(closed, [16, 16]);

  await t.test('a page that closes its pipe, and one that goes, are heard of', async (t) => {
    const tab = await browser.newPage();
    await tab.goto(own.url);
    await tab.evaluate(async (url) => {
      const pipe = await fray.openWebRtc(url, { timeoutMs: 20_000 });
      // The library forgets a channel that is closed before it has told the server of its opening, and what came over it.
      await new Promise<void>((resolve) => {
        pipe.onDatagram(() => resolve());
        setInterval(() => pipe.send(Uint8Array.of(1)), 50);
      });
      pipe.close(19);
    }, own.url);
    await waitFor(() => closed.length === 3);
    t.equal(closed[2], 19);
    await tab.evaluate(async (url) => {
      await fray.openWebRtc(url, { timeoutMs: 20_000 });
    }, own.url);
    await waitFor(() => transport.pipes === 1);
    await tab.close();
    await waitFor(() => closed.length === 4);
    // It had nothing set up to say: its channel closed, or its silence tells.
    t.ok(closed[3] === CLOSE.silent || closed[3] === CLOSE.lost, `${closed[3]}`);
  });

  for (const [who, origin] of Object.entries({
    "the server's": own.url,
    "another site's": other.url,
  })) {
    for (const how of ['closed', 'left for another page', 'kept'])
      await t.test(`a page of ${who} own that is ${how} has a last word`, async (t) => {
        const tab = await browser.newPage();
        const complaints = await complaintsOf(tab);
        await tab.goto(origin);
        await tab.evaluate(
          async ([url, last]) => {
            const pipe = await fray.openWebRtc(url, { timeoutMs: 20_000 });
            addEventListener('pagehide', () => pipe.close(0, Uint8Array.of(last)));
          },
          [own.url, LAST_WORD] as const,
        );
        await waitFor(() => transport.pipes === 1);
        const [words, ends] = [lastWords, closed.length];
        if (how === 'closed') await tab.close();
        else if (how === 'kept') await tab.evaluate(() => dispatchEvent(new Event('pagehide')));
        else await tab.goto('about:blank');
        await waitFor(() => closed.length === ends + 1);
        t.equal(closed[ends], CLOSE.normal);
        t.equal(lastWords, words + 1);
        if (how === 'kept') await tab.waitForTimeout(200);
        t.same(complaints, [], 'nothing on the console');
        await tab.close();
      });
  }
});

function createPage(page: string): Server {
  return createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(page);
  });
}

async function listen(server: Server): Promise<{ server: Server; url: string }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function waitFor(holds: () => boolean): Promise<void> {
  const until = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`not in time: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
