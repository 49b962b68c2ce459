/**
 * The peers of the process `fray-rtc`: WebRTC on one side, frames on the other. Each peer is one connection with one channel.
 *
 * The native library ends the process when a listener throws, so every listener is guarded; an exception costs its peer.
 */
import type { DataChannel, PeerConnection, RtcConfig } from 'node-datachannel';
import { PACKET_BYTES_MAX } from '../../../../protocol/gen/tables.ts';
import { CHANNEL_ID, CHANNEL_LABEL, farewell, readFarewell } from '../../data-channel.ts';
import { CLOSE } from '../../types.ts';
import type { FrameWriter } from './frames.ts';
import { FRAMES, SDP_BYTES_MAX } from './frames.ts';

/** The part of the library that is used. */
export interface RtcLibrary {
  readonly PeerConnection: new (name: string, config: RtcConfig) => PeerConnection;
}

export interface PeersOptions {
  readonly library: RtcLibrary;
  readonly out: FrameWriter;
  readonly host: string;
  readonly port: number;
  /** Bytes waiting behind one reader from which on datagrams for it are dropped. */
  readonly bufferedBytesMax: number;
  /** Nothing more is taken from peers while the server is behind. */
  readonly behind: () => boolean;
}

interface Peer {
  readonly id: number;
  readonly connection: PeerConnection;
  readonly channel: DataChannel;
  /** The server has been told. */
  told: boolean;
  slow: boolean;
}

export class Peers {
  /** Datagrams dropped: the reader, or the server, was behind. */
  dropped = 0;
  readonly #options: PeersOptions;
  readonly #peers = new Map<number, Peer>();
  readonly #word = new Uint8Array(3);

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#peers.size;
  }

  /** A new peer: answers its offer when all candidates are known, which is at once without ICE servers. */
  offer(id: number, sdp: string): void {
    if (this.#peers.has(id)) this.#end(id, CLOSE.lost, false);
    const { library, host, port } = this.#options;
    try {
      const connection = new library.PeerConnection(`peer-${id}`, {
        iceServers: [],
        bindAddress: host,
        enableIceUdpMux: true,
        portRangeBegin: port,
        portRangeEnd: port,
        // Longer ones arrive cut to this, and are seen to be too long.
        maxMessageSize: PACKET_BYTES_MAX + 1,
        disableAutoNegotiation: true,
      });
      connection.onGatheringStateChange((state) =>
        this.#guard(id, () => {
          if (state === 'complete') this.#answer(id, connection);
        }),
      );
      const channel = connection.createDataChannel(CHANNEL_LABEL, {
        negotiated: true,
        id: CHANNEL_ID,
        unordered: true,
        maxRetransmits: 0,
      });
      this.#peers.set(id, { id, connection, channel, told: false, slow: false });
      this.#listen(id, connection, channel);
      connection.setRemoteDescription(sdp, 'offer');
      connection.setLocalDescription('answer');
    } catch {
      this.#end(id, CLOSE.unsupported, true);
    }
  }

  send(id: number, bytes: Uint8Array): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    try {
      if (!peer.channel.isOpen()) return;
      if (peer.channel.bufferedAmount() > this.#options.bufferedBytesMax) {
        this.dropped += 1;
        this.#slow(peer, true);
        return;
      }
      peer.channel.sendMessageBinary(bytes);
    } catch {
      this.dropped += 1;
    }
  }

  /** Says farewell and closes; what was sent before goes out first. */
  close(id: number, code: number): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    try {
      if (peer.channel.isOpen()) peer.channel.sendMessage(farewell(code));
    } catch {
      // The channel closed meanwhile: there is nobody to say it to.
    }
    this.#end(id, code, false);
  }

  #listen(id: number, connection: PeerConnection, channel: DataChannel): void {
    channel.onOpen(() => this.#guard(id, () => this.#opened(id)));
    channel.onMessage((message) => this.#guard(id, () => this.#message(id, message)));
    channel.onClosed(() => this.#guard(id, () => this.#end(id, CLOSE.lost, false)));
    channel.setBufferedAmountLowThreshold(this.#options.bufferedBytesMax >> 1);
    channel.onBufferedAmountLow(() =>
      this.#guard(id, () => {
        const peer = this.#peers.get(id);
        if (peer !== undefined) this.#slow(peer, false);
      }),
    );
    // Channels and media beyond the one that was agreed on.
    connection.onDataChannel(() => this.#guard(id, () => this.#end(id, CLOSE.unsupported, true)));
    connection.onTrack(() => this.#guard(id, () => this.#end(id, CLOSE.unsupported, true)));
    connection.onStateChange((state) =>
      this.#guard(id, () => {
        if (state === 'failed' || state === 'closed') this.#end(id, CLOSE.lost, false);
      }),
    );
  }

  #answer(id: number, connection: PeerConnection): void {
    const sdp = Buffer.from(connection.localDescription()?.sdp ?? '');
    if (sdp.length === 0 || sdp.length > SDP_BYTES_MAX) this.#end(id, CLOSE.unsupported, false);
    else this.#options.out.push(FRAMES.answer, id, sdp);
  }

  #opened(id: number): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || peer.told) return;
    peer.told = true;
    this.#options.out.push(FRAMES.opened, id, NOTHING);
  }

  #message(id: number, message: string | Uint8Array | ArrayBuffer): void {
    if (!this.#peers.has(id)) return;
    // The library's listeners wait in queues of their own: a message may overtake the opening.
    this.#opened(id);
    if (typeof message === 'string') {
      const code = readFarewell(message);
      this.#end(id, code < 0 ? CLOSE.unsupported : code, code < 0);
      return;
    }
    const bytes = message instanceof ArrayBuffer ? new Uint8Array(message) : message;
    if (bytes.length > PACKET_BYTES_MAX) this.#end(id, CLOSE.oversize, true);
    else if (bytes.length === 0) this.#end(id, CLOSE.unsupported, true);
    else if (this.#options.behind()) this.dropped += 1;
    else this.#options.out.push(FRAMES.heard, id, bytes);
  }

  #slow(peer: Peer, slow: boolean): void {
    if (peer.slow === slow) return;
    peer.slow = slow;
    this.#word[0] = slow ? 1 : 0;
    this.#options.out.push(FRAMES.slow, peer.id, this.#word.subarray(0, 1));
  }

  /** Tells the server once, also of a peer that never was. */
  #end(id: number, code: number, isViolation: boolean): void {
    const peer = this.#peers.get(id);
    this.#peers.delete(id);
    this.#word[0] = code & 255;
    this.#word[1] = code >>> 8;
    this.#word[2] = isViolation ? 1 : 0;
    this.#options.out.push(FRAMES.closed, id, this.#word);
    try {
      // The connection only: closing the channel before it crashes the library.
      peer?.connection.close();
    } catch {
      // It was closed already.
    }
  }

  #guard(id: number, run: () => void): void {
    try {
      run();
    } catch {
      if (this.#peers.has(id)) this.#end(id, CLOSE.lost, false);
    }
  }
}

const NOTHING = new Uint8Array(0);
