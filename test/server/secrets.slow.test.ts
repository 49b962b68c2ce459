/** A real process at the most talkative level, with known keys and tokens: nothing that it prints or counts has them. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { connect } from '../../src/client/node.ts';
import { issueConnectToken } from '../../src/tokens.ts';
import { folderFor } from '../http/certificates.ts';
import { OFFER } from '../transport/rtc-offer.ts';
import { CORE, freePort, GAME, until } from './fixture.ts';
import { events, fray, listening } from './fray-process.ts';
import { duel } from './games/schema.ts';

t.test('keys and tokens stand in no log line, metric or error', async (t) => {
  const [own, previous, foreign] = [key(), key(), key()];
  const file = join(folderFor(t), 'secrets.env');
  writeFileSync(file, `FRAY_TOKEN_KEYS=${own},${previous}\n`);
  const flags = ['--game', GAME, '--workers', '1', '--port', '0', '--log-level', 'trace'];
  const state = ['--state-dir', folderFor(t)];
  const admin = ['--admin-port', String(await freePort()), '--env-file', file, ...state];
  const run = await listening(t, [...flags, ...admin]);
  const tokens = [tokenOf('ann', own), tokenOf('bob', previous), tokenOf('eve', foreign)];
  const [ann = '', bob = '', eve = ''] = tokens;
  const enter = (token: string) => connect(run.url, { schema: duel, wasm: CORE, token });
  const inside = [await enter(ann), await enter(bob)];
  // Before ann has left, the token takes her session over, as a page that lost its state does.
  inside[0]?.close();
  await until('ann has left', () => events(run, 'session.closed').length === 1);
  await t.rejects(enter(ann), { code: 'E_TOKEN_REUSED' }, 'a used token');
  const codes: string[] = [];
  await enter(eve).catch((error: Error & { code: string }) =>
    codes.push(error.code, error.message),
  );
  t.equal(codes[0], 'E_TOKEN_INVALID');
  // Where tokens must not be put, but are: the address of the page.
  await fetch(`${run.url}?token=${encodeURIComponent(ann)}`, {
    headers: { Authorization: `Bearer ${eve}` },
  });
  const location = await offerAndEnd(run.url);
  const metrics = await (await fetch(`${run.admin}metrics`)).text();
  writeFileSync(file, `FRAY_TOKEN_KEYS=${own},${previous}x\n`);
  run.child.kill('SIGHUP');
  await until('the broken file is told', () => events(run, 'server.reload_failed').length === 1);
  for (const game of inside) game.close();
  const broken = fray(['start', ...flags, '--env-file', file]);
  t.equal(await broken.ended, 2);
  run.child.kill('SIGTERM');
  t.equal(await run.ended, 0);
  const printed = [run.out, run.err, broken.out, broken.err, metrics, ...codes].join('\n');
  t.ok(events(run, 'session.joined').length >= 2, 'it did say something');
  for (const secret of [own, previous, foreign]) {
    t.notOk(printed.toLowerCase().includes(secret), 'a key in hex');
    t.notOk(printed.includes(Buffer.from(secret, 'hex').toString('base64').slice(0, 40)));
  }
  t.notOk(printed.includes(location), 'the location of a peer');
  for (const token of tokens)
    for (let at = 0; at + 24 <= token.length; at += 24)
      if (printed.includes(token.slice(at, at + 24))) t.fail('a part of a token is printed');
  t.pass('no part of a token is printed');
});

t.test('what an own login is shown stands in no log line, metric or error', async (t) => {
  const credentials = Object.fromEntries(
    ['good', 'refused', 'thrown', 'parsed'].map((what) => [what, `x${key()}${key()} ${what}`]),
  );
  const { good = '', refused = '', thrown = '', parsed = '' } = credentials;
  const folder = folderFor(t);
  writeFileSync(join(folder, 'auth.mjs'), LOGIN);
  const flags = ['--game', GAME, '--workers', '1', '--port', '0', '--log-level', 'trace'];
  const admin = ['--admin-port', String(await freePort()), '--auth', join(folder, 'auth.mjs')];
  const run = await listening(t, [...flags, ...admin]);
  const told: string[] = [];
  const enter = (credential: string, code: string) =>
    connect(run.url, { schema: duel, wasm: CORE, credential }).then(
      () => t.fail('it is let in'),
      (error: Error & { code?: string }) => {
        told.push(String(error), String(error.stack), String(error.cause));
        t.equal(error.code, code);
      },
    );
  const game = await connect(run.url, { schema: duel, wasm: CORE, credential: good });
  await enter(refused, 'E_AUTH');
  await enter(thrown, 'E_AUTH');
  await enter(parsed, 'E_AUTH');
  await enter(`${refused}${'x'.repeat(1000)}`, 'E_CONFIG');
  await until('both failures are told', () => events(run, 'auth.failed').length === 2);
  t.match(
    events(run, 'auth.failed')[0]?.['error'],
    /no such user: \*\*\*!/,
    'the rest stays readable',
  );
  const metrics = await (await fetch(`${run.admin}metrics`)).text();
  game.close();
  run.child.kill('SIGTERM');
  t.equal(await run.ended, 0);
  const printed = [run.out, run.err, metrics, ...told].join('\n');
  for (const credential of Object.values(credentials))
    for (let at = 0; at + 8 <= 2 * key().length; at += 1)
      if (printed.includes(credential.slice(at, at + 8)))
        t.fail('a part of a credential is printed');
  t.pass('no part of a credential is printed');
});

/** A login that is careless with what it is shown. */
const LOGIN = `
export default async ({ text }) => {
  if (text.endsWith('good')) return { userId: 'zoe' };
  if (text.endsWith('thrown')) throw new Error('no such user: ' + text + '!');
  if (text.endsWith('parsed')) return JSON.parse(text);
  return { text: 'who are you?' };
};
`;

/** The secret part of a location, which was used as it should be and once too often. */
async function offerAndEnd(url: string): Promise<string> {
  const headers = { 'content-type': 'application/sdp' };
  let answer = await fetch(`${url}rtc`, { method: 'POST', headers, body: OFFER });
  // `fray-rtc` takes a second to be there.
  for (let tries = 0; answer.status === 204 && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await fetch(`${url}rtc`, { method: 'POST', headers, body: OFFER });
  }
  const location = answer.headers.get('location') ?? '';
  for (let tries = 0; tries < 2; tries += 1)
    await fetch(new URL(location, answer.url), { method: 'POST' });
  return location.replace('rtc/', '');
}

function key(): string {
  return randomBytes(32).toString('hex');
}

function tokenOf(userId: string, hex: string): string {
  const order = { userId, room: '', servers: ['127.0.0.1:1'], key: Buffer.from(hex, 'hex') };
  return issueConnectToken(order).token;
}
