/** `fray step`: from what a compiler made of a game's own step to a module that its schema imports. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { STEP_WORD } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { STEP_FAULT_TEXTS } from '../plugin/step-faults.ts';
import { metered } from '../step/meter.ts';
import type { Command } from './command.ts';
import { EXIT, textOf } from './command.ts';

export const command: Command = {
  name: 'step',
  summary: 'Make a WebAssembly step of your own ready for a schema',
  examples: ['fray step step.wasm --out step.ts'],
  notes: [
    'The module exports step(i32) and is made of integers alone: docs/own-movement.md says how to build one in Rust and in AssemblyScript.',
  ],
  args: {
    file: { type: 'positional', required: true, description: 'The module that a compiler made.' },
    out: {
      type: 'string',
      required: true,
      valueHint: 'path',
      description: 'Where to write the TypeScript module that exports `step`.',
    },
  },
  async run(values, io) {
    const file = resolve(io.folder, textOf(values, 'file'));
    const raw = await readFile(file).catch((cause: unknown) => {
      throw new FrayError('E_CONFIG', `Cannot read ${file}: ${(cause as Error).message}`, {
        cause,
      });
    });
    const made = metered(raw);
    const fault = tried(made);
    if (fault !== null)
      throw new FrayError('E_STEP', `Cannot use the step: for a player that stands still ${fault}`);
    const out = textOf(values, 'out');
    await writeFile(resolve(io.folder, out), moduleOf(made, basename(file)));
    io.out(`fray: ${out} has the step of ${basename(file)}, ${made.length} bytes with its fuel`);
    return EXIT.done;
  },
};

/** The text of the module that a schema imports. */
export function moduleOf(made: Uint8Array, from: string): string {
  const code = Buffer.from(made).toString('base64');
  return [
    `// Made by \`fray step\` from ${from}. Do not edit.`,
    "import { ownStep } from 'fray/schema';",
    '',
    'export const step = ownStep(',
    `  '${code}',`,
    ');',
    '',
  ].join('\n');
}

/** Why a step fails for one who stands still at 30 Hz; null: it does not. What is linked wrongly shows here. */
function tried(made: Uint8Array): string | null {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made as BufferSource));
  const words = Array.from({ length: STEP_WORD.timerB - 2 }, () => 0);
  words[STEP_WORD.tick] = 1;
  words[STEP_WORD.tickRateHz] = 30;
  words[STEP_WORD.flags] = 2;
  const fault = (exports['step'] as (...words: number[]) => number)(...words);
  return fault === 0 ? null : (STEP_FAULT_TEXTS[fault] ?? `it fails with ${fault}`);
}
