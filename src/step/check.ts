/** Whether the step that stands in a configuration may be run, asked before each room: looked at once. */
import { ConfigHead } from '../../protocol/gen/tables.ts';
import { checkStep } from './meter.ts';

/** The last one that was looked at: a process runs one game, and a reader of journals one after the other. */
let known: Uint8Array | undefined;

/** Throws E_STEP for a configuration with a step that `fray step` did not make. Nothing for one without. */
export function checkStepIn(config: Uint8Array): void {
  if (config.length < ConfigHead.bytes) return;
  const step = stepIn(config);
  if (step.length === 0) return;
  if (known?.length === step.length && known.every((byte, at) => byte === step[at])) return;
  const own = step.slice();
  checkStep(own);
  known = own;
}

/** The bytes of the step; none in a game that has none. A view. */
export function stepIn(config: Uint8Array): Uint8Array {
  const head = new DataView(config.buffer, config.byteOffset, config.byteLength);
  const bytes = head.getUint32(ConfigHead.stepBytes, true);
  const from = Math.max(0, config.length - 4 * Math.ceil(bytes / 4));
  return config.subarray(from, from + bytes);
}
