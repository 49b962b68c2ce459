/**
 * Our netcode against an independent one (the crate `renetcode`, MIT or Apache-2.0): its client against our server, our client against
 * its server, over real sockets.
 */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openUdp } from '../../src/client/udp.ts';
import { PROTOCOL_ID } from '../../src/session/token.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { until } from '../transport/contract.ts';
import { KEY, udpBench } from '../transport/udp-bench.ts';

const CRATE = fileURLToPath(new URL('./netcode', import.meta.url));
const PEER = `${CRATE}/target/debug/netcode-peer`;
const PAYLOADS = 50;

// Built before by the stage `peers`; here for who runs this file alone.
execFileSync('cargo', ['build', '--locked', '--quiet'], {
  cwd: CRATE,
  env: { ...process.env, CARGO_TARGET_DIR: 'target' },
});

t.test('its client plays with our server, and says goodbye', async (test) => {
  const bench = await udpBench();
  test.teardown(() => bench.transport.stop());
  const permits: unknown[] = [];
  const closed: number[] = [];
  const sizes: number[] = [];
  bench.transport.onOpen((_pipe, _address, facts) => permits.push(facts.permit));
  bench.transport.onDatagram((pipe, bytes) => {
    sizes.push(bytes.length);
    bench.transport.send(pipe, bytes);
  });
  bench.transport.onClose((_pipe, code) => closed.push(code));
  const peer = start('client');
  test.teardown(() => peer.child.kill());
  peer.child.stdin.end(`${Buffer.from(bench.token({ userId: 'rust' })).toString('hex')}\n`);
  await until(() => closed.length === 1, 25_000);
  await peer.ended;
  test.match(peer.lines(), ['client connected=true sent=50 back=50 wrong=0', 'client reason=None']);
  test.match(permits, [{ userId: 'rust' }]);
  test.same(
    sizes.sort((a, b) => a - b),
    Array.from({ length: PAYLOADS }, (_, k) => 22 * (k + 1)),
  );
  test.same(closed, [CLOSE.normal]);
  test.equal(bench.netcode.counters.closedByClient, 1);
  test.same(bench.netcode.facts, { clients: 0, pending: 0, links: 0 });
});

t.test('our client plays with its server, and says goodbye', async (test) => {
  const bench = await udpBench();
  test.teardown(() => bench.transport.stop());
  const peer = start('server', Buffer.from(KEY).toString('hex'), String(PROTOCOL_ID));
  test.teardown(() => peer.child.kill());
  await until(() => peer.lines().length > 0, 10_000);
  const [address = ''] = peer.lines();
  const pipe = await openUdp(bench.token({ servers: [address] }), { timeoutMs: 10_000 });
  const back: number[] = [];
  let wrong = 0;
  pipe.onDatagram((bytes) => {
    back.push(bytes.length);
    if (!bytes.every((byte) => byte === bytes.length % 251)) wrong += 1;
  });
  for (let k = 1; k <= PAYLOADS; k += 1) {
    const length = k * 22;
    pipe.send(new Uint8Array(length).fill(length % 251));
    if (k % 5 === 0) await until(() => back.length === k, 10_000);
  }
  test.same(
    back.sort((a, b) => a - b),
    Array.from({ length: PAYLOADS }, (_, k) => 22 * (k + 1)),
  );
  test.equal(wrong, 0);
  pipe.close(0);
  await peer.ended;
  test.equal(peer.lines().at(-1), 'server gone=true');
});

interface Peer {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it has printed so far. */
  lines(): string[];
  readonly ended: Promise<void>;
}

function start(...words: string[]): Peer {
  const child = spawn(PEER, words);
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    output += text;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return { child, lines: () => output.split('\n').filter((line) => line !== ''), ended };
}
