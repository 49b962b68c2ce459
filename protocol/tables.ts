/**
 * The one source of every number that two sides must agree on. `npm run generate` turns it into
 * `protocol/gen/tables.ts` and `core-wasm/src/gen.rs`; a test keeps both fresh. Plain data: no IO, no logic.
 * Little-endian everywhere; every record starts at a multiple of 4 bytes.
 */

export type Scalar = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32';

/** One field of a record. `count` > 1 makes it an array. `doc` states unit and range. */
export type FieldRow = readonly [name: string, type: Scalar, doc: string, count?: number];

export interface RecordTable {
  /** What the record says. */
  readonly doc: string;
  /** Its kind number in a record header; absent for plain structures. */
  readonly kind?: number;
  /** Bytes of free length follow the fixed fields; the header's `length` counts them. */
  readonly tail?: string;
  readonly fields: readonly FieldRow[];
}

/** Limits. Each with its unit in the name and its reason beside it. */
export const LIMITS = {
  PROTOCOL_VERSION: [1, 'Packet protocol of this tree.'],
  PROTOCOL_ID_LOW: [0x79617266, "'fray' as u32: the lower half of the netcode protocol id."],
  PROTOCOL_ID_HIGH: [0x00000001, 'Upper half: the packet protocol version.'],
  PACKET_BYTES_MAX: [
    1120,
    'A datagram of ours: fits 1,200-byte UDP payloads after netcode encryption and WebTransport datagrams.',
  ],
  SNAPSHOT_BYTES_MAX_DEFAULT: [
    600,
    'Default of the hard limit of one snapshot body; the rest of the packet belongs to messages.',
  ],
  FRAGMENT_BYTES_MAX: [256, 'A reliable fragment: four fit a packet; 64 KiB are 256 of them.'],
  MESSAGE_BYTES_MAX_TO_CLIENT: [65536, 'One reliable message, server to client.'],
  MESSAGE_BYTES_MAX_TO_SERVER: [4096, 'One reliable message, client to server.'],
  SEND_POOL_BYTES: [
    262144,
    'Reliable messages waiting in one room; a broadcast stands in it once.',
  ],
  SEND_QUEUE_MESSAGES_MAX: [256, 'Reliable messages waiting for one client.'],
  RECEIVE_WINDOW_TO_SERVER: [
    24,
    'Fragments a server keeps per client: 24 x 256 = 6 KiB, a whole 4 KiB message and room to reorder.',
  ],
  RECEIVE_WINDOW_TO_CLIENT: [64, 'Fragments a client keeps: 16 KiB in flight.'],
  INPUT_COMMANDS_PER_PACKET_MAX: [16, 'Redundancy: covers 500 ms at 30 Hz.'],
  INPUT_WINDOW_TICKS: [64, 'Commands kept ahead per player; more than 62 ticks ahead is refused.'],
  INPUT_REPEAT_MS_MAX: [
    250,
    'How long movement of the last command is repeated when one is missing.',
  ],
  EVENT_REPEAT_MS_MAX: [250, 'An event is repeated until acknowledged or this old.'],
  EVENTS_MAX: [512, 'Events kept per room.'],
  EVENTS_PER_SNAPSHOT_MAX: [31, 'Events in one snapshot.'],
  SILENT_CLIENT_MS: [
    1000,
    'Without a new ack for so long a client gets 2 small snapshots a second.',
  ],
  HISTORY_TICKS_MIN: [64, 'History is this many ticks or one second, whichever is more.'],
  AUX_INPUTS_MAX: [4, "Author's own analog inputs (i16 each)."],
  BUTTONS_MAX: [16, 'Buttons of an input command.'],
  BUILTIN_BUTTONS: [4, 'fire, dash, jump, crouch take bits 0-3.'],
  WEAPONS_MAX: [8, 'Weapons of a game.'],
  KINDS_MAX: [32, 'Kinds of entities of a game, player and projectile included.'],
  FIELDS_PER_KIND_MAX: [32, "Author's integer fields of one kind."],
  TEXTS_PER_KIND_MAX: [4, "Author's text fields of one kind."],
  TEXT_BYTES_MAX: [128, 'UTF-8 bytes of one text field.'],
  ROOM_FIELDS_MAX: [64, "Author's integer fields of the room."],
  TIMERS_MAX: [256, 'Timers waiting in a room.'],
  TIMER_ARGS_MAX: [4, 'Arguments of a timer.'],
  NAME_BYTES_MAX: [32, 'UTF-8 bytes of a player name.'],
  WALLS_MAX: [1024, 'Wall boxes of a room.'],
  SPAWNABLE_MAX: [64, 'Handles offered to the plugin per tick.'],
  COMMAND_BYTES_MAX: [262144, 'Plugin commands of one tick (also the input buffer).'],
  INPUT_BYTES_MAX: [131072, 'Records entering a room in one tick.'],
  PLAYERS_MAX: [1024, 'Players of one room.'],
  ENTITIES_MAX: [4096, 'Entities of one room.'],
  POSITION_ONE: [65536, 'Position units in one world unit.'],
  POSITION_MAX: [1073741824, 'Largest coordinate (16,384 world units).'],
  VELOCITY_FRACTION: [16, 'Wire velocity is 1/16 of the position quantum per tick.'],
  SMOOTHING_MS: [100, 'Displayed corrections fade over so long.'],
  PLAYER_NONE: [0xffff, 'No player slot.'],
} as const;

/** First byte of a datagram, low 4 bits. Upper 4 bits of `packet`: low bits of the room epoch. */
export const DATAGRAMS = {
  hello: [1, 'client to server: version, schema, and a connect token or a guest request'],
  accept: [2, 'server to client: the session is open'],
  join: [3, 'client to server: protobuf JoinRequest, repeated until answered'],
  joined: [4, 'server to client: protobuf JoinReply, for each join that is repeated'],
  goodbye: [5, 'both ways: a code (u16) and up to 96 bytes of text; the session is over'],
  packet: [6, 'both ways: the packet layer'],
} as const;

/** First byte of a reliable message. */
export const MESSAGES = {
  control: [0, 'protobuf ControlMessage'],
  game: [1, "an author's message: u8 message index, then its fields"],
  roster: [2, 'roster entries and room fields that changed'],
  walls: [3, 'the static walls, in pieces'],
  text: [4, 'text fields that changed'],
} as const;

/** Codes in goodbye, notices, refusals and counters. 0 is no error. */
export const ERRORS = {
  E_OK: [0, 'No error.'],
  E_VERSION: [1, 'The packet protocol version is not spoken here.'],
  E_SCHEMA_MISMATCH: [2, 'The schema hash of the client differs from the room.'],
  E_TOKEN_INVALID: [3, 'The connect token does not open: forged, damaged, or for another key.'],
  E_TOKEN_EXPIRED: [4, 'The connect token is past its expiry.'],
  E_TOKEN_REUSED: [5, 'The connect token has opened a session already.'],
  E_TOKEN_REQUIRED: [6, 'Guests are not let in here.'],
  E_ROOM_FULL: [7, 'The room has no free place.'],
  E_ROOM_UNKNOWN: [8, 'There is no room of that id.'],
  E_ROOM_LIMIT: [9, 'The server holds as many rooms as it may.'],
  E_ROOM_OPTIONS: [10, 'The options of the room do not fit the game.'],
  E_ROOM_CLOSED: [11, 'The room has closed.'],
  E_ROOM_FAULT: [12, 'The room failed and was closed.'],
  E_PLUGIN_FAULT: [13, 'Hooks of the game threw too often; the room was closed.'],
  E_MALFORMED: [14, 'A datagram, packet or message does not parse.'],
  E_OVERSIZE: [15, 'A datagram or message is longer than its limit.'],
  E_RATE: [16, 'Too many packets or bytes.'],
  E_TIMEOUT: [17, 'Nothing was heard for too long.'],
  E_SHUTDOWN: [18, 'The server is draining.'],
  E_LEFT: [19, 'The client left by its own wish.'],
  E_KICKED: [20, 'The game or an operator removed the player.'],
  E_REPLACED: [21, 'A newer session of the same player took over.'],
  E_CHANNEL_FULL: [22, 'The reliable channel or its pool is full.'],
  E_MESSAGE_UNKNOWN: [23, 'No message of that index is declared.'],
  E_MESSAGE_TOO_LONG: [24, 'A message is longer than its limit.'],
  E_ENTITY_LIMIT: [25, 'The room holds as many entities as it may.'],
  E_COMMAND_LIMIT: [26, 'Too many plugin commands in one tick.'],
  E_VIEW_STALE: [27, 'A view was used after its hook had ended.'],
  E_CONFIG: [28, 'A configuration value is not allowed.'],
  E_SCHEMA: [29, 'A schema or game declaration is not allowed.'],
  E_CORE: [30, 'The core refused: layout, size or version.'],
  E_TIMER_LIMIT: [31, 'Too many timers wait in the room.'],
  E_JOIN_TIMEOUT: [32, 'No answer came to hello or join in time.'],
  E_ABORTED: [33, 'The caller gave up.'],
  E_CLOSED: [34, 'The game connection is closed.'],
  E_SESSIONS_LIMIT: [35, 'The server, or this address, has as many sessions as it may.'],
  E_WALLS_FIXED: [36, 'Walls can be added only in onCreate.'],
  E_WALLS_LIMIT: [37, 'Too many walls.'],
  E_ADDRESS: [38, 'The built-in development key is refused on this address.'],
  E_PORT: [39, 'The port cannot be opened.'],
  E_NAME: [40, 'A player name is not allowed.'],
  E_ORIGIN: [41, 'The page of that origin may not connect.'],
  E_UNKNOWN: [42, 'An error without a code of its own.'],
  E_VALUE: [43, 'A value does not fit its field.'],
} as const;

/**
 * Columns of the entity table. The world is one matrix of i32, field-major: column f starts at `f * entitiesMax * 4`.
 * Columns from BUILTIN_COLUMNS on belong to the author (the k-th integer field of a kind stands in column 32 + k).
 */
export const COLUMNS = {
  generation: [0, 'rises by 1 each time the index is used; handle = generation << 16 | index'],
  kind: [1, '0 free, 1 player, 2 projectile, 3.. kinds of the author'],
  flags: [2, 'bits, see FLAGS'],
  x: [3, '1/65536 world unit'],
  y: [4, '1/65536 world unit'],
  z: [5, '1/65536 world unit, height of the feet; 0 in a flat game'],
  vx: [6, '1/65536 world unit per tick'],
  vy: [7, '1/65536 world unit per tick'],
  vz: [8, '1/65536 world unit per tick'],
  aim: [9, 'u16, 1/65536 turn, 0 = +x, counter-clockwise to +y'],
  pitch: [10, 'i16, 1/65536 turn, up positive'],
  health: [11, 'points'],
  team: [12, '0 none; members of one team do not hurt each other unless friendlyFire'],
  owner: [13, 'handle of the entity that shot it, 0 none'],
  radius: [14, '1/65536 world unit; half width of a box'],
  depth: [15, 'half depth of a box, 1/65536 world unit; 0 for a circle'],
  height: [16, '1/65536 world unit; 0 in a flat game'],
  topSpeed: [17, '1/65536 world unit per tick'],
  acceleration: [18, '1/65536 world unit per tick and tick'],
  friction: [19, '1/65536 world unit per tick and tick'],
  dashLeft: [20, 'ticks of dash left'],
  dashWait: [21, 'ticks until the next dash'],
  weapon: [22, 'index of the weapon held'],
  weaponWait: [23, 'ticks until the next shot'],
  expires: [24, 'tick at which the entity is removed, 0 never'],
  command: [25, 'tick of the input command that made a projectile'],
  teleport: [26, '2-bit counter: changes when the entity jumped without travelling'],
  protectedUntil: [27, 'tick until which hits do nothing'],
  slot: [28, 'player slot, or 0xffff'],
  viewRadius: [29, '1/65536 world unit'],
  dashX: [30, 'direction of the running dash, velocity per tick'],
  dashY: [31, 'direction of the running dash, velocity per tick'],
} as const;
export const BUILTIN_COLUMNS = 32;

/** Bits of the column `flags`. */
export const FLAGS = {
  alive: [1, 'takes part in the world; a dead player is seen by nobody'],
  grounded: [2, 'stands on something (always in a flat game)'],
  touched: [4, 'something from outside moved or changed this player in this tick'],
  solid: [8, 'pushes players apart'],
  touch: [16, 'reports touches by players'],
  jumpHeld: [32, 'jump was pressed in the last command (an edge is needed for the next jump)'],
} as const;

/** Kinds of entity that the core itself knows. */
export const KINDS = {
  free: [0, ''],
  player: [1, ''],
  projectile: [2, ''],
  first: [3, 'first kind of the author'],
} as const;

/** Bits of the buttons of an input command. */
export const BUTTONS = { fire: [1, ''], dash: [2, ''], jump: [4, ''], crouch: [8, ''] } as const;

/** Who receives a field. */
export const AUDIENCES = {
  visible: [0, ''],
  owner: [1, ''],
  room: [2, ''],
  none: [3, ''],
} as const;

/** Events that clients see, stamped with their tick. */
export const EVENTS = {
  shot: [
    1,
    'subject fired; position of the muzzle, aim; command tick of the shot; object = projectile handle or 0; distance travelled for hitscan',
  ],
  hit: [2, 'subject (attacker) hurt object (victim) for amount at a position'],
  death: [3, 'object (victim) died by subject (attacker or 0) at a position'],
} as const;

/** Plain structures. */
export const STRUCTS: Record<string, RecordTable> = {
  RecordHeader: {
    doc: 'Before every record in a buffer. `length` counts payload bytes without padding; the next header starts at the next multiple of 4.',
    fields: [
      ['kind', 'u16', 'record kind'],
      ['index', 'u16', 'player slot, or as the record says'],
      ['length', 'u32', 'payload bytes'],
    ],
  },
  InputCommand: {
    doc: "One player's controls for one tick.",
    fields: [
      ['tick', 'u32', 'tick for which it is meant'],
      ['buttons', 'u16', "bits, see BUTTONS; bits 4.. are the author's"],
      ['aim', 'u16', '1/65536 turn'],
      ['pitch', 'i16', '1/65536 turn'],
      ['moveX', 'i8', '-127..127'],
      ['moveY', 'i8', '-127..127'],
      ['viewTick', 'u32', 'tick the client was showing of others'],
      ['viewFraction', 'u16', '1/65536 tick'],
      ['reserved', 'u16', '0'],
      ['aux', 'i16', "author's analog inputs", 4],
    ],
  },
  WallBox: {
    doc: 'Upright box, centre and half sizes.',
    fields: [
      ['x', 'i32', 'centre, 1/65536'],
      ['y', 'i32', 'centre'],
      ['z', 'i32', 'bottom'],
      ['halfX', 'i32', 'half width'],
      ['halfY', 'i32', 'half depth'],
      ['height', 'i32', 'height; 0 = endless'],
    ],
  },
  PacketOut: {
    doc: 'One row of the table of packets that `room_end` leaves.',
    fields: [
      ['slot', 'u16', 'player slot'],
      ['bytes', 'u16', 'length'],
      ['offset', 'u32', 'address in linear memory'],
    ],
  },
  ClientEvent: {
    doc: 'What the client half hands out, one at a time.',
    fields: [
      [
        'kind',
        'u16',
        '1 shot, 2 hit, 3 death, 16 enter, 17 leave, 18 roster, 19 room, 20 text, 21 joined roster, 22 left roster',
      ],
      ['own', 'u16', '1: by own player'],
      ['tick', 'u32', 'tick of the event'],
      ['subject', 'u32', 'handle'],
      ['object', 'u32', 'handle'],
      ['x', 'i32', 'position'],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['amount', 'i32', 'damage, or distance 1/65536'],
      ['aim', 'u16', ''],
      ['weapon', 'u16', ''],
      ['command', 'u32', 'command tick'],
    ],
  },
  ClientStats: {
    doc: 'Counters of the client half.',
    fields: [
      ['snapshots', 'u32', 'decoded'],
      ['undecodable', 'u32', 'packets dropped because a reference was missing'],
      ['malformed', 'u32', 'packets that did not parse'],
      ['stale', 'u32', 'packets older than one already seen, or repeated'],
      ['lost', 'u32', 'packets never seen'],
      ['snapshotTick', 'u32', 'newest'],
      ['snapshotBits', 'u32', 'bits of the newest body'],
      ['packetBytes', 'u32', 'bytes of the newest packet'],
      ['marginTicks256', 'i32', 'arrival margin of own inputs as the server saw it, 1/256 tick'],
      ['appliedTick', 'u32', 'newest own command applied'],
      ['rttTicks256', 'i32', 'round trip by acks, 1/256 tick of local ticks'],
      ['correctionMax', 'u32', '1/65536 unit, newest snapshot'],
      ['correctionFreeMax', 'u32', 'largest on ticks not touched'],
      ['corrections', 'u32', 'snapshots that moved own player'],
      ['freeTicks', 'u32', 'snapshots with own player not touched'],
      ['touchedTicks', 'u32', 'the others'],
      ['hashChecks', 'u32', 'verified'],
      ['hashMismatches', 'u32', ''],
      ['messagesSent', 'u32', 'reliable'],
      ['messagesReceived', 'u32', 'reliable'],
      ['sendQueue', 'u32', 'reliable fragments not acknowledged'],
      ['eventsSeen', 'u32', ''],
      ['visible', 'u32', 'entities in the newest snapshot'],
      ['snapshotGapMax', 'u32', 'largest distance of two snapshots, ticks'],
      ['dilationPermille', 'u32', '1000 = real time'],
      ['snapshotBytesSum', 'u32', 'sum of snapshot body bytes'],
      ['wallsHash', 'u32', 'of the walls received'],
      ['wallsCount', 'u32', ''],
      ['inputsLate', 'u32', 'own commands that came too late, as the server counts'],
      ['ownAlive', 'u32', '1: own player lives'],
      ['reserved0', 'u32', ''],
      ['reserved1', 'u32', ''],
    ],
  },
  RoomStats: {
    doc: 'Counters of a room. They are part of the region.',
    fields: [
      ['tick', 'u32', ''],
      ['players', 'u32', ''],
      ['entities', 'u32', ''],
      ['packetsIn', 'u32', ''],
      ['packetsMalformed', 'u32', ''],
      ['packetsStale', 'u32', ''],
      ['inputsAccepted', 'u32', ''],
      ['inputsLate', 'u32', ''],
      ['inputsAhead', 'u32', 'too far ahead'],
      ['inputsMissing', 'u32', 'ticks that repeated a command'],
      ['snapshots', 'u32', ''],
      ['snapshotBits', 'u32', 'sum, wraps'],
      ['packetsOut', 'u32', ''],
      ['bytesOut', 'u32', 'sum, wraps'],
      ['entitiesDeferred', 'u32', 'visible but not sent for want of bytes'],
      ['eventsDropped', 'u32', ''],
      ['messagesIn', 'u32', ''],
      ['messagesOut', 'u32', ''],
      ['poolBytes', 'u32', 'in use'],
      ['poolFull', 'u32', 'refused'],
      ['fullStates', 'u32', 'entities encoded without baseline'],
      ['commands', 'u32', ''],
      ['commandsRefused', 'u32', 'by the core: dead handle, bad field'],
      ['spawnsRefused', 'u32', ''],
      ['silentClients', 'u32', 'now'],
      ['hits', 'u32', ''],
      ['deaths', 'u32', ''],
      ['recordsRefused', 'u32', 'input records with a bad shape'],
      ['epoch', 'u32', ''],
      ['wallsHash', 'u32', ''],
      ['inputsAcceptedBots', 'u32', ''],
      ['reserved', 'u32', ''],
    ],
  },
};

/** Records that enter a room before a tick (`room_begin`). Their bytes, in order, are the journal. */
export const INPUT_RECORDS: Record<string, RecordTable> = {
  Join: {
    kind: 1,
    doc: 'A player takes a slot (header.index).',
    fields: [
      ['session', 'u32', 'session id, 0 for a bot'],
      ['flags', 'u16', '1 bot, 2 wants state hashes in snapshots (--verify)'],
      ['team', 'u8', ''],
      ['nameBytes', 'u8', ''],
      ['name', 'u8', 'UTF-8, zero padded', 32],
    ],
  },
  Leave: {
    kind: 2,
    doc: 'The player of a slot goes.',
    fields: [
      ['code', 'u16', 'ERRORS'],
      ['reserved', 'u16', '0'],
    ],
  },
  Packet: {
    kind: 3,
    doc: 'A packet of a client.',
    tail: 'packet',
    fields: [
      ['arrivalUs', 'u32', 'arrival inside the tick interval before this tick, us from its start'],
    ],
  },
  BotInput: {
    kind: 4,
    doc: 'Controls of a bot for this tick (its tick is ignored).',
    fields: [
      ['buttons', 'u16', ''],
      ['aim', 'u16', ''],
      ['pitch', 'i16', ''],
      ['moveX', 'i8', ''],
      ['moveY', 'i8', ''],
      ['aux', 'i16', '', 4],
    ],
  },
  Overload: {
    kind: 5,
    doc: 'The overload level of the worker changed.',
    fields: [['level', 'u32', '0 none']],
  },
  Dilation: {
    kind: 6,
    doc: 'Time runs slower; clients are told.',
    fields: [['permille', 'u32', '1000 = real time']],
  },
};

/** Plugin commands (`room_end`). */
export const COMMANDS: Record<string, RecordTable> = {
  SetField: {
    kind: 32,
    doc: 'Writes an integer column of an entity.',
    fields: [
      ['handle', 'u32', ''],
      ['column', 'u32', 'COLUMNS or 32 + k'],
      ['value', 'i32', ''],
    ],
  },
  SetRoomField: {
    kind: 33,
    doc: 'Writes a room field.',
    fields: [
      ['field', 'u32', 'its index'],
      ['value', 'i32', ''],
    ],
  },
  SetText: {
    kind: 34,
    doc: 'Writes a text field. handle 0: of the room; field 255: the player name.',
    tail: 'utf8',
    fields: [
      ['handle', 'u32', ''],
      ['field', 'u32', ''],
    ],
  },
  Place: {
    kind: 35,
    doc: 'Puts an entity somewhere: velocity 0, alive, full health for a player, teleport counter up.',
    fields: [
      ['handle', 'u32', ''],
      ['x', 'i32', ''],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['aim', 'i32', '-1 keeps it'],
      ['protectTicks', 'u32', 'spawn protection'],
    ],
  },
  Spawn: {
    kind: 36,
    doc: 'Makes an entity with a handle from the spawnable list.',
    fields: [
      ['handle', 'u32', ''],
      ['kind', 'u32', ''],
      ['x', 'i32', ''],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['vx', 'i32', ''],
      ['vy', 'i32', ''],
      ['vz', 'i32', ''],
      ['aim', 'u32', ''],
      ['owner', 'u32', 'handle'],
      ['lifeTicks', 'u32', '0 for ever'],
    ],
  },
  Remove: { kind: 37, doc: 'Removes an entity (not a player).', fields: [['handle', 'u32', '']] },
  Damage: {
    kind: 38,
    doc: 'Hurts (or, negative, heals) an entity.',
    fields: [
      ['handle', 'u32', ''],
      ['attacker', 'u32', 'handle or 0'],
      ['amount', 'i32', ''],
    ],
  },
  ScaleHit: {
    kind: 39,
    doc: 'Scales a proposed hit of this tick; 0 cancels it.',
    fields: [
      ['hit', 'u32', 'its index'],
      ['permille', 'u32', '1000 = unchanged'],
    ],
  },
  AddTimer: {
    kind: 40,
    doc: 'A timer, fired as an event when its tick has come.',
    fields: [
      ['id', 'u32', 'chosen by the plugin side, unique among waiting timers'],
      ['due', 'u32', 'tick'],
      ['timer', 'u32', 'index of its declaration'],
      ['args', 'i32', '', 4],
    ],
  },
  CancelTimer: { kind: 41, doc: 'Removes a waiting timer.', fields: [['id', 'u32', '']] },
  Send: {
    kind: 42,
    doc: 'A reliable message to the slot in header.index, or to all (0xffff).',
    tail: 'message with its kind byte',
    fields: [['except', 'u32', 'slot left out of a broadcast, or 0xffff']],
  },
  SetRandom: {
    kind: 43,
    doc: "New state of the plugin's generator.",
    fields: [['state', 'u32', '', 4]],
  },
  AddWalls: { kind: 44, doc: 'Walls, only at tick 0.', tail: 'WallBox[]', fields: [] },
  Impulse: {
    kind: 45,
    doc: 'Adds to the velocity of an entity.',
    fields: [
      ['handle', 'u32', ''],
      ['vx', 'i32', ''],
      ['vy', 'i32', ''],
      ['vz', 'i32', ''],
    ],
  },
};

/** What `room_begin` leaves for the hooks, in order. */
export const HOOK_EVENTS: Record<string, RecordTable> = {
  Joined: {
    kind: 64,
    doc: 'A player came (header.index = slot).',
    fields: [
      ['handle', 'u32', ''],
      ['playerId', 'u32', 'generation of the slot << 16 | slot'],
      ['flags', 'u32', 'as in Join'],
    ],
  },
  Left: {
    kind: 65,
    doc: 'A player goes; its entity lives until this tick ends.',
    fields: [
      ['handle', 'u32', ''],
      ['playerId', 'u32', ''],
      ['code', 'u32', ''],
    ],
  },
  Hit: {
    kind: 66,
    doc: 'A proposed hit; header.index = its index.',
    fields: [
      ['attacker', 'u32', 'handle'],
      ['target', 'u32', 'handle'],
      ['amount', 'i32', ''],
      ['x', 'i32', ''],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['weapon', 'u32', ''],
    ],
  },
  Death: {
    kind: 67,
    doc: 'A player died in the tick before.',
    fields: [
      ['victim', 'u32', 'handle'],
      ['attacker', 'u32', 'handle or 0'],
    ],
  },
  Touch: {
    kind: 68,
    doc: 'A player overlaps an entity that reports touches.',
    fields: [
      ['player', 'u32', 'handle'],
      ['other', 'u32', 'handle'],
    ],
  },
  Message: {
    kind: 69,
    doc: 'A reliable message of the client in header.index, with its kind byte.',
    tail: 'message',
    fields: [],
  },
  Timer: {
    kind: 70,
    doc: 'A timer is due.',
    fields: [
      ['id', 'u32', ''],
      ['timer', 'u32', ''],
      ['args', 'i32', '', 4],
    ],
  },
  Fault: {
    kind: 71,
    doc: 'The client in header.index has to be closed.',
    fields: [['code', 'u32', 'ERRORS']],
  },
};

/**
 * The configuration a core is created with: ConfigHead, then `kinds` x ConfigKind, `fields` x ConfigField, `roomFields` x ConfigField,
 * `weapons` x ConfigWeapon, `texts` x ConfigText. Made by src/schema from the author's schema; server and client make the same bytes.
 */
export const CONFIG: Record<string, RecordTable> = {
  ConfigHead: {
    doc: 'Sizes and rules.',
    fields: [
      ['magic', 'u32', "'FRC1' = 0x31435246"],
      ['tableHash', 'u32', 'hash of these tables: core and host were made together'],
      ['schemaHashLow', 'u32', ''],
      ['schemaHashHigh', 'u32', ''],
      ['tickRateHz', 'u32', '1..128'],
      ['dimensions', 'u32', '2 or 3'],
      ['playersMax', 'u32', ''],
      ['entitiesMax', 'u32', 'players included'],
      ['historyTicks', 'u32', 'power of two >= 64 and >= tickRateHz'],
      ['snapshotBytesMax', 'u32', 'hard limit of a snapshot body'],
      ['interpolationTicks', 'u32', 'prescribed interpolation delay'],
      ['halfWidth', 'i32', 'the world is a box around 0: half size in x, 1/65536'],
      ['halfDepth', 'i32', 'half size in y'],
      ['cell', 'i32', 'edge of a grid cell, 1/65536'],
      ['positionShift', 'u32', 'wire quantum of a position = 2^shift / 65536 unit (9: 1/128 unit)'],
      ['aimBits', 'u32', 'wire bits of aim of others, 4..16'],
      ['healthBits', 'u32', ''],
      ['healthMax', 'i32', ''],
      ['gravity', 'i32', 'per tick and tick'],
      ['jumpSpeed', 'i32', 'per tick'],
      ['stepHeight', 'i32', ''],
      ['dashSpeed', 'i32', 'per tick; 0: no dash'],
      ['dashTicks', 'u32', ''],
      ['dashWaitTicks', 'u32', ''],
      [
        'rules',
        'u32',
        '1 friendlyFire, 2 move is relative to aim, 4 players are solid to each other, 8 hash every tick',
      ],
      ['seedLow', 'u32', ''],
      ['seedHigh', 'u32', ''],
      ['pluginSeedLow', 'u32', ''],
      ['pluginSeedHigh', 'u32', ''],
      ['epoch', 'u32', 'fencing number of the owner of the room'],
      ['firstTick', 'u32', '0 for a new room'],
      ['inputAux', 'u32', 'how many aux inputs travel'],
      ['inputButtons', 'u32', 'how many button bits travel'],
      ['inputPitch', 'u32', '1: pitch travels'],
      ['kinds', 'u32', 'rows of ConfigKind; row 0 = player, row 1 = projectile, then the author'],
      ['fields', 'u32', ''],
      ['roomFields', 'u32', ''],
      ['weapons', 'u32', ''],
      ['texts', 'u32', ''],
      ['columns', 'u32', '32 + most integer fields of any kind'],
      ['textBytes', 'u32', 'text bytes kept per entity'],
      ['roomTextBytes', 'u32', ''],
      ['reserved', 'u32', '', 6],
    ],
  },
  ConfigKind: {
    doc: 'A kind of entity.',
    fields: [
      ['radius', 'i32', 'or half width'],
      ['depth', 'i32', 'half depth; 0: circle'],
      ['height', 'i32', ''],
      ['flags', 'u32', 'FLAGS at spawn: solid, touch'],
      ['health', 'i32', '0: cannot be hurt'],
      ['topSpeed', 'i32', 'players'],
      ['acceleration', 'i32', ''],
      ['friction', 'i32', ''],
      ['viewRadius', 'i32', 'players: how far they see'],
      ['moves', 'u32', '1: velocity and aim travel on the wire'],
      ['reserved', 'u32', '', 2],
    ],
  },
  ConfigField: {
    doc: "An author's integer field, in the order of its declaration.",
    fields: [
      ['kind', 'u16', 'row of ConfigKind + 1 (1 = player); 0 for the room'],
      ['column', 'u16', '32 + k; for the room its index'],
      ['bits', 'u8', '1..32 on the wire'],
      ['audience', 'u8', 'AUDIENCES'],
      ['signed', 'u8', "1: two's complement"],
      ['reserved', 'u8', ''],
      ['min', 'i32', 'least value allowed'],
      ['max', 'i32', 'largest'],
      ['initial', 'i32', ''],
    ],
  },
  ConfigWeapon: {
    doc: 'A weapon.',
    fields: [
      ['shape', 'u32', '0 projectile, 1 hitscan'],
      ['damage', 'i32', ''],
      ['waitTicks', 'u32', 'between shots'],
      ['speed', 'i32', 'projectile, per tick'],
      ['lifeTicks', 'u32', 'projectile'],
      ['radius', 'i32', 'projectile'],
      ['range', 'i32', 'hitscan'],
      ['knockback', 'i32', 'velocity added to a target'],
      ['spread', 'u32', 'reserved, 0'],
      ['pierce', 'u32', 'reserved, 0'],
    ],
  },
  ConfigText: {
    doc: "An author's text field.",
    fields: [
      ['kind', 'u16', 'as in ConfigField'],
      ['index', 'u16', 'k-th text of its kind'],
      ['offset', 'u16', 'in the text bytes of an entity (u8 length, then bytes)'],
      ['bytesMax', 'u8', ''],
      ['audience', 'u8', ''],
    ],
  },
};

/** Places in linear memory that `room_address(which)` and `client_address(which)` name. */
export const ADDRESSES = {
  region: [0, 'start of the region'],
  regionBytes: [1, 'its length'],
  input: [2, 'buffer for records and commands'],
  inputBytes: [3, 'its length'],
  events: [4, 'what room_begin left for the hooks; client: ClientEvent'],
  packets: [5, 'PacketOut table'],
  columns: [6, 'entity matrix, i32'],
  roomFields: [7, 'i32[]'],
  spawnable: [8, 'u32 count, then handles'],
  random: [9, "plugin's generator, 4 x u32"],
  stats: [10, 'RoomStats or ClientStats'],
  roster: [11, 'RosterRow[]'],
  texts: [12, 'text bytes, textBytes per entity'],
  roomTexts: [13, ''],
  hash: [14, 'state hash, u32 low, u32 high'],
  players: [15, 'u32 handle per slot, 0 none'],
  packetBuffer: [16, 'client: packets in and out'],
  message: [17, 'client: messages in and out'],
  view: [18, 'client: entity matrix as shown'],
  viewList: [19, 'client: u32 count, then indices shown'],
  inputs: [20, 'room: InputCommand applied last, per slot; client: InputCommand to sample'],
  visible: [21, 'room: bit sets of what each slot was sent last'],
  walls: [22, 'u32 count, pad to 8 bytes, then WallBox[]'],
  timers: [23, 'timer rows'],
  config: [24, 'buffer for the configuration'],
  configBytes: [25, 'its length'],
  rosterRowBytes: [26, 'bytes of one RosterRow'],
  own: [27, 'client: u32 handle of own player'],
} as const;

/** One row of the roster: fixed part; then i32 x number of player fields `to: 'room'`. */
export const ROSTER_ROW: RecordTable = {
  doc: 'One player as everyone in the room knows it.',
  fields: [
    ['playerId', 'u32', '0: the slot is free'],
    ['handle', 'u32', 'entity'],
    ['team', 'u8', ''],
    ['flags', 'u8', '1 bot'],
    ['nameBytes', 'u8', ''],
    ['reserved', 'u8', ''],
    ['name', 'u8', 'UTF-8', 32],
  ],
};
