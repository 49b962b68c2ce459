/** Keys of journals: what signs a summary, and who says whether one is signed as it claims. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { FrayError } from '../src/errors.ts';
import type { FoundSummary, SealedSummary } from './journal-summary.ts';
import { encodeSummary, signedBytes } from './journal-summary.ts';

/** An operator's Ed25519 key. */
export class Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  /** `pem`: a private key (PKCS 8). Throws E_CONFIG for another thing. */
  constructor(pem: string) {
    this.#key = keyOf(() => createPrivateKey(pem));
    this.publicKey = rawKey(createPublicKey(this.#key));
  }

  /** Payload of `STAGE.summary`. */
  seal(fileHash: Uint8Array, text: Uint8Array): Uint8Array {
    const unsigned = { fileHash, publicKey: this.publicKey, text };
    const signature = new Uint8Array(sign(null, signedBytes(unsigned), this.#key));
    return encodeSummary({ ...unsigned, signature });
  }
}

/** A public key's 32 bytes, from PEM or from base64 (44 digits, or 43 for URLs). Throws E_CONFIG for another thing. */
export function publicKeyOf(text: string): Uint8Array {
  if (/^-----BEGIN/m.test(text)) return rawKey(keyOf(() => createPublicKey(text)));
  const raw = new Uint8Array(Buffer.from(text.trim(), 'base64'));
  if (raw.length !== KEY_BYTES || !/^[\w+/-]+=?$/.test(text.trim())) throw noKey();
  return raw;
}

/** The file is as it was when its summary was signed, with the key that the summary names. */
export function isSealed(summary: FoundSummary, file: Uint8Array): boolean {
  const hash = createHash('sha256').update(file.subarray(0, summary.at)).digest();
  return Buffer.compare(hash, summary.fileHash) === 0 && isSigned(summary);
}

function isSigned(sealed: SealedSummary): boolean {
  const x = Buffer.from(sealed.publicKey).toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: CURVE, x }, format: 'jwk' });
    return verify(null, signedBytes(sealed), key, sealed.signature);
  } catch {
    // No point of the curve.
    return false;
  }
}

function rawKey(key: KeyObject): Uint8Array {
  const { crv, x = '' } = key.export({ format: 'jwk' });
  if (crv !== CURVE) throw noKey();
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

function keyOf(make: () => KeyObject): KeyObject {
  try {
    return make();
  } catch (cause) {
    throw noKey(cause);
  }
}

function noKey(cause?: unknown): FrayError {
  return new FrayError('E_CONFIG', 'Cannot use this key: it is not one of Ed25519', { cause });
}

const CURVE = 'Ed25519';
const KEY_BYTES = 32;
