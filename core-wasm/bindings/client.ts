/**
 * The client half of the core: one WASM instance that decodes snapshots, predicts the own player, interpolates the
 * others and keeps both channels. A thin, typed skin over the exports: it knows addresses, not rules.
 *
 * Every typed array is made once: the memory has a fixed size and never grows, so none is ever detached. Calls
 * answer small integers; a negative one is `-ERROR.E_...`. Nothing here allocates per call.
 */
import {
  ADDRESS,
  ClientEvent,
  ClientStats,
  ConfigHead,
  ERROR,
  InputCommand,
  MESSAGE_BYTES_MAX_TO_CLIENT,
  PACKET_BYTES_MAX,
} from '../../protocol/gen/tables.ts';
import { type CoreExports, checked, instantiateFor } from './instantiate.ts';

/** Bits of what `receive` answers. */
export const RECEIVED = { snapshot: 1, messages: 2, events: 4 } as const;

/** What a client knows of its place in the room, from the JoinReply. */
/** Where the numbers of messages stand as a channel begins, modulo 65,536. */
export interface MessageNumbers {
  /** Messages of the client that the room has read, those of its pages before counted. */
  readonly messagesRead: number;
  /** Messages of the room that the client is not sent. */
  readonly messagesBefore: number;
}

/** Numbers that are left out are 0: the session is new. */
export interface ClientPlace extends Partial<MessageNumbers> {
  /** generation << 16 | slot. */
  readonly playerId: number;
  /** Entity of the own player. */
  readonly handle: number;
  readonly epoch: number;
  /** Tick of the room when it answered. */
  readonly tick: number;
  /** Recompute the state hash that each snapshot then carries. */
  readonly verify: boolean;
}

/** The columns of the shown entities: column f of entity e stands at `f * rows + e`. */
export interface EntityMatrix {
  readonly cells: Int32Array;
  /** Entities the matrix has room for. */
  readonly rows: number;
}

export class ClientCore {
  /** Entities as `view` last left them. */
  readonly matrix: EntityMatrix;
  /** [0]: how many entities are shown, then their indices. */
  readonly viewList: Uint32Array;
  readonly roomFields: Int32Array;
  /** Rows of `rosterRowBytes` bytes, one per player slot. */
  readonly roster: DataView;
  readonly rosterBytes: Uint8Array;
  readonly rosterRowBytes: number;
  /** The text fields: `textBytes` bytes per entity, then per room. */
  readonly texts: Uint8Array;
  readonly roomTexts: Uint8Array;
  /** The next outgoing packet, after `packet`. */
  readonly packetBytes: Uint8Array;
  /** Messages in and out: the kind byte first. */
  readonly messageBytes: Uint8Array;
  /** The event that `event` took out last, see `ClientEvent`. */
  readonly eventFields: DataView;
  /** See `ClientStats`. */
  readonly stats: DataView;
  /** The command that `sample` will take, see `InputCommand`. */
  readonly command: DataView;
  /** u32 count, padding to 8 bytes, then WallBox rows. */
  readonly walls: DataView;
  /** [2 * index]: tick of the newest row of an entity, 0 none; [2 * index + 1]: bits that it took. */
  readonly costs: Uint32Array;
  readonly #exports: CoreExports;
  readonly #own: Uint32Array;

  /**
   * An instance for one session. Throws E_CORE when module and tables differ, E_CONFIG when the core refuses
   * `config` (see `compileConfig`). Costs one memory of the size the configuration asks for, under 2 MB for a
   * room of 50 players and 256 entities.
   */
  static create(module: WebAssembly.Module, config: Uint8Array): ClientCore {
    return new ClientCore(module, config);
  }

  private constructor(module: WebAssembly.Module, config: Uint8Array) {
    const { exports, memory } = instantiateFor(module, 'client', { config });
    this.#exports = exports;
    const { buffer } = memory;
    const at = (which: number): number => exports.client_address(which) >>> 0;
    const sizes = sizesOf(config);
    this.matrix = {
      cells: new Int32Array(buffer, at(ADDRESS.view), sizes.columns * sizes.entitiesMax),
      rows: sizes.entitiesMax,
    };
    this.viewList = new Uint32Array(buffer, at(ADDRESS.viewList), 1 + sizes.entitiesMax);
    this.roomFields = new Int32Array(buffer, at(ADDRESS.roomFields), sizes.roomFields);
    this.rosterRowBytes = at(ADDRESS.rosterRowBytes);
    const rosterBytes = this.rosterRowBytes * sizes.playersMax;
    this.roster = new DataView(buffer, at(ADDRESS.roster), rosterBytes);
    this.rosterBytes = new Uint8Array(buffer, at(ADDRESS.roster), rosterBytes);
    this.texts = new Uint8Array(buffer, at(ADDRESS.texts), sizes.textBytes * sizes.entitiesMax);
    this.roomTexts = new Uint8Array(buffer, at(ADDRESS.roomTexts), sizes.roomTextBytes);
    this.packetBytes = new Uint8Array(buffer, at(ADDRESS.packetBuffer), PACKET_BYTES_MAX);
    this.messageBytes = new Uint8Array(buffer, at(ADDRESS.message), MESSAGE_BYTES_MAX_TO_CLIENT);
    this.eventFields = new DataView(buffer, at(ADDRESS.events), ClientEvent.bytes);
    this.stats = new DataView(buffer, at(ADDRESS.stats), ClientStats.bytes);
    this.command = new DataView(buffer, at(ADDRESS.inputs), InputCommand.bytes);
    this.walls = new DataView(buffer, at(ADDRESS.walls));
    this.costs = new Uint32Array(buffer, at(ADDRESS.costs), 2 * sizes.entitiesMax);
    this.#own = new Uint32Array(buffer, at(ADDRESS.own), 1);
  }

  /** Handle of the own player's entity. */
  get ownHandle(): number {
    return this.#own[0] ?? 0;
  }

  /** Takes the place in the room. Once, before anything else. */
  join(place: ClientPlace): void {
    const { playerId, handle, epoch, verify } = place;
    const numbers = numbersOf(place);
    const answer = this.#exports.client_join(playerId, handle, epoch, verify ? 1 : 0, numbers);
    checked(answer, 'join the room');
  }

  /**
   * Goes on under another epoch after the room has lost its last moments: nothing that was held of snapshots counts any more, and the
   * next command may be of any tick. Answers how many messages the room had acknowledged and has lost.
   */
  rejoin(place: { readonly handle: number; readonly epoch: number } & MessageNumbers): number {
    const { handle, epoch } = place;
    const answer = this.#exports.client_rejoin(handle, epoch, numbersOf(place));
    return checked(answer, 'go on with the room');
  }

  /** A packet from the server: bits of RECEIVED, or minus the code for which it was dropped and counted. */
  receive(packet: Uint8Array): number {
    if (packet.byteLength > PACKET_BYTES_MAX) return -ERROR.E_OVERSIZE;
    this.packetBytes.set(packet);
    return this.#exports.client_receive(packet.byteLength);
  }

  /** Stores and predicts `command`, whose tick must be above the last one's. 0, or minus a code. */
  sample(): number {
    return this.#exports.client_sample();
  }

  /** Builds the next packet in `packetBytes` and answers its length. */
  packet(localTick: number): number {
    return this.#exports.client_packet(localTick);
  }

  /** Queues the first `bytes` of `messageBytes`, kind byte included. 0, or minus a code. */
  send(bytes: number): number {
    return this.#exports.client_send(bytes);
  }

  /** Moves the next received message to `messageBytes`: its length, or -1 for none. */
  message(): number {
    return this.#exports.client_message();
  }

  /** Moves the next event to `eventFields`; false: none. */
  event(): boolean {
    return this.#exports.client_event() === 1;
  }

  /**
   * Fills `matrix` and `viewList`: others at `ticks[0]`, the own player at `ticks[1]`, both with a fraction. Answers how
   * many entities are shown.
   */
  view(ticks: Float64Array): number {
    const view = Math.max(0, ticks[0] as number);
    const local = Math.max(0, ticks[1] as number);
    const tick = Math.floor(view);
    const localTick = Math.floor(local);
    const fraction = ((view - tick) * 65536) | 0;
    return this.#exports.client_view(tick, fraction, localTick, ((local - localTick) * 65536) | 0);
  }

  /** Switches prediction of the own player off or on; for tests that show what it is worth. */
  predict(on: boolean): void {
    this.#exports.client_predict(on ? 1 : 0);
  }
}

interface Sizes {
  readonly playersMax: number;
  readonly entitiesMax: number;
  readonly columns: number;
  readonly roomFields: number;
  readonly textBytes: number;
  readonly roomTextBytes: number;
}

function sizesOf(config: Uint8Array): Sizes {
  const head = new DataView(config.buffer, config.byteOffset, config.byteLength);
  const at = (offset: number): number => head.getUint32(offset, true);
  return {
    playersMax: at(ConfigHead.playersMax),
    entitiesMax: at(ConfigHead.entitiesMax),
    columns: at(ConfigHead.columns),
    roomFields: at(ConfigHead.roomFields),
    textBytes: at(ConfigHead.textBytes),
    roomTextBytes: at(ConfigHead.roomTextBytes),
  };
}

function numbersOf({ messagesRead = 0, messagesBefore = 0 }: Partial<MessageNumbers>): number {
  return ((messagesRead & 0xffff) | ((messagesBefore & 0xffff) << 16)) >>> 0;
}
