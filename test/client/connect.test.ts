import { test } from 'tap';
import { DATAGRAM, ERROR } from '../../protocol/gen/tables.ts';
import { type ConnectOptions, connectWith, type Tools } from '../../src/client/connect.ts';
import { connect, loadNodeCore } from '../../src/client/node.ts';
import { socketUrl } from '../../src/client/pipes.ts';
import { loadCore } from '../../src/client/wasm.ts';
import { button, defineSchema } from '../../src/schema/index.ts';
import {
  AUTH,
  encodeAccept,
  encodeGoodbye,
  HELLO,
  helloText,
} from '../../src/session/datagrams.ts';
import { issueConnectToken } from '../../src/tokens.ts';
import type { ClientPipe } from '../../src/transport/types.ts';

const KEY = new Uint8Array(32).fill(7);
const schema = defineSchema({ name: 'doors', input: { fire: button() } });
/** The smallest module: magic and version. */
const EMPTY = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));

/** A pipe whose other end is a function. */
class ScriptedPipe implements ClientPipe {
  readonly kind = 'memory';
  readonly bufferedBytes = 0;
  readonly dropped = 0;
  readonly sent: Uint8Array[] = [];
  closedWith: number | undefined;
  readonly #answer: (bytes: Uint8Array, pipe: ScriptedPipe) => void;
  #datagram: (bytes: Uint8Array) => void = () => undefined;
  #closed: (code: number) => void = () => undefined;

  constructor(answer: (bytes: Uint8Array, pipe: ScriptedPipe) => void) {
    this.#answer = answer;
  }

  send(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.sent.push(copy);
    queueMicrotask(() => this.#answer(copy, this));
  }

  close(code: number): void {
    this.closedWith ??= code;
    this.#closed(code);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: (code: number) => void): void {
    this.#closed = fn;
  }

  deliver(bytes: Uint8Array): void {
    this.#datagram(bytes);
  }

  vanish(code: number): void {
    this.#closed(code);
  }
}

type Options = Omit<ConnectOptions<typeof schema>, 'schema'>;

function dial(pipe: ScriptedPipe, options: Options = {}, tools: Partial<Tools> = {}) {
  const usual: Tools = { open: { memory: async () => pipe }, load: async () => EMPTY };
  return connectWith('ws://here', { schema, ...options }, { ...usual, ...tools });
}

test('a credential stands in the hello; of a wrong size it is refused before anything is opened', async (t) => {
  const shown: (string | null)[] = [];
  const pipe = new ScriptedPipe((bytes, self) => {
    if (bytes[0] !== DATAGRAM.hello) return;
    shown.push(bytes[HELLO.auth] === AUTH.text ? helloText(bytes) : null);
    self.deliver(encodeGoodbye(ERROR.E_KICKED));
  });
  for (const credential of ['x', 'ä'.repeat(500)])
    await t.rejects(dial(pipe, { credential }), { code: 'E_KICKED' });
  const { token } = issueConnectToken({ userId: 'ann', servers: ['127.0.0.1:1'], key: KEY });
  await t.rejects(dial(pipe, { credential: 'x', token }), { code: 'E_KICKED' });
  t.same(shown, ['x', 'ä'.repeat(500), null], 'beside a token it is not shown');
  const opened = () => t.fail('a pipe is opened');
  const tools = { open: { memory: opened as never }, load: opened as never };
  for (const credential of ['', `secret${'ä'.repeat(498)}`, 7 as never]) {
    const error: Error & { code?: string } = await dial(pipe, { credential }, tools).then(
      () => t.fail('it is taken'),
      (reason) => reason,
    );
    t.equal(error.code, 'E_CONFIG');
    t.notMatch(error.message, /secret/);
  }
});

test('each refusal of the server rejects with its code, and the pipe is closed', async (t) => {
  for (const name of [
    'E_VERSION',
    'E_SCHEMA_MISMATCH',
    'E_TOKEN_REQUIRED',
    'E_ROOM_FULL',
    'E_ROOM_UNKNOWN',
    'E_KICKED',
  ] as const) {
    const pipe = new ScriptedPipe((bytes, self) => {
      if (bytes[0] === DATAGRAM.hello) self.deliver(encodeAccept(7));
      if (bytes[0] === DATAGRAM.join) self.deliver(encodeGoodbye(ERROR[name]));
    });
    await t.rejects(dial(pipe), { code: name });
    t.equal(pipe.closedWith, 0);
  }
});

test('a server that says nothing is given up after the time that was set', async (t) => {
  const pipe = new ScriptedPipe(() => undefined);
  const startMs = performance.now();
  await t.rejects(dial(pipe, { timeoutMs: 300 }), { code: 'E_JOIN_TIMEOUT' });
  t.ok(performance.now() - startMs < 1000);
  t.ok(pipe.sent.length >= 2, 'hello and join were repeated');
  t.equal(pipe.closedWith, 0);
});

test('a core that never comes is given up as well', async (t) => {
  const pipe = new ScriptedPipe(() => undefined);
  const never = new Promise<WebAssembly.Module>(() => undefined);
  await t.rejects(dial(pipe, { timeoutMs: 50 }, { load: () => never }), { code: 'E_JOIN_TIMEOUT' });
});

test('nothing keeps the process alive after a join has failed', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const pipe = new ScriptedPipe((_bytes, self) => self.deliver(encodeGoodbye(ERROR.E_ROOM_FULL)));
  await t.rejects(dial(pipe), { code: 'E_ROOM_FULL' });
  t.equal(timers(), before);
});

test('the caller can give up, before and while connecting', async (t) => {
  const pipe = new ScriptedPipe(() => undefined);
  const controller = new AbortController();
  const joining = dial(pipe, { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await t.rejects(joining, { code: 'E_ABORTED' });
  t.equal(pipe.closedWith, 0);
  await t.rejects(dial(new ScriptedPipe(() => undefined), { signal: AbortSignal.abort() }), {
    code: 'E_ABORTED',
  });
});

test('a pipe that opens after the caller gave up is closed', async (t) => {
  const pipe = new ScriptedPipe(() => undefined);
  let open: (pipe: ClientPipe) => void = () => undefined;
  const opening = new Promise<ClientPipe>((resolve) => {
    open = resolve;
  });
  const controller = new AbortController();
  const joining = dial(pipe, { signal: controller.signal }, { open: { memory: () => opening } });
  controller.abort();
  await t.rejects(joining, { code: 'E_ABORTED' });
  open(pipe);
  await opening;
  await undefined;
  t.equal(pipe.closedWith, 0);
});

test('a pipe that breaks while joining rejects: with the code of the other end, or E_CLOSED', async (t) => {
  const coded = new ScriptedPipe((_bytes, self) => self.vanish(ERROR.E_SESSIONS_LIMIT));
  await t.rejects(dial(coded), { code: 'E_SESSIONS_LIMIT' });
  const torn = new ScriptedPipe((_bytes, self) => self.vanish(1006));
  await t.rejects(dial(torn), { code: 'E_CLOSED' });
});

test('what cannot be asked for is refused before anything is sent', async (t) => {
  const pipe = new ScriptedPipe(() => undefined);
  await t.rejects(dial(pipe, { name: 'ü'.repeat(17) }), { code: 'E_NAME' });
  await t.rejects(dial(pipe, { token: 'not a token' }), { code: 'E_TOKEN_INVALID' });
  await t.rejects(dial(pipe, { link: 'rtt=much' }), { code: 'E_CONFIG' });
  t.equal(pipe.sent.length, 0);
  await t.rejects(connect('not a url', { schema }), { code: 'E_ADDRESS' });
  await t.rejects(connect('ftp://here', { schema, wasm: EMPTY }), { code: 'E_ADDRESS' });
});

test('the address of a page names the socket beside it', async (t) => {
  t.equal(socketUrl('http://host:8080/'), 'http://host:8080/ws');
  t.equal(socketUrl('https://host/game/index.html?x=1#room=a'), 'https://host/game/ws');
  t.equal(socketUrl('wss://host/elsewhere'), 'wss://host/elsewhere');
});

test('a server that is not there rejects with E_CLOSED', async (t) => {
  await t.rejects(connect('ws://127.0.0.1:9', { schema, wasm: EMPTY }), { code: 'E_CLOSED' });
});

test('a core that is no core rejects with E_CORE', async (t) => {
  await t.rejects(loadNodeCore(new Uint8Array([1, 2, 3])), { code: 'E_CORE' });
  await t.rejects(loadNodeCore('/nowhere/core.wasm'), { code: 'E_CORE' });
  const pipe = new ScriptedPipe(() => undefined);
  await t.rejects(dial(pipe, {}, { load: () => loadNodeCore(new Uint8Array([1, 2, 3])) }), {
    code: 'E_CORE',
  });
  t.equal(pipe.closedWith, 0);
  await t.rejects(loadCore(new Uint8Array([1, 2, 3])), { code: 'E_CORE' });
  await t.rejects(loadCore(new Response('gone', { status: 404 })), { code: 'E_CORE' });
  const page = new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } });
  await t.rejects(loadCore(page), { code: 'E_CORE', message: /Vite.*optimizeDeps/ });
  t.equal(await loadCore(EMPTY), EMPTY);
  const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  for (const type of ['application/wasm', 'text/plain']) {
    const response = new Response(bytes, { headers: { 'content-type': type } });
    t.ok((await loadCore(response)) instanceof WebAssembly.Module);
  }
});
