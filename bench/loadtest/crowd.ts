/**
 * The clients of a generator over UDP, on a native thread: JavaScript shakes hands for them and hands them over. In JavaScript a client
 * costs 20 us or more per tick, mostly for its datagrams, and the generator is full long before the server is.
 */
import type { Crowd, CrowdFigures } from '../../native/crowd.ts';
import { loadCrowd } from '../../native/crowd.ts';
import type { ConnectSchema } from '../../src/client/connect.ts';
import type { JoinReplyFacts } from '../../src/session/datagrams.ts';
import { ASSOCIATED, firstSequence } from '../../src/session/netcode.ts';
import { readToken } from '../../src/session/token-layout.ts';
import { lonelyToken, NetcodeLane, type UdpPipe } from '../io/udp-lanes.ts';
import { placeOf } from './clients.ts';

export class NativeCrowd {
  readonly #crowd: Crowd;

  private constructor(crowd: Crowd) {
    this.#crowd = crowd;
  }

  /** `path` of the module. Throws where it cannot be loaded. */
  static open(path: string, rateHz: number, seed: number): NativeCrowd {
    return new NativeCrowd(new (loadCrowd(path).Crowd)(ASSOCIATED, rateHz, seed >>> 0));
  }

  /** One more: its lane, for the handshake, and what is called with the reply. */
  async join(url: URL, key: Uint8Array): Promise<Joining> {
    const token = lonelyToken(url, key);
    const pipe = new CrowdPipe(this.#crowd, url.host);
    const lane = await NetcodeLane.over(pipe, token);
    // Beyond what the handshake uses, which began before now.
    const sequence = firstSequence(performance.now() * 1000) + HANDSHAKE_PACKETS_MAX;
    const { serverToClientKey: keyIn, clientToServerKey: keyOut } = readToken(token);
    const { index } = pipe;
    return {
      lane,
      play: ({ schema, reply, seed, decodes, verify }) => {
        pipe.rest();
        const { inputPitch, inputAux, ...place } = placeOf(schema, reply);
        const start = { ...place, zeros: inputPitch + inputAux, seed };
        const { playerId, handle, playersMax, entitiesMax, snapshotBytesMax } = reply;
        const config = schema.config({ playersMax, entitiesMax, snapshotBytesMax });
        const whole = decodes ? { config, playerId, handle, verify } : undefined;
        this.#crowd.play({ index, keyIn, keyOut, sequence, place: start, ...(whole && { whole }) });
        return () => this.#crowd.leave(index);
      },
    };
  }

  begin(): void {
    this.#crowd.begin();
  }

  figures(): CrowdFigures {
    return this.#crowd.figures();
  }

  stop(): void {
    this.#crowd.stop();
  }
}

export interface Joining {
  readonly lane: NetcodeLane;
  /** It plays from now on, until what is answered is called. */
  play(player: CrowdPlayer): () => void;
}

interface CrowdPlayer {
  readonly schema: ConnectSchema;
  readonly reply: JoinReplyFacts;
  readonly seed: number;
  readonly decodes: boolean;
  readonly verify: boolean;
}

/** A socket of the crowd while JavaScript has it: looked at now and then, as handshakes are in no hurry. */
class CrowdPipe implements UdpPipe {
  readonly index: number;
  readonly #crowd: Crowd;
  readonly #timer: NodeJS.Timeout;
  #message: (bytes: Uint8Array) => void = () => {};

  constructor(crowd: Crowd, server: string) {
    this.#crowd = crowd;
    this.index = crowd.open(server);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  send(bytes: Uint8Array): void {
    this.#crowd.send(this.index, bytes);
  }

  onMessage(fn: (bytes: Uint8Array) => void): void {
    this.#message = fn;
  }

  /** Another one reads it now. */
  rest(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.rest();
    this.#crowd.leave(this.index);
  }

  #look(): void {
    for (;;) {
      const length = this.#crowd.receive(this.index, BYTES);
      if (length === 0) return;
      this.#message(BYTES.slice(0, length));
    }
  }
}

const BYTES = new Uint8Array(1500);
const LOOK_MS = 2;
/** Numbers that the handshake may use up. */
const HANDSHAKE_PACKETS_MAX = 512;
