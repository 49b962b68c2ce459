/**
 * The own controls between two samples. What is held stays held; a button that was down at any time since the last
 * sample counts as pressed in the next command, so that a tap between two ticks is never lost.
 */
import { InputCommand } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { encodeInput, neutralInput } from '../schema/inputs.ts';
import type { SchemaLayout } from '../schema/layout.ts';

export class InputSampler {
  readonly #layout: SchemaLayout;
  readonly #known: ReadonlySet<string>;
  readonly #now: Record<string, unknown> = {};
  readonly #raw = neutralInput();
  #latched = 0;

  constructor(layout: SchemaLayout) {
    this.#layout = layout;
    this.#known = new Set(layout.inputs.map((input) => input.name));
  }

  /** Changes the inputs named in `input`; the others stay. Throws E_VALUE for a name the schema does not have. */
  set(input: Readonly<Record<string, unknown>>): void {
    for (const name in input) {
      if (!this.#known.has(name)) throw this.#unknown(name);
      this.#now[name] = copied(input[name], this.#now[name]);
    }
    encodeInput(this.#layout, this.#now, this.#raw);
    this.#latched |= this.#raw.buttons;
  }

  /** Releases everything, as when a page loses the keyboard. */
  clear(): void {
    for (const name in this.#now) this.#now[name] = undefined;
    encodeInput(this.#layout, this.#now, this.#raw);
  }

  /** Writes the command for `tick`; `view` is what is shown of others, see `ClientClock.stated`. Taps are then used up. */
  sample(command: DataView, tick: number, view: Uint32Array): void {
    const raw = this.#raw;
    command.setUint32(InputCommand.tick, tick, true);
    command.setUint16(InputCommand.buttons, raw.buttons | this.#latched, true);
    command.setUint16(InputCommand.aim, raw.aim, true);
    command.setInt16(InputCommand.pitch, raw.pitch, true);
    command.setInt8(InputCommand.moveX, raw.moveX);
    command.setInt8(InputCommand.moveY, raw.moveY);
    command.setUint32(InputCommand.viewTick, view[0] as number, true);
    command.setUint16(InputCommand.viewFraction, view[1] as number, true);
    command.setUint16(InputCommand.viewHeld, 0, true);
    for (let i = 0; i < raw.aux.length; i += 1) {
      command.setInt16(InputCommand.aux + i * 2, raw.aux[i] ?? 0, true);
    }
    this.#latched = 0;
  }

  #unknown(name: string): FrayError {
    const known = [...this.#known].join(', ');
    return new FrayError('E_VALUE', `Cannot set the input '${name}': the schema has ${known}`);
  }
}

/** Callers reuse their objects: a stick is copied, into the copy of before where there is one. */
function copied(value: unknown, before: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const stick = value as { x?: unknown; y?: unknown };
  if (typeof before !== 'object' || before === null) return { x: stick.x, y: stick.y };
  const copy = before as { x?: unknown; y?: unknown };
  copy.x = stick.x;
  copy.y = stick.y;
  return copy;
}
