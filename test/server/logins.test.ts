/** The author's own login as the host asks it: one end for each, whoever has gone meanwhile. */
import t from 'tap';
import { Logins } from '../../src/logins.ts';
import type { LoginAnswer } from '../../src/plugin/auth.ts';

const WHO = { token: null, text: 'a.b.c', address: '192.0.2.1', headers: null };

/** A login whose answers are given by hand. */
function start() {
  const answers: ((answer: LoginAnswer) => void)[] = [];
  const signals: AbortSignal[] = [];
  const seen = { done: [] as (readonly [number, unknown])[], ended: 0 };
  const logins = new Logins({
    onAuth: ({ signal }) => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    },
    done: (id, result) => seen.done.push([id, 'userId' in result ? result.userId : result.text]),
    ended: () => {
      seen.ended += 1;
    },
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
  logins.cancel(7);
  t.equal(signals[0]?.aborted, true);
  t.equal(seen.ended, 0);
  await answer(0, 'ann');
  t.same(seen, { done: [], ended: 1 });
});

t.test('not for who has the number of its session now', async (t) => {
  const { logins, signals, seen, answer } = start();
  logins.ask(7, WHO);
  logins.cancel(7);
  logins.ask(7, WHO);
  await answer(0, 'ann');
  t.same(seen, { done: [], ended: 1 });
  await answer(1, 'bob');
  t.same(seen.done, [[7, 'bob']]);
  logins.ask(7, WHO);
  logins.cancel(7);
  t.equal(signals[2]?.aborted, true, 'the newest can be cancelled');
});

t.test('one that has answered as it is cancelled has ended, too', async (t) => {
  const { logins, seen, answer } = start();
  logins.ask(7, WHO);
  await answer(0, 'ann');
  logins.cancel(7);
  t.same(seen, { done: [[7, 'ann']], ended: 1 });
});
