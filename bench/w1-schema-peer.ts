/**
 * The state of a recorded W1 in @colyseus/schema with a StateView per client, used as a Colyseus room uses it: write what changed,
 * add to and remove from views who came into sight and went out, encode the shared part once and each client's view, discard.
 *
 * What it does less than ours: no input is decoded, nobody is moved, nobody's surroundings are searched (positions and visible sets come
 * from the recording), and nothing is kept for clients that miss a patch: every patch has to arrive, in order. What it does more: it
 * tracks changes in objects that an author writes to, and its schema can nest and hold collections, none of which W1 needs.
 *
 * Types are tuned: centimetres as uint16 (the world's edge is at most 316 m), heading and health as uint8, short keys.
 */
import type { ColyseusSchema, SchemaEncoder, SchemaMap, SchemaView } from './peers.ts';
import type { Recording } from './w1-recording.ts';
import type { WorldTick } from './w1-world.ts';
import { VALUE } from './w1-world.ts';

interface Entity {
  x: number;
  y: number;
  heading: number;
  health: number;
}

interface State {
  readonly entities: SchemaMap<Entity>;
}

/** Bytes of the patches so far, and a hash of their lengths: two runs that agree in both sent the same. */
export interface SentPatches {
  readonly bytes: number;
  readonly hash: number;
}

/** Plays the whole recording with decoders for the first `clients` slots; every patch is decoded and compared. */
export function verifyPeer(
  lib: ColyseusSchema,
  recording: Recording,
  clients: number,
): SentPatches & { readonly compared: number } {
  const peer = new SchemaPeer(lib, recording);
  const sight = Array.from({ length: clients }, () => new Set<number>());
  const see = ({ enters, leaves }: WorldTick): void => {
    for (const pair of leaves) sight[pair >>> 16]?.delete(pair & 0xffff);
    for (const pair of enters) sight[pair >>> 16]?.add(pair & 0xffff);
  };
  see(peer.world);
  const readers = sight.map((_, slot) => peer.decoder(slot));
  let compared = 0;
  while (peer.left > 0) {
    peer.run((slot, patch) => readers[slot]?.take(patch));
    see(peer.world);
    for (const [slot, reader] of readers.entries()) {
      reader.compare(peer.world, sight[slot] as Set<number>);
      compared += 1;
    }
  }
  return { ...peer.sent, compared };
}

export class SchemaPeer {
  readonly sent = { bytes: 0, hash: 0 };
  readonly #ticks: readonly WorldTick[];
  readonly #lib: ColyseusSchema;
  readonly #State: new () => State;
  readonly #state: State;
  readonly #entities: Entity[] = [];
  readonly #views: SchemaView[] = [];
  readonly #encoder: SchemaEncoder;
  #tick = 0;

  /** Everybody is in, and has the whole state as of the tick before the first. */
  constructor(lib: ColyseusSchema, recording: Recording) {
    const { schema, t } = lib;
    const { players } = recording.size;
    const EntityClass = schema<Entity>(
      { x: t.uint16(), y: t.uint16(), heading: t.uint8(), health: t.uint8() },
      'W1Entity',
    );
    // Bytes. All views of a tick stand in one buffer, one behind the other.
    lib.Encoder.BUFFER_SIZE = 1 << 20;
    this.#lib = lib;
    this.#State = schema<State>({ entities: t.map(EntityClass).view() }, 'W1State');
    this.#ticks = recording.ticks.flatMap(({ world }) => world ?? []);
    this.#state = new this.#State();
    this.#encoder = new lib.Encoder(this.#state);
    for (let slot = 0; slot < players; slot += 1) {
      const entity = new EntityClass();
      this.#entities.push(entity);
      this.#state.entities.set(slot.toString(36), entity);
      this.#views.push(new lib.StateView());
    }
    this.#write(this.#next());
    this.#encoder.discardChanges();
  }

  /** A decoder for a client that joins now, with the state it sees. */
  decoder(slot: number): PatchReader {
    const at = { offset: 0 };
    this.#encoder.encodeAll(at);
    const full = this.#encoder.encodeAllView(this.#views[slot] as SchemaView, at.offset, at);
    const state = new this.#State();
    return new PatchReader(slot, state, { decoder: new this.#lib.Decoder(state), full });
  }

  /** The tick that ran last. */
  get world(): WorldTick {
    return this.#ticks[this.#tick - 1] as WorldTick;
  }

  /** Ticks that are left of the recording. */
  get left(): number {
    return this.#ticks.length - this.#tick;
  }

  /** One tick. `hear` gets each client's patch. */
  run(hear?: (slot: number, patch: Uint8Array) => void): void {
    this.#write(this.#next());
    const at = { offset: 0 };
    this.#encoder.encode(at);
    const shared = at.offset;
    const { sent } = this;
    for (let slot = 0; slot < this.#views.length; slot += 1) {
      const patch = this.#encoder.encodeView(this.#views[slot] as SchemaView, shared, at);
      sent.bytes += patch.length;
      sent.hash = (Math.imul(sent.hash, 31) + patch.length) | 0;
      if (hear !== undefined) hear(slot, patch);
    }
    this.#encoder.discardChanges();
  }

  #next(): WorldTick {
    const tick = this.#ticks[this.#tick];
    if (tick === undefined) throw new Error('The recording is over');
    this.#tick += 1;
    return tick;
  }

  /** Values and interest of a tick. Positions are written always, the others when they changed, as a game would. */
  #write({ values, enters, leaves }: WorldTick): void {
    for (let slot = 0; slot < this.#entities.length; slot += 1) {
      const entity = this.#entities[slot] as Entity;
      const at = slot * VALUE.count;
      entity.x = values[at + VALUE.x] as number;
      entity.y = values[at + VALUE.y] as number;
      const [heading, health] = [values[at + VALUE.heading], values[at + VALUE.health]];
      if (entity.heading !== heading) entity.heading = heading as number;
      if (entity.health !== health) entity.health = health as number;
    }
    for (const pair of leaves)
      this.#views[pair >>> 16]?.remove(this.#entities[pair & 0xffff] as Entity);
    for (const pair of enters)
      this.#views[pair >>> 16]?.add(this.#entities[pair & 0xffff] as Entity);
  }
}

/** One client of the peer: decodes each patch and compares what it shows with the recording. */
class PatchReader {
  readonly #slot: number;
  readonly #state: State;
  readonly #decoder: { decode(bytes: Uint8Array): unknown };

  constructor(
    slot: number,
    state: State,
    parts: { readonly decoder: { decode(bytes: Uint8Array): unknown }; readonly full: Uint8Array },
  ) {
    this.#slot = slot;
    this.#state = state;
    this.#decoder = parts.decoder;
    this.#decoder.decode(parts.full);
  }

  take(patch: Uint8Array): void {
    this.#decoder.decode(patch);
  }

  /** `visible`: slots that this client should show. Throws at the first difference. */
  compare(world: WorldTick, visible: ReadonlySet<number>): void {
    const { entities } = this.#state;
    const fail = (what: string): never => {
      throw new Error(`The peer's client ${this.#slot}: ${what}`);
    };
    if (entities.size !== visible.size) fail(`${entities.size} shown, ${visible.size} meant`);
    entities.forEach((entity, key) => {
      const slot = Number.parseInt(key, 36);
      if (!visible.has(slot)) fail(`${slot} is shown, and should not be`);
      for (const name of ['x', 'y', 'heading', 'health'] as const) {
        const want = world.values[slot * VALUE.count + VALUE[name]];
        if (entity[name] !== want) fail(`${name} of ${slot} is ${entity[name]}, was ${want}`);
      }
    });
  }
}
