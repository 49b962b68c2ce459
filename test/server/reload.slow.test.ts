/** SIGHUP to a real process: certificate, token keys and log level change, sessions stay; what is broken changes nothing. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { connect } from '../../src/client/node.ts';
import { readCertificate } from '../../src/http/tls.ts';
import { issueConnectToken } from '../../src/tokens.ts';
import { folderFor, makeCertificate, renew } from '../http/certificates.ts';
import { CORE, freePort, until } from './fixture.ts';
import { events, listening, small } from './fray-process.ts';
import { duel } from './games/schema.ts';

// The certificates are our own; read by node:tls with each connection.
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';

t.test('renewed certificate, rotated keys and log level, with players inside', async (t) => {
  const folder = folderFor(t);
  const live = makeCertificate(folder, 'live');
  const next = makeCertificate(folder, 'next');
  const [old, current] = [key(), key()];
  const settings = join(folder, 'fray.json');
  const secrets = join(folder, 'fray.env');
  const write = (logLevel: string, keys: readonly string[], extra: object = {}): void => {
    writeFileSync(settings, JSON.stringify({ logLevel, ...extra }));
    writeFileSync(secrets, `FRAY_TOKEN_KEYS=${keys.join(',')}\n`);
  };
  write('info', [old]);
  const run = await listening(
    t,
    [
      ...small(await freePort()),
      ...['--tls-cert', live.cert, '--tls-key', live.key],
      ...['--config', settings, '--env-file', secrets, '--state-dir', join(folder, 'state')],
    ],
    // A key in the environment that the file replaces.
    { FRAY_TOKEN_KEYS: key() },
  );
  t.match(run.url, /^https:/);
  const join_ = (userId: string, hex: string) =>
    connect(run.url, { schema: duel, wasm: CORE, token: tokenOf(userId, hex) });
  const ann = await join_('ann', old);
  t.teardown(() => ann.close());
  await t.rejects(join_('bob', current), { code: 'E_TOKEN_INVALID' });
  const first = readCertificate(live).fingerprint;
  t.equal(await shown(run.url), first);

  const hup = async (event: string): Promise<{ readonly [fact: string]: unknown }> => {
    const before = events(run, event).length;
    run.child.kill('SIGHUP');
    await until(`${event}: ${run.err}`, () => events(run, event).length > before, 10_000);
    return events(run, event).at(-1) ?? {};
  };

  // Renewed, rotated, and with an option that needs a new start.
  renew(next, live);
  write('debug', [current, old], { bots: 3 });
  const second = readCertificate(next).fingerprint;
  t.match(await hup('server.reloaded'), {
    certificate: second,
    tokenKeys: 2,
    logLevel: 'debug',
    needsRestart: 'bots',
  });
  t.equal(await shown(run.url), second);
  const bob = await join_('bob', current);
  t.teardown(() => bob.close());
  const cid = await join_('cid', old);
  cid.close();
  await until('debug lines come', () => events(run, 'session.joined').length >= 2);
  const snapshots = ann.stats.snapshots;
  await until('the first player plays on', () => ann.stats.snapshots > snapshots + 10);

  // Broken, one after the other: nothing changes, and each is told.
  writeFileSync(live.key, 'no key');
  write('error', [old]);
  t.match(await hup('server.reload_failed'), {
    code: 'E_CONFIG',
    level: 'error',
    text: /tlsKey = .*live\.key: it holds no private key .*; what was in use stays in use$/,
  });
  renew(next, live);
  writeFileSync(settings, '{ "logLevel": "error", ');
  t.match(await hup('server.reload_failed'), { text: /fray\.json: it is not JSON/ });
  write('error', ['abc']);
  t.match(await hup('server.reload_failed'), { text: /FRAY_TOKEN_KEYS = \(secret\)/ });
  t.equal(await shown(run.url), second);
  const dan = await join_('dan', current);
  t.teardown(() => dan.close());
  await until('still at debug', () => events(run, 'session.joined').length >= 3);

  // The old key goes.
  write('info', [current]);
  t.match(await hup('server.reloaded'), { tokenKeys: 1, logLevel: 'info', needsRestart: '' });
  await t.rejects(join_('eve', old), { code: 'E_TOKEN_INVALID' });
  t.equal(ann.status, 'open', 'who came with the old key stays');
  t.equal(bob.status, 'open');
  for (const secret of [old, current]) t.notMatch(run.err + run.out, secret);
  run.child.kill('SIGTERM');
  t.equal(await run.ended, 0);
});

function key(): string {
  return randomBytes(32).toString('hex');
}

function tokenOf(userId: string, hex: string): string {
  const order = { userId, room: '', servers: ['127.0.0.1:1'], key: Buffer.from(hex, 'hex') };
  return issueConnectToken(order).token;
}

/** SHA-256 of the certificate that a new connection is shown. */
async function shown(url: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const made = connectTls({ port: Number(port), host: hostname }, () => resolve(made));
    made.once('error', reject);
  });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}
