/**
 * Views of entities: one class per kind, made once per game from its schema; one object per entity and generation, made
 * when it is first asked for and used again after that. A view carries the serial of the hook that got it.
 */
import { COLUMN, KIND, NAME_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import type { PlayerId } from '../schema/fields.ts';
import type { PlacedKind, PlacedText, SchemaLayout } from '../schema/layout.ts';
import type { RowProperty, WritableRow } from '../schema/rows.ts';
import { installProperties, rowProperties } from '../schema/rows.ts';
import type { PluginContext } from './context.ts';

/** `write`: hooks. `own` and `seen`: bots, their own player and the others; read only, and only what clients get. */
export type ViewFlavour = 'write' | 'own' | 'seen';

/** Field number of the player name in SetText. */
const NAME_FIELD = 255;

/** A view without its kind's properties, which are installed on the classes that extend it. */
export class EntityView implements WritableRow {
  readonly #context: PluginContext;
  readonly #handle: number;
  readonly #index: number;
  readonly #input: Record<string, unknown> = {};
  #serial = 0;

  constructor(context: PluginContext, handle: number) {
    this.#context = context;
    this.#handle = handle;
    this.#index = handle & 0xffff;
  }

  get handle(): number {
    this.#context.scope.assertFresh(this.#serial);
    return this.#handle;
  }

  /** Makes it valid for the hook that runs. */
  $stamp(): void {
    this.#serial = this.#context.scope.serial;
  }

  /** True for the entity it was made for. */
  $names(handle: number): boolean {
    return this.#handle === handle;
  }

  $raw(column: number): number {
    this.#context.scope.assertFresh(this.#serial);
    return this.#context.overlay.read(column, this.#index);
  }

  $write(column: number, raw: number): void {
    this.#context.scope.assertFresh(this.#serial);
    this.#context.commands.setField(this.#handle, column, raw);
    this.#context.overlay.write(column, this.#index, raw);
  }

  $readText(text: PlacedText): string {
    this.#context.scope.assertFresh(this.#serial);
    const written = this.#context.overlay.readText(this.#handle, text.index);
    if (written !== undefined) return written;
    const { core } = this.#context;
    return this.#context.text(core.texts + this.#index * core.textBytes + text.offset);
  }

  $writeText(
    field: number,
    bytesMax: number,
    named: { readonly path: string; readonly value: unknown },
  ): void {
    this.#context.scope.assertFresh(this.#serial);
    writeText(this.#context, { ...named, handle: this.#handle, field, bytesMax });
  }

  /** Slot of a player, or PLAYER_NONE. */
  $slotOf(): number {
    return this.$raw(COLUMN.slot) & 0xffff;
  }

  $playerId(): PlayerId {
    return this.#context.playerId(this.$slotOf());
  }

  $isBot(): boolean {
    return this.#context.isBot(this.$slotOf());
  }

  $input(): Readonly<Record<string, unknown>> {
    const slot = this.$slotOf();
    this.#context.readInput(slot, this.#input);
    return this.#input;
  }

  $playerName(): string {
    this.#context.scope.assertFresh(this.#serial);
    return (
      this.#context.overlay.readText(this.#handle, NAME_FIELD) ??
      this.#context.playerName(this.$slotOf())
    );
  }
}

/** Writes a text of an entity, a player's name (field 255) or a text of the room (handle 0). */
export function writeText(
  context: PluginContext,
  text: { handle: number; field: number; bytesMax: number; path: string; value: unknown },
): void {
  const { handle, field } = text;
  const { value, bytes } = checkedText(context, text);
  context.commands.setText(handle, field, bytes);
  context.overlay.writeText(handle, field, value);
}

/** The UTF-8 of a text that fits. Throws E_VALUE. */
export function checkedText(
  context: PluginContext,
  text: { readonly bytesMax: number; readonly path: string; readonly value: unknown },
): { readonly value: string; readonly bytes: Uint8Array } {
  const { bytesMax, path, value } = text;
  if (typeof value !== 'string')
    throw new FrayError('E_VALUE', `Cannot set ${path}: it must be a text`);
  const bytes = context.encode(value);
  if (bytes.length <= bytesMax) return { value, bytes };
  throw new FrayError(
    'E_VALUE',
    `Cannot set ${path}: it has ${bytes.length} bytes of UTF-8, the limit is ${bytesMax}`,
  );
}

/** Finds and keeps the views of one flavour. */
export class ViewPool {
  readonly #context: PluginContext;
  readonly #classes: (typeof EntityView)[];
  readonly #views: (EntityView | undefined)[];

  constructor(context: PluginContext, flavour: ViewFlavour) {
    this.#context = context;
    this.#classes = classesOf(context.layout, flavour);
    this.#views = Array.from({ length: context.core.entitiesMax }, () => undefined);
  }

  /** The entity of that handle, if it exists now; stamped for the hook that runs. */
  byHandle(handle: number): EntityView | undefined {
    const view = this.byIndex(handle & 0xffff);
    return view?.$names(handle) === true ? view : undefined;
  }

  /** The entity in a row, if there is one. */
  byIndex(index: number): EntityView | undefined {
    const { overlay } = this.#context;
    if (index >= this.#views.length) return undefined;
    const kind = overlay.read(COLUMN.kind, index);
    const shape = this.#classes[kind - 1];
    if (kind === KIND.free || shape === undefined) return undefined;
    const handle = (((overlay.read(COLUMN.generation, index) & 0xffff) << 16) | index) >>> 0;
    let view = this.#views[index];
    // A kind has its own class; another generation is another entity, and old references must not reach it.
    if (view === undefined || !view.$names(handle) || !(view instanceof shape)) {
      view = new shape(this.#context, handle);
      this.#views[index] = view;
    }
    view.$stamp();
    return view;
  }

  /** Kind number of the entity of that handle, 0 if it does not exist now. */
  kindOf(handle: number): number {
    const index = handle & 0xffff;
    const { overlay } = this.#context;
    if (index >= this.#views.length) return 0;
    if ((overlay.read(COLUMN.generation, index) & 0xffff) !== handle >>> 16) return 0;
    return overlay.read(COLUMN.kind, index);
  }
}

/** The classes of a game are made once and shared by all its rooms: the engine then knows their shapes. */
function classesOf(layout: SchemaLayout, flavour: ViewFlavour): (typeof EntityView)[] {
  let classes = CLASSES[flavour].get(layout);
  if (classes === undefined) {
    classes = layout.kinds.map((kind) => viewClass(layout, kind, flavour));
    CLASSES[flavour].set(layout, classes);
  }
  return classes;
}

function viewClass(
  layout: SchemaLayout,
  kind: PlacedKind,
  flavour: ViewFlavour,
): typeof EntityView {
  const shape = class extends EntityView {};
  const writable = flavour === 'write';
  const properties = rowProperties(layout, kind.number).filter((property) =>
    knows(property, flavour),
  );
  installProperties(shape.prototype, properties, { writable });
  for (const text of kind.texts) {
    if (knows(text, flavour)) installText(shape.prototype, { kind, text, writable });
  }
  Object.defineProperty(shape.prototype, 'kind', { value: kind.name, enumerable: true });
  if (kind.number === KIND.player) installPlayer(shape.prototype, flavour);
  return shape;
}

function knows(field: Pick<RowProperty, 'audience'>, flavour: ViewFlavour): boolean {
  if (flavour === 'write') return true;
  if (flavour === 'own') return field.audience !== 'none';
  return field.audience === 'visible' || field.audience === 'room';
}

function installText(
  prototype: EntityView,
  row: { readonly kind: PlacedKind; readonly text: PlacedText; readonly writable: boolean },
): void {
  const { text, writable } = row;
  const path = `${row.kind.name}.${text.name}`;
  Object.defineProperty(prototype, text.name, {
    enumerable: true,
    get(this: EntityView): string {
      return this.$readText(text);
    },
    set(this: EntityView, value: unknown): void {
      if (!writable) throw readOnly(path);
      this.$writeText(text.index, text.spec.bytesMax, { path, value });
    },
  });
}

function installPlayer(prototype: EntityView, flavour: ViewFlavour): void {
  const writable = flavour === 'write';
  Object.defineProperties(prototype, {
    id: {
      enumerable: true,
      get(this: EntityView): PlayerId {
        return this.$playerId();
      },
    },
    slot: {
      enumerable: true,
      get(this: EntityView): number {
        return this.$slotOf();
      },
    },
    // Not enumerable, as what is no state: a look at a view shows what it is, not what was pressed.
    ...(flavour === 'write' && {
      input: {
        get(this: EntityView): Readonly<Record<string, unknown>> {
          return this.$input();
        },
      },
    }),
    bot: {
      enumerable: true,
      get(this: EntityView): boolean {
        return this.$isBot();
      },
    },
    name: {
      enumerable: true,
      get(this: EntityView): string {
        return this.$playerName();
      },
      set(this: EntityView, value: unknown): void {
        if (!writable) throw readOnly('player.name');
        this.$writeText(NAME_FIELD, NAME_BYTES_MAX, { path: 'player.name', value });
      },
    },
  });
}

function readOnly(path: string): FrayError {
  return new FrayError('E_VALUE', `Cannot set ${path}: it can only be read here`);
}

const CLASSES: Readonly<Record<ViewFlavour, WeakMap<SchemaLayout, (typeof EntityView)[]>>> = {
  write: new WeakMap(),
  own: new WeakMap(),
  seen: new WeakMap(),
};
