/** Data channels of the load generator: to ours by the client's own transport, and to geckos.io by its signalling. */
import type { DataChannel, PeerConnection } from 'node-datachannel';
import { openNodeWebRtc } from '../../src/transport/client/webrtc-node.ts';
import type { ClientPipe } from '../../src/transport/types.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { LANE_HEAD, type Lane } from './lanes.ts';

/** A data channel to a server of ours. */
export class FrayRtcLane implements Lane {
  readonly #pipe: ClientPipe;

  private constructor(pipe: ClientPipe) {
    this.#pipe = pipe;
  }

  static async open(page: URL): Promise<FrayRtcLane> {
    return new FrayRtcLane(await openNodeWebRtc(page.href, { timeoutMs: OPEN_MS_MAX }));
  }

  send(bytes: Uint8Array, length: number): void {
    this.#pipe.send(bytes.subarray(LANE_HEAD, LANE_HEAD + length));
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#pipe.onDatagram(fn);
  }

  onClose(fn: () => void): void {
    this.#pipe.onClose(fn);
  }

  close(): void {
    this.#pipe.close(CLOSE.normal);
  }
}

/** A data channel to geckos.io, which makes the offer. Its peers are kept: the library forgets what JavaScript has let go of. */
export class GeckosLane implements Lane {
  readonly #connection: PeerConnection;
  readonly #channel: DataChannel;
  #closed: () => void = () => {};

  private constructor(connection: PeerConnection, channel: DataChannel) {
    this.#connection = connection;
    this.#channel = channel;
    channel.onClosed(() => this.#closed());
  }

  static async open(url: URL): Promise<GeckosLane> {
    const { PeerConnection } = await import('node-datachannel');
    const base = `http://${url.host}/.wrtc/v2/connections`;
    const { id, localDescription } = (await ask(base, {})) as Offer;
    const connection = new PeerConnection('load', { iceServers: [] });
    const opened = new Promise<DataChannel>((resolve, reject) => {
      connection.onDataChannel((channel) => {
        if (channel.isOpen()) resolve(channel);
        else channel.onOpen(() => resolve(channel));
      });
      AbortSignal.timeout(OPEN_MS_MAX).onabort = () => reject(new Error(`Cannot open ${base}`));
    });
    const answered = new Promise<{ sdp: string; type: string }>((resolve) => {
      connection.onLocalDescription((sdp, type) => resolve({ sdp, type }));
    });
    connection.setRemoteDescription(localDescription.sdp, localDescription.type);
    await ask(`${base}/${id}/remote-description`, await answered);
    // Its candidates come by another request, for as long as there may be more; ours it finds by what reaches it.
    let channel: DataChannel | undefined;
    opened.then(
      (one) => {
        channel = one;
      },
      () => {},
    );
    while (channel === undefined) {
      const more = (await ask(`${base}/${id}/additional-candidates`)) as Candidate[];
      for (const { candidate, sdpMid } of more) connection.addRemoteCandidate(candidate, sdpMid);
      const pause = new Promise((resolve) => setTimeout(resolve, CANDIDATES_MS));
      await Promise.race([opened, pause]);
    }
    return new GeckosLane(connection, channel);
  }

  send(bytes: Uint8Array, length: number): void {
    if (this.#channel.isOpen())
      this.#channel.sendMessageBinary(Buffer.from(bytes.subarray(LANE_HEAD, LANE_HEAD + length)));
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#channel.onMessage((message) => {
      if (typeof message !== 'string') fn(new Uint8Array(message));
    });
  }

  onClose(fn: () => void): void {
    this.#closed = fn;
  }

  close(): void {
    this.#closed = () => {};
    this.#connection.close();
  }
}

interface Offer {
  readonly id: string;
  readonly localDescription: { readonly sdp: string; readonly type: 'offer' };
}

interface Candidate {
  readonly candidate: string;
  readonly sdpMid: string;
}

/** A GET, or with `body` a POST; what was answered, as JSON where it is some. */
async function ask(url: string, body?: object): Promise<unknown> {
  const answer = await fetch(url, {
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (!answer.ok) throw new Error(`Cannot open ${url}: ${answer.status}`);
  return answer.headers.get('content-type')?.includes('json') ? await answer.json() : null;
}

const OPEN_MS_MAX = 20_000;
const CANDIDATES_MS = 50;
