/**
 * Every kept input, then some thousand seeded mutations, on each target. `FRAY_TEST_FUZZ=100000` asks for more,
 * `FRAY_TEST_SEED` for others; RESULTS.md has the long runs. A failure prints the input; run.ts repeats it.
 */
import t from 'tap';
import { readCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { Broken, fuzz, minimised, runOne, type Target } from './engine.ts';
import { Chance, Mutator } from './mutate.ts';
import { load, NAMES } from './targets/index.ts';

const EXECUTIONS = Number(process.env['FRAY_TEST_FUZZ'] ?? 3000);
const SEED = Number(process.env['FRAY_TEST_SEED'] ?? 1);
// Refusals that libraries throw are caught by the code under test: their stacks would be most of the time.
Error.stackTraceLimit = 0;

// First: V8 counts blocks only of what is compiled after this.
t.test('guided by coverage, it finds a fault that chance does not', async (t) => {
  const coverage = new Coverage(/\/(test\/fuzz\/planted\.ts)$/);
  t.teardown(() => coverage.stop());
  const { planted } = await import('./planted.ts');
  const target: Target = { name: 'planted', bytesMax: 40, seeds: [], words: [], run: planted };
  const options = { executions: 200_000, seed: SEED };
  await fuzz(target, { ...options, corpus: [new Uint8Array(8)] });
  const error = await fuzz(target, { ...options, corpus: [new Uint8Array(8)], coverage }).catch(
    (broken) => broken,
  );
  t.ok(error instanceof Broken, 'found');
  t.match(error.message, /planted[\s\S]*input: RlJBW/, 'with its input');
  await t.rejects(runOne(target, error.input), { message: /planted/ }, 'which does it again');
});

t.test(
  'a corpus keeps what reaches something, and the shorter of two that reach the same',
  async (t) => {
    const coverage = new Coverage();
    t.teardown(() => coverage.stop());
    const { checkHello } = await import('../../src/session/datagrams.ts');
    const run = (input: Uint8Array): void => void checkHello(input, 0, 0);
    const target: Target = { name: 'hello', bytesMax: 40, seeds: [], words: [], run };
    const hello = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const inputs = [new Uint8Array(11), hello, new Uint8Array(3), new Uint8Array(14)];
    const kept = await minimised(target, inputs, coverage);
    t.ok(kept.length < inputs.length && kept.some((input) => input.length === 3), 'the short one');
    t.notOk(
      kept.some((input) => input.length === 11),
      'not the long one',
    );
  },
);

t.test('the same seed makes the same inputs, within their limit', async (t) => {
  const corpus = [Uint8Array.of(1, 2, 3), new Uint8Array(50)];
  const make = (seed: number): string[] => {
    const mutator = new Mutator(new Chance(seed), 60, [Uint8Array.of(9, 9)]);
    return Array.from({ length: 2000 }, () => Buffer.from(mutator.make(corpus)).toString('hex'));
  };
  t.same(make(5), make(5));
  t.notSame(make(5), make(6));
  const lengths = make(7).map((text) => text.length / 2);
  t.ok(Math.max(...lengths) === 60 && Math.min(...lengths) === 0, 'from nothing to the limit');
  t.ok(new Set(make(8)).size > 1500, 'and few alike');
});

for (const name of NAMES) {
  t.test(
    `${name}: kept inputs and ${EXECUTIONS} mutations of seed ${SEED} break nothing`,
    async (t) => {
      const target = await load(name);
      if (target === null) throw new Error(`no target ${name}`);
      const corpus = [...readCorpus(name), ...target.seeds];
      t.ok(corpus.length > target.seeds.length, `${corpus.length} inputs are kept`);
      for (const input of corpus) await runOne(target, input);
      await fuzz(target, { executions: EXECUTIONS, seed: SEED, corpus });
    },
  );
}
