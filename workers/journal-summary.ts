/**
 * How a journal closes: what a room was closed with, and behind that a summary that the operator's key has signed. Pure: hashes and
 * keys are those of `journal-seal.ts`. SPEC.md section 13 has the layout.
 */
import type { JournalBlock, JournalReader } from './journal-format.ts';
import { CODEC, STAGE } from './journal-format.ts';

/** What a summary says, as JSON. */
export interface Summary {
  readonly room: string;
  /** The newest: another process that went on with the room had another. */
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly openedMs: number;
  readonly closedMs: number;
  /** The last tick, and the state hash after it, 16 hex digits; null: none was taken. */
  readonly lastTick: number;
  readonly stateHash: string | null;
  /** Why the room was closed, a number of the table of errors. */
  readonly code: number;
  /** As the game said it (`room.end`); null: it said nothing. */
  readonly result: unknown;
  /** People in the order in which they came, the newest `PLAYERS_MAX` of them. */
  readonly players: readonly SummaryPlayer[];
  /** Older ones, and joins of bots, which are not listed. */
  readonly playersLeftOut: number;
  readonly bots: number;
}

/** One stay of a person. */
export interface SummaryPlayer {
  readonly userId: string;
  readonly name: string;
  readonly joinedTick: number;
  /** Null: it was in the room to its end. */
  readonly leftTick: number | null;
  /** Why it left, a number of the table of errors. */
  readonly code: number | null;
}

/** Lines of a summary: 4,096 of them fit a block. */
export const PLAYERS_MAX = 4096;

/** Payload of `STAGE.over`: `u32` code, then what the game said of the match, JSON in UTF-8, or nothing. */
export function encodeOver(code: number, result: string): Uint8Array {
  const text = new TextEncoder().encode(result);
  const bytes = new Uint8Array(4 + text.length);
  new DataView(bytes.buffer).setUint32(0, code, true);
  bytes.set(text, 4);
  return bytes;
}

/** The way back; null for bytes that are none. */
export function decodeOver(bytes: Uint8Array): { code: number; result: string } | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    code: view.getUint32(0, true),
    result: new TextDecoder().decode(bytes.subarray(4)),
  };
}

/** Payload of `STAGE.summary`. */
export interface SealedSummary {
  /** SHA-256 of all bytes of the file before the block that the summary is in. */
  readonly fileHash: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes, of `signedBytes`. */
  readonly signature: Uint8Array;
  /** A `Summary` as JSON in UTF-8. */
  readonly text: Uint8Array;
}

export function encodeSummary(sealed: SealedSummary): Uint8Array {
  const bytes = new Uint8Array(PAYLOAD.text + sealed.text.length);
  bytes.set(sealed.fileHash, PAYLOAD.fileHash);
  bytes.set(sealed.publicKey, PAYLOAD.publicKey);
  bytes.set(sealed.signature, PAYLOAD.signature);
  bytes.set(sealed.text, PAYLOAD.text);
  return bytes;
}

/** The way back; null for bytes that are none. */
export function decodeSummary(bytes: Uint8Array): SealedSummary | null {
  if (bytes.length < PAYLOAD.text) return null;
  return {
    fileHash: bytes.subarray(PAYLOAD.fileHash, PAYLOAD.publicKey),
    publicKey: bytes.subarray(PAYLOAD.publicKey, PAYLOAD.signature),
    signature: bytes.subarray(PAYLOAD.signature, PAYLOAD.text),
    text: bytes.subarray(PAYLOAD.text),
  };
}

/** What the signature is of: a name that no other thing signed with the key begins with, then all of the payload but the signature. */
export function signedBytes({
  fileHash,
  publicKey,
  text,
}: Omit<SealedSummary, 'signature'>): Uint8Array {
  const name = new TextEncoder().encode(SIGNED_NAME);
  const bytes = new Uint8Array(name.length + fileHash.length + publicKey.length + text.length);
  bytes.set(name);
  bytes.set(fileHash, name.length);
  bytes.set(publicKey, name.length + fileHash.length);
  bytes.set(text, name.length + fileHash.length + publicKey.length);
  return bytes;
}

/** A summary in its file. */
export interface FoundSummary extends SealedSummary {
  /** Byte at which its block begins: `fileHash` is of all before. */
  readonly at: number;
}

/** The summary that a journal closes with; null: it has none. Throws what reading throws. Costs a look at every block. */
export function findSummary(journal: JournalReader): FoundSummary | null {
  const reader = journal.again();
  let last: JournalBlock | undefined;
  for (const block of reader.blocks()) last = block;
  if (last?.head.codec !== CODEC.stored) return null;
  reader.seek(last.place);
  for (const { stage, bytes } of reader.blockEntries()) {
    const sealed = stage === STAGE.summary ? decodeSummary(bytes) : null;
    if (sealed !== null) return { ...sealed, at: last.place.at };
  }
  return null;
}

const SIGNED_NAME = 'fray journal summary\0';
/** Byte offsets. */
const PAYLOAD = { fileHash: 0, publicKey: 32, signature: 64, text: 128 } as const;
