/** The fields of the room as one object: reads see this tick's writes, writes are commands. */
import { FrayError } from '../errors.ts';
import type { PlacedField, PlacedText, SchemaLayout } from '../schema/layout.ts';
import type { WritableRow } from '../schema/rows.ts';
import { fieldProperty, installProperties } from '../schema/rows.ts';
import type { PluginContext } from './context.ts';
import { writeText } from './views.ts';

/** `write` for hooks; `seen` for bots: read only, without fields `to: 'none'`. */
export type StateFlavour = 'write' | 'seen';

/** A state without the fields of its schema, which are installed on the classes that extend it. */
export class RoomState implements WritableRow {
  readonly #context: PluginContext;

  constructor(context: PluginContext) {
    this.#context = context;
  }

  $raw(field: number): number {
    this.#context.scope.assertOpen('read room.state');
    return this.#context.overlay.readRoom(field);
  }

  $write(field: number, raw: number): void {
    this.#context.scope.assertOpen('write room.state');
    this.#context.commands.setRoomField(field, raw);
    this.#context.overlay.writeRoom(field, raw);
  }

  $readText(text: PlacedText): string {
    const { scope, overlay, core } = this.#context;
    scope.assertOpen('read room.state');
    return overlay.readText(0, text.index) ?? this.#context.text(core.roomTexts + text.offset);
  }

  $writeText(text: PlacedText, value: unknown): void {
    this.#context.scope.assertOpen('write room.state');
    const path = `room.state.${text.name}`;
    writeText(this.#context, {
      handle: 0,
      field: text.index,
      bytesMax: text.spec.bytesMax,
      path,
      value,
    });
  }
}

export function roomState(context: PluginContext, flavour: StateFlavour): RoomState {
  const { layout } = context;
  let shape = CLASSES[flavour].get(layout);
  if (shape === undefined) {
    shape = stateClass(layout, flavour);
    CLASSES[flavour].set(layout, shape);
  }
  const state = new shape(context);
  Object.freeze(state);
  return state;
}

function stateClass(layout: SchemaLayout, flavour: StateFlavour): typeof RoomState {
  const writable = flavour === 'write';
  const known = (field: PlacedField | PlacedText): boolean => writable || field.audience !== 'none';
  const shape = class extends RoomState {};
  const properties = layout.roomFields
    .filter(known)
    .map((field) => fieldProperty(field, 'room.state'));
  installProperties(shape.prototype, properties, { writable });
  for (const text of layout.roomTexts.filter(known)) {
    Object.defineProperty(shape.prototype, text.name, {
      enumerable: true,
      get(this: RoomState): string {
        return this.$readText(text);
      },
      set(this: RoomState, value: unknown): void {
        if (!writable)
          throw new FrayError(
            'E_VALUE',
            `Cannot set room.state.${text.name}: it can only be read here`,
          );
        this.$writeText(text, value);
      },
    });
  }
  return shape;
}

/** Made once per game and shared by its rooms. */
const CLASSES: Readonly<Record<StateFlavour, WeakMap<SchemaLayout, typeof RoomState>>> = {
  write: new WeakMap(),
  seen: new WeakMap(),
};
