/** Is a journal what it says: do its hashes come out the same, is its summary signed, by whom, and does it say what the journal says. */
import { readFileSync } from 'node:fs';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { FrayError } from '../errors.ts';
import { loadCore } from './core.ts';
import type { PlayingCore } from './cores.ts';
import { coreThatPlayed } from './cores.ts';
import type { ReplayReport } from './replay.ts';
import { Replay } from './replay.ts';
import type { FoundSummary, JournalHead, Summary } from './replay-file.ts';
import { findSummary, isSealed, readJournal } from './replay-file.ts';

/** `right`: by the key that was named; `unknown key`: by another, or none was named; `none`: there is no summary. */
export type Signature = 'right' | 'unknown key' | 'wrong' | 'none';

export interface SummaryVerdict {
  readonly signature: Signature;
  /** In base64. */
  readonly publicKey: string | null;
  readonly summary: Summary | null;
  /** The summary says something else than the journal. */
  readonly contradicts: boolean;
}

export interface VerifyOptions {
  /** The core that is said to have played it, a file. Default: the own, or the one of a release that did. */
  readonly core?: string | undefined;
  /** The summary must be signed by this one. Default: it need not be signed. */
  readonly publicKey?: Uint8Array | null;
}

/** What became of one file. */
export interface Verification {
  readonly verified: boolean;
  /** Null where nothing could be played: `problem` says why. */
  readonly report: ReplayReport | null;
  readonly summary: SummaryVerdict | null;
  readonly problem: string | null;
  /** Of real time. */
  readonly times: number;
  readonly bytes: number;
}

/** Plays all of a journal again and judges it, on this thread. Rejects only for what is wrong with this program. */
export async function verifyJournal(
  path: string,
  options: VerifyOptions = {},
): Promise<Verification> {
  const wanted = options.publicKey ?? null;
  let bytes = 0;
  try {
    const file = readFile(path);
    bytes = file.length;
    const journal = readJournal(file);
    const core = await coreFor(journal.head, options.core);
    const replay = new Replay(journal, core.module, core.tables);
    const startMs = performance.now();
    const report = replay.play();
    const seconds = (performance.now() - startMs) / 1000;
    const summary = judgeSummary(file, { journal, report, wanted });
    return {
      verified: isVerified(report) && isAsSigned(summary, wanted),
      report,
      summary,
      problem: report.problem,
      times: report.ticks / replay.head.tickRateHz / seconds,
      bytes,
    };
  } catch (error) {
    if (!(error instanceof FrayError)) throw error;
    const problem = `${error.message} (${error.code})`;
    return { verified: false, report: null, summary: null, problem, times: 0, bytes };
  }
}

/** Throws E_CONFIG. */
export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FrayError('E_CONFIG', `Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** The core that is named, if it played the journal, or the one that did: another one may play another way. Rejects with E_CORE. */
export async function coreFor(
  { coreHash }: JournalHead,
  named: string | undefined,
): Promise<PlayingCore> {
  if (named === undefined) return coreThatPlayed(coreHash);
  const core = await loadCore(named);
  const known = coreHash.some((byte) => byte !== 0);
  if (!known || Buffer.compare(coreHash, core.hash) === 0)
    return { ...core, version: null, tables: 'own', bytes: null };
  const short = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').slice(0, 16);
  throw new FrayError(
    'E_CORE',
    `Cannot replay: core ${short(coreHash)} played it, and this is ${short(core.hash)}; leave --core out for one that is kept`,
  );
}

/** All that was played came out the same. */
export function isVerified({ differs, problem }: ReplayReport): boolean {
  return differs === null && problem === null;
}

/** Who names a key wants its signature; who names none wants no wrong one. */
export function isAsSigned(
  { signature, contradicts }: SummaryVerdict,
  wanted: Uint8Array | null,
): boolean {
  if (contradicts || signature === 'wrong') return false;
  return wanted === null || signature === 'right';
}

/** `wanted`: the key that should have signed; null: none is named. A file whose blocks do not read has none. */
export function judgeSummary(
  file: Uint8Array,
  of: {
    readonly journal: ReturnType<typeof readJournal>;
    readonly report: ReplayReport;
    readonly wanted: Uint8Array | null;
  },
): SummaryVerdict {
  const { journal, report, wanted } = of;
  const found = foundIn(journal);
  const summary = found === null ? null : readSummary(found);
  if (found === null) return { signature: 'none', publicKey: null, summary, contradicts: false };
  const isKnown = wanted !== null && Buffer.compare(wanted, found.publicKey) === 0;
  const isRight = summary !== null && isSealed(found, file);
  return {
    signature: !isRight ? 'wrong' : isKnown ? 'right' : 'unknown key',
    publicKey: Buffer.from(found.publicKey).toString('base64'),
    summary,
    contradicts: summary !== null && contradicts(summary, report),
  };
}

function foundIn(journal: ReturnType<typeof readJournal>): FoundSummary | null {
  try {
    return findSummary(journal);
  } catch (error) {
    if (error instanceof FrayError) return null;
    throw error;
  }
}

/** Null for a text that is no summary: anybody can sign one with a key of their own. */
function readSummary({ text }: FoundSummary): Summary | null {
  try {
    const said: unknown = JSON.parse(new TextDecoder().decode(text));
    return Check(SUMMARY, said) ? said : null;
  } catch {
    return null;
  }
}

/** Of a replay that went to the end. */
function contradicts(summary: Summary, report: ReplayReport): boolean {
  const { stateHash, lastTick, code, room } = summary;
  if (report.end !== 'over') return false;
  if (room !== report.room || code !== report.code) return true;
  return stateHash !== null && (lastTick !== report.lastTick || stateHash !== report.stateHash);
}

const SUMMARY = Type.Object({
  room: Type.String(),
  epoch: Type.Number(),
  openedMs: Type.Number(),
  closedMs: Type.Number(),
  lastTick: Type.Number(),
  stateHash: Type.Union([Type.String(), Type.Null()]),
  code: Type.Number(),
  result: Type.Unknown(),
  players: Type.Array(
    Type.Object({
      userId: Type.String(),
      name: Type.String(),
      joinedTick: Type.Number(),
      leftTick: Type.Union([Type.Number(), Type.Null()]),
      code: Type.Union([Type.Number(), Type.Null()]),
    }),
  ),
  playersLeftOut: Type.Number(),
  bots: Type.Number(),
});
