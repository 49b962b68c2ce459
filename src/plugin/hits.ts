/** A proposed hit: read from the events, cancelled or scaled by command. Objects are reused. */
import { Hit, POSITION_ONE, RecordHeader, ZONE } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import type { PluginContext } from './context.ts';
import type { PluginRoom } from './room.ts';
import type { HitOf } from './types.ts';
import type { EntityView } from './views.ts';

export class HitView {
  readonly #context: PluginContext;
  readonly #room: PluginRoom;
  #header = 0;
  #serial = 0;

  constructor(context: PluginContext, room: PluginRoom) {
    this.#context = context;
    this.#room = room;
  }

  point(header: number): void {
    this.#header = header;
  }

  stamp(): void {
    this.#serial = this.#context.scope.serial;
  }

  get attacker(): EntityView | undefined {
    return this.#room.playerView(this.#read(Hit.attacker) >>> 0);
  }

  get target(): EntityView | undefined {
    return this.#room.view(this.#read(Hit.target) >>> 0);
  }

  get amount(): number {
    return this.#read(Hit.amount);
  }

  get x(): number {
    return this.#read(Hit.x) / POSITION_ONE;
  }

  get y(): number {
    return this.#read(Hit.y) / POSITION_ONE;
  }

  get z(): number {
    return this.#read(Hit.z) / POSITION_ONE;
  }

  get weapon(): string {
    return this.#context.layout.weapons[this.#read(Hit.weapon)]?.name ?? '';
  }

  get zone(): HitOf<never>['zone'] {
    return ZONE_NAMES[this.#read(Hit.zone)] ?? 'body';
  }

  cancel(): void {
    this.scale(0);
  }

  scale(factor: number): void {
    const permille = Math.round(factor * 1000);
    if (!(permille >= 0 && permille <= 1_000_000)) {
      throw new FrayError('E_VALUE', `Cannot scale a hit: ${String(factor)} is not in 0..1000`);
    }
    this.#context.scope.assertFresh(this.#serial);
    const index = this.#context.core.view.getUint16(this.#header + RecordHeader.index, true);
    this.#context.commands.scaleHit(index, permille);
  }

  #read(offset: number): number {
    this.#context.scope.assertFresh(this.#serial);
    return this.#context.core.view.getInt32(this.#header + RecordHeader.bytes + offset, true);
  }
}

/** By number. */
const ZONE_NAMES = Object.keys(ZONE) as (keyof typeof ZONE)[];
