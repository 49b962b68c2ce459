/** Handles and events of a snapshot (SPEC 6.3). */
import { type BitReader, Malformed, SETS } from './bits.ts';
import type { Game } from './game.ts';
import { type Origin, readPlace } from './row.ts';

/** 0: none; 'own': the own player; else generation << 16 | index. */
export type Handle = number | 'own';

export interface HandleContext {
  readonly indexBits: number;
  /** Of an entity of the reference set. */
  generationOf(index: number): number | undefined;
}

export interface EventContext extends HandleContext {
  readonly game: Game;
  readonly tick: number;
  readonly origin: Origin;
}

interface Common {
  readonly tick: number;
  readonly subject: Handle;
  readonly object: Handle;
  /** x, y, z in quanta. */
  readonly place: readonly [number, number, number];
}

export type SeenEvent = Common &
  (
    | {
        readonly kind: 'shot';
        readonly aim: number;
        readonly weapon: number;
        /** In quanta; hitscan. */
        readonly distance: number;
        readonly commandTick: number;
      }
    | { readonly kind: 'hit'; readonly amount: number; readonly head: boolean }
    | { readonly kind: 'death' }
  );

export function readHandle(r: BitReader, context: HandleContext): Handle {
  switch (r.u(2)) {
    case 0:
      return 0;
    case 1:
      return 'own';
    case 2: {
      const index = r.u(context.indexBits);
      const generation = context.generationOf(index);
      if (generation === undefined) throw new Malformed(`${index} is not in the reference set`);
      return generation * 65536 + index;
    }
    default:
      return r.u(32);
  }
}

export function readEvents(r: BitReader, context: EventContext): SeenEvent[] {
  if (!r.bit()) return [];
  return Array.from({ length: r.u(5) }, () => readEvent(r, context));
}

function readEvent(r: BitReader, context: EventContext): SeenEvent {
  const kind = r.u(2);
  if (kind === 0) throw new Malformed('event of no kind');
  const tick = context.tick - r.u(r.bit() ? 6 : 2);
  const subject = readHandle(r, context);
  const object = readHandle(r, context);
  const [x, y] = readPlace(r, context.origin);
  const z = context.game.dimensions === 3 ? r.signed(SETS.RESIDUAL) : 0;
  const common = { tick, subject, object, place: [x, y, z] } as const;
  if (kind === 2) {
    const amount = r.signed(SETS.AMOUNT);
    return { ...common, kind: 'hit', amount, head: context.game.heads && r.bit() };
  }
  if (kind === 3) return { ...common, kind: 'death' };
  const aim = r.u(16);
  const weapon = r.u(3);
  const distance = r.signed(SETS.AMOUNT);
  const commandTick = r.bit() ? r.u(32) : tick;
  return { ...common, kind: 'shot', aim, weapon, distance, commandTick };
}
