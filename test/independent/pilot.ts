/** How the stranger plays: walks in circles, shoots now and then; and a link that loses and swaps what comes. */
import { arena } from '../../games/arena/schema.ts';
import type { ClientOptions } from './client.ts';
import { type Controls, FIRE } from './input.ts';

/** The only thing taken from the schema's module: a client's author is told the hash, too. */
export const ARENA_HASH = arena.hash;
export const ARENA_RATE_HZ = 30;

export function controls(tick: number): Controls {
  const turn = (2 * Math.PI * tick) / 120;
  return {
    buttons: tick % 12 < 2 ? FIRE : 0,
    moveX: Math.round(127 * Math.cos(turn)),
    moveY: Math.round(127 * Math.sin(turn)),
    aim: (tick * 700) & 0xffff,
    pitch: 0,
    aux: [],
  };
}

export const STRANGER: Pick<ClientOptions, 'name' | 'schemaHash' | 'controls'> = {
  name: 'Stranger',
  schemaHash: ARENA_HASH,
  controls,
};

/** Loses a tenth of the packets and brings a tenth after the next one, by a seed. */
export function lossy(seed: number): (datagram: Uint8Array) => Uint8Array[] {
  let state = seed;
  let held: Uint8Array | undefined;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return (datagram) => {
    const chance = (datagram[0]! & 15) === 6 ? random() : 1;
    if (chance < 0.1) return [];
    if (chance < 0.2 && !held) {
      held = datagram;
      return [];
    }
    const out = held ? [datagram, held] : [datagram];
    held = undefined;
    return out;
  };
}
