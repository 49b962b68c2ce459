/**
 * A generator of `fray loadtest`, a process of its own: clients of one or several servers, each of which sends a datagram per tick and takes what
 * comes. The parent says how many there are and when to measure; see src/cli/loadtest/messages.ts.
 */
import { DATAGRAM } from '../../protocol/gen/tables.ts';
import { loadSchema } from '../../src/cli/games.ts';
import type {
  GeneratorAsk,
  GeneratorFigures,
  GeneratorOptions,
  GeneratorSays,
} from '../../src/cli/loadtest/messages.ts';
import type { ConnectSchema } from '../../src/client/connect.ts';
import { loadNodeCore } from '../../src/client/node.ts';
import { Handshake } from '../../src/session/client/handshake.ts';
import type { JoinReplyFacts } from '../../src/session/datagrams.ts';
import { releaseWebRtc } from '../../src/transport/client/webrtc-node.ts';
import { LANE_HEAD, type Lane, openWebSocketLane } from '../io/lanes.ts';
import { FrayRtcLane, GeckosLane } from '../io/rtc-lanes.ts';
import { NetcodeLane, RawLane, tokenFor } from '../io/udp-lanes.ts';
import { CountingClient, DecodingClient, HeaderClient, type LoadClient } from './clients.ts';
import { openColyseusLane } from './colyseus-lane.ts';
import { NativeCrowd } from './crowd.ts';
import { Pace } from './pace.ts';

/** Who plays here, in JavaScript. */
interface Member {
  readonly lane: Lane;
  readonly client: LoadClient;
  /** We close it: no news when it is closed. */
  leaves: boolean;
}

const options = JSON.parse(process.argv[2] ?? '{}') as GeneratorOptions;
const bytes = Buffer.alloc(LANE_HEAD + 1500, 0xa5);
const datagram = bytes.subarray(LANE_HEAD);
const key = new Uint8Array(Buffer.from(options.tokenKey, 'hex'));
/** In the order in which they came: one of JavaScript's, or how one of the crowd leaves. */
const clients: (Member | (() => void))[] = [];
let members: Member[] = [];
let opened = 0;
let receivedBytes = 0;
let sent = 0;
let sentBytes = 0;
let closed = 0;

const game = options.peer === null ? await gameOf(options) : null;
const rateHz = options.rateHz || (game?.schema.layout.tickRateHz ?? 30);
const crowd =
  options.native !== null && game !== null && options.transport === 'udp'
    ? NativeCrowd.open(options.native, rateHz, options.seed)
    : null;
const pace = new Pace<Member>(1000 / rateHz, options.seed, ({ lane, client }) => {
  const length = client.packet(datagram);
  lane.send(bytes, length);
  sent += 1;
  sentBytes += length;
});
let begun: { cpu: NodeJS.CpuUsage; ms: number } | undefined;

process.on('message', (ask: GeneratorAsk) => {
  if (ask.ask === 'clients') {
    become(ask.count).then(
      (refused) => say({ says: 'clients', count: clients.length, refused }),
      (error: unknown) => say({ says: 'failed', text: textOf(error) }),
    );
  } else if (ask.ask === 'begin') begin();
  else if (ask.ask === 'end') say({ says: 'figures', figures: figures() });
  else {
    pace.set([]);
    for (const client of clients) leave(client);
    crowd?.stop();
    releaseWebRtc();
    process.disconnect();
    // Sockets that are closing send their last datagrams in this turn.
    setTimeout(() => process.exit(0), 50);
  }
});
say({ says: 'ready', rateHz, pid: process.pid, native: crowd !== null });

function begin(): void {
  receivedBytes = sent = sentBytes = NetcodeLane.wireIn = NetcodeLane.wireOut = 0;
  pace.begin();
  const nowMs = performance.now();
  for (const { client } of members) client.seen.begin(nowMs);
  crowd?.begin();
  begun = { cpu: process.cpuUsage(), ms: nowMs };
  say({ says: 'begun' });
}

/** Opens clients, or closes the newest ones. Answers why one did not get in; those who did stay. */
async function become(count: number): Promise<string | null> {
  for (const client of clients.splice(count)) leave(client);
  let refused: string | null = null;
  while (clients.length < count && refused === null) {
    const some = Math.min(JOINS_AT_ONCE, count - clients.length);
    const joins = Array.from({ length: some }, () => openOne(opened++));
    for (const result of await Promise.allSettled(joins)) {
      if (result.status === 'fulfilled') clients.push(result.value);
      else refused = textOf(result.reason);
    }
    // Those who are in play at once: a server waits for nobody.
    setOut();
  }
  setOut();
  return refused;
}

/** Those who are in JavaScript send from now on. */
function setOut(): void {
  members = clients.filter((client) => typeof client !== 'function');
  pace.set(members);
}

function leave(client: Member | (() => void)): void {
  if (typeof client === 'function') client();
  else {
    client.leaves = true;
    client.lane.close();
  }
}

async function openOne(index: number): Promise<Member | (() => void)> {
  const number = options.first + index * options.step;
  const url = new URL(options.urls[number % options.urls.length] ?? '');
  const seed = (options.seed * 7919 + number) >>> 0;
  if (crowd !== null && game !== null) {
    const { lane, play } = await crowd.join(url, key);
    const reply = await shake(lane, handshakeOf(url, number));
    return play({
      schema: game.schema,
      reply,
      seed,
      decodes: decodesAll(number),
      verify: options.verify,
    });
  }
  const lane = await openLane(url);
  const client =
    game === null
      ? new CountingClient(options.bytesOut, seed)
      : await join(lane, { url, number, seed });
  lane.onDatagram((payload) => {
    // An answer of the handshake that came twice.
    if (game !== null && ((payload[0] ?? 0) & 15) !== DATAGRAM.packet) return;
    receivedBytes += payload.length;
    const nowMs = performance.now();
    client.receive(payload, nowMs);
    pace.poll(nowMs);
  });
  const member: Member = { lane, client, leaves: false };
  lane.onClose(() => {
    if (!member.leaves) closed += 1;
  });
  return member;
}

function openLane(url: URL): Promise<Lane> {
  const { transport, peer } = options;
  if (peer === 'geckos') return GeckosLane.open(url);
  if (peer === 'colyseus') return openColyseusLane(url);
  if (transport === 'webrtc') return FrayRtcLane.open(url);
  if (transport === 'udp') return peer === null ? NetcodeLane.open(url, key) : RawLane.open(url);
  if (peer === null) url.pathname = '/ws';
  return openWebSocketLane(url);
}

/** The handshake is the real client's. Packets that come before its end are lost, as on any lossy pipe. */
async function join(
  lane: Lane,
  { url, number, seed }: { url: URL; number: number; seed: number },
): Promise<LoadClient> {
  const { schema, module } = game as NonNullable<typeof game>;
  const reply = await shake(lane, handshakeOf(url, number));
  return decodesAll(number)
    ? new DecodingClient(schema, module, { reply, seed, verify: options.verify })
    : new HeaderClient(schema, reply, seed);
}

function handshakeOf(url: URL, number: number): Handshake {
  return new Handshake(
    {
      schemaHash: (game as NonNullable<typeof game>).schema.hash,
      name: `load ${number}`,
      room: { any: true },
      verify: decodesAll(number) && options.verify,
      ...(options.transport === 'udp' ? { pipe: true } : tokenOf(url, number)),
    },
    performance.now() * 1000,
  );
}

function shake(lane: Lane, handshake: Handshake): Promise<JoinReplyFacts> {
  return new Promise((resolve, reject) => {
    const poll = (): void => {
      for (;;) {
        const out = handshake.poll(performance.now() * 1000);
        if (out === null) break;
        datagram.set(out);
        lane.send(bytes, out.length);
      }
      if (handshake.state !== 'over') return;
      clearInterval(timer);
      lane.close();
      reject(new Error(`Cannot join: ${handshake.text}`));
    };
    const timer = setInterval(poll, 50);
    lane.onDatagram((payload) => {
      handshake.handle(payload);
      if (handshake.reply === null) return;
      clearInterval(timer);
      resolve(handshake.reply);
    });
    poll();
  });
}

/** Without a key of the server, clients come as guests. */
function tokenOf(url: URL, number: number): { token: Uint8Array } | Record<string, never> {
  return options.guests ? {} : { token: tokenFor(url, `load ${options.seed} ${number}`, key) };
}

/** Spread evenly over all numbers. */
function decodesAll(number: number): boolean {
  const share = options.decodeShare;
  return Math.floor((number + 1) * share) > Math.floor(number * share);
}

async function gameOf({
  game: name,
  folder,
}: GeneratorOptions): Promise<{ schema: ConnectSchema; module: WebAssembly.Module }> {
  return { schema: await loadSchema(name, folder), module: await loadNodeCore() };
}

function figures(): GeneratorFigures {
  const endMs = performance.now();
  const cpu = process.cpuUsage(begun?.cpu);
  const sum = (read: (client: LoadClient) => number): number =>
    members.reduce((total, { client }) => total + read(client), 0);
  const ms = endMs - (begun?.ms ?? endMs);
  const cpuUs = cpu.user + cpu.system;
  if (crowd !== null) return { ms, cpuUs, ...crowd.figures() };
  return {
    ms,
    cpuUs,
    clients: members.length,
    decoders: members.filter(({ client }) => client.decodes).length,
    received: sum(({ seen }) => seen.received),
    receivedBytes: NetcodeLane.wireIn || receivedBytes,
    ticksSeen: sum(({ seen }) => seen.ticks),
    ticksDue: sum(({ seen }) => seen.due(endMs, rateHz)),
    sent,
    sentBytes: NetcodeLane.wireOut || sentBytes,
    gapTicksMax: members.reduce(
      (most, { client }) => Math.max(most, client.seen.gap(endMs, rateHz)),
      0,
    ),
    lateMsP99: pace.lateMsP99,
    closed,
    broken: sum(({ broken }) => broken),
    checks: sum(({ checks }) => checks),
    mismatches: sum(({ mismatches }) => mismatches),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function say(what: GeneratorSays): void {
  process.send?.(what);
}

const JOINS_AT_ONCE = 16;
