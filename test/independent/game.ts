/**
 * What both ends must know of a game (SPEC 2), set out by hand: that of the arena, and that of the session in
 * protocol/vectors.
 */

export interface Field {
  readonly bits: number;
  readonly signed: boolean;
}

export interface Kind {
  /** In quanta. */
  readonly radius: number;
  readonly health: number;
  readonly visible: readonly Field[];
}

/** Of players, per tick in 1/65536 unit. */
export interface Movement {
  readonly topSpeed: number;
  readonly acceleration: number;
  readonly friction: number;
  readonly relativeToAim: boolean;
}

/** Types of the fields of a game message. */
export type MessageField = 'u8' | 'u16' | 'u32' | 'text8' | 'text16';

export interface Game {
  readonly dimensions: 2 | 3;
  readonly positionShift: number;
  readonly aimBits: number;
  readonly healthBits: number;
  readonly entitiesMax: number;
  readonly historyTicks: number;
  readonly inputButtons: number;
  readonly inputPitch: boolean;
  readonly inputAux: number;
  /** Some kind has a head. */
  readonly heads: boolean;
  readonly movement: Movement;
  /** Kind k stands at k - 1. */
  readonly kinds: readonly Kind[];
  /** Player fields `to: 'owner'` and `to: 'visible'`. */
  readonly ownFields: number;
  /** Player fields `to: 'room'`. */
  readonly rosterFields: number;
  readonly toServer: readonly (readonly MessageField[])[];
  readonly toClient: readonly (readonly MessageField[])[];
}

/** games/arena/schema.ts; defaults and derived values as SPEC 2 has them. */
export const ARENA: Game = {
  dimensions: 2,
  positionShift: 9,
  aimBits: 8,
  healthBits: 7,
  entitiesMax: 256,
  historyTicks: 64,
  inputButtons: 4,
  inputPitch: false,
  inputAux: 0,
  heads: false,
  movement: { topSpeed: 15292, acceleration: 5097, friction: 3641, relativeToAim: false },
  kinds: [
    { radius: 64, health: 100, visible: [] },
    { radius: 13, health: 0, visible: [] },
    { radius: 58, health: 0, visible: [{ bits: 2, signed: false }] },
  ],
  ownFields: 1,
  rosterFields: 3,
  toServer: [['text8'], ['u8']],
  toClient: [
    ['u32', 'text8'],
    ['u32', 'u32', 'u8'],
    ['u16', 'u16', 'u16', 'u16', 'u16', 'u16', 'u8', 'u8'],
    ['u16', 'u16', 'u16', 'u8'],
  ],
};

/** That of protocol/vectors/1/session.json: like the arena, but for what is named here. */
export const VECTORS: Game = {
  ...ARENA,
  aimBits: 10,
  entitiesMax: 64,
  kinds: [
    { radius: 64, health: 100, visible: [{ bits: 4, signed: false }] },
    { radius: 21, health: 0, visible: [] },
    { radius: 115, health: 0, visible: [{ bits: 2, signed: false }] },
    { radius: 64, health: 30, visible: [] },
  ],
  ownFields: 2,
  rosterFields: 2,
  toServer: [],
  toClient: [['u8']],
};
