import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { FrayError } from '../../src/errors.ts';
import { PublicHttp } from '../../src/http/public.ts';
import { readCertificate } from '../../src/http/tls.ts';
import { folderFor, makeCertificate } from './certificates.ts';

t.test('a wrong file is one line that names it and what is wrong', async (t) => {
  const folder = folderFor(t);
  const good = makeCertificate(folder, 'good');
  const other = makeCertificate(folder, 'other');
  const noise = join(folder, 'noise.pem');
  writeFileSync(noise, '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n');
  const none = join(folder, 'none.pem');
  const rows: [{ cert: string; key: string }, string][] = [
    [{ ...good, cert: none }, `tlsCert = ${none}: there is no such file`],
    [{ ...good, key: none }, `tlsKey = ${none}: there is no such file`],
    [{ ...good, cert: folder }, `tlsCert = ${folder}: it is a folder`],
    [{ ...good, cert: good.key }, `tlsCert = ${good.key}: it holds no certificate in PEM`],
    [
      { ...good, key: noise },
      `tlsKey = ${noise}: it holds no private key in PEM without passphrase`,
    ],
    [
      { ...good, key: other.key },
      `tlsKey = ${other.key}: it is not the key of the certificate in ${good.cert}`,
    ],
  ];
  for (const [files, text] of rows) {
    try {
      readCertificate(files);
      t.fail(`nothing was refused: ${text}`);
    } catch (error) {
      t.ok(error instanceof FrayError);
      t.match(error, { code: 'E_CONFIG', message: `Cannot use ${text}` });
      t.notMatch(String(error), /c2VjcmV0/, 'nothing of a key is quoted');
    }
  }
  t.match(readCertificate(good).fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

t.test('a renewed certificate is shown to new connections; the open ones stay', async (t) => {
  const folder = folderFor(t);
  const [first, second] = ['first', 'second'].map((name) =>
    readCertificate(makeCertificate(folder, name)),
  );
  if (first === undefined || second === undefined) throw new Error('unreachable');
  const http = new PublicHttp({ certificate: first });
  const port = await http.listen(0, '127.0.0.1');
  t.teardown(() => http.stop(0));
  const before = await open(port);
  t.equal(before.getPeerCertificate().fingerprint256, first.fingerprint);
  http.setCertificate(second);
  const after = await open(port);
  t.equal(after.getPeerCertificate().fingerprint256, second.fingerprint);
  for (const socket of [before, after]) {
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    t.match(await heard(socket), /^HTTP\/1.1 200 OK/);
    socket.destroy();
  }
  t.equal(
    await statusOf(port, readFileSync(second.files.cert)),
    200,
    'and it is trusted as itself',
  );
});

t.test('handshakes that fail or never end are cut off and counted', async (t) => {
  const certificate = readCertificate(makeCertificate(folderFor(t), 'slow'));
  const http = new PublicHttp({ certificate, headersMs: 200 });
  const port = await http.listen(0, '127.0.0.1');
  t.teardown(() => http.stop(0));
  const silent = connectTcp(port, '127.0.0.1');
  const plain = connectTcp(port, '127.0.0.1');
  plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await Promise.all(
    [silent, plain].map((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      return new Promise((resolve) => socket.once('close', resolve));
    }),
  );
  t.equal(http.counters.tlsFailed, 2);
  t.equal(http.counters.requests, 0);
});

function open(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}

function heard(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => socket.once('data', (data) => resolve(data.toString())));
}

function statusOf(port: number, ca: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/healthz', ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
