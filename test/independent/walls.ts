/** `walls_hash` of JoinReply (SPEC 7). */
import type { WallBox } from './messages.ts';

const K = [
  0x9e3779b97f4a7c15n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0xff51afd7ed558ccdn,
] as const;
const SEED = 0x57414c4cn;
const MASK = (1n << 64n) - 1n;
const BLOCK_BYTES = 32;

export function wallsHash(walls: readonly WallBox[]): number {
  const words = Int32Array.from(walls.flat());
  const padded = new DataView(new ArrayBuffer(blocksOf(words.byteLength) * BLOCK_BYTES));
  for (const [k, word] of words.entries()) padded.setInt32(4 * k, word, true);
  const lanes = K.map((k) => SEED ^ k);
  for (let at = 0; at < padded.byteLength; at += 8) {
    const lane = (at / 8) % 4;
    lanes[lane] = mix(lanes[lane]!, padded.getBigUint64(at, true), K[lane]!);
  }
  let h = lanes.reduce((sum, lane) => mix(sum, lane, K[0]), BigInt(words.byteLength));
  h = ((h ^ (h >> 32n)) * K[1]) & MASK;
  h = ((h ^ (h >> 29n)) * K[3]) & MASK;
  h ^= h >> 32n;
  return Number((h ^ (h >> 32n)) & 0xffffffffn);
}

/** The last block holds what is left, be it nothing. */
function blocksOf(bytes: number): number {
  return Math.floor(bytes / BLOCK_BYTES) + 1;
}

function mix(hash: bigint, word: bigint, k: bigint): bigint {
  const m = ((hash ^ word) * k) & MASK;
  return ((m << 29n) | (m >> 35n)) & MASK;
}
