/** What a step may be made of, what is made of it, and that nobody runs one that was made otherwise. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { STEP_BYTES_MAX, STEP_FAULT, STEP_FUEL, STEP_WORD } from '../../protocol/gen/tables.ts';
import { checkStep, metered } from '../../src/step/meter.ts';
import { assembled, caller, EXAMPLES, exampleBytes, FOLDER, withStep } from './steps.ts';

/** Debian's compiler, as for the core. */
const RUSTC = '/usr/bin/rustc';
const TARGET = 'wasm32-unknown-unknown';
const LINKER = 'CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER';

const STANDING = Array.from({ length: STEP_WORD.timerB + 1 }, (_, word) => word);

test('what a step may not have is refused, and why', (t) => {
  for (const [why, bytes] of [
    ['it is no WebAssembly module', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
    ['it ends too early', exampleBytes('rust').subarray(0, 300)],
    ['a float', withStep('(drop (f32.add (f32.const 1) (f32.const 2)))')],
    ['uses floats', assembled('(module (func (export "step") (param f64)))')],
    ['uses floats', withStep('(local f32)')],
    ['SIMD', withStep('(drop (i8x16.all_true (i8x16.splat (i32.const 1))))')],
    [
      'imports something',
      assembled('(module (import "a" "b" (func)) (func (export "step") (param i32)))'),
    ],
    [
      'imports something',
      assembled('(module (import "a" "b" (memory 1)) (func (export "step") (param i32)))'),
    ],
    ['memory.grow', withStep('(drop (memory.grow (i32.const 1)))')],
    ['17 pages', assembled('(module (memory 17) (func (export "step") (param i32)))')],
    ['bulk memory', withStep('(memory.fill (local.get $at) (i32.const 0) (i32.const 8))')],
    [
      'a call through a table',
      withStep('(call_indirect (param i32) (local.get $at) (i32.const 0))', '(table 1 funcref)'),
    ],
    ['calls itself', withStep('(call $step (local.get $at))')],
    ['calls itself', withStep('(call $f)', '(func $f (call $g)) (func $g (call $f))')],
    [
      'a start function',
      assembled('(module (func $f) (start $f) (func (export "step") (param i32)))'),
    ],
    [
      'data at 100..103',
      assembled(
        '(module (memory 1) (data (i32.const 100) "abc") (func (export "step") (param i32)))',
      ),
    ],
    ['exports no function step', assembled('(module (func (export "move") (param i32)))')],
    ['takes one i32', assembled('(module (func (export "step")))')],
    [
      'takes one i32',
      assembled('(module (func (export "step") (param i32) (result i32) (i32.const 0)))'),
    ],
    [
      `${STEP_BYTES_MAX} at most`,
      withStep('(i32.store (local.get $at) (i32.const 70000))'.repeat(2000)),
    ],
  ] as const)
    t.throws(() => metered(bytes), { code: 'E_STEP', message: new RegExp(why) }, why);
  t.end();
});

test('a step that would trap answers why, and one that follows is as if nothing had been', (t) => {
  const answer = '(i32.store offset=80 (local.get $at) (i32.const 5))';
  for (const [fault, body] of [
    ['fuel', '(loop $again (br $again))'],
    [
      'fuel',
      `(local $n i32) (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const ${STEP_FUEL}))))`,
    ],
    ['read', '(drop (i64.load (i32.const 65529)))'],
    ['read', '(drop (i32.load8_u offset=65535 (i32.const -1)))'],
    ['write', '(i32.store (i32.const 4093) (i32.const 1))'],
    ['write', '(i32.store8 (i32.const 15) (i32.const 1))'],
    ['write', '(i64.store offset=4294967295 (i32.const 17) (i64.const 1))'],
    ['divide', '(drop (i32.rem_s (i32.const 1) (i32.const 0)))'],
    ['divide', '(drop (i64.div_s (i64.const -9223372036854775808) (i64.const -1)))'],
    ['unreachable', '(unreachable)'],
  ] as const) {
    const call = caller(metered(withStep(`${body} ${answer}`)));
    t.equal(call(STANDING).fault, STEP_FAULT[fault], body);
    t.equal(call(STANDING).fault, STEP_FAULT[fault], 'and again');
  }
  const call = caller(
    metered(withStep(`(if (i32.eqz (i32.load (local.get $at))) (then (unreachable))) ${answer}`)),
  );
  t.equal(call(STANDING).fault, STEP_FAULT.unreachable);
  t.same(call([1, ...STANDING.slice(1)]), {
    fault: 0,
    words: [5, 21, 22, 0, 0, 0, 26, 27, 28, 29],
  });
  t.end();
});

test('what may be reached may be: the edges of memory, the remainder of the least number', (t) => {
  for (const body of [
    '(drop (i64.load (i32.const 65528)))',
    '(i32.store (i32.const 4092) (i32.const 1))',
    '(i32.store8 (i32.const 16) (i32.const 1))',
    '(drop (i32.rem_s (i32.const -2147483648) (i32.const -1)))',
    '(local $n i32) (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const 1000))))',
  ])
    t.equal(caller(metered(withStep(body)))(STANDING).fault, 0, body);
  t.end();
});

test('nothing outlives a call: memory, globals and the stack are as at the beginning', (t) => {
  const keeps = `
    (i32.store offset=80 (local.get $at) (i32.add (i32.load (i32.const 4000)) (global.get $g)))
    (i32.store offset=84 (local.get $at) (i32.load8_u (i32.const 136)))
    (i32.store offset=88 (local.get $at) (i32.load (i32.const 140)))
    (i64.store (i32.const 132) (i64.const -1))
    (i64.store (i32.const 138) (i64.const -1))
    (i32.store (i32.const 4000) (i32.const 55))
    (global.set $g (i32.add (global.get $g) (i32.const 1)))`;
  const call = caller(metered(withStep(keeps, '(global $g (mut i32) (i32.const 3))')));
  for (let n = 0; n < 3; n += 1) t.same(call(STANDING).words.slice(0, 3), [3, 0, 0]);
  t.end();
});

test('both examples answer the same to the same words', (t) => {
  const [rust, script] = EXAMPLES.map((name) => caller(metered(exampleBytes(name))));
  let seed = 7;
  const random = (): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) | 0;
    return seed >>> 8;
  };
  for (let n = 0; n < 5000; n += 1) {
    const words = STANDING.map(() => (random() % 40_000) - 20_000);
    words[STEP_WORD.tickRateHz] = 1 + (random() % 128);
    words[STEP_WORD.buttons] = random() % 64;
    words[STEP_WORD.flags] = random() % 64;
    words[STEP_WORD.acceleration] = random() % 9000;
    words[STEP_WORD.moveX] = (random() % 255) - 127;
    words[STEP_WORD.numberB] = random() % 3;
    const answers = [rust?.(words), script?.(words)];
    t.equal(answers[0]?.fault, 0);
    if (JSON.stringify(answers[0]) !== JSON.stringify(answers[1]))
      t.same(answers[0], answers[1], `${n}: ${words}`);
  }
  t.end();
});

test('a module that fray step did not make is not run', (t) => {
  const made = metered(exampleBytes('rust'));
  checkStep(made);
  const where = (bytes: Uint8Array, part: readonly number[]): number =>
    bytes.findIndex((_, at) => part.every((byte, k) => bytes[at + k] === byte));
  let [refused, run] = [0, 0];
  for (let at = 0; at < made.length; at += 11) {
    const changed = made.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    try {
      checkStep(changed);
    } catch (error) {
      refused += 1;
      if (!(error instanceof Error && 'code' in error && error.code === 'E_STEP')) throw error;
      continue;
    }
    // Another number of the author's own: it is another step then, and as safe.
    if (!WebAssembly.validate(changed)) continue;
    run += 1;
    caller(changed)(STANDING);
  }
  t.ok(refused > made.length / 22 && run > 5, `${refused} are refused, ${run} are others and end`);
  t.throws(() => checkStep(exampleBytes('rust')), { code: 'E_STEP', message: /did not make it/ });
  t.throws(() => checkStep(Uint8Array.of(...made, 0, 1, 0)), { code: 'E_STEP' });
  const loop = metered(withStep('(loop $again (br $again))'));
  const burn = where(loop, [0x03, 0x40, 0x41]);
  t.ok(burn > 0);
  const free = loop.slice();
  free.set([0x41, 0x00], burn + 2);
  t.throws(
    () => checkStep(free),
    { code: 'E_STEP', message: /does not pay/ },
    'a loop for nothing',
  );
  t.end();
});

test('the committed modules are what the sources make, where their compilers are at hand', async (t) => {
  const { versions } = JSON.parse(readFileSync(`${FOLDER}built.json`, 'utf8')) as {
    readonly versions: Readonly<Record<(typeof EXAMPLES)[number], string>>;
  };
  for (const name of EXAMPLES) {
    const built = builtAgain(name, versions[name]);
    if (built === null) t.comment(`${name}: not compared, ${versions[name]} is not at hand`);
    else t.equal(Buffer.compare(built, exampleBytes(name)), 0, `${name}: see examples/own-step`);
  }
  t.ok(versions.rust && versions.assemblyscript);
});

/** Null: the compiler that made the committed one is not here. */
function builtAgain(name: (typeof EXAMPLES)[number], version: string): Buffer | null {
  const folder = `${FOLDER}${name}`;
  const target = mkdtempSync(join(tmpdir(), 'fray-step-'));
  const run = (command: string, args: readonly string[], env = {}): string =>
    execFileSync(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  try {
    if (name === 'rust') {
      if (run(RUSTC, ['--version']) !== version) return null;
      const flags = ['build', '--quiet', '--release', '--target', TARGET, '--target-dir', target];
      run('/usr/bin/cargo', flags, { RUSTC, [LINKER]: 'wasm-ld-19' });
      return readFileSync(join(target, TARGET, 'release', 'own_step.wasm'));
    }
    const asc = join(folder, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
    if (!existsSync(asc) || run(process.execPath, [asc, '--version']) !== version) return null;
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      readonly scripts: { readonly build: string };
    };
    const out = join(target, 'step.wasm');
    const args = scripts.build.split(' ').slice(1);
    run(process.execPath, [asc, ...args.map((part) => (part === 'step.wasm' ? out : part))]);
    return readFileSync(out);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}
