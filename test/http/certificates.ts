/** Certificates for tests: made by openssl in a folder of their own, valid for localhost and 127.0.0.1. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Files {
  readonly cert: string;
  readonly key: string;
}

/** A folder that goes with the test. */
export function folderFor(keeper: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'fray-tls-'));
  keeper.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A self-signed certificate with a new key. */
export function makeCertificate(folder: string, name: string): Files {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const out = ['-keyout', files.key, '-out', files.cert, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...out], { stdio: 'ignore' });
  return files;
}

/** Puts one pair where another was, as a renewal does. */
export function renew(from: Files, to: Files): void {
  copyFileSync(from.cert, to.cert);
  copyFileSync(from.key, to.key);
}
