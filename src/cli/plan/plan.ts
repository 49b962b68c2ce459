/**
 * What a fleet needs, from what `fray loadtest` measured: cores, memory, network, hosts, and with prices money. Pure arithmetic; every figure that
 * is not measured names what it was made from.
 *
 * CPU: the measured us per player and tick, at the rate asked for, over 80 % of each core (rule R), and room for the loss of hosts. One process has one
 * I/O thread, so it holds what that thread can carry at 80 %; a host runs as many processes as its cores take. Rates other than the measured
 * one cost as much per tick: ticks at a higher rate are no dearer, and batches are smaller, so this is an estimate.
 */
import type { LoadRow } from '../loadtest/report.ts';
import { RULE } from '../loadtest/rule.ts';

/** What a row of `fray loadtest` says that matters here. */
export type MeasuredRow = Pick<
  LoadRow,
  | 'server'
  | 'transport'
  | 'game'
  | 'tickRateHz'
  | 'cores'
  | 'processes'
  | 'held'
  | 'limit'
  | 'cpuUs'
  | 'threads'
  | 'bytesIn'
  | 'bytesOut'
  | 'memory'
  | 'shared'
>;

export interface PlanWish {
  readonly players: number;
  readonly roomSize: number;
  readonly tickRateHz: number;
  /** Of one host. */
  readonly hostCores: number;
  readonly hostGb: number;
  readonly hostGbps: number;
  /** Share of hosts more than are needed: for those that fail, drain or start. */
  readonly spareShare: number;
  readonly prices: Prices;
}

/** Of any currency; null: not known, and no sum is made. */
export interface Prices {
  readonly coreHour: number | null;
  readonly gbHour: number | null;
  /** A GB (10^9 bytes) that leaves the hosts. */
  readonly egressGb: number | null;
}

export interface Plan {
  readonly transport: string;
  readonly tickRateHz: number;
  readonly players: number;
  readonly rooms: number;
  /** us per player and tick: as measured, and the share of it that the I/O thread takes. */
  readonly cpuUs: number;
  readonly ioUs: number;
  /** Players that one process holds: its I/O thread at 80 %. */
  readonly playersPerProcess: number;
  /** Cores that the players keep busy at 80 %, spare left out. */
  readonly cores: number;
  readonly processes: number;
  readonly memoryGb: number;
  /** Gbit/s, headers of IP and below the transport included. */
  readonly inGbps: number;
  readonly outGbps: number;
  readonly packetsPerSecond: number;
  /** By what hosts are counted. */
  readonly hostsBy: 'cores' | 'memory' | 'network';
  readonly hosts: number;
  readonly hostsWithSpare: number;
  readonly playersPerHost: number;
  readonly perMonth: { readonly hosts: number | null; readonly egress: number | null };
  /** What of it was measured, and what is made from that. */
  readonly measured: readonly string[];
  readonly extrapolated: readonly string[];
}

export function planFor(row: MeasuredRow, wish: PlanWish): Plan {
  const { players, roomSize, tickRateHz, hostCores, hostGb, hostGbps, spareShare } = wish;
  const { cpuUs } = row;
  const ioUs = cpuUs * ioShare(row);
  const perSecond = players * tickRateHz;
  const cores = (perSecond * cpuUs) / 1e6 / RULE.cpuShareMax;
  const playersPerProcess = Math.floor((RULE.cpuShareMax * 1e6) / (tickRateHz * ioUs));
  const processes = Math.ceil(players / playersPerProcess);
  const memoryBytes =
    processes * (row.memory?.baseBytes ?? 0) + players * (row.memory?.perPlayerBytes ?? 0);
  const overhead = OVERHEAD_BYTES[row.transport] ?? OVERHEAD_BYTES['websocket'] ?? 0;
  const gbps = (bytes: number): number => (perSecond * (bytes + overhead) * 8) / 1e9;
  const [inGbps, outGbps] = [gbps(row.bytesIn), gbps(row.bytesOut)];
  const needs = {
    cores: cores / hostCores,
    memory: memoryBytes / 1e9 / (hostGb * MEMORY_SHARE_MAX),
    network: outGbps / (hostGbps * NETWORK_SHARE_MAX),
  };
  const hostsBy = (Object.keys(needs) as (keyof typeof needs)[]).reduce((most, one) =>
    needs[one] > needs[most] ? one : most,
  );
  const hosts = Math.ceil(needs[hostsBy]);
  const hostsWithSpare = Math.ceil(hosts * (1 + spareShare));
  return {
    transport: row.transport,
    tickRateHz,
    players,
    rooms: Math.ceil(players / roomSize),
    cpuUs,
    ioUs,
    playersPerProcess,
    cores,
    processes,
    memoryGb: memoryBytes / 1e9,
    inGbps,
    outGbps,
    packetsPerSecond: 2 * perSecond,
    hostsBy,
    hosts,
    hostsWithSpare,
    playersPerHost: Math.floor(players / hosts),
    perMonth: costs(wish, { hosts: hostsWithSpare, outGbps }),
    ...sources(row, wish),
  };
}

/** Share of a server's CPU that its first thread takes; all of it where threads are not known, which plans for more processes. */
export function ioShare({ threads }: Pick<MeasuredRow, 'threads'>): number {
  const all = threads.reduce((sum, { cores }) => sum + cores, 0);
  // What is full first bounds a process: the I/O thread, or the process of WebRTC.
  const most = threads.reduce((sum, { cores }) => Math.max(sum, cores), 0);
  return all > 0 ? most / all : 1;
}

function costs(
  { hostCores, hostGb, prices }: PlanWish,
  need: { hosts: number; outGbps: number },
): Plan['perMonth'] {
  const { coreHour, gbHour, egressGb } = prices;
  const perHour =
    coreHour === null && gbHour === null
      ? null
      : need.hosts * (hostCores * (coreHour ?? 0) + hostGb * (gbHour ?? 0));
  const egress = (need.outGbps / 8) * 3600 * HOURS_PER_MONTH;
  return {
    hosts: perHour === null ? null : perHour * HOURS_PER_MONTH,
    egress: egressGb === null ? null : egress * egressGb,
  };
}

function sources(row: MeasuredRow, wish: PlanWish): Pick<Plan, 'measured' | 'extrapolated'> {
  const held = `${row.limit === 'server' ? '' : 'at least '}${row.held ?? 0} players`;
  const on = `${row.cores === 1 ? 'one core' : `${row.cores} cores`}, ${row.tickRateHz} Hz, ${row.game}`;
  const measured = [
    `${row.transport}: ${held} held on ${on} (rule R${row.limit === 'generator' ? ', generator-bound' : ''})`,
    `${row.cpuUs.toFixed(1)} us of CPU per player and tick, of which its busiest thread ${(100 * ioShare(row)).toFixed(0)} %`,
    `${row.bytesIn.toFixed(0)} bytes in and ${row.bytesOut.toFixed(0)} out per player and tick`,
    row.memory === null
      ? 'no memory'
      : `${(row.memory.baseBytes / 1e6).toFixed(0)} MB per process and ${(row.memory.perPlayerBytes / 1e3).toFixed(0)} kB per player`,
  ];
  const extrapolated = [
    `from one core to ${wish.hostCores} a host: cores add up, each process on its own`,
    `from ${row.held ?? 0} to ${wish.players} players: as many more processes, which share nothing`,
    ...(wish.tickRateHz === row.tickRateHz
      ? []
      : [
          `from ${row.tickRateHz} to ${wish.tickRateHz} Hz: as much CPU and as many bytes per tick`,
        ]),
    ...(row.shared === null ? [] : [`the generator shared the server's processors: ${row.shared}`]),
    `bytes of headers: ${OVERHEAD_BYTES[row.transport] ?? 0} per datagram, counted by their formats`,
  ];
  return { measured, extrapolated };
}

/** Rows of ours alone, the last of each transport and rate: what was measured last counts. */
export function usableRows(rows: readonly MeasuredRow[]): MeasuredRow[] {
  const last = new Map<string, MeasuredRow>();
  for (const row of rows)
    if (row.server === 'Fray' && row.held !== null && row.processes === 1)
      last.set(`${row.transport} ${row.tickRateHz}`, row);
  return [...last.values()];
}

/** The row to plan from: of the rate that is asked for where there is one, else of the nearest. */
export function rowFor(
  rows: readonly MeasuredRow[],
  transport: string,
  tickRateHz: number,
): MeasuredRow | null {
  const far = (row: MeasuredRow): number => Math.abs(Math.log(row.tickRateHz / tickRateHz));
  return rows
    .filter((row) => row.transport === transport)
    .reduce<MeasuredRow | null>(
      (best, row) => (best === null || far(row) < far(best) ? row : best),
      null,
    );
}

/**
 * Bytes on the wire beside what a transport hands over: IPv4 20, UDP 8, Ethernet with its gap 38; TCP 32 with time stamps, a frame of WebSocket 2 to 6
 * (4 taken), and an acknowledgement for every second segment; DTLS 29 + SCTP 28 with its data chunk.
 */
export const OVERHEAD_BYTES: { readonly [transport: string]: number } = {
  udp: 20 + 8 + 38,
  websocket: 20 + 32 + 38 + 4 + (20 + 32 + 38) / 2,
  webrtc: 20 + 8 + 38 + 29 + 28,
};
/** Beyond it the kernel and its caches have too little. */
const MEMORY_SHARE_MAX = 0.8;
/** Bursts: a slot's rooms send at once. */
const NETWORK_SHARE_MAX = 0.5;
const HOURS_PER_MONTH = 730;
