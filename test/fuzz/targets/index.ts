/** The decoders that see bytes of the wire, one target each. */
import type { Target } from '../engine.ts';

/** Each target loads its code when it is asked for, so that its coverage is its own. */
const TARGETS: { readonly [name: string]: () => Promise<{ readonly target: Target }> } = {
  datagrams: () => import('./datagrams.ts'),
  handshake: () => import('./handshake.ts'),
  control: () => import('./control.ts'),
  token: () => import('./token.ts'),
  messages: () => import('./messages.ts'),
  table: () => import('./table.ts'),
  websocket: () => import('./websocket.ts'),
  rtc: () => import('./rtc.ts'),
  records: () => import('./records.ts'),
  netcode: () => import('./netcode.ts'),
};

export const NAMES: readonly string[] = Object.keys(TARGETS);

export async function load(name: string): Promise<Target | null> {
  return (await TARGETS[name]?.())?.target ?? null;
}
