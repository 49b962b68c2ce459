/** What a room's runtime and its caller tell each other. */
import type { PluginContext } from './context.ts';
import type { PluginRoom } from './room.ts';

/** A hook that threw. */
export interface HookFault {
  readonly roomId: string;
  readonly tick: number;
  /** Its name, for example `onMessage.chat`. */
  readonly hook: string;
  readonly error: unknown;
}

/** What the runtime tells its caller. */
export interface RuntimeHost {
  hookFailed(fault: HookFault): void;
  log(
    level: 'info' | 'warn' | 'error',
    text: string,
    facts: Readonly<Record<string, unknown>>,
  ): void;
  /** Where there is one, every hook is timed: for an author at work. */
  readonly stopwatch?: Stopwatch;
}

export interface Stopwatch {
  nowUs(): number;
  /** A hook has returned, or thrown. */
  took(hook: string, us: number): void;
}

/** Told of a player whose client is away and for whom the game waits no longer than `ms`, from its drop on. */
export type OnWait = (slot: number, ms: number) => void;

export interface RuntimeOptions {
  readonly roomId: string;
  /** Given to onCreate; the core was configured with the same. */
  readonly seed: bigint;
  /** Options that the room was asked for, as parseRoomOptions or checkRoomOptions gave them; checked again. */
  readonly options?: unknown;
  /** Bots that the host keeps. Default 0. */
  readonly bots?: number;
}

/** `room.log`: an author's line, with its room and its tick. */
export function logOf(host: RuntimeHost, context: PluginContext, room: string): PluginRoom['log'] {
  const line =
    (level: 'info' | 'warn' | 'error') =>
    (text: string, facts: Readonly<Record<string, unknown>> = {}) =>
      host.log(level, text, { ...facts, room, tick: context.tick });
  return Object.freeze({ info: line('info'), warn: line('warn'), error: line('error') });
}
