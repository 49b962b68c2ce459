/**
 * Runs quick tests in a copy and says which of them sees a break: first the one that is expected to, then those of the
 * area, then all quick ones. A test counts only if it passes without the break.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Ran, run } from '../test/run.mjs';
import type { Copy } from './copy.ts';
import type { Patch, TestName } from './patches.ts';
import { breakText } from './patches.ts';
import { TypeCheck } from './types.ts';

export type Verdict =
  | { readonly kind: 'killed'; readonly by: TestName; readonly seconds: number }
  | { readonly kind: 'survived'; readonly seconds: number }
  /** Not a break that could be committed: a compiler refuses it. */
  | { readonly kind: 'refused'; readonly why: string };

/** One run of tests: a TAP file, or some of cargo's targets. */
interface Suite {
  readonly key: string;
  run(): Promise<Ran>;
  /** The first test that failed. */
  failed(ran: Ran): TestName;
}

export class Judge {
  readonly #copy: Copy;
  readonly #types: TypeCheck | undefined;
  readonly #note: (text: string) => void;
  /** Whether a suite passes without a break, by its file. */
  readonly #passes = new Map<string, boolean>();

  /** `types`: TypeScript has to take a break, too, which costs some seconds. `note` gets what a person should know. */
  constructor(copy: Copy, { types, note }: { types: boolean; note: (text: string) => void }) {
    this.#copy = copy;
    this.#types = types ? new TypeCheck(copy.root) : undefined;
    this.#note = note;
  }

  /** Breaks the copy, finds who sees it, and mends the copy. */
  async judge(patch: Patch): Promise<Verdict> {
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    const whole = this.#copy.read(patch.file);
    const answer = breakText(patch, whole);
    if (typeof answer === 'string') return { kind: 'refused', why: answer };
    const isRust = patch.file.endsWith('.rs');
    const broken = async <T>(look: () => Promise<T>): Promise<T> => {
      this.#copy.write(patch.file, answer.broken);
      try {
        return await look();
      } finally {
        this.#copy.write(patch.file, whole);
      }
    };
    const why = isRust ? '' : this.#types?.errorOf(patch.file, answer.broken);
    if (why) return { kind: 'refused', why };
    const suites = isRust ? this.#rust(patch.first) : this.#typescript(patch);
    for (const [at, suite] of suites.entries()) {
      const ran = await broken(() => suite.run());
      if (isRust && /could not compile/.test(ran.errors))
        return {
          kind: 'refused',
          why: ran.errors.split('\n').find(isError) ?? 'it does not build',
        };
      if (ran.code === 0) continue;
      if (!(await this.#passesWhole(suite))) {
        this.#note(`${suite.key} fails without the break, too: it judges nothing`);
        continue;
      }
      // A test that nobody expected has to say it twice: it might be one of time, on a machine that is busy.
      if (at > 0) {
        this.#note(`${patch.name} is not seen by ${patch.first.file} > ${patch.first.name}`);
        if ((await broken(() => suite.run())).code === 0) continue;
      }
      return { kind: 'killed', by: suite.failed(ran), seconds: seconds() };
    }
    return { kind: 'survived', seconds: seconds() };
  }

  async #passesWhole(suite: Suite): Promise<boolean> {
    const known = this.#passes.get(suite.key);
    if (known !== undefined) return known;
    const passes = (await suite.run()).code === 0;
    this.#passes.set(suite.key, passes);
    return passes;
  }

  #typescript(patch: Patch): Suite[] {
    const quick = readdirSync(join(this.#copy.root, 'test'), { recursive: true })
      .map((file) => `test/${String(file)}`)
      .filter((file) => file.endsWith('.test.ts') && !NOT_QUICK.test(file))
      .sort();
    const area = `test/${patch.file.replace(/^src\//, '').split('/')[0]}/`;
    const near = quick.filter((file) => file.startsWith(area));
    return [...new Set([patch.first.file, ...near, ...quick])].map((file) => this.#tap(file));
  }

  #tap(file: string): Suite {
    const args = ['--import=tsx', '--conditions=fray-source', file];
    const env = { TAP: '1', NO_COLOR: '1', TAP_TIMEOUT: String(LIMIT_MS / 1000) };
    return {
      key: file,
      run: () => run(process.execPath, args, { cwd: this.#copy.root, env, timeoutMs: LIMIT_MS }),
      failed: (ran) => {
        const name = /^not ok \d+ - (.*?)(?: # .*)?$/m.exec(ran.output)?.[1];
        return { file, name: name ?? ended(ran) };
      },
    };
  }

  /** The expected test alone, then each target but the golden bytes: whoever breaks the code renews those. */
  #rust(first: TestName): Suite[] {
    const tests = readdirSync(join(this.#copy.root, 'core-wasm/tests'))
      .filter((file) => file.endsWith('.rs') && file !== 'vectors.rs')
      .map((file) => ['--test', file.slice(0, -3)])
      .sort();
    const test = /\/tests\/(\w+)\.rs$/.exec(first.file)?.[1];
    const own = test === undefined ? ['--lib'] : ['--test', test];
    const others = [['--lib'], ...tests].filter((target) => target[1] !== own[1]);
    const whole = [own, ...others].map((target) => this.#cargo(target, []));
    return [this.#cargo(own, ['--exact', first.name]), ...whole];
  }

  /** A target of the crate; `which` of its tests, as the test program takes it. */
  #cargo(target: readonly string[], which: readonly string[]): Suite {
    const cargo = (args: readonly string[], timeoutMs: number): Promise<Ran> =>
      run('cargo', ['test', '--locked', ...target, ...args], {
        cwd: join(this.#copy.root, 'core-wasm'),
        env: { CARGO_TARGET_DIR: join(this.#copy.root, 'target'), CARGO_TERM_COLOR: 'never' },
        timeoutMs,
      });
    return {
      key: `cargo test ${[...target, ...which].join(' ')}`,
      run: async () => {
        const built = await cargo(['--no-run'], BUILD_LIMIT_MS);
        return built.code === 0 ? cargo(['--', ...which], LIMIT_MS) : built;
      },
      failed: (ran) => {
        const file = target[1] === undefined ? 'src' : `tests/${target[1]}.rs`;
        const name = /^test (\S+) \.\.\. FAILED$/m.exec(ran.output)?.[1];
        return { file: `core-wasm/${file}`, name: name ?? ended(ran) };
      },
    };
  }
}

function ended(ran: Ran): string {
  return ran.timedOut ? 'ended after its limit of time' : `ended with code ${ran.code}`;
}

function isError(line: string): boolean {
  return line.startsWith('error');
}

/** Takes long, needs a browser or a network, or looks at the sources and not at what they do. */
const NOT_QUICK =
  /\.slow\.test\.ts$|^test\/(browser|install|docs|mutants|bench)\/|^test\/tidy\.test|\/generated\.test/;
/** ms. A quick test takes seconds; a break can make it wait for ever. */
const LIMIT_MS = 60_000;
/** ms. With what has to be built the first time. */
const BUILD_LIMIT_MS = 600_000;
