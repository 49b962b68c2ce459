/** The certificate of the public port: read from files, checked before it is used, replaced while running. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { FrayError } from '../errors.ts';

/** A pair that has been checked. */
export interface Certificate {
  readonly pem: { readonly cert: string; readonly key: string };
  readonly files: { readonly cert: string; readonly key: string };
  /** SHA-256 of the certificate, as browsers show it. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

/**
 * Reads certificate (with its chain) and private key in PEM. Throws `E_CONFIG` with one line that names the file at fault and what is
 * wrong with it; never a line of the key.
 */
export function readCertificate(files: {
  readonly cert: string;
  readonly key: string;
}): Certificate {
  const pem = { cert: read('tlsCert', files.cert), key: read('tlsKey', files.key) };
  const leaf = attempt('tlsCert', files.cert, 'it holds no certificate in PEM', () => {
    return new X509Certificate(pem.cert);
  });
  const key = attempt(
    'tlsKey',
    files.key,
    'it holds no private key in PEM without passphrase',
    () => createPrivateKey(pem.key),
  );
  if (!leaf.checkPrivateKey(key))
    throw refusal('tlsKey', files.key, `it is not the key of the certificate in ${files.cert}`);
  attempt('tlsCert', files.cert, 'TLS does not take it', () => createSecureContext(pem));
  return { pem, files, fingerprint: leaf.fingerprint256, expiresMs: Date.parse(leaf.validTo) };
}

function read(option: Option, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw refusal(option, file, REASONS[code] ?? `it cannot be read (${code})`);
  }
}

function attempt<T>(option: Option, file: string, state: string, run: () => T): T {
  try {
    return run();
  } catch {
    // OpenSSL's own words say little, and are left out: they may quote what stands in the file.
    throw refusal(option, file, state);
  }
}

function refusal(option: Option, file: string, state: string): FrayError {
  return new FrayError('E_CONFIG', `Cannot use ${option} = ${file}: ${state}`);
}

type Option = 'tlsCert' | 'tlsKey';
const REASONS: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a folder',
};
