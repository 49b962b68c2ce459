/**
 * Metrics for Prometheus. Everything is read when it is asked for: the tick path only adds to integers it owns. Base units are in
 * the names (seconds, bytes); room ids are not labels, for their number has no bound.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** A histogram that somebody else counts, for example a worker in shared memory. */
export interface CountedHistogram {
  /** Seconds: upper bound of each bucket but the last, rising. */
  readonly boundsSeconds: readonly number[];
  /** Events per bucket, not summed up; one more than bounds. */
  readonly counts: ArrayLike<number>;
  readonly sumSeconds: number;
}

/** Counters of one worker thread. */
export interface WorkerFigures {
  readonly worker: number;
  readonly tickDuration: CountedHistogram;
  readonly tickLateness: CountedHistogram;
  /** By stage of the tick, in their order. */
  readonly stages: readonly { readonly stage: string; readonly histogram: CountedHistogram }[];
  readonly ticksSkipped: number;
  readonly overload: OverloadFigures;
  readonly recovery: RecoveryFigures;
}

/** What a worker did against the loss of its rooms, since start. */
export interface RecoveryFigures {
  /** Copies of rooms, and what they took. */
  readonly shadows: number;
  readonly shadowSeconds: number;
  /** Times that the core of a room trapped. */
  readonly traps: number;
  /** Rooms that went on from shadow and records, and what that took. */
  readonly rooms: number;
  readonly seconds: number;
}

export interface OverloadFigures {
  /** Now. */
  readonly level: number;
  /** Speed of the rooms now, 1 is real time. */
  readonly speed: number;
  /** Times that each level was entered from below: [0] level 1. */
  readonly entered: readonly number[];
}

/** Traffic of one transport since start. */
export interface TrafficFigures {
  readonly transport: string;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface JournalCounts {
  /** Of files, and of the records in them before they were compressed. */
  readonly fileBytes: number;
  readonly rawBytes: number;
  readonly checkpoints: number;
  readonly checkpointBytes: number;
  /** us of the thread that writes them. */
  readonly checkpointUs: number;
  /** Journals that closed with a signed summary. */
  readonly sealed: number;
  /** Threads that wrote them, died, and were replaced. */
  readonly restarts: number;
  /** Journals that ended before their rooms did. */
  readonly cut: number;
}

/** What the composition root can tell. Called only when metrics are read. */
export interface MetricSources {
  workers(): readonly WorkerFigures[];
  traffic(): readonly TrafficFigures[];
  /** Dropped or refused things by reason, since start. */
  drops(): readonly { readonly reason: string; readonly count: number }[];
  rooms(): number;
  players(): number;
  bots(): number;
  sessions(): number;
  /** Players now from whom nothing is heard, and who are waited for. */
  playersAway(): number;
  /** Since start: players who fell silent; of them who came back, and pages that had lost their state and took over. */
  absences(): number;
  resumes(): { readonly same: number; readonly fresh: number };
  /** Logins of the game that run now: with somebody who waits for the answer, and cancelled ones, which hold their place as well. */
  logins(): { readonly awaited: number; readonly cancelled: number };
  /** Players in rooms now who have acknowledged nothing for a second. */
  silentClients(): number;
  /** Since start. */
  joins(): number;
  leaves(): number;
  /** Ticks of one player each whose command was not there in time. */
  inputsMissing(): number;
  snapshotsHeldBack(): number;
  /** Rooms that went from one worker to another. */
  roomsMoved(): number;
  /** Of the writer of journals, since start; null where none are kept. */
  journal(): JournalCounts | null;
  /** Of a killed server: rooms that went on, and ticks that players had heard of and that are lost. */
  roomsContinued(): number;
  roomTicksLost(): number;
  ready(): boolean;
  readonly version: string;
}

export interface Metrics {
  readonly contentType: string;
  /** The page of /metrics. */
  text(): Promise<string>;
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addState(registry, sources);
  addPlayers(registry, sources);
  addTraffic(registry, sources);
  addTicks(registry, sources);
  addOverload(registry, sources);
  addRecovery(registry, sources);
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

function addState(registry: Registry, sources: MetricSources): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('fray_rooms', 'Rooms open now, warm ones included.', () => sources.rooms());
  gauge('fray_players', 'People in rooms now.', () => sources.players());
  gauge('fray_bots', 'Bots in rooms now.', () => sources.bots());
  gauge(
    'fray_players_away',
    'Players from whom nothing is heard now, and whose place is kept.',
    () => sources.playersAway(),
  );
  gauge('fray_sessions', 'Sessions open now, joined or not.', () => sources.sessions());
  gauge(
    'fray_silent_clients',
    'Players who have acknowledged nothing for 1 s; they get 2 small snapshots a second.',
    () => sources.silentClients(),
  );
  new Gauge({
    name: 'fray_logins',
    help: 'Logins of the game that run now: awaited, or cancelled and not ended. Together they are at most authsMax.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(sources.logins())) this.set({ state }, count);
    },
  });
  gauge('fray_ready', '1 while new players are taken.', () => (sources.ready() ? 1 : 0));
  const info = new Gauge({
    name: 'fray_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'node'],
    registers: [registry],
  });
  info.set({ version: sources.version, node: process.versions.node }, 1);
}

function addPlayers(registry: Registry, sources: MetricSources): void {
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  counter('fray_joins_total', 'People who came into a room.', () => sources.joins());
  counter('fray_leaves_total', 'People who left their room.', () => sources.leaves());
  counter(
    'fray_absences_total',
    'Times a player fell silent: onDrop of a game, unless it was heard again at once.',
    () => sources.absences(),
  );
  new Counter({
    name: 'fray_resumes_total',
    help: 'Players who came back: with the state they had (same), or as a page that has lost it (fresh).',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [state, count] of Object.entries(sources.resumes())) this.inc({ state }, count);
    },
  });
  counter(
    'fray_inputs_missing_total',
    "Ticks in which one player's command was not there; the last movement went on, or none.",
    () => sources.inputsMissing(),
  );
  counter(
    'fray_snapshots_held_back_total',
    'Snapshots that left somebody out because the path of their client takes no more bytes.',
    () => sources.snapshotsHeldBack(),
  );
  counter('fray_rooms_moved_total', 'Rooms that went from one worker to another.', () =>
    sources.roomsMoved(),
  );
  counter('fray_rooms_continued_total', 'Rooms of a killed server that went on here.', () =>
    sources.roomsContinued(),
  );
  counter(
    'fray_room_ticks_lost_total',
    'Ticks that players had heard of and that a killed server has taken with it, over all rooms.',
    () => sources.roomTicksLost(),
  );
  counter(
    'fray_journal_bytes_total',
    'Bytes of journals that were written.',
    () => sources.journal()?.fileBytes ?? 0,
  );
  counter(
    'fray_journal_record_bytes_total',
    'Bytes of the records in them, before they were compressed.',
    () => sources.journal()?.rawBytes ?? 0,
  );
  counter(
    'fray_journal_checkpoints_total',
    'Checkpoints of rooms that were written.',
    () => sources.journal()?.checkpoints ?? 0,
  );
  counter(
    'fray_journal_checkpoint_bytes_total',
    'Bytes of them, of those that were written.',
    () => sources.journal()?.checkpointBytes ?? 0,
  );
  counter(
    'fray_journal_checkpoint_seconds_total',
    'What they took of the thread that writes them.',
    () => (sources.journal()?.checkpointUs ?? 0) / 1e6,
  );
  counter(
    'fray_journal_summaries_total',
    'Journals that closed with a signed summary.',
    () => sources.journal()?.sealed ?? 0,
  );
  counter(
    'fray_journal_writer_restarts_total',
    'Times that the thread that writes journals died and another went on.',
    () => sources.journal()?.restarts ?? 0,
  );
  counter(
    'fray_journal_cuts_total',
    'Journals that ended before their rooms: the writer was too slow, or the disk full.',
    () => sources.journal()?.cut ?? 0,
  );
}

function addTraffic(registry: Registry, sources: MetricSources): void {
  const byTransport = (name: string, help: string, read: (row: TrafficFigures) => number): void => {
    new Counter({
      name,
      help,
      labelNames: ['transport'],
      registers: [registry],
      collect() {
        this.reset();
        for (const row of sources.traffic()) this.inc({ transport: row.transport }, read(row));
      },
    });
  };
  byTransport('fray_received_datagrams_total', 'Datagrams from clients.', (row) => row.packetsIn);
  byTransport('fray_sent_datagrams_total', 'Datagrams to clients.', (row) => row.packetsOut);
  byTransport('fray_received_bytes_total', 'Payload bytes from clients.', (row) => row.bytesIn);
  byTransport('fray_sent_bytes_total', 'Payload bytes to clients.', (row) => row.bytesOut);
  new Counter({
    name: 'fray_drops_total',
    help: 'Datagrams, packets or requests that were dropped or refused, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const row of sources.drops()) this.inc({ reason: row.reason }, row.count);
    },
  });
}

function addTicks(registry: Registry, sources: MetricSources): void {
  registry.registerMetric(
    new SharedHistogram('fray_tick_duration_seconds', 'Time one room took for one tick.', () =>
      sources.workers().map((one) => ({ worker: one.worker, histogram: one.tickDuration })),
    ),
  );
  registry.registerMetric(
    new SharedHistogram(
      'fray_tick_lateness_seconds',
      'How late a tick began after its due time.',
      () => sources.workers().map((one) => ({ worker: one.worker, histogram: one.tickLateness })),
    ),
  );
  registry.registerMetric(
    new SharedHistogram(
      'fray_stage_duration_seconds',
      'Time a stage took in a tick; of one tick a second.',
      () =>
        sources
          .workers()
          .flatMap(({ worker, stages }) => stages.map((one) => ({ worker, ...one }))),
    ),
  );
  new Counter({
    name: 'fray_ticks_skipped_total',
    help: 'Ticks given up because a worker was too far behind.',
    labelNames: ['worker'],
    registers: [registry],
    collect() {
      this.reset();
      for (const one of sources.workers())
        this.inc({ worker: String(one.worker) }, one.ticksSkipped);
    },
  });
}

function addOverload(registry: Registry, sources: MetricSources): void {
  const gauge = (name: string, help: string, read: (row: OverloadFigures) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['worker'],
      registers: [registry],
      collect() {
        for (const { worker, overload } of sources.workers())
          this.set({ worker: String(worker) }, read(overload));
      },
    });
  };
  gauge(
    'fray_overload_level',
    'What a worker does about too much load: 0 nothing, 1 far states more seldom, 2 half of the snapshots, 3 slower time, 4 nobody is let in.',
    (row) => row.level,
  );
  gauge('fray_time_speed_ratio', 'Speed of the rooms; 1 is real time.', (row) => row.speed);
  new Counter({
    name: 'fray_overloads_total',
    help: 'Times a worker came up to a level of overload.',
    labelNames: ['worker', 'level'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { worker, overload } of sources.workers())
        for (const [at, count] of overload.entered.entries())
          this.inc({ worker: String(worker), level: String(at + 1) }, count);
    },
  });
}

function addRecovery(registry: Registry, sources: MetricSources): void {
  const counter = (name: string, help: string, read: (row: RecoveryFigures) => number): void => {
    new Counter({
      name,
      help,
      labelNames: ['worker'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { worker, recovery } of sources.workers())
          this.inc({ worker: String(worker) }, read(recovery));
      },
    });
  };
  counter(
    'fray_shadows_total',
    'Copies of rooms into memory that outlives their worker.',
    (row) => row.shadows,
  );
  counter('fray_shadow_seconds_total', 'Time they took.', (row) => row.shadowSeconds);
  counter(
    'fray_traps_total',
    'Times the core of a room trapped, or would not go on.',
    (row) => row.traps,
  );
  counter(
    'fray_rooms_recovered_total',
    'Rooms that went on from their shadow and the records since.',
    (row) => row.rooms,
  );
  counter('fray_recovery_seconds_total', 'Time that took.', (row) => row.seconds);
}

interface HistogramRow {
  readonly worker: number;
  readonly stage?: string;
  readonly histogram: CountedHistogram;
}

interface SampleRow {
  readonly metricName: string;
  readonly labels: { readonly worker: string; readonly stage?: string; readonly le?: string };
  readonly value: number;
}

/** prom-client's own histogram can only observe; this one is counted elsewhere and only printed. */
class SharedHistogram extends Histogram<'worker' | 'stage'> {
  readonly #name: string;
  readonly #help: string;
  readonly #read: () => readonly HistogramRow[];

  constructor(name: string, help: string, read: () => readonly HistogramRow[]) {
    super({ name, help, labelNames: ['worker', 'stage'], registers: [] });
    this.#name = name;
    this.#help = help;
    this.#read = read;
  }

  /** prom-client asks for this form when it prints the page, and for `get` when it makes JSON. */
  getForPromString(): Promise<object> {
    return Promise.resolve(this.#sample());
  }

  override get(): ReturnType<Histogram<'worker' | 'stage'>['get']> {
    return Promise.resolve(this.#sample()) as ReturnType<Histogram<'worker' | 'stage'>['get']>;
  }

  #sample(): object {
    const values = this.#read().flatMap((row) => samplesOf(this.#name, row));
    return { name: this.#name, help: this.#help, type: 'histogram', values, aggregator: 'sum' };
  }
}

function samplesOf(name: string, row: HistogramRow): SampleRow[] {
  const worker = String(row.worker);
  const labels = row.stage === undefined ? { worker } : { worker, stage: row.stage };
  const samples: SampleRow[] = [];
  let sum = 0;
  for (let bucket = 0; bucket < row.histogram.counts.length; bucket++) {
    sum += row.histogram.counts[bucket] ?? 0;
    const bound = row.histogram.boundsSeconds[bucket];
    samples.push({
      metricName: `${name}_bucket`,
      labels: { le: bound === undefined ? '+Inf' : String(bound), ...labels },
      value: sum,
    });
  }
  samples.push({ metricName: `${name}_sum`, labels, value: row.histogram.sumSeconds });
  samples.push({ metricName: `${name}_count`, labels, value: sum });
  return samples;
}
