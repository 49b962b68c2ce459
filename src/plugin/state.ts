/** The fields of the room as one object: reads see this tick's writes, writes are commands. */
import type { PlacedField, PlacedText } from '../schema/layout.ts';
import { fieldProperty, installProperties } from '../schema/rows.ts';
import { FrayError } from '../errors.ts';
import type { PluginContext } from './context.ts';
import { writeText } from './views.ts';

/** `write` for hooks; `seen` for bots: read only, without fields `to: 'none'`. */
export function roomState(context: PluginContext, flavour: 'write' | 'seen'): object {
  const { layout } = context;
  const writable = flavour === 'write';
  const state = Object.create(new RoomState(context)) as RoomState;
  const known = (field: PlacedField | PlacedText): boolean => writable || field.audience !== 'none';
  const properties = layout.roomFields.filter(known).map((field) => fieldProperty(field, 'room.state'));
  installProperties(state, properties, { writable });
  for (const text of layout.roomTexts.filter(known)) installText(state, { text, context, writable });
  return Object.freeze(state);
}

class RoomState {
  readonly raw: (field: number) => number;
  readonly write: (field: number, raw: number) => void;

  constructor(context: PluginContext) {
    this.raw = (field) => {
      context.scope.assertOpen('read room.state');
      return context.overlay.readRoom(field);
    };
    this.write = (field, raw) => {
      context.scope.assertOpen('write room.state');
      context.commands.setRoomField(field, raw);
      context.overlay.writeRoom(field, raw);
    };
  }
}

function installText(
  state: object,
  row: { readonly text: PlacedText; readonly context: PluginContext; readonly writable: boolean },
): void {
  const { text, context, writable } = row;
  const path = `room.state.${text.name}`;
  Object.defineProperty(state, text.name, {
    enumerable: true,
    get(): string {
      context.scope.assertOpen('read room.state');
      return context.overlay.readText(0, text.index) ?? context.text(context.core.roomTexts + text.offset);
    },
    set(value: unknown): void {
      if (!writable) throw new FrayError('E_VALUE', `Cannot set ${path}: it can only be read here`);
      context.scope.assertOpen('write room.state');
      writeText(context, { handle: 0, field: text.index, bytesMax: text.spec.bytesMax, path, value });
    },
  });
}
