/**
 * `fray/client`: what a game's page imports. Works as a plain module script and from a bundler; needs no
 * SharedArrayBuffer and no isolation headers. The core is the file `fray_client.wasm` beside this module (`fray_client_step.wasm` in a game
 * whose players move by a step of its own): bundlers that
 * know `new URL(…, import.meta.url)` (Vite, webpack, Rollup) copy it by themselves. The development server of Vite before
 * 8 bundles packages into another folder and needs `optimizeDeps: { exclude: ['fray'] }`.
 *
 * A Content-Security-Policy must allow `script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'`, and in `connect-src`
 * the server where it is not the page's own. More in docs/pages.md.
 */
import { type IceServer, openWebRtc } from '../transport/client/webrtc.ts';
import { openWebSocket } from '../transport/client/websocket.ts';
import { type ConnectOptions, type ConnectSchema, connectWith } from './connect.ts';
import type { Game } from './game.ts';
import { tabKeeper } from './keeper.ts';
import { untilPageHides } from './page.ts';
import type { Openers } from './pipes.ts';
import { loadCore, type WasmSource } from './wasm.ts';

export type { ErrorCode, ErrorName } from '../errors.ts';
export { FrayError } from '../errors.ts';
export type { IceServer } from '../transport/client/webrtc.ts';
export type { ConnectOptions, ConnectSchema, RoomRequest } from './connect.ts';
export type { GameEvent, SightEvent } from './events.ts';
export type { Game, GameSchema } from './game.ts';
export type { GameEvents, GameNotice, GameStatus } from './game-events.ts';
export type { LinkParams } from './link.ts';
export type { TransportChoice } from './pipes.ts';
export type { GameStats } from './stats.ts';
export type * from './types.ts';
export type { WasmSource } from './wasm.ts';
export type { Watchable } from './watchable.ts';

/**
 * Joins a room and answers its game. `url` is that of the page's server (`location.href` will do) or of the socket
 * (`wss://…`). Rejects with a `FrayError` whose `code` says why. The game closes when its page is left (`pagehide`).
 */
export function connect<S extends ConnectSchema>(
  url: string | URL,
  options: ConnectOptions<S> & {
    /** The core. Default: `fray_client.wasm` beside this module, `fray_client_step.wasm` for a schema with a step of its own. */
    readonly wasm?: WasmSource;
    /**
     * `tab` (default): a tab that crashed and is loaded again within the time that the server waits is the same player.
     * Its token is kept in `sessionStorage` until the game is left. `none`: nothing is kept.
     */
    readonly resume?: 'tab' | 'none';
    /** Relays for networks that let a page out through one only. Default none: the server is reached at its own address. */
    readonly iceServers?: readonly IceServer[];
  },
): Promise<Game<S>> {
  const { wasm = beside(options.schema), resume = 'tab' } = options;
  const keeper = resume === 'tab' ? tabKeeper() : undefined;
  const tools = { open: openers(options.iceServers), load: () => loadCore(wasm), keeper };
  const join = (signal: AbortSignal) => connectWith(String(url), { ...options, signal }, tools);
  return untilPageHides(join, options.signal);
}

/** Bundlers look for these very expressions. */
function beside({ layout }: ConnectSchema): URL {
  return layout.movement.step
    ? new URL('./fray_client_step.wasm', import.meta.url)
    : new URL('./fray_client.wasm', import.meta.url);
}

/** What this browser has: an old or a locked-down one has no WebRTC. */
function openers(iceServers: readonly IceServer[] = []): Openers {
  return {
    websocket: ({ url }, limits) => openWebSocket(url, limits),
    webrtc:
      globalThis.RTCPeerConnection === undefined
        ? undefined
        : ({ url }, limits) => openWebRtc(url, { ...limits, iceServers }),
  };
}
