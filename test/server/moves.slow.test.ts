/** `fray debug move-room` against a whole server. */
import { test } from 'tap';
import { serve } from './fixture.ts';
import { fray } from './fray-process.ts';

test('fray debug move-room: a room goes to and fro, and the report says how; nobody else may ask for it', async (t) => {
  const server = await serve({ workers: '2', bots: '4', shadowMs: '100' });
  t.teardown(() => server.stop(0));
  const admin = server.adminUrl ?? '';
  const headers = { 'x-fray-debug': '1' };
  const refused = await fetch(`${admin}debug/move-room?room=x&to=1`, { method: 'POST' });
  t.equal(refused.status, 403, 'as a page could');
  await refused.text();
  for (const [query, why] of [
    ['room=nobody&to=1', /no such room/],
    ['', /no such room/],
  ] as const) {
    const answer = await fetch(`${admin}debug/move-room?${query}`, { method: 'POST', headers });
    t.equal(answer.status, 409, query);
    t.match(await answer.text(), why);
  }
  const roomOf = async (): Promise<{ id: string; worker: number; tick: number }> => {
    const answer = await fetch(`${admin}debug/moves`, { headers });
    const { rooms } = (await answer.json()) as {
      rooms: { id: string; worker: number; bots: number; tick: number }[];
    };
    const room = rooms.find(({ bots }) => bots > 0);
    if (room !== undefined) return room;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return roomOf();
  };
  const { id, worker } = await roomOf();
  const nowhere = await fetch(`${admin}debug/move-room?room=${id}&to=7`, {
    method: 'POST',
    headers,
  });
  t.match([nowhere.status, await nowhere.text()], [409, /no such worker/]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const run = fray(['debug', 'move-room', '--admin', admin, '--times', '5', '--json']);
  t.equal(await run.ended, 0, run.err);
  const report = JSON.parse(run.out) as { reports: { from: number; to: number; tick: number }[] };
  t.match(report, { room: id, moves: 5 });
  t.same(
    report.reports.map(({ from, to }) => [from, to]),
    Array.from({ length: 5 }, (_, k) => ((worker + k) % 2 === 0 ? [0, 1] : [1, 0])),
  );
  const ticks = report.reports.map(({ tick }) => tick);
  t.same(
    ticks,
    [...ticks].sort((one, other) => one - other),
    'its ticks go on',
  );
  const { worker: there, tick } = await roomOf();
  t.equal(there, (worker + 1) % 2);
  t.ok(tick >= (ticks.at(-1) ?? 0));
  const text = await (await fetch(`${admin}metrics`)).text();
  t.match(text, /^fray_rooms_moved_total 5$/m);
});
