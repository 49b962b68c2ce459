/**
 * Events of the room, handed out when the view reaches their tick, so that a flash appears at the muzzle one sees; those
 * that concern the own player, which is shown in the present, at once. A fixed ring of reused objects: an event costs no
 * garbage, and is valid only inside its handler.
 */
import { ClientEvent, EVENT, POSITION_ONE } from '../../protocol/gen/tables.ts';

/** Something that happened in sight. Reused: copy what you keep. */
export interface GameEvent {
  readonly kind: 'shot' | 'hit' | 'death';
  /** Tick in which it happened. */
  readonly tick: number;
  /** Done by the own player. */
  readonly own: boolean;
  /** Handle of who did it: shooter, attacker; 0 for nobody. */
  readonly subject: number;
  /** Handle of the projectile, or of the victim; 0 for none. */
  readonly object: number;
  /** World units: the muzzle, or where it hit. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Radians, of a shot. */
  readonly aim: number;
  /** Points, of a hit. */
  readonly damage: number;
  /** A hit in the head. */
  readonly head: boolean;
  /** World units that a hitscan shot went; 0 for a projectile. */
  readonly distance: number;
  /** Name of the weapon, '' for none. */
  readonly weapon: string;
  /** Command tick of an own shot. */
  readonly command: number;
}

/** An entity came into sight or left it. Reused: copy what you keep. */
export interface SightEvent {
  readonly tick: number;
  /** generation << 16 | index: the `handle` of its row in the view. */
  readonly handle: number;
}

/** Kinds of ClientEvent beside those of EVENT. */
export const CLIENT_EVENT = {
  enter: 16,
  leave: 17,
  roster: 18,
  room: 19,
  text: 20,
  rosterJoined: 21,
  rosterLeft: 22,
} as const;

/** Mutable twin of GameEvent and SightEvent. */
class QueuedEvent implements GameEvent, SightEvent {
  code = 0;
  kind: GameEvent['kind'] = 'shot';
  tick = 0;
  own = false;
  subject = 0;
  object = 0;
  x = 0.5;
  y = 0.5;
  z = 0.5;
  aim = 0.5;
  damage = 0;
  head = false;
  distance = 0.5;
  weapon = '';
  command = 0;

  get handle(): number {
    return this.subject;
  }
}

export type { QueuedEvent };

export class EventQueue {
  readonly #ring: readonly QueuedEvent[] = Array.from(
    { length: QUEUE_MAX },
    () => new QueuedEvent(),
  );
  readonly #now = new QueuedEvent();
  readonly #weapons: readonly string[];
  #first = 0;
  #count = 0;

  /** `weapons`: their names in the order of the schema. */
  constructor(weapons: readonly string[]) {
    this.#weapons = weapons;
  }

  /** Takes over one event of the core. Answers it when it is due at once, else keeps it. */
  take(fields: DataView, ownHandle: number): QueuedEvent | undefined {
    const code = fields.getUint16(ClientEvent.kind, true);
    const own = fields.getUint16(ClientEvent.own, true) === 1;
    const object = fields.getUint32(ClientEvent.object, true);
    const timed = code <= EVENT.death || code === CLIENT_EVENT.enter || code === CLIENT_EVENT.leave;
    const mine = own || (code !== EVENT.shot && object === ownHandle);
    // What a full ring cannot keep is handed out early rather than lost.
    const now = !timed || mine || this.#count === QUEUE_MAX;
    const event = now ? this.#now : this.#push();
    fill(event, { code, own, object, fields });
    event.weapon = this.#weapons[fields.getUint16(ClientEvent.weapon, true)] ?? '';
    return now ? event : undefined;
  }

  /** The next event whose tick the view has reached, or undefined. */
  due(viewTick: number): QueuedEvent | undefined {
    if (this.#count === 0) return undefined;
    const event = this.#ring[this.#first];
    return event && event.tick <= viewTick ? this.#shift() : undefined;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#count = 0;
  }

  #push(): QueuedEvent {
    const event = this.#ring[(this.#first + this.#count) % QUEUE_MAX] ?? this.#now;
    this.#count += 1;
    return event;
  }

  #shift(): QueuedEvent | undefined {
    const event = this.#ring[this.#first];
    this.#first = (this.#first + 1) % QUEUE_MAX;
    this.#count -= 1;
    return event;
  }
}

interface Raw {
  readonly code: number;
  readonly own: boolean;
  readonly object: number;
  readonly fields: DataView;
}

function fill(event: QueuedEvent, { code, own, object, fields }: Raw): void {
  const amount = fields.getInt32(ClientEvent.amount, true);
  event.code = code;
  event.kind = code === EVENT.hit ? 'hit' : code === EVENT.death ? 'death' : 'shot';
  event.tick = fields.getUint32(ClientEvent.tick, true);
  event.own = own;
  event.subject = fields.getUint32(ClientEvent.subject, true);
  event.object = object;
  event.x = fields.getInt32(ClientEvent.x, true) / POSITION_ONE;
  event.y = fields.getInt32(ClientEvent.y, true) / POSITION_ONE;
  event.z = fields.getInt32(ClientEvent.z, true) / POSITION_ONE;
  event.aim = fields.getUint16(ClientEvent.aim, true) * RADIANS_PER_AIM;
  event.damage = code === EVENT.hit ? amount : 0;
  event.head = code === EVENT.hit && event.aim !== 0;
  event.distance = code === EVENT.shot ? amount / POSITION_ONE : 0;
  event.command = fields.getUint32(ClientEvent.command, true);
}

/** Events waiting for their tick: 100 ms of the busiest sight, several times over. */
const QUEUE_MAX = 256;
const RADIANS_PER_AIM = (2 * Math.PI) / 65536;
