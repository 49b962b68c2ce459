/**
 * A server that speaks UDP alone, from the parts of `fray start`: sockets, netcode, sessions, workers and the pump that joins them, with the built
 * worker and the arena. For `fray bench flood`, which has to know what a server tells nobody: its memory after a collection. Prints its port as a
 * peer does, and its figures on SIGUSR2. Limits are those of a server by default.
 */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { PacketSeal } from '../../core-wasm/bindings/seal.ts';
import { findGame, packageRoot } from '../../src/cli/games.ts';
import { systemClock } from '../../src/clock.ts';
import { NetcodeTransport } from '../../src/netcode-transport.ts';
import { collectSeldom } from '../../src/ops/heap.ts';
import { Pump } from '../../src/pump.ts';
import { RoomDirectory } from '../../src/room/directory.ts';
import { ASSOCIATED } from '../../src/session/netcode.ts';
import { keysNeeded, NetcodeServer } from '../../src/session/server/netcode.ts';
import { SessionTable } from '../../src/session/server/table.ts';
import { DEVELOPMENT_KEY } from '../../src/session/token.ts';
import { openUdp } from '../../src/transport/server/udp.ts';
import type { UdpHostStats } from './load-messages.ts';

const CLIENTS_MAX = 4096;
const PENDING_MAX = 256;

collectSeldom();
const game = findGame('arena', { folder: packageRoot() });
const clock = systemClock();
const random = (into: Uint8Array): void => void randomFillSync(into);
const quiet = { info: () => {}, warn: console.error, error: console.error };
const directory = new RoomDirectory({
  workers: 1,
  game: game.server,
  core: join(packageRoot(), 'core-wasm', 'fray_core.wasm'),
  roomsMax: 256,
  roomsWarm: 1,
  playersMax: 0,
  bots: 0,
  emptyCloseMs: 1000,
  sessionsMax: CLIENTS_MAX,
  clock,
  log: quiet,
});
await directory.start();
const sessions = new SessionTable({
  schemaHash: directory.facts.schemaHash,
  unixMs: Date.now,
  random,
  tokenKeys: [DEVELOPMENT_KEY],
  guests: true,
  sessionsMax: CLIENTS_MAX,
  sessionsPerAddressMax: CLIENTS_MAX,
});
const raw = await openUdp({
  bind: ['127.0.0.1:0'],
  onBufferShort: (short) => console.error(short),
});
const seal = new WebAssembly.Module(
  readFileSync(join(packageRoot(), 'core-wasm', 'fray_seal.wasm')),
);
const cipher = new PacketSeal(seal, {
  keysMax: keysNeeded(CLIENTS_MAX, PENDING_MAX),
  associated: ASSOCIATED,
});
const used = new Set<string>();
const netcode = new NetcodeServer({
  tokenKeys: [DEVELOPMENT_KEY],
  servers: raw.addresses,
  unixMs: Date.now,
  random,
  cipher,
  used: { has: (mac) => used.has(mac), claim: (mac) => !used.has(mac) && used.add(mac).size > 0 },
  clientsMax: CLIENTS_MAX,
  pendingMax: PENDING_MAX,
});
const transport = new NetcodeTransport({ raw, netcode, clientsMax: CLIENTS_MAX, clock });
const nothing = (): void => {};
const log = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
new Pump({
  transports: [transport],
  sessions,
  directory,
  clock,
  log: log as never,
  spend: () => true,
  onAuth: null,
}).start();
let collections = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind, flags } = (entry as unknown as { detail: { kind: number; flags: number } })
      .detail;
    const isAsked = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR && !isAsked) collections += 1;
  }
});
observer.observe({ entryTypes: ['gc'] });
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const memory = process.memoryUsage();
  const stats: UdpHostStats = {
    ticks: [...(directory.workers()[0]?.timing.histogram('tick').buckets ?? [])],
    rss: memory.rss,
    held: memory.heapUsed + memory.external,
    collections,
    raw: { ...raw.counters },
    netcode: { ...netcode.counters },
  };
  console.log(`stats ${JSON.stringify(stats)}`);
});
console.log(`port ${raw.addresses[0]?.split(':')[1]}`);
