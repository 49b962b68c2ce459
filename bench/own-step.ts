/**
 * What a call from one WebAssembly instance into another costs, each with a memory of its own: what a step of a game's own would add to a
 * player's tick. `node --import=tsx bench/own-step.ts`; with `--liftoff` behind it, what it is before V8 has optimised it.
 *
 * One module stands for the core: a loop over 128 players in its memory, which calls the other's `step` with 24 integers and writes what its
 * `read` answers back. The other stands for an author's: a walk, a jump and fuel. They are linked with each other, and then through functions of
 * JavaScript. CPU time of the process, per call of `step`.
 */
import { setFlagsFromString } from 'node:v8';
import binaryen from 'binaryen';

const INPUTS = 24;
const PLAYERS = 128;
const WORD = 4;

/** Keeps 16 answers in memory, so that a call without reads is not empty. */
const AUTHOR = `(module (memory 1 1)
  (func (export "step") (param ${'i32 '.repeat(INPUTS)}) (result i32) (local $vx i32) (local $vz i32) (local $fuel i32)
    (local.set $vx (i32.add (local.get 8) (i32.shr_s (i32.sub (local.get 1) (local.get 8)) (i32.const 3))))
    (local.set $vz (i32.sub (local.get 10) (i32.const 600)))
    (local.set $fuel (local.get 16))
    (if (i32.and (local.get 0) (i32.const 4)) (then
      (local.set $vz (i32.add (local.get $vz) (i32.const 900)))
      (local.set $fuel (i32.sub (local.get $fuel) (i32.const 1)))))
    ${Array.from({ length: 16 }, (_, k) => {
      const kept = ['$vx', '9', '$vz', '$fuel'][k] ?? String(k + 4);
      return `(i32.store (i32.const ${k * WORD}) (i32.xor (local.get ${kept}) (local.get 3)))`;
    }).join('\n    ')}
    (i32.const 0))
  (func (export "read") (param i32) (result i32) (i32.load (i32.shl (local.get 0) (i32.const 2)))))`;

const CORE = `(module
  (import "own" "step" (func $step (param ${'i32 '.repeat(INPUTS)}) (result i32)))
  (import "own" "read" (func $read (param i32) (result i32)))
  (memory 1 1)
  (func (export "run") (param $calls i32) (param $reads i32) (local $k i32) (local $row i32) (local $i i32)
    (loop $players
      (local.set $row (i32.mul (i32.and (local.get $k) (i32.const ${PLAYERS - 1})) (i32.const ${INPUTS * WORD})))
      (drop (call $step (local.get $k) ${Array.from(
        { length: INPUTS - 1 },
        (_, k) => `(i32.load offset=${k * WORD} (local.get $row))`,
      ).join(' ')}))
      (local.set $i (i32.const 0))
      (block $done (loop $next
        (br_if $done (i32.ge_s (local.get $i) (local.get $reads)))
        (i32.store (i32.add (local.get $row) (i32.shl (local.get $i) (i32.const 2))) (call $read (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
      (local.set $k (i32.add (local.get $k) (i32.const 1)))
      (br_if $players (i32.lt_s (local.get $k) (local.get $calls))))))`;

type Step = (...inputs: number[]) => number;
type Run = (calls: number, reads: number) => void;

function compiled(text: string): WebAssembly.Module {
  const bytes = binaryen.parseText(text).emitBinary() as BufferSource;
  // Now and not before: binaryen itself is WebAssembly.
  if (process.argv.includes('--liftoff')) setFlagsFromString('--liftoff-only');
  return new WebAssembly.Module(bytes);
}

function linked(wrap: boolean): Run {
  const { step, read } = new WebAssembly.Instance(author).exports as Record<string, Step>;
  if (step === undefined || read === undefined) throw new Error('The module has no such exports');
  const own = wrap
    ? { step: (...inputs: number[]) => step(...inputs), read: (place: number) => read(place) }
    : { step, read };
  return new WebAssembly.Instance(core, { own }).exports['run'] as Run;
}

/** ns. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function measure(run: Run, reads: number, calls: number): string {
  for (let warm = 0; warm < 5; warm += 1) run(calls / 10, reads);
  const rounds = Array.from({ length: 7 }, () => {
    const from = cpu();
    run(calls, reads);
    return (cpu() - from) / calls;
  }).sort((a, b) => a - b);
  return `${rounds[3]?.toFixed(0)} (least ${rounds[0]?.toFixed(0)})`;
}

const author = compiled(AUTHOR);
const core = compiled(CORE);
const startMs = performance.now();
const cold = linked(false);
const linkedMs = performance.now();
cold(1, 16);
const calledMs = performance.now();
console.log(
  `cold: ${((linkedMs - startMs) * 1000).toFixed(0)} us to make both, ${((calledMs - linkedMs) * 1000).toFixed(0)} us the first call`,
);
for (const reads of [0, 8, 16]) {
  const direct = measure(linked(false), reads, 2_000_000);
  const wrapped = measure(linked(true), reads, 200_000);
  console.log(`${reads} reads: ${direct} ns per call; through JavaScript ${wrapped} ns`);
}
