/** What `fray replay` says of the summary that a journal closes with. */
import { existsSync, readFileSync } from 'node:fs';
import { publicKeyOf } from '../room/replay-file.ts';
import type { Signature, SummaryVerdict } from '../room/verdict.ts';
import { shown } from './table.ts';

/** A public key as it is named: a file with it, or itself in base64. Throws E_CONFIG. */
export function keyNamed(text: string): Uint8Array {
  return publicKeyOf(existsSync(text) ? readFileSync(text, 'utf8') : text);
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

const SAID: { readonly [signature in Signature]: string } = {
  right: 'signed by KEY',
  'unknown key': 'signed by unknown key KEY: name yours with --public-key',
  wrong: 'signature wrong: the file is not as it was signed, or KEY has not signed it',
  none: 'not signed: the journal has no summary',
};
