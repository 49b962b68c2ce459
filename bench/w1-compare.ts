/** What a client of W1 shows, compared with what the server held and meant it to see. */
import type { ClientCore } from '../core-wasm/bindings/client.ts';
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { COLUMN, POSITION_ONE } from '../protocol/gen/tables.ts';

/** What the server held at a tick. */
export interface Truth {
  readonly tick: number;
  readonly columns: Int32Array;
  readonly visible: Uint32Array;
}

/** How many others the client shows at the tick of `truth`, its newest snapshot. Throws at the first difference. */
export function compareView(
  client: { readonly core: ClientCore; readonly slot: number; readonly handle: number },
  truth: Truth,
  room: RoomCore,
): number {
  const { core, slot } = client;
  const own = client.handle & 0xffff;
  const sees = slot * room.setWords;
  const fail = (index: number, what: string): never => {
    throw new Error(`Slot ${slot}, tick ${truth.tick}, entity ${index}: ${what}`);
  };
  const count = core.view(Float64Array.of(truth.tick, truth.tick));
  let others = 0;
  for (let at = 1; at <= count; at += 1) {
    const index = core.viewList[at] ?? 0;
    if (index === own) continue;
    others += 1;
    if (!hasBit(truth.visible, sees, index)) fail(index, 'shown, and should not be');
    for (const [column, tolerance] of TOLERANCES) {
      const got = core.matrix.cells[column * core.matrix.rows + index] ?? 0;
      const want = truth.columns[column * room.entitiesMax + index] ?? 0;
      const off = column === COLUMN.aim ? ((got - want + 0x8000) & 0xffff) - 0x8000 : got - want;
      if (Math.abs(off) > tolerance) fail(index, `column ${column} is ${got}, was ${want}`);
    }
  }
  let meant = hasBit(truth.visible, sees, own) ? -1 : 0;
  for (let word = sees; word < sees + room.setWords; word += 1)
    for (let left = truth.visible[word] as number; left !== 0; left &= left - 1) meant += 1;
  if (meant !== others) fail(-1, `${others} others shown, ${meant} meant`);
  return others;
}

function hasBit(words: Uint32Array, start: number, bit: number): boolean {
  return ((words[start + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) !== 0;
}

/** Column and largest difference: position to 1 cm, heading to 8 bits, health exactly. */
const TOLERANCES: readonly (readonly [number, number])[] = [
  [COLUMN.x, POSITION_ONE / 100],
  [COLUMN.y, POSITION_ONE / 100],
  [COLUMN.aim, 128],
  [COLUMN.health, 0],
];
