/**
 * A room that a killed process has left, out of the file of its journal: its newest checkpoint and, played on it, the records since, as
 * far as the file is whole. What follows is cut off by whoever goes on with the file (`JournalFile`).
 */
import { FrayError } from '../src/errors.ts';
import type { Seen } from './journal-checkpoint.ts';
import { decodeResumed } from './journal-checkpoint.ts';
import { readJournal } from './journal-file.ts';
import type { BlockPlace, JournalEntry, JournalReader } from './journal-format.ts';
import { STAGE } from './journal-format.ts';
import { seekCheckpoint } from './journal-places.ts';
import type { Recovery, RecoveryCore } from './recovery.ts';
import { RecordPlayer } from './recovery.ts';

/** What there was of a room. */
export interface Continued {
  readonly recovery: Recovery;
  /** Behind the last whole block of its file, and bytes after that: one that is not whole, and all from one on that is another than was written. */
  readonly end: BlockPlace;
  readonly lostBytes: number;
  /** The newest epoch that its file knows of. */
  readonly epoch: number;
  /** The newest moments of which is known how far the room had come. */
  readonly seen: readonly Seen[];
}

/** Fills `core`, which was made from the configuration in the file's head. Throws E_ROOM_FAULT and E_ROOM_CLOSED as recovery does. */
export function continueRoom(core: RecoveryCore, file: Uint8Array): Continued {
  const reader = readJournal(file);
  const { checkpoint, end } = seekCheckpoint(reader, Number.POSITIVE_INFINITY);
  const player = new RecordPlayer(core, checkpoint);
  let { epoch } = reader.head;
  const seen: Seen[] = [{ tick: core.firstTick, unixMs: reader.head.openedMs }];
  if (checkpoint !== null) seen.push(checkpoint.seen);
  for (const { stage, tick, bytes } of entriesTo(reader, end)) {
    const resumed = stage === STAGE.resumed ? decodeResumed(bytes) : null;
    if (resumed !== null) {
      seen.push(resumed);
      epoch = resumed.epoch;
    }
    if (stage === STAGE.cut)
      throw new FrayError('E_ROOM_FAULT', `Cannot recover a room: its journal was cut at ${tick}`);
    if (tick < player.next && stage !== STAGE.over) continue;
    player.take(stage, tick, () => bytes);
  }
  player.settle();
  const lostBytes = file.length - end.at;
  return { recovery: player.outcome(0, 0), end, lostBytes, epoch, seen };
}

/**
 * A tick that a room of `tickRateHz` cannot have reached by `unixMs`, whatever it did after its journal ended with `last`. `owners`: that went
 * on with it since, each at a tick by up to a history later than it asked for, and died before a journal said so.
 */
export function tickBeyond(
  seen: readonly Seen[],
  room: {
    readonly last: number;
    readonly tickRateHz: number;
    readonly unixMs: number;
    readonly owners: number;
  },
): number {
  const { last, tickRateHz, unixMs, owners } = room;
  const ticksIn = (ms: number): number => Math.ceil((ms * tickRateHz) / 1000);
  const slack = ticksIn(SLACK_MS) + owners * HISTORY_TICKS_MAX;
  // A clock that went back says nothing: its journal is all there is.
  if (seen.length === 0 || seen.some((one) => one.unixMs > unixMs))
    return last + ticksIn(UNKNOWN_MS) + slack;
  const bounds = seen.map((one) => one.tick + ticksIn(unixMs - one.unixMs));
  // One that went forward by years says nothing, too, and a room has 2^31 ticks.
  return Math.max(last, Math.min(...bounds, last + ticksIn(BEHIND_MS_MAX))) + slack;
}

/** All that stands before `end`. */
function* entriesTo(reader: JournalReader, end: BlockPlace): Generator<JournalEntry, void> {
  while (reader.end.at < end.at) yield* reader.blockEntries();
}

/** ms: what a machine's clocks may be apart, and ticks that were made up for. */
const SLACK_MS = 1000;
/** Of any room: see core-wasm/src/config.rs. */
const HISTORY_TICKS_MAX = 256;
/** ms that a journal can be behind its room; and that it cannot, whatever the disk has lost. */
const UNKNOWN_MS = 600_000;
const BEHIND_MS_MAX = 7 * 86_400_000;
