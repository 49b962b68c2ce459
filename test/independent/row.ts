/** Rows of entities: differences and full states (SPEC 6.4). */
import { type BitReader, bitsFor, Malformed, SETS } from './bits.ts';
import type { Field, Game } from './game.ts';
import { readWireStride, wireLagOf } from './stride.ts';
import { faces, heading, readNearAim, readVelocity } from './velocity.ts';

/** Words in the order of SPEC 6.5; visible fields from `FIELDS` on. */
export type Row = readonly number[];

export const X = 1;
export const VX = 4;
export const AIM = 7;
export const PITCH = 8;
export const HEALTH = 9;
export const TEAM = 10;
export const WEAPON = 11;
export const RADIUS = 12;
export const FIELDS = 13;
const PLAYER = 1;

export interface Origin {
  readonly x: number;
  readonly y: number;
  readonly bits: number;
}

export interface FullState {
  readonly row: Row;
  readonly kind: number;
  readonly generation: number;
}

export function kindOf(row: Row): number {
  return ((row[0] ?? 0) >> 8) & 31;
}

export function teleportOf(row: Row): number {
  return ((row[0] ?? 0) >> 14) & 3;
}

/** A row that differs from `base`, which is `age` ticks older. */
export function readDifference(r: BitReader, game: Game, base: Row, age: number): Row {
  const row = [...base];
  const axes = game.dimensions;
  /** Sixteenths of a tick with the old velocity, the others with the new one. */
  const move = (turn: number, lag: readonly [number, number] = [0, 0]) => {
    for (let k = 0; k < axes; k += 1) {
      const path = base[VX + k]! * turn + row[VX + k]! * (16 * age - turn) - (lag[k] ?? 0);
      row[X + k] = (base[X + k]! + ((path + 128) >> 8)) | 0;
    }
  };
  move(16 * age);
  if (!r.bit()) return row;
  if (!r.bit()) {
    nearMiss(r, axes, row);
    return row;
  }
  if (r.bit()) {
    readSpeed(r, game, kindOf(base), row);
    const most = Math.min(age, 15);
    if (r.bit()) move(readTurn(r, 16 * most));
    else {
      const [old, now] = [base, row].map((of) => [of[VX]!, of[VX + 1]!] as const);
      const lag = kindOf(base) === PLAYER ? wireLagOf(game, old!, now!, age) : undefined;
      move(16 * readTurn(r, most), lag);
    }
  }
  if (r.bit()) {
    if (!r.bit()) nearMiss(r, axes, row);
    else for (let k = 0; k < axes; k += 1) row[X + k] = (row[X + k]! + r.signed(SETS.RESIDUAL)) | 0;
  }
  row[AIM] = readAim(r, game, base, row);
  if (r.bit()) readOthers(r, game, row);
  return row;
}

/** Into a row that holds the old one. */
function readSpeed(r: BitReader, game: Game, number: number, row: number[]): void {
  const stride = number === PLAYER ? readWireStride(r, game) : undefined;
  const speed = stride ?? readVelocity(r, row.slice(VX, VX + game.dimensions));
  speed.forEach((velocity, k) => {
    row[VX + k] = velocity;
  });
}

/** Who faced its way and goes another one most likely faces that. */
function readAim(r: BitReader, { aimBits }: Game, base: Row, row: Row): number {
  const [aim, x, y] = [base[AIM]!, base[VX]!, base[VX + 1]!];
  const turned = [0, 1, 2].some((k) => row[VX + k] !== base[VX + k]);
  const way = heading(row[VX]!, row[VX + 1]!, aimBits);
  if (turned && way !== undefined && faces(aim, x, y, aimBits)) return readNearAim(r, way, aimBits);
  return r.bit() ? r.u(aimBits) : aim;
}

/** How long after the baseline a velocity changed, in ticks or parts of them. */
export function readTurn(r: BitReader, most: number): number {
  const turn = r.u(bitsFor(most));
  if (turn > most) throw new Malformed('turn after the tick');
  return turn;
}

function nearMiss(r: BitReader, axes: number, row: number[]): void {
  const middle = axes === 3 ? 13 : 4;
  let code = r.u(axes === 3 ? 5 : 3);
  if (code >= middle) code += 1;
  if (code >= 3 ** axes) throw new Malformed('no such offset');
  for (let k = 0; k < axes; k += 1) {
    row[X + k]! += (code % 3) - 1;
    code = Math.floor(code / 3);
  }
}

function readOthers(r: BitReader, game: Game, row: number[]): void {
  if (r.bit()) {
    row[HEALTH] = r.u(game.healthBits);
    return;
  }
  if (r.bit()) row[HEALTH] = r.u(game.healthBits);
  if (r.bit()) row[0] = (row[0]! & 0x3fff) | (r.u(2) << 14);
  if (game.dimensions === 3 && r.bit()) row[PITCH] = r.s(game.aimBits);
  if (r.bit()) row[TEAM] = r.u(8);
  if (r.bit()) row[WEAPON] = r.u(8);
  if (r.bit()) row[RADIUS] = r.u(16);
  kind(game, kindOf(row)).visible.forEach((field, k) => {
    if (r.bit()) row[FIELDS + k] = readField(r, field);
  });
}

/** An entity that enters, or whose client holds no baseline. Who shot it follows in the stream for kind 2. */
export function readFull(r: BitReader, game: Game, origin: Origin): FullState {
  const number = r.u(bitsFor(game.kinds.length));
  const { radius, health, visible } = kind(game, number);
  const generation = r.number(SETS.GENERATION);
  const teleport = r.u(2);
  const row: number[] = new Array(FIELDS + visible.length).fill(0);
  row[0] = (generation & 255) | (number << 8) | (1 << 13) | (teleport << 14);
  [row[X], row[X + 1]] = readPlace(r, origin);
  const axes = game.dimensions;
  if (axes === 3) row[X + 2] = r.signed(SETS.RESIDUAL);
  if (r.bit()) readSpeed(r, game, number, row);
  const way = heading(row[VX]!, row[VX + 1]!, game.aimBits);
  if (way !== undefined) row[AIM] = readNearAim(r, way, game.aimBits);
  else if (r.bit()) row[AIM] = r.u(game.aimBits);
  row[HEALTH] = r.bit() ? r.u(game.healthBits) : health;
  if (axes === 3 && r.bit()) row[PITCH] = r.s(game.aimBits);
  if (r.bit()) row[TEAM] = r.u(8);
  if (r.bit()) row[WEAPON] = r.u(8);
  row[RADIUS] = r.bit() ? r.u(16) : radius;
  visible.forEach((field, k) => {
    if (r.bit()) row[FIELDS + k] = readField(r, field);
  });
  return { row, kind: number, generation };
}

/** x and y in quanta. */
export function readPlace(r: BitReader, origin: Origin): [number, number] {
  if (!r.bit()) return [r.s(32), r.s(32)];
  return [(origin.x + r.s(origin.bits)) | 0, (origin.y + r.s(origin.bits)) | 0];
}

function readField(r: BitReader, field: Field): number {
  return field.signed ? r.s(field.bits) : r.u(field.bits);
}

function kind(game: Game, number: number): Game['kinds'][number] {
  const found = game.kinds[number - 1];
  if (found === undefined) throw new Malformed(`no kind ${number}`);
  return found;
}
