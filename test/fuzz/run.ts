/**
 * Fuzzes one target: `node --import=tsx --conditions=fray-source test/fuzz/run.ts TARGET [EXECUTIONS] [SEED]`. With a
 * base64 input in the place of EXECUTIONS it runs that one. Prints one line of JSON; with FRAY_TEST_FUZZ_KEEP=1 the
 * minimised corpus is written to `corpus/`. With FRAY_TEST_FUZZ_BLIND=1 nobody looks at the coverage: two to four times as
 * many executions, of mutations of the kept corpus, once a guided run has found what there is to reach.
 */
import { setFlagsFromString } from 'node:v8';
import { readCorpus, writeCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { fuzz, minimised, runOne } from './engine.ts';

// Refusals that a library throws are caught by the code under test: their stacks would be most of the time.
Error.stackTraceLimit = 0;
setFlagsFromString('--stack-size=900');
const coverage = process.env.FRAY_TEST_FUZZ_BLIND === '1' ? undefined : new Coverage();
const { load, NAMES } = await import('./targets/index.ts');
const [name = '', count = '1000000', seed = '1'] = process.argv.slice(2);
const target = await load(name);
if (target === null) {
  console.error(`targets: ${NAMES.join(', ')}`);
  process.exit(2);
}
if (!/^\d+$/.test(count)) {
  Error.stackTraceLimit = 50;
  await runOne(target, new Uint8Array(Buffer.from(count, 'base64')));
  console.log('it holds');
} else {
  const corpus = [...readCorpus(name), ...target.seeds];
  for (const input of corpus) await runOne(target, input);
  coverage?.add(coverage.take());
  const began = performance.now();
  let told = began;
  const executions = Number(count);
  await fuzz(target, {
    executions,
    seed: Number(seed),
    corpus,
    ...(coverage && { coverage }),
    progress: (done) => {
      if (performance.now() - told < 30_000) return;
      told = performance.now();
      const reached = coverage ? `${coverage.figures(true).percent} % of own, ` : '';
      console.error(`${done} of ${executions}, ${reached}${corpus.length} kept`);
    },
  });
  const seconds = (performance.now() - began) / 1000;
  const cpu = process.cpuUsage();
  const small = coverage ? await minimised(target, corpus, coverage) : corpus;
  if (coverage && process.env.FRAY_TEST_FUZZ_KEEP === '1') writeCorpus(name, small);
  console.log(
    JSON.stringify({
      target: name,
      executions,
      seconds: Math.round(seconds),
      perSecond: Math.round(executions / seconds),
      cpuSeconds: Math.round((cpu.user + cpu.system) / 1e6),
      ...(coverage && { own: coverage.figures(true), all: coverage.figures(false) }),
      corpus: small.length,
      corpusBytes: small.reduce((sum, input) => sum + input.length, 0),
      broken: 0,
      seed: Number(seed),
      node: process.version,
    }),
  );
}
