/** Receipts of the shots of a tick that were judged by the past. Objects are reused. */
import {
  CLAMP,
  MARK,
  POSITION_ONE,
  RESULT,
  Receipt,
  RecordHeader,
  SeenShape,
} from '../../protocol/gen/tables.ts';
import type { PluginContext } from './context.ts';
import { ReusedListing } from './listing.ts';
import type { PluginRoom } from './room.ts';
import type { ReceiptOf } from './types.ts';
import type { EntityView } from './views.ts';

export class ReceiptView {
  readonly shapes: ReusedListing<SeenShapeView>;
  readonly #context: PluginContext;
  readonly #room: PluginRoom;
  readonly #shape: SeenShapeView;
  /** Where its fields stand. */
  #at = 0;
  #count = 0;
  #serial = 0;

  constructor(context: PluginContext, room: PluginRoom) {
    this.#context = context;
    this.#room = room;
    this.#shape = new SeenShapeView(context, room, this);
    this.shapes = new ReusedListing<SeenShapeView>({
      after: (cursor) => (cursor + 1 < this.#count ? cursor + 1 : -1),
      at: (cursor) => this.#shape.point(this.#at + Receipt.bytes + cursor * SeenShape.bytes),
    });
  }

  point(header: number): void {
    const length = this.#context.core.view.getUint32(header + RecordHeader.length, true);
    this.#at = header + RecordHeader.bytes;
    this.#count = (length - Receipt.bytes) / SeenShape.bytes;
  }

  stamp(): void {
    this.#serial = this.#context.scope.serial;
    this.shapes.reset();
  }

  get shooter(): EntityView | undefined {
    return this.#room.playerView(this.#i32(Receipt.shooter) >>> 0);
  }

  get target(): EntityView | undefined {
    return this.#room.view(this.#i32(Receipt.target) >>> 0);
  }

  get weapon(): string {
    return this.#context.layout.weapons[this.#u8(Receipt.weapon)]?.name ?? '';
  }

  get command(): number {
    return this.#i32(Receipt.command);
  }

  get statedTick(): number {
    return this.#i32(Receipt.statedTick) + this.#u16(Receipt.statedFraction) / 65536;
  }

  get viewTick(): number {
    return this.#i32(Receipt.viewTick) + this.#u16(Receipt.viewFraction) / 65536;
  }

  get clamp(): ReceiptOf<never>['clamp'] {
    return CLAMP_NAMES[this.#u8(Receipt.clamp)] ?? 'none';
  }

  get result(): ReceiptOf<never>['result'] {
    return RESULT_NAMES[this.#u8(Receipt.result)] ?? 'none';
  }

  get x(): number {
    return this.#i32(Receipt.x) / POSITION_ONE;
  }

  get y(): number {
    return this.#i32(Receipt.y) / POSITION_ONE;
  }

  get z(): number {
    return this.#i32(Receipt.z) / POSITION_ONE;
  }

  get aim(): number {
    return this.#u16(Receipt.aim) * RADIANS;
  }

  get pitch(): number {
    return ((this.#u16(Receipt.pitch) << 16) >> 16) * RADIANS;
  }

  get distance(): number {
    return this.#i32(Receipt.distance) / POSITION_ONE;
  }

  #u8(offset: number): number {
    this.assertFresh();
    return this.#context.core.u8[this.#at + offset] as number;
  }

  #u16(offset: number): number {
    this.assertFresh();
    return this.#context.core.view.getUint16(this.#at + offset, true);
  }

  #i32(offset: number): number {
    this.assertFresh();
    return this.#context.core.view.getInt32(this.#at + offset, true);
  }

  assertFresh(): void {
    this.#context.scope.assertFresh(this.#serial);
  }
}

/** One of a receipt's shapes; the next one takes its place. */
export class SeenShapeView {
  readonly #context: PluginContext;
  readonly #room: PluginRoom;
  readonly #receipt: ReceiptView;
  #at = 0;

  constructor(context: PluginContext, room: PluginRoom, receipt: ReceiptView) {
    this.#context = context;
    this.#room = room;
    this.#receipt = receipt;
  }

  point(at: number): this {
    this.#at = at;
    return this;
  }

  get entity(): EntityView | undefined {
    return this.#room.view(this.#i32(SeenShape.handle) >>> 0);
  }

  get x(): number {
    return this.#i32(SeenShape.x) / POSITION_ONE;
  }

  get y(): number {
    return this.#i32(SeenShape.y) / POSITION_ONE;
  }

  get z(): number {
    return this.#i32(SeenShape.z) / POSITION_ONE;
  }

  get radius(): number {
    return this.#i32(SeenShape.radius) / POSITION_ONE;
  }

  get inWay(): boolean {
    return (this.#i32(SeenShape.marks) & MARK.inWay) !== 0;
  }

  get covered(): boolean {
    return (this.#i32(SeenShape.marks) & MARK.covered) !== 0;
  }

  get dead(): boolean {
    return (this.#i32(SeenShape.marks) & MARK.dead) !== 0;
  }

  #i32(offset: number): number {
    this.#receipt.assertFresh();
    return this.#context.core.view.getInt32(this.#at + offset, true);
  }
}

/** By number. */
export const CLAMP_NAMES = Object.keys(CLAMP) as (keyof typeof CLAMP)[];
export const RESULT_NAMES = Object.keys(RESULT) as (keyof typeof RESULT)[];
const RADIANS = (2 * Math.PI) / 65536;
