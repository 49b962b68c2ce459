/**
 * The WebRTC client transport in Node, over `node-datachannel`: for bots and tests. Its native code bears one JavaScript thread per
 * process (a second one ends the process), and keeps the process alive until `releaseWebRtc`.
 */
import { isMainThread } from 'node:worker_threads';
import type { DataChannel, PeerConnection } from 'node-datachannel';
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import { FrayError } from '../../errors.ts';
import { CHANNEL_ID, CHANNEL_LABEL } from '../data-channel.ts';
import type { ClientPipe } from '../types.ts';
import type { RtcPeer, WebRtcOptions } from './webrtc.ts';
import { openWebRtc } from './webrtc.ts';

type Library = typeof import('node-datachannel');

let loaded: Library | null = null;

/** As `openWebRtc`; `E_CLOSED` also where the library cannot be loaded, and in a worker thread. */
export async function openNodeWebRtc(
  url: string,
  options: WebRtcOptions = {},
): Promise<ClientPipe> {
  return openWebRtc(url, { make: await nodePeers(), ...options });
}

/** For `WebRtcOptions.make`. */
export async function nodePeers(): Promise<() => RtcPeer> {
  const library = await load();
  return () => new NodePeer(library);
}

/** Lets go of the library's threads, so that the process can end. All pipes have to be closed before. */
export function releaseWebRtc(): void {
  loaded?.cleanup();
  loaded = null;
}

async function load(): Promise<Library> {
  if (!isMainThread)
    throw new FrayError('E_CLOSED', 'Cannot open WebRTC: only the main thread of a process can');
  try {
    loaded ??= await import('node-datachannel');
    return loaded;
  } catch (cause) {
    throw new FrayError('E_CLOSED', 'Cannot open WebRTC: node-datachannel cannot be loaded', {
      cause,
    });
  }
}

/** Open peers: the library forgets what JavaScript has let go of. */
const peers = new Set<NodePeer>();

class NodePeer implements RtcPeer {
  onOpen: () => void = ignore;
  onMessage: (message: Uint8Array | string) => void = ignore;
  onClosed: () => void = ignore;
  readonly #connection: PeerConnection;
  readonly #channel: DataChannel;
  #closed = false;

  constructor(library: Library) {
    const connection = new library.PeerConnection('fray', {
      iceServers: [],
      maxMessageSize: PACKET_BYTES_MAX + 1,
      disableAutoNegotiation: true,
    });
    const channel = connection.createDataChannel(CHANNEL_LABEL, {
      negotiated: true,
      id: CHANNEL_ID,
      unordered: true,
      maxRetransmits: 0,
    });
    this.#connection = connection;
    this.#channel = channel;
    channel.onOpen(() => guarded(() => this.onOpen()));
    channel.onMessage((message) => guarded(() => this.#message(message)));
    channel.onClosed(() => guarded(() => this.#gone()));
    connection.onStateChange((state) =>
      guarded(() => {
        if (state === 'failed' || state === 'closed') this.#gone();
      }),
    );
    peers.add(this);
  }

  get isOpen(): boolean {
    return !this.#closed && this.#channel.isOpen();
  }

  get bufferedBytes(): number {
    return this.#closed ? 0 : this.#channel.bufferedAmount();
  }

  async offer(): Promise<string> {
    const described = new Promise<string>((resolve) => {
      this.#connection.onLocalDescription((sdp) => resolve(sdp));
    });
    this.#connection.setLocalDescription('offer');
    return await described;
  }

  async accept(answer: string): Promise<void> {
    this.#connection.setRemoteDescription(answer, 'answer');
  }

  send(message: Uint8Array | string): void {
    try {
      if (typeof message === 'string') this.#channel.sendMessage(message);
      else this.#channel.sendMessageBinary(message);
    } catch {
      // It closed under our hands; `onClosed` is on its way.
    }
  }

  /** The connection only: closing its channel first crashes the library. What was sent goes out before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    peers.delete(this);
    this.#connection.close();
  }

  #message(message: string | Uint8Array | ArrayBuffer): void {
    this.onMessage(message instanceof ArrayBuffer ? new Uint8Array(message) : message);
  }

  #gone(): void {
    this.close();
    this.onClosed();
  }
}

/** An exception in a listener ends the process inside the library: it goes round it. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function ignore(): void {}
