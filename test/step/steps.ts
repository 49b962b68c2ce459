/** Steps of a game's own for tests: the two examples, and modules written by hand. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import binaryen from 'binaryen';
import { STEP_WORD } from '../../protocol/gen/tables.ts';
import { OwnStep } from '../../src/schema/step.ts';
import { metered } from '../../src/step/meter.ts';

export const EXAMPLES = ['rust', 'assemblyscript'] as const;
export const FOLDER = fileURLToPath(new URL('../../examples/own-step/', import.meta.url));

/** What the compiler made of an example; committed. */
export function exampleBytes(name: (typeof EXAMPLES)[number]): Uint8Array {
  return new Uint8Array(readFileSync(`${FOLDER}${name}/step.wasm`));
}

export function stepOf(bytes: Uint8Array): OwnStep {
  return new OwnStep(Buffer.from(metered(bytes)).toString('base64'));
}

/** The bytes of a module in text. */
export function assembled(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

/** A module whose `step` has this body; `$at` is the address of the words. */
export function withStep(body: string, more = ''): Uint8Array {
  return assembled(
    `(module (memory 1 1) ${more} (func $step (export "step") (param $at i32) ${body}))`,
  );
}

export interface Stepped {
  /** One of STEP_FAULT, or 0. */
  readonly fault: number;
  /** The words from `vx` on. */
  readonly words: readonly number[];
}

/** Calls a metered step with words as the core does: `way` is no input. */
export function caller(made: Uint8Array): (words: readonly number[]) => Stepped {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made as BufferSource));
  const step = exports['step'] as (...words: number[]) => number;
  const read = exports['read'] as (pair: number) => bigint;
  return (words) => {
    const given = words.filter((_, at) => at < STEP_WORD.wayX || at > STEP_WORD.wayZ);
    const fault = step(...given);
    const answer = [0, 1, 2, 3, 4].flatMap((pair) => {
      const both = read(pair);
      return [Number(BigInt.asIntN(32, both)), Number(BigInt.asIntN(32, both >> 32n))];
    });
    return { fault, words: answer };
  };
}
