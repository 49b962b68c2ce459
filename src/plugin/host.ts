/** What a room's runtime and its caller tell each other. */

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
