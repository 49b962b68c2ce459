/**
 * Packet protocols of an update: a server speaks its own and the one before. What the one before says is what was written down of it,
 * `protocol/vectors/VERSION/`; until there are two, the server is made one that is a version later than this tree.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ERROR, PROTOCOL_VERSION } from '../../protocol/gen/tables.ts';
import {
  AUTH,
  decodeGoodbye,
  decodeJoined,
  HELLO,
  helloVersion,
  INTENT,
  SPOKEN,
  type Versions,
} from '../../src/session/datagrams.ts';
import { Bench, hello, join, reply, SCHEMA, token, words } from './bench.ts';

const VECTORS = fileURLToPath(new URL('../../protocol/vectors/', import.meta.url));

interface Hellos {
  readonly key: string;
  readonly schemaHash: string;
  readonly hellos: readonly {
    readonly name: string;
    readonly auth: number;
    readonly intent: number;
    readonly hex: string;
  }[];
}

const hellosOf = (version: number): Hellos =>
  JSON.parse(readFileSync(`${VECTORS}${version}/hello.json`, 'utf8')) as Hellos;

/** Bytes of a hello, of another version where one is given. */
function bytesOf(hex: string, version?: number): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
  if (version !== undefined) new DataView(bytes.buffer).setUint16(HELLO.version, version, true);
  return bytes;
}

function serverOf(versions?: Versions): Bench {
  return new Bench({ resumeMs: 10_000, ...(versions && { versions }) });
}

/** From a hello to its `joined`: the version that this names; or the code of the goodbye. */
function answer(bench: Bench, bytes: Uint8Array): string | number | undefined {
  const pipe = bench.open();
  bench.handle(pipe, bytes);
  bench.handle(pipe, join());
  const said = bench.poll();
  const order = said.find((one) => one.kind === 'join');
  if (order === undefined) {
    const [goodbye] = said.map((one) => decodeGoodbye(one.bytes)).filter((one) => one !== null);
    return goodbye?.code;
  }
  const { sessionId } = order;
  bench.table.joined(sessionId, reply({ protocolVersion: bench.table.versionOf(sessionId) }));
  const [joined] = bench.poll();
  return `joined ${decodeJoined(joined?.bytes ?? new Uint8Array())?.protocolVersion}`;
}

/** Whoever opens a session by itself. */
const opens = ({ hellos }: Hellos) =>
  hellos.filter(({ auth, intent }) => auth === AUTH.guest && intent === INTENT.play);

t.test('each version that is spoken is written down, as much of it as of the newest', (t) => {
  t.equal(SPOKEN.newest, PROTOCOL_VERSION);
  t.equal(SPOKEN.oldest, Math.max(1, PROTOCOL_VERSION - 1), 'and the one before');
  const files = readdirSync(`${VECTORS}${SPOKEN.newest}`);
  t.ok(files.length >= 8, `${files.length} files`);
  for (let version = SPOKEN.oldest; version <= SPOKEN.newest; version += 1) {
    t.same(readdirSync(`${VECTORS}${version}`), files, `version ${version}`);
    const { hellos, schemaHash } = hellosOf(version);
    t.equal(BigInt(`0x${schemaHash}`), SCHEMA);
    t.ok(hellos.length >= 5 && opens(hellosOf(version)).length > 0);
    for (const { name, hex } of hellos) t.equal(helloVersion(bytesOf(hex)), version, name);
  }
  t.end();
});

t.test('a hello of each version that is spoken comes in, and is told its own version', (t) => {
  for (let version = SPOKEN.oldest; version <= SPOKEN.newest; version += 1)
    for (const { name, hex } of opens(hellosOf(version)))
      t.equal(answer(serverOf(), bytesOf(hex)), `joined ${version}`, name);
  t.end();
});

t.test('after an update those of before play on, and both are there at once', (t) => {
  const [{ hex } = { hex: '' }] = opens(hellosOf(PROTOCOL_VERSION));
  const next = PROTOCOL_VERSION + 1;
  const server = serverOf({ oldest: PROTOCOL_VERSION, newest: next });
  t.equal(answer(server, bytesOf(hex)), `joined ${PROTOCOL_VERSION}`);
  t.equal(answer(server, bytesOf(hex, next)), `joined ${next}`);
  t.equal(server.table.counters.joined, 2);
  t.end();
});

t.test('one too old, one too new and none at all get E_VERSION, counted', (t) => {
  const [{ hex } = { hex: '' }] = opens(hellosOf(PROTOCOL_VERSION));
  const later = serverOf({ oldest: PROTOCOL_VERSION + 1, newest: PROTOCOL_VERSION + 2 });
  t.equal(answer(later, bytesOf(hex)), ERROR.E_VERSION, 'two versions later');
  t.equal(answer(serverOf(), bytesOf(hex, SPOKEN.newest + 1)), ERROR.E_VERSION, 'rolled back');
  t.equal(answer(later, bytesOf(hex, 0)), ERROR.E_VERSION);
  t.equal(later.table.refused.E_VERSION, 2);
  t.end();
});

t.test('a session goes on in its version; a page that was loaded anew may bring the next', (t) => {
  const server = serverOf({ oldest: 1, newest: 2 });
  const ann = token();
  const { sessionId } = server.join(undefined, ann);
  t.equal(server.table.versionOf(sessionId), 1);
  const goesOn = server.open();
  server.handle(goesOn, hello(ann, 2, { intent: INTENT.attach, version: 2 }));
  t.equal(codeIn(server), ERROR.E_VERSION);
  t.equal(server.table.versionOf(sessionId), 1, 'nothing has changed');
  const line = server.open();
  server.handle(line, hello(ann, 3, { intent: INTENT.attach }));
  t.match(words(server.poll()), [`send ${line} accept`]);
  const anew = server.open();
  server.handle(anew, hello(ann, 4, { version: 2 }));
  t.equal(server.table.versionOf(sessionId), 2);
  t.match(words(server.poll()).join(), `send ${anew} accept`);
  t.end();
});

function codeIn(server: Bench): number | undefined {
  return server
    .poll()
    .map((one) => decodeGoodbye(one.bytes))
    .find((one) => one !== null)?.code;
}
