/** `fray/client` in Node: the same client over UDP and the WebSocket of `ws`, its core read from disk. */
import { readFile } from 'node:fs/promises';
import { FrayError } from '../errors.ts';
import { openNodeWebRtc } from '../transport/client/webrtc-node.ts';
import { openNodeWebSocket } from '../transport/client/websocket-node.ts';
import { type ConnectOptions, type ConnectSchema, connectWith, type Tools } from './connect.ts';
import type { Game } from './game.ts';
import { askGuestToken } from './guest.ts';
import type { Openers, PipeOpener } from './pipes.ts';
import { openUdp } from './udp.ts';

export type { ErrorCode, ErrorName } from '../errors.ts';
export { FrayError } from '../errors.ts';
export { releaseWebRtc } from '../transport/client/webrtc-node.ts';
export type { ConnectOptions, ConnectSchema, RoomRequest } from './connect.ts';
export type { GameEvent, SightEvent } from './events.ts';
export type { Game, GameSchema } from './game.ts';
export type { GameEvents, GameNotice, GameStatus } from './game-events.ts';
export type { LinkParams } from './link.ts';
export type { TransportChoice } from './pipes.ts';
export type { GameStats } from './stats.ts';
export type * from './types.ts';
export type { Watchable } from './watchable.ts';

/** The core, its bytes, or its file. */
export type NodeWasmSource = WebAssembly.Module | BufferSource | URL | string;

/** As `connect` in a browser; `url` is that of the server's page or socket. */
export function connect<S extends ConnectSchema>(
  url: string | URL,
  options: ConnectOptions<S> & { readonly wasm?: NodeWasmSource },
): Promise<Game<S>> {
  return connectWith(String(url), options, nodeTools(options.wasm));
}

/** What `connectWith` needs in Node. */
export function nodeTools(wasm?: NodeWasmSource): Tools {
  const udp: PipeOpener = async ({ token }, limits) => {
    if (token === null) throw new FrayError('E_TOKEN_REQUIRED', 'Cannot connect by UDP: no token');
    return openUdp(token, limits);
  };
  const websocket: PipeOpener = ({ url }, limits) => openNodeWebSocket(url, limits);
  // Its native library keeps a process alive and may end it: nobody gets it unasked.
  const webrtc: PipeOpener = ({ url }, limits) => openNodeWebRtc(url, limits);
  const open: Openers = { udp, webrtc, websocket, byName: 'webrtc' };
  return { open, load: () => loadNodeCore(wasm), guestToken: askGuestToken };
}

/** Compiled once per process unless a source is given. Rejects with E_CORE. */
export async function loadNodeCore(source?: NodeWasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source !== undefined) return compile(source);
  usual ??= compile(undefined);
  return usual;
}

async function compile(
  source: BufferSource | URL | string | undefined,
): Promise<WebAssembly.Module> {
  try {
    if (source === undefined) return await WebAssembly.compile(await readBeside());
    const bytes =
      typeof source === 'string' || source instanceof URL ? await readFile(source) : source;
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (cause) {
    usual = undefined;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CORE', `Cannot load the core: ${detail}`, { cause });
  }
}

/** Beside this module in a build, in core-wasm/ in the source tree; the one that can run a game's own step, as nobody has to load it. */
async function readBeside(): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(new URL('./fray_client_step.wasm', import.meta.url));
  } catch {
    return readFile(new URL('../../core-wasm/fray_client_step.wasm', import.meta.url));
  }
}

let usual: Promise<WebAssembly.Module> | undefined;
