/** The operator's key that signs the summaries of journals: a file that is named, or one that is made beside them. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Signer } from '../../workers/journal-seal.ts';
import { FrayError } from '../errors.ts';

export interface JournalKey {
  /** Private, PKCS 8. */
  readonly pem: string;
  /** 32 bytes in base64: what `fray replay --public-key` takes. */
  readonly publicKey: string;
}

/**
 * Reads `file`; '': `key.pem` in the folder of journals, which is made where it is not there, with the public half beside it in
 * `key.pub.pem`. Throws E_CONFIG for a file that cannot be read, or is no private key of Ed25519.
 */
export function journalKey(folder: string, file: string): JournalKey {
  const path = file === '' ? join(folder, OWN_KEY) : file;
  if (file === '' && !existsSync(path)) make(path);
  try {
    const pem = readFileSync(path, 'utf8');
    const { publicKey } = new Signer(pem);
    if (file === '') writePublic(join(folder, OWN_PUBLIC_KEY), pem);
    return { pem, publicKey: Buffer.from(publicKey).toString('base64') };
  } catch (cause) {
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CONFIG', `Cannot sign journals with ${path}: ${state}`, { cause });
  }
}

function make(path: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(path, pem, { mode: OWN_MODE, flag: 'wx' });
}

function writePublic(path: string, pem: string): void {
  const key = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'pem' });
  // The operator may have put another key in the place of the one that was made.
  if (!existsSync(path) || readFileSync(path, 'utf8') !== key) writeFileSync(path, key);
}

const OWN_KEY = 'key.pem';
const OWN_PUBLIC_KEY = 'key.pub.pem';
/** Whoever reads it signs in the operator's name. */
const OWN_MODE = 0o600;
