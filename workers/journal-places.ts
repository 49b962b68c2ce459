/** Where in a journal what stands: checkpoints, and the places from which its records can be read. Pure. */
import type { Checkpoint } from './journal-checkpoint.ts';
import { CheckpointReader, isWhole } from './journal-checkpoint.ts';
import type { BlockPlace, JournalBlock, JournalEntry, JournalReader } from './journal-format.ts';
import { CODEC, JournalDamage, STAGE, standsApart } from './journal-format.ts';

/** What there is from a checkpoint on. */
export interface JournalFrom {
  readonly checkpoint: Checkpoint | null;
  /** Behind the last whole block. */
  readonly end: BlockPlace;
}

/**
 * Looks for the newest checkpoint of a tick up to `toTick`; then the reader gives the entries behind it, and some from before it; all
 * without one. A checkpoint of which pieces are missing is none.
 */
export function seekCheckpoint(reader: JournalReader, toTick: number): JournalFrom {
  const first = reader.end;
  const blocks = [...wholeBlocks(reader)];
  const { end } = reader;
  const checkpoint = newestCheckpoint(reader, blocks, toTick);
  const from = blocks.findLast(
    ({ head }) =>
      head.codec === CODEC.anew && checkpoint !== null && head.firstTick <= checkpoint.tick,
  );
  reader.seek(from?.place ?? first);
  return { checkpoint, end };
}

/** All checkpoints of a journal, one after the other, each as it is asked for; up to the first block that is damaged. */
export function* checkpointsOf(journal: JournalReader): Generator<Checkpoint, void> {
  const [reader, pages] = [journal.again(), journal.again()];
  const checkpoints = new CheckpointReader();
  for (const { place, head } of wholeBlocks(reader)) {
    if (!mayHold(head.codec)) continue;
    const { newest } = checkpoints;
    for (const entry of entriesAt(pages, place)) checkpoints.take(entry);
    if (checkpoints.newest !== null && checkpoints.newest !== newest) yield checkpoints.newest;
  }
}

function newestCheckpoint(
  reader: JournalReader,
  blocks: readonly JournalBlock[],
  toTick: number,
): Checkpoint | null {
  const held = blocks.filter(({ head }) => mayHold(head.codec) && head.lastTick <= toTick);
  const chain: JournalEntry[] = [];
  for (const { place } of held.reverse()) {
    const entries = [...entriesAt(reader, place)].filter(({ stage }) => stage === STAGE.checkpoint);
    chain.unshift(...entries);
    if (!entries.some(isWhole)) continue;
    const checkpoints = new CheckpointReader();
    for (const entry of chain) checkpoints.take(entry);
    if (checkpoints.newest !== null) return checkpoints.newest;
    // Its last pieces are not there: what counts is the one before.
    chain.length = 0;
  }
  return null;
}

/** All blocks up to the first that is damaged or not whole. */
function* wholeBlocks(reader: JournalReader): Generator<JournalBlock, void> {
  try {
    yield* reader.blocks();
  } catch (error) {
    if (!(error instanceof JournalDamage)) throw error;
  }
}

/** Entries of one block. */
function* entriesAt(reader: JournalReader, place: BlockPlace): Generator<JournalEntry, void> {
  reader.seek(place);
  yield* reader.blockEntries();
}

/** Files of version 5 for readers without deflate keep all in one codec. */
function mayHold(codec: number): boolean {
  return standsApart(codec) || codec === CODEC.stored;
}
