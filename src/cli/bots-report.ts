/** Sums up what each bot saw into the one object that `fray bots --json` prints. Pure. */
import type { BotFigures, BotsOutcome } from '../client/headless.ts';

/** What all bots saw together. Names carry their units; no unit is a plain count. */
export interface BotsReport {
  readonly connected: number;
  readonly seconds: number;
  readonly snapshotsExpected: number;
  readonly snapshotsReceived: number;
  readonly snapshotGapTicksMax: number;
  /** Snapshots whose hash is not what the client holds; of `hashChecks` that were compared (0 without --verify). */
  readonly mismatches: number;
  /** Largest step by which a snapshot moved an own player that nothing from outside had touched: 0, or prediction is wrong. */
  readonly correctionUnitsMaxFree: number;
  /** Of all such steps, contact included. */
  readonly correctionUnitsP99: number;
  /** Snapshots that met a prediction and whose player nothing had touched; the others are `touchedTicks`. */
  readonly freeTicks: number;
  readonly distanceUnitsMean: number;
  readonly shots: number;
  readonly deaths: number;
  readonly entitiesVisibleMean: number;
  readonly entersPerSecond: number;
  readonly reliableSent: number;
  readonly reliableReceived: number;
  readonly reliableErrors: number;
  readonly bytesPerSnapshotMean: number;
  readonly rttMsP95: number;
  readonly hashChecks: number;
  readonly touchedTicks: number;
  /** `udp`, or with several `udp 17, webrtc 17, websocket 16`: what carried the packets at the end. */
  readonly transport: string;
  /** How often a lost line was found again. */
  readonly resumes: number;
  /** Times that a bot's server was killed and went on; ticks that one had seen and that were lost, the most at once; messages lost, of all. */
  readonly setbacks: number;
  readonly ticksLostMax: number;
  readonly messagesLost: number;
}

/** What the sums are made from. */
export type TallyInput = Pick<
  BotsOutcome,
  'bots' | 'seconds' | 'corrections' | 'rttsMs' | 'reliable'
>;

export function tally(input: TallyInput): BotsReport {
  const { bots, seconds, reliable } = input;
  const sum = (read: (bot: BotFigures) => number): number =>
    bots.reduce((total, bot) => total + read(bot), 0);
  const most = (read: (bot: BotFigures) => number): number =>
    bots.reduce((best, bot) => Math.max(best, read(bot)), 0);
  const snapshots = sum((bot) => bot.snapshots);
  return {
    connected: bots.length,
    seconds: round(seconds, 1),
    snapshotsExpected: expectedSnapshots(bots),
    snapshotsReceived: snapshots,
    snapshotGapTicksMax: most((bot) => bot.snapshotGapTicksMax),
    mismatches: sum((bot) => bot.hashMismatches),
    correctionUnitsMaxFree: round(
      most((bot) => bot.correctionUnitsMaxFree),
      5,
    ),
    correctionUnitsP99: round(percentile(input.corrections, 0.99), 5),
    freeTicks: sum((bot) => bot.freeTicks),
    distanceUnitsMean: round(
      ratio(
        sum((bot) => bot.distanceUnits),
        bots.length,
      ),
      1,
    ),
    shots: sum((bot) => bot.shots),
    deaths: sum((bot) => bot.deaths),
    entitiesVisibleMean: round(
      ratio(
        sum((bot) => bot.visibleSum),
        sum((bot) => bot.visibleSamples),
      ),
      2,
    ),
    entersPerSecond: round(
      ratio(
        sum((bot) => bot.enters),
        seconds * bots.length,
      ),
      2,
    ),
    reliableSent: reliable.sent,
    reliableReceived: reliable.received,
    reliableErrors: reliable.errors,
    bytesPerSnapshotMean: round(
      ratio(
        sum((bot) => bot.snapshotBytesSum),
        snapshots,
      ),
      1,
    ),
    rttMsP95: round(percentile(input.rttsMs, 0.95), 1),
    hashChecks: sum((bot) => bot.hashChecks),
    touchedTicks: sum((bot) => bot.touchedTicks),
    transport: transportsOf(bots),
    resumes: sum((bot) => bot.resumes),
    setbacks: sum((bot) => bot.setbacks),
    ticksLostMax: Math.max(0, ...bots.map((bot) => bot.ticksLost)),
    messagesLost: sum((bot) => bot.messagesLost),
  };
}

function transportsOf(bots: readonly BotFigures[]): string {
  const counts = new Map<string, number>();
  for (const { transport } of bots) counts.set(transport, (counts.get(transport) ?? 0) + 1);
  const rows = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  const [only] = rows;
  if (rows.length === 1 && only !== undefined) return only[0];
  return rows.map(([transport, count]) => `${transport} ${count}`).join(', ');
}

/**
 * One snapshot per tick from a bot's first on. The end is the newest tick that anybody in its room saw, or what the wall clock says,
 * whichever is more: a bot that went deaf and a server that ran slow both show. Two ticks may still be on their way at the end.
 */
function expectedSnapshots(bots: readonly BotFigures[]): number {
  const newest = new Map<string, number>();
  for (const bot of bots) newest.set(bot.room, Math.max(newest.get(bot.room) ?? 0, bot.lastTick));
  let expected = 0;
  for (const bot of bots) {
    const byTicks = (newest.get(bot.room) ?? 0) - bot.firstTick + 1;
    const byClock = Math.floor((bot.watchedMs * bot.tickRateHz) / 1000) - IN_FLIGHT_TICKS;
    expected += Math.max(0, byTicks, byClock);
  }
  return expected;
}

/** The value below which a share of the values lies; 0 for none. Sorts a copy. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

const IN_FLIGHT_TICKS = 2;
