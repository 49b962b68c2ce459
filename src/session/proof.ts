/**
 * The proof in a hello that its sender holds a connect token, and not only bytes seen on the way: a tag under a key that
 * the token's sealed part tells the server and its open part the client. The same token with another attach counter
 * gives another proof, so a hello that was overheard attaches nothing later.
 *
 * It is the tag of XChaCha20-Poly1305 over an empty text, with clientToServerKey, the nonce "fray attach 1.0 ", u32 0, u32
 * attach, and the hello before the proof as associated data. XChaCha makes a key of its own of the first 16 bytes of a nonce:
 * that keeps these nonces apart from those of netcode's packets, which use clientToServerKey itself (I8).
 */
import { emptyTag, hchacha20 } from './tag.ts';

export const PROOF_BYTES = 16;

/** The proof for a hello; `covered` is all of it before the proof. Some 50 us. */
export function attachProof(
  clientToServerKey: Uint8Array,
  attach: number,
  covered: Uint8Array,
): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, attach, true);
  return emptyTag(hchacha20(clientToServerKey, LABEL), nonce, covered);
}

/** In a time that does not tell where two proofs differ. */
export function proofsEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== PROOF_BYTES || right.length !== PROOF_BYTES) return false;
  let different = 0;
  for (let at = 0; at < PROOF_BYTES; at += 1) different |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return different === 0;
}

const LABEL = Uint8Array.from('fray attach 1.0 ', (letter) => letter.charCodeAt(0));
