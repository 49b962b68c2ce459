/** `fray debug kill-worker` against a whole server. */
import { test } from 'tap';
import { connect } from '../../src/client/node.ts';
import { CORE, serve } from './fixture.ts';
import { fray } from './fray-process.ts';
import { duel } from './games/schema.ts';

test('fray debug kill-worker: rooms go on, and the report says so; nobody else may ask for it', async (t) => {
  const server = await serve({ workers: '2', roomsWarm: '2', bots: '4', shadowMs: '500' });
  t.teardown(() => server.stop(0));
  const admin = server.adminUrl ?? '';
  const ann = await connect(server.url, { schema: duel, name: 'ann', wasm: CORE });
  t.teardown(() => ann.close());
  for (const [method, path] of [
    ['GET', 'debug/crashes'],
    ['POST', 'debug/kill-worker?worker=0&how=exit'],
  ] as const) {
    const refused = await fetch(`${admin}${path}`, { method });
    t.equal(refused.status, 403, `${method} ${path} as a page could`);
    await refused.text();
  }
  const headers = { 'x-fray-debug': '1' };
  for (const query of ['worker=7&how=exit', 'worker=0&how=gently', '']) {
    const url = `${admin}debug/kill-worker?${query}`;
    const answer = await fetch(url, { method: 'POST', headers });
    t.equal(answer.status, 409, query);
    await answer.text();
  }
  const got = await fetch(`${admin}debug/kill-worker?worker=0&how=exit`, { headers });
  t.equal(got.status, 404, 'a GET kills nobody');
  await got.text();
  for (const [how, times] of [
    ['exit', 2],
    ['hang', 1],
  ] as const) {
    const run = fray([
      ...['debug', 'kill-worker', '--admin', admin, '--how', how],
      ...['--times', String(times), '--json'],
    ]);
    t.equal(await run.ended, 0, run.err);
    const report = JSON.parse(run.out) as Report;
    t.match(report, { roomsLost: 0, ticksLost: 0, rooms: times });
    t.same(
      report.deaths.map(({ hung }) => hung),
      Array.from({ length: times }, () => how === 'hang'),
    );
  }
  const stocked = async (): Promise<boolean> => {
    const run = fray(['debug', 'kill-worker', '--admin', admin, '--json']);
    t.equal(await run.ended, 0, run.err);
    const { deaths } = JSON.parse(run.out) as Report;
    return deaths.every(({ recovered }) => recovered.every((room) => room.stocked));
  };
  let deaths = 1;
  for (; !(await stocked()) && deaths < 10; deaths += 1) await pause(1000);
  t.ok(deaths < 10, 'the spare has a core ready for the room');
  const text = await (await fetch(`${admin}metrics`)).text();
  const recovered = Number(/^fray_rooms_recovered_total\{worker="0"\} (\d+)/m.exec(text)?.[1]);
  t.equal(recovered, 3 + deaths);
  t.not(ann.status, 'closed');
  t.ok(
    server.sessions.counters.untold >= 3,
    'what a player was told as his worker died, a token to come back with, is told again',
  );
  const wrong = fray(['debug', 'fly', '--admin', admin]);
  t.not(await wrong.ended, 0);
  t.match(wrong.err + wrong.out, /kill-worker and move-room is all there is/);
});

interface Report {
  readonly deaths: readonly {
    readonly hung: boolean;
    readonly recovered: readonly { readonly stocked: boolean }[];
  }[];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
