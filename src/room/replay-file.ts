/** A journal as it lies on a disk, for `Replay`: pages, which have no zlib, read it in their own way (src/watch). */
export { readJournal } from '../../workers/journal-file.ts';
export type { JournalHead } from '../../workers/journal-format.ts';
export { isSealed, publicKeyOf } from '../../workers/journal-seal.ts';
export type { FoundSummary, Summary } from '../../workers/journal-summary.ts';
export { findSummary } from '../../workers/journal-summary.ts';
