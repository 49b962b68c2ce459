/** The author's own login as the host asks it: one end for each, whoever has gone meanwhile. */
import t from 'tap';
import { Logins, STUCK_MS } from '../../src/logins.ts';
import type { LoginAnswer } from '../../src/plugin/auth.ts';

const WHO = { token: null, text: 'a.b.c', address: '192.0.2.1', headers: null };

/** A login whose answers are given by hand. */
function start() {
  const answers: ((answer: LoginAnswer) => void)[] = [];
  const signals: AbortSignal[] = [];
  const seen = { done: [] as (readonly [number, unknown])[], ended: 0, stuck: [] as number[] };
  const logins = new Logins({
    onAuth: ({ signal }) => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    },
    done: (id, result) => seen.done.push([id, 'userId' in result ? result.userId : result.text]),
    ended: (address) => {
      t.equal(address, WHO.address);
      seen.ended += 1;
    },
    stuck: (count) => seen.stuck.push(count),
    failed: (error) => t.fail(error),
  });
  const answer = async (which: number, userId: string): Promise<void> => {
    answers[which]?.({ userId });
    await new Promise(setImmediate);
  };
  return { logins, signals, seen, answer };
}

t.test('a cancelled login has ended when its answer comes, which is for nobody', async (t) => {
  const { logins, signals, seen, answer } = start();
  logins.ask(7, WHO);
  logins.cancel(7, WHO.address, 0);
  t.equal(signals[0]?.aborted, true);
  t.equal(seen.ended, 0);
  await answer(0, 'ann');
  t.same(seen, { done: [], ended: 1, stuck: [] });
});

t.test('not for who has the number of its session now', async (t) => {
  const { logins, signals, seen, answer } = start();
  logins.ask(7, WHO);
  logins.cancel(7, WHO.address, 0);
  logins.ask(7, WHO);
  await answer(0, 'ann');
  t.same(seen, { done: [], ended: 1, stuck: [] });
  await answer(1, 'bob');
  t.same(seen.done, [[7, 'bob']]);
  logins.ask(7, WHO);
  logins.cancel(7, WHO.address, 0);
  t.equal(signals[2]?.aborted, true, 'the newest can be cancelled');
});

t.test('one that has answered as it is cancelled has ended, too', async (t) => {
  const { logins, seen, answer } = start();
  logins.ask(7, WHO);
  await answer(0, 'ann');
  logins.cancel(7, WHO.address, 0);
  t.same(seen, { done: [[7, 'ann']], ended: 1, stuck: [] });
});

t.test(
  'logins that do not end are told of once, and again when all have ended in between',
  async (t) => {
    const { logins, seen, answer } = start();
    const cancel = (id: number, nowUs: number): void => {
      logins.ask(id, WHO);
      logins.cancel(id, WHO.address, nowUs);
    };
    const stuckUs = STUCK_MS * 1000;
    logins.ask(1, WHO);
    logins.look(9 * stuckUs);
    t.same(seen.stuck, [], 'one that is waited for has its own limit');
    cancel(2, 1e6);
    cancel(3, 2e6);
    logins.look(1e6 + stuckUs - 1);
    t.same(seen.stuck, []);
    for (let k = 0; k < 5; k += 1) logins.look(1e6 + stuckUs + k);
    t.same(seen.stuck, [2]);
    await answer(1, 'ann');
    logins.look(9 * stuckUs);
    t.same(seen.stuck, [2], 'one still runs');
    await answer(2, 'bob');
    logins.look(9 * stuckUs);
    cancel(4, 9 * stuckUs);
    logins.look(10 * stuckUs);
    t.same(seen.stuck, [2, 1]);
  },
);
