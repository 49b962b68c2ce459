/** What the admin API answers, put together out of what the server's parts know. */
import type { LogLevel } from '../../ops/log.ts';
import type { MetricSources } from '../../ops/metrics.ts';
import type { RoomDirectory } from '../../room/directory.ts';
import { HISTOGRAM_BOUNDS_US, quantileUs, rebucket } from '../../room/histogram.ts';
import { longestStage, longestTicks } from '../../room/looking.ts';
import type { SessionTable } from '../../session/server/table.ts';

/** Whose server it is. */
export interface Administered {
  readonly directory: RoomDirectory;
  readonly sessions: SessionTable;
  /** What the metrics page reads too. */
  readonly figures: MetricSources;
  /** The kind of transport that carries a pipe. */
  readonly transportOf: (pipe: number) => string;
  readonly nowUs: () => number;
  readonly game: string;
  readonly startedUs: number;
  readonly draining: () => boolean;
  /** Begins to end the server, as SIGTERM does; null: after its own grace time. Answers that, ms. */
  readonly drain: (graceMs: number | null) => number;
  readonly log: { readonly level: LogLevel; setLevel(level: LogLevel): void };
}

export function serverFacts(of: Administered) {
  const { figures, directory } = of;
  return {
    version: figures.version,
    node: process.versions.node,
    game: of.game,
    uptimeMs: Math.round((of.nowUs() - of.startedUs) / 1000),
    ready: figures.ready(),
    draining: of.draining(),
    logLevel: of.log.level,
    rooms: figures.rooms(),
    players: figures.players(),
    bots: figures.bots(),
    workers: directory.workers().map(({ index, state, restarts, timing }) => ({
      worker: index,
      state,
      restarts,
      rooms: timing.counter('rooms'),
      ticksSkipped: timing.counter('ticksSkipped'),
      overloadLevel: timing.counter('overloadLevel'),
    })),
  };
}

export function roomsFacts({ directory }: Administered) {
  return { rooms: directory.rooms().map(({ row: _, ...room }) => room) };
}

/** All sessions, or those of a room. */
export function playersFacts(of: Administered, room?: string) {
  const { directory, sessions, transportOf } = of;
  const seats = new Map([...directory.seated()].map((seat) => [seat.sessionId as number, seat]));
  const players = sessions.list().map(({ id, pipe, state, ...session }) => {
    const seat = seats.get(id);
    return {
      session: id as number,
      ...session,
      name: seat?.request.name ?? '',
      room: seat?.room.id ?? '',
      state: seat?.state === 'leaving' ? 'leaving' : state,
      transport: pipe < 0 ? '' : transportOf(pipe),
    };
  });
  return { players: players.filter((one) => room === undefined || one.room === room) };
}

export function ticksFacts({ directory, nowUs }: Administered) {
  const now = nowUs();
  return {
    workers: directory.workers().map(({ index, timing }) => ({
      worker: index,
      duration: histogramFacts(timing.histogram('tick')),
      lateness: histogramFacts(timing.histogram('lateness')),
    })),
    worst: longestTicks(directory, now).map((tick) => ({
      room: tick.room,
      worker: tick.worker,
      tick: tick.tick,
      agoMs: Math.max(0, (now - tick.startUs) / 1000),
      us: tick.us,
      stage: longestStage(tick),
      stagesUs: tick.stagesUs,
    })),
  };
}

export function sessionsFacts({ sessions, figures, transportOf }: Administered) {
  const carried = new Map<string, number>();
  for (const { pipe } of sessions.list()) {
    if (pipe < 0) continue;
    const kind = transportOf(pipe);
    carried.set(kind, (carried.get(kind) ?? 0) + 1);
  }
  const { pipes, joined } = sessions.facts;
  return {
    open: pipes,
    joined,
    away: sessions.away,
    transports: figures.traffic().map((row) => ({
      transport: row.transport,
      sessions: carried.get(row.transport) ?? 0,
      datagramsIn: row.packetsIn,
      datagramsOut: row.packetsOut,
      bytesIn: row.bytesIn,
      bytesOut: row.bytesOut,
    })),
  };
}

/** What has been dropped at all. */
export function dropsFacts({ figures }: Administered) {
  return { drops: figures.drops().filter(({ count }) => count > 0) };
}

function histogramFacts(histogram: Parameters<typeof quantileUs>[0]) {
  return {
    boundsUs: HISTOGRAM_BOUNDS_US,
    counts: rebucket(histogram.buckets),
    count: histogram.count,
    p50Us: quantileUs(histogram, 0.5),
    p99Us: quantileUs(histogram, 0.99),
  };
}
