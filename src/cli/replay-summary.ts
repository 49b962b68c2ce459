/** The summary that a journal closes with: is it signed, by whom, and does it say what the journal says. */
import { existsSync, readFileSync } from 'node:fs';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { FrayError } from '../errors.ts';
import type { ReplayReport } from '../room/replay.ts';
import type { FoundSummary, readJournal, Summary } from '../room/replay-file.ts';
import { findSummary, isSealed, publicKeyOf } from '../room/replay-file.ts';

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

/** A public key as it is named: a file with it, or itself in base64. Throws E_CONFIG. */
export function keyNamed(text: string): Uint8Array {
  return publicKeyOf(existsSync(text) ? readFileSync(text, 'utf8') : text);
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

/** What is to be said of it, a line each. */
export function summaryLines({
  signature,
  publicKey,
  summary,
  contradicts: isOther,
}: SummaryVerdict): string[] {
  const lines = [SAID[signature].replace('KEY', publicKey ?? '')];
  if (isOther) lines.push('summary wrong: it says another end than the journal has');
  if (summary === null) return lines;
  const { players, playersLeftOut, bots, result } = summary;
  lines.push(`players: ${players.length + playersLeftOut}, joins of bots: ${bots}`);
  for (const { userId, name, joinedTick, leftTick } of players)
    lines.push(
      `  ${shown(userId)} (${shown(name)}): ticks ${joinedTick} to ${leftTick ?? summary.lastTick}`,
    );
  lines.push(`result: ${shown(JSON.stringify(result))}`);
  return lines;
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

/** Of a file that may come from anybody: without what a terminal would obey. */
function shown(text: string): string {
  return text.replace(/\p{C}/gu, '?');
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
const SAID: { readonly [signature in Signature]: string } = {
  right: 'signed by KEY',
  'unknown key': 'signed by unknown key KEY: name yours with --public-key',
  wrong: 'signature wrong: the file is not as it was signed, or KEY has not signed it',
  none: 'not signed: the journal has no summary',
};
