/**
 * The load of `fray bench io`, a process of its own: CLIENTS clients of one server, each of which sends a datagram per tick at a moment of
 * its own and takes what comes. Against Fray they play (lean-client.ts), and some of them are real bots with the whole client; against a peer they
 * move bytes. The parent says when to measure and is told what was seen; see `Load` in servers.ts.
 */

import { arena } from '../../games/arena/schema.ts';
import { DATAGRAM } from '../../protocol/gen/tables.ts';
import { playBots } from '../../src/client/headless.ts';
import { nodeTools } from '../../src/client/node.ts';
import { Handshake } from '../../src/session/client/handshake.ts';
import { shuffled } from '../loadtest/pace.ts';
import { LANE_HEAD, type Lane, openWebSocketLane } from './lanes.ts';
import { LeanClient } from './lean-client.ts';
import type { LoadAsk, LoadFigures, LoadOptions, LoadSays } from './load-messages.ts';
import { FrayRtcLane, GeckosLane } from './rtc-lanes.ts';
import { SocketIoLane } from './socketio-lane.ts';
import { NetcodeLane, RawLane, tokenFor } from './udp-lanes.ts';

const JOINS_AT_ONCE = 16;
/** Bytes. */
const DATAGRAM_MAX = 1400;
/** `inputButtons` of the arena (SPEC.md section 2). */
const ARENA_BUTTONS = 4;
/** A bucket of the histogram of lateness: 0.1 ms. */
const LATE_BUCKETS = 1000;

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const TICK_MS = 1000 / (options.speaks?.rateHz ?? 30);
const bytes = Buffer.alloc(LANE_HEAD + DATAGRAM_MAX, 0xa5);
const datagram = bytes.subarray(LANE_HEAD);

interface Client {
  lane: Lane;
  lean: LeanClient | null;
}

/** What one client of each kind counts; the rest is sums. */
let received = 0;
let receivedBytes = 0;
let sent = 0;
let sentBytes = 0;
let closed = 0;
/** Of clients that have left: packets that were not right. */
let brokenBefore = 0;
/** What a peer sent and was not asked for. */
let peerBroken = 0;
let replaced = 0;
/** Closed by this side. */
const leaving = new WeakSet<Lane>();
const lateness = new Uint32Array(LATE_BUCKETS);

await main();

async function main(): Promise<void> {
  const bots = options.fray ? Math.round(options.clients * options.botShare) : 0;
  const over = new AbortController();
  const played = bots > 0 ? play(bots, over.signal) : undefined;
  const clients = await openAll(options.clients - bots);
  const silence = pace(clients);
  const stay = churn(clients);
  let begun: { cpu: NodeJS.CpuUsage; ms: number } | undefined;
  process.on('message', (ask: LoadAsk) => {
    if (ask === 'begin') {
      received = receivedBytes = sent = sentBytes = NetcodeLane.wireIn = NetcodeLane.wireOut = 0;
      lateness.fill(0);
      for (const { lean } of clients) if (lean !== null) lean.gapTicksMax = 0;
      begun = { cpu: process.cpuUsage(), ms: performance.now() };
      say('begun');
    } else if (ask === 'end' && begun !== undefined) {
      const cpu = process.cpuUsage(begun.cpu);
      say(figures(clients, { cpuUs: cpu.user + cpu.system, ms: performance.now() - begun.ms }));
    } else if (ask === 'stop') {
      silence();
      stay();
      for (const { lane } of clients) lane.close();
      over.abort();
      Promise.resolve(played).then(
        (outcome) => {
          say({ kind: 'bots', mismatches: outcome?.mismatches ?? 0, checks: outcome?.checks ?? 0 });
          process.disconnect();
        },
        (error) => {
          throw error;
        },
      );
    }
  });
  say('ready');
}

/** The real clients: they decode every snapshot and compare the server's hash of it. */
async function play(count: number, signal: AbortSignal) {
  const { bots, refused } = await playBots({
    url: options.page,
    schema: arena,
    count,
    seconds: 1e6,
    seed: options.seed,
    verify: true,
    talkMs: 0,
    signal,
    tools: nodeTools(),
    transport: () => options.transport,
    ...(options.transport === 'udp' && {
      token: (index: number) => tokenFor(new URL(options.url), `bot ${index}`),
    }),
  });
  if (refused[0] !== undefined) throw refused[0];
  return {
    mismatches: bots.reduce((sum, { hashMismatches }) => sum + hashMismatches, 0),
    checks: bots.reduce((sum, { hashChecks }) => sum + hashChecks, 0),
  };
}

async function openAll(count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let first = 0; first < count; first += JOINS_AT_ONCE) {
    const some = Array.from(
      { length: Math.min(JOINS_AT_ONCE, count - first) },
      (_, i) => first + i,
    );
    clients.push(...(await Promise.all(some.map(openOne))));
  }
  return clients;
}

async function openOne(index: number): Promise<Client> {
  const lane = await openLane(new URL(options.url));
  lane.onClose(() => {
    if (!leaving.has(lane)) closed += 1;
  });
  const lean = options.fray ? await join(lane, index) : null;
  lane.onDatagram((payload) => {
    // An answer of the handshake that came twice.
    if (lean !== null && ((payload[0] ?? 0) & 15) !== DATAGRAM.packet) return;
    received += 1;
    receivedBytes += payload.length;
    if (lean !== null) lean.receive(payload);
    else if (!isOfPeer(payload)) peerBroken += 1;
  });
  return { lane, lean };
}

/** Peers send `bytesBack` bytes, all the same; looked at are the first and the last. */
function isOfPeer(payload: Uint8Array): boolean {
  const { length } = payload;
  return length === options.bytesBack && payload[0] === 0x5a && payload[length - 1] === 0x5a;
}

function openLane(url: URL): Promise<Lane> {
  if (options.transport === 'webrtc')
    return options.fray ? FrayRtcLane.open(url) : GeckosLane.open(url);
  if (options.transport === 'udp') return options.fray ? NetcodeLane.open(url) : RawLane.open(url);
  if (url.protocol === 'socketio:') return SocketIoLane.open(url);
  if (options.fray) url.pathname = '/ws';
  return openWebSocketLane(url);
}

/** The handshake is the real client's. Packets that come before its end are lost, as on any lossy pipe. */
function join(lane: Lane, index: number): Promise<LeanClient> {
  const handshake = new Handshake(
    {
      schemaHash: BigInt(options.speaks?.schemaHash ?? arena.hash),
      name: `load ${index}`,
      room: { any: true },
    },
    performance.now() * 1000,
  );
  return new Promise((resolve, reject) => {
    const poll = (): void => {
      for (let out = handshake.poll(performance.now() * 1000); out; ) {
        datagram.set(out);
        lane.send(bytes, out.length);
        out = handshake.poll(performance.now() * 1000);
      }
      if (handshake.state === 'over') {
        clearInterval(timer);
        reject(new Error(`Cannot join: ${handshake.text}`));
      }
    };
    const timer = setInterval(poll, 50);
    lane.onDatagram((payload) => {
      handshake.handle(payload);
      const { reply } = handshake;
      if (reply === null) return;
      clearInterval(timer);
      const { epoch, tick } = reply;
      const place = { epoch, tick, inputButtons: options.speaks?.inputButtons ?? ARENA_BUTTONS };
      resolve(new LeanClient(place, options.seed * 7919 + index));
    });
    poll();
  });
}

/** Now and then a client leaves and another one comes in its place; until the function that is returned was called. */
function churn(clients: readonly Client[]): () => void {
  const perMinute = clients.length * (options.churnPerMinute ?? 0);
  if (perMinute === 0) return () => {};
  let next = clients.length;
  let at = 0;
  const one = async (): Promise<void> => {
    const client = clients[at % clients.length] as Client;
    at += 1;
    next += 1;
    const fresh = await openOne(next);
    const { lane, lean } = client;
    brokenBefore += (lean?.broken ?? 0) + (lean?.late ?? 0);
    leaving.add(lane);
    client.lane = fresh.lane;
    client.lean = fresh.lean;
    lane.close();
    replaced += 1;
  };
  const timer = setInterval(() => void one(), 60_000 / perMinute);
  return () => clearInterval(timer);
}

/**
 * Each client sends once per tick interval, until the function that is returned was called; their moments are spread evenly over it,
 * in an order that the seed shuffles.
 */
function pace(clients: readonly Client[]): () => void {
  const order = shuffled(clients, options.seed);
  const stepMs = TICK_MS / order.length;
  let next = 0;
  let dueMs = performance.now();
  const turn = (): void => {
    const nowMs = performance.now();
    for (; dueMs <= nowMs; dueMs += stepMs) {
      const bucket = Math.floor((nowMs - dueMs) * 10);
      lateness[Math.min(LATE_BUCKETS - 1, bucket)] =
        (lateness[Math.min(LATE_BUCKETS - 1, bucket)] ?? 0) + 1;
      sendOne(order[next] as Client);
      next = (next + 1) % order.length;
    }
    timer = setTimeout(turn, 1);
  };
  let timer = setTimeout(turn, 0);
  return () => clearTimeout(timer);
}

function sendOne({ lane, lean }: Client): void {
  const length = lean === null ? options.bytesOut : lean.packet(datagram, 0);
  lane.send(bytes, length);
  sent += 1;
  sentBytes += length;
}

function figures(clients: readonly Client[], took: { cpuUs: number; ms: number }): LoadFigures {
  const leans = clients.flatMap(({ lean }) => (lean === null ? [] : [lean]));
  return {
    kind: 'figures',
    ms: took.ms,
    cpuUs: took.cpuUs,
    clients: clients.length,
    received,
    receivedBytes,
    sent,
    sentBytes,
    receivedWire: NetcodeLane.wireIn || receivedBytes,
    sentWire: NetcodeLane.wireOut || sentBytes,
    closed,
    broken: leans.reduce((sum, lean) => sum + lean.broken + lean.late, brokenBefore + peerBroken),
    replaced,
    gapTicksMax: Math.max(0, ...leans.map((lean) => lean.gapTicksMax)),
    lateMsP99: quantile(lateness, 0.99) / 10,
  };
}

function quantile(counts: Uint32Array, share: number): number {
  let left = counts.reduce((sum, count) => sum + count, 0) * share;
  for (const [bucket, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return bucket;
  }
  return counts.length;
}

function say(what: LoadSays): void {
  process.send?.(what);
}
