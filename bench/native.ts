/**
 * `fray bench native` (P2): what a tick of W1 costs in the committed core, beside a native build of the same source, over one journal.
 * Both play it in turns, `begin` and `end` alone, and compare the state hashes that stand in it; what counts is the median of the ticks of a
 * round. The native build is `core-wasm/examples/profile.rs`; without cargo it is not run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ratioRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import type { W1Size } from './w1.ts';
import { W1_SIZES } from './w1.ts';
import { playJournal } from './w1-core.ts';
import { record } from './w1-recording.ts';

export const bench: Bench = {
  name: 'native',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const program = buildNative(options);
    const sizes = options.quick ? W1_SIZES.slice(0, 1) : W1_SIZES;
    return sizes.map((size) => rowOf(size, { module, program, options }));
  },
};

interface Parts {
  readonly module: WebAssembly.Module;
  /** Of the native build; null where there is none. */
  readonly program: string | null;
  readonly options: BenchOptions;
}

function rowOf(size: W1Size, { module, program, options }: Parts): BenchRow {
  const { warmTicks, timedTicks, rounds } = options.quick ? QUICK : FULL;
  const name = `native/${size.players}x${size.visible}`;
  const folder = mkdtempSync(join(tmpdir(), 'fray-native-'));
  try {
    const seed = options.seed;
    const recorded = record(module, { size, seed, warmTicks, timedTicks, journalDir: folder });
    const file = join(folder, readdirSync(folder)[0] as string);
    const times = Array.from({ length: rounds }, (_, round) => {
      const ours = playJournal(module, readFileSync(file), recorded.warmTicks);
      const peer = program === null ? null : playNative(program, file, recorded.warmTicks);
      options.progress(`${name}: round ${round + 1} of ${rounds}`);
      return { ours: ours.begin + ours.end, peer };
    });
    return ratioRow({
      name,
      unit: 'ns per player and tick',
      rounds: times,
      peerName: program === null ? null : 'native',
      ...(size === W1_SIZES[0] && {
        goal: { text: '<= 1.3x of native', ratioMin: 1 / 1.3, id: 'P2' },
      }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Path of the program; null without cargo. */
function buildNative({ progress }: BenchOptions): string | null {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(packageRoot(), 'core-wasm/target/host');
  const args = ['build', '--quiet', '--release', '--locked', '--example', 'profile'];
  try {
    execFileSync('cargo', [...args, '--target-dir', target], {
      cwd: join(packageRoot(), 'core-wasm'),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    progress(`native: not run: ${String((error as Error).message).split('\n')[0]}`);
    return null;
  }
  return join(target, 'release/examples/profile');
}

/** ns per player and tick. The program ends with an error at a hash that is not the journal's. */
function playNative(program: string, file: string, warmTicks: number): number {
  const printed = execFileSync(program, [file, String(warmTicks)], { encoding: 'utf8' });
  const sum = /^all +([0-9.]+) ns/m.exec(printed)?.[1];
  if (sum === undefined) throw new Error(`Cannot read what ${program} printed: ${printed}`);
  return Number(sum);
}

const FULL = { warmTicks: 300, timedTicks: 3000, rounds: 5 };
const QUICK = { warmTicks: 100, timedTicks: 600, rounds: 3 };
