/**
 * A client of Colyseus 0.18 for the load generator, written from its protocol: a reservation over HTTP, a WebSocket for it, the answer to
 * JOIN_ROOM, then bytes. It takes ROOM_DATA_BYTES messages (and, of a room with state, patches), and sends ROOM_DATA_BYTES.
 */
import { LANE_HEAD, type Lane, openWebSocketLane } from '../io/lanes.ts';

/** Codes of @colyseus/core's protocol. */
const CODE = { join: 10, data: 13, state: 14, patch: 15, bytes: 17 } as const;
/** The message of both ways has the name '0': one fixstr of msgpack. */
const NAME = [0xa1, 0x30] as const;
const HEAD = 1 + NAME.length;

/** `url` names the server and the room: `ws://127.0.0.1:2567/bytes`. */
export async function openColyseusLane(url: URL): Promise<Lane> {
  const name = url.pathname.slice(1);
  const answer = await fetch(`http://${url.host}/matchmake/joinOrCreate/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const seat = (await answer.json()) as Seat;
  if (seat.sessionId === undefined) throw new Error(`Cannot join: ${JSON.stringify(seat)}`);
  const socket = new URL(
    `ws://${url.host}/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`,
  );
  return new ColyseusLane(await openWebSocketLane(socket)).joined();
}

interface Seat {
  readonly sessionId?: string;
  readonly processId: string;
  readonly roomId: string;
}

class ColyseusLane implements Lane {
  readonly #lane: Lane;
  readonly #own = Buffer.alloc(LANE_HEAD + 1500);
  #datagram: (bytes: Uint8Array) => void = () => {};
  #patches = 0;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  joined(): Promise<this> {
    return new Promise((resolve) => {
      this.#lane.onDatagram((bytes) => {
        const code = bytes[0];
        if (code === CODE.join) {
          // The client says that it is ready; then state and messages come.
          this.#own[LANE_HEAD] = CODE.join;
          this.#lane.send(this.#own, 1);
          resolve(this);
        } else if (code === CODE.bytes) this.#datagram(bytes.subarray(HEAD));
        else if (code === CODE.patch) this.#patch(bytes);
      });
    });
  }

  send(bytes: Uint8Array, length: number): void {
    const own = this.#own;
    own[LANE_HEAD] = CODE.bytes;
    own.set(NAME, LANE_HEAD + 1);
    own.set(bytes.subarray(LANE_HEAD, LANE_HEAD + length), LANE_HEAD + HEAD);
    this.#lane.send(own, HEAD + length);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: () => void): void {
    this.#lane.onClose(fn);
  }

  close(): void {
    this.#lane.close();
  }

  /** A patch carries no tick: one a tick, so they are counted. TCP loses and reorders none. */
  #patch(bytes: Uint8Array): void {
    this.#patches += 1;
    const counted = new Uint8Array(Math.max(4, bytes.length));
    new DataView(counted.buffer).setUint32(0, this.#patches, true);
    this.#datagram(counted);
  }
}
