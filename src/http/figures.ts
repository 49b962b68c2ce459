/** What the server's parts count, in the shape of the metrics page. Read when the page is asked for. */

import type {
  CountedHistogram,
  MetricSources,
  TrafficFigures,
  WorkerFigures,
} from '../ops/metrics.ts';
import type { RoomDirectory } from '../room/directory.ts';
import { HISTOGRAM_BOUNDS_US, rebucket } from '../room/histogram.ts';
import { STAGES } from '../room/looking.ts';
import type { SessionTable } from '../session/server/table.ts';
import type { HttpCounters } from './public.ts';

/** The counters of a transport, as far as they are shown. */
export interface TrafficSource {
  readonly kind: string;
  readonly counters: { readonly [name in TrafficCounter]: number };
  /** What only this kind turns away, under names of its own. */
  readonly drops?: Readonly<Record<string, number>>;
}
type TrafficCounter =
  | 'datagramsIn'
  | 'bytesIn'
  | 'datagramsOut'
  | 'bytesOut'
  | 'droppedSlow'
  | 'droppedOut'
  | 'violations'
  | 'silent'
  | 'refusedOrigin'
  | 'refusedAddress'
  | 'refusedFull';

export interface FigureSources {
  readonly directory: RoomDirectory;
  readonly sessions: SessionTable;
  readonly transports: readonly TrafficSource[];
  /** The public port. */
  readonly http: { readonly counters: HttpCounters };
  readonly ready: () => boolean;
  readonly version: string;
}

export function metricSources(parts: FigureSources): MetricSources {
  const { directory, sessions, transports } = parts;
  const sum = (name: CounterName): number =>
    directory.workers().reduce((total, worker) => total + worker.timing.counter(name), 0);
  const summed = (name: SummedName): number =>
    directory.workers().reduce((total, worker) => total + worker.timing.sum(name), 0);
  return {
    workers: () => directory.workers().map(workerFigures),
    traffic: () => transports.map(trafficFigures),
    drops: () => drops(parts),
    rooms: () => sum('rooms'),
    players: () => sum('people'),
    bots: () => sum('bots'),
    sessions: () => sessions.facts.pipes,
    playersAway: () => sessions.away,
    absences: () => sessions.counters.drops,
    resumes: () => ({ same: sessions.counters.resumes, fresh: sessions.counters.freshResumes }),
    logins: () => {
      const { authorising, abandoned } = sessions.facts;
      return { awaited: authorising, cancelled: abandoned };
    },
    silentClients: () => sum('silentClients'),
    joins: () => sum('joins'),
    leaves: () => sum('leaves'),
    inputsMissing: () => summed('inputsMissing'),
    snapshotsHeldBack: () => summed('snapshotsHeldBack'),
    roomsMoved: () => directory.moves.count,
    journal: () => directory.journal,
    roomsContinued: () => directory.counters.roomsContinued,
    roomTicksLost: () => directory.counters.ticksLost,
    ready: parts.ready,
    version: parts.version,
  };
}

type Worker = ReturnType<RoomDirectory['workers']>[number];
type CounterName = Parameters<Worker['timing']['counter']>[0];
type HistogramName = Parameters<Worker['timing']['histogram']>[0];
type SummedName = Parameters<Worker['timing']['sum']>[0];

const OVERLOADS: readonly CounterName[] = [
  'overloadTiers',
  'overloadSends',
  'overloadSlow',
  'overloadFull',
];

function workerFigures(worker: Worker): WorkerFigures {
  const { timing } = worker;
  return {
    worker: worker.index,
    tickDuration: counted(worker, 'tick'),
    tickLateness: counted(worker, 'lateness'),
    stages: STAGES.map((stage) => ({ stage, histogram: counted(worker, stage) })),
    ticksSkipped: timing.counter('ticksSkipped'),
    recovery: {
      shadows: timing.counter('shadows'),
      shadowSeconds: timing.counter('shadowUs') / 1e6,
      traps: timing.counter('traps'),
      rooms: timing.counter('roomsRecovered'),
      seconds: timing.counter('recoveryUs') / 1e6,
    },
    overload: {
      level: timing.counter('overloadLevel'),
      speed: 1 - timing.counter('slowedPermille') / 1000,
      entered: OVERLOADS.map((name) => timing.counter(name)),
    },
  };
}

function counted(worker: Worker, name: HistogramName): CountedHistogram {
  const histogram = worker.timing.histogram(name);
  return {
    boundsSeconds: HISTOGRAM_BOUNDS_US.map((us) => us / 1e6),
    counts: rebucket(histogram.buckets),
    sumSeconds: histogram.sumUs / 1e6,
  };
}

function trafficFigures(transport: TrafficSource): TrafficFigures {
  const { counters } = transport;
  return {
    transport: transport.kind,
    packetsIn: counters.datagramsIn,
    packetsOut: counters.datagramsOut,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
  };
}

/** Every place where something is thrown away or turned away, under one stable name each. */
function drops({
  directory,
  sessions,
  transports,
  http,
}: FigureSources): { reason: string; count: number }[] {
  const rows: { reason: string; count: number }[] = [];
  const add = (reason: string, count: number): void => void rows.push({ reason, count });
  for (const [code, count] of Object.entries(sessions.refused))
    if (code !== 'E_OK') add(`session_${code}`, count);
  for (const name of SESSION_DROPS) add(`session_${snake(name)}`, sessions.counters[name]);
  for (const { kind, counters, drops } of transports) {
    for (const name of TRANSPORT_DROPS) add(`${kind}_${snake(name)}`, counters[name]);
    for (const [name, count] of Object.entries(drops ?? {})) add(`${kind}_${name}`, count);
  }
  for (const name of HTTP_DROPS) add(`http_${snake(name)}`, http.counters[name]);
  for (const name of DIRECTORY_DROPS) add(`room_${snake(name)}`, directory.counters[name]);
  for (const name of WORKER_DROPS)
    add(
      `worker_${snake(name)}`,
      directory.workers().reduce((total, worker) => total + worker.timing.counter(name), 0),
    );
  for (const name of CORE_DROPS)
    add(
      `core_${snake(name)}`,
      directory.workers().reduce((total, worker) => total + worker.timing.sum(name), 0),
    );
  return rows;
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const SESSION_DROPS = [
  'dropUnknown',
  'dropMalformed',
  'dropOversize',
  'dropRate',
  'dropState',
  'dropHelloAddress',
  'dropHelloPrefix',
  'dropHelloServer',
  'busyPrefix',
  'idleTimeouts',
  'handshakeTimeouts',
  'authTimeouts',
  'resumeTimeouts',
  'replaced',
] as const;
const TRANSPORT_DROPS = [
  'droppedSlow',
  'droppedOut',
  'violations',
  'silent',
  'refusedOrigin',
  'refusedAddress',
  'refusedFull',
] as const;
const HTTP_DROPS = [
  'malformed',
  'slow',
  'slowReaders',
  'refusedSockets',
  'refusedRequests',
  'refusedAddress',
  'tlsFailed',
] as const;
const DIRECTORY_DROPS = [
  'inboxFull',
  'packetsUnseated',
  'replaced',
  'packetsGone',
  'noticesRefused',
  'tellsRefused',
] as const;
const WORKER_DROPS = [
  'packetsUnseated',
  'inputRefused',
  'messagesMalformed',
  'outboxDropped',
  'tellsDropped',
  'roomsFaulted',
] as const;
const CORE_DROPS = [
  'packetsMalformed',
  'packetsBeyond',
  'packetsStale',
  'inputsLate',
  'inputsAhead',
  'eventsDropped',
  'poolFull',
  'commandsRefused',
  'spawnsRefused',
  'recordsRefused',
] as const;
