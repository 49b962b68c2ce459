// Made by tools/generate.ts from protocol/tables.ts. Do not edit.

/** Hash of the tables without their prose; the core answers it as `abi_version()`. */
export const TABLE_HASH = 0xe59b6534;
export const BUILTIN_COLUMNS = 32;

/** Packet protocol of this tree; its servers speak the one before, too. */
export const PROTOCOL_VERSION = 1;

/** 'fray' as u32: the lower half of the netcode protocol id. */
export const PROTOCOL_ID_LOW = 2036429414;

/**
 * Upper half: version of tokens and of their UDP packets; the packet protocol has its own,
 * in hello.
 */
export const PROTOCOL_ID_HIGH = 1;

/**
 * A datagram of ours: fits 1,200-byte UDP payloads after netcode encryption and
 * WebTransport datagrams.
 */
export const PACKET_BYTES_MAX = 1120;

/**
 * Default of the hard limit of one snapshot body; the rest of the packet belongs to
 * messages.
 */
export const SNAPSHOT_BYTES_MAX_DEFAULT = 600;

/** A reliable fragment: four fit a packet; 64 KiB are 256 of them. */
export const FRAGMENT_BYTES_MAX = 256;

/** One reliable message, server to client. */
export const MESSAGE_BYTES_MAX_TO_CLIENT = 65536;

/** One reliable message, client to server. */
export const MESSAGE_BYTES_MAX_TO_SERVER = 4096;

/** Reliable messages waiting in one room; a broadcast stands in it once. */
export const SEND_POOL_BYTES = 262144;

/** Reliable messages waiting for one client. */
export const SEND_QUEUE_MESSAGES_MAX = 256;

/**
 * Fragments a server keeps per client: 24 x 256 = 6 KiB, a whole 4 KiB message and room to
 * reorder.
 */
export const RECEIVE_WINDOW_TO_SERVER = 24;

/** Fragments a client keeps: 16 KiB in flight. */
export const RECEIVE_WINDOW_TO_CLIENT = 64;

/** Redundancy: covers 500 ms at 30 Hz. */
export const INPUT_COMMANDS_PER_PACKET_MAX = 16;

/** Commands kept ahead per player; more than 62 ticks ahead is refused. */
export const INPUT_WINDOW_TICKS = 64;

/** How long movement of the last command is repeated when one is missing. */
export const INPUT_REPEAT_MS_MAX = 250;

/** An event is repeated until acknowledged or this old. */
export const EVENT_REPEAT_MS_MAX = 250;

/** Events kept per room. */
export const EVENTS_MAX = 512;

/** Events in one snapshot. */
export const EVENTS_PER_SNAPSHOT_MAX = 31;

/** Without a new ack for so long a client gets 2 small snapshots a second. */
export const SILENT_CLIENT_MS = 1000;

/** History is this many ticks or one second, whichever is more. */
export const HISTORY_TICKS_MIN = 64;

/** Author's own analog inputs (i16 each). */
export const AUX_INPUTS_MAX = 4;

/** Buttons of an input command. */
export const BUTTONS_MAX = 16;

/** fire, dash, jump, crouch take bits 0-3. */
export const BUILTIN_BUTTONS = 4;

/** Weapons of a game. */
export const WEAPONS_MAX = 8;

/** Kinds of entities of a game, player and projectile included. */
export const KINDS_MAX = 32;

/** Author's integer fields of one kind. */
export const FIELDS_PER_KIND_MAX = 32;

/** Author's text fields of one kind. */
export const TEXTS_PER_KIND_MAX = 4;

/** UTF-8 bytes of one text field. */
export const TEXT_BYTES_MAX = 128;

/** Author's integer fields of the room. */
export const ROOM_FIELDS_MAX = 64;

/** Timers waiting in a room. */
export const TIMERS_MAX = 256;

/** Arguments of a timer. */
export const TIMER_ARGS_MAX = 4;

/** UTF-8 bytes of a player name. */
export const NAME_BYTES_MAX = 32;

/** Wall boxes that a room adds to those of its schema: they travel to each client. */
export const WALLS_MAX = 1024;

/** Moving boxes of a schema: every move looks at all of them. */
export const MOVERS_MAX = 64;

/** Zones of a schema: a bit of a word each. */
export const AREAS_MAX = 32;

/** Wall boxes of a schema: both ends hold them, 24 bytes each. */
export const MAP_BOXES_MAX = 10000;

/** Handles offered to the plugin per tick. */
export const SPAWNABLE_MAX = 64;

/** Plugin commands of one tick (also the input buffer). */
export const COMMAND_BYTES_MAX = 262144;

/** Records entering a room in one tick. */
export const INPUT_BYTES_MAX = 131072;

/** Players of one room. */
export const PLAYERS_MAX = 1024;

/** Entities of one room. */
export const ENTITIES_MAX = 4096;

/** Position units in one world unit. */
export const POSITION_ONE = 65536;

/** Largest coordinate (16,384 world units). */
export const POSITION_MAX = 1073741824;

/** Wire velocity is 1/16 of the position quantum per tick. */
export const VELOCITY_FRACTION = 16;

/** Displayed corrections fade over so long. */
export const SMOOTHING_MS = 100;

/** No player slot. */
export const PLAYER_NONE = 65535;

/**
 * Bytes of the module that is a game's own step: it stands in each room's configuration,
 * and in each page.
 */
export const STEP_BYTES_MAX = 16384;

/**
 * Instructions of a game's own step in one call, counted as src/step/meter.ts does; some 20
 * us.
 */
export const STEP_FUEL = 20000;

/** First byte of a datagram, low 4 bits. */
export const DATAGRAM = {
  /** client to server: version, schema, and a connect token or a guest request */
  hello: 1,
  /** server to client: the session is open */
  accept: 2,
  /** client to server: protobuf JoinRequest, repeated until answered */
  join: 3,
  /** server to client: protobuf JoinReply, for each join that is repeated */
  joined: 4,
  /** both ways: a code (u16) and up to 96 bytes of text; the session is over */
  goodbye: 5,
  /** both ways: the packet layer */
  packet: 6,
} as const;

/** First byte of a reliable message. */
export const MESSAGE = {
  /** protobuf ControlMessage */
  control: 0,
  /** an author's message: u8 message index, then its fields */
  game: 1,
  /** roster entries and room fields that changed */
  roster: 2,
  /** the static walls, in pieces */
  walls: 3,
  /** text fields that changed */
  text: 4,
} as const;

/** Columns of the entity table. */
export const COLUMN = {
  /** rises by 1 each time the index is used; handle = generation << 16 | index */
  generation: 0,
  /** 0 free, 1 player, 2 projectile, 3.. kinds of the author */
  kind: 1,
  /** bits, see FLAGS */
  flags: 2,
  /** 1/65536 world unit */
  x: 3,
  /** 1/65536 world unit */
  y: 4,
  /** 1/65536 world unit, height of the feet; 0 in a flat game */
  z: 5,
  /** 1/65536 world unit per tick */
  vx: 6,
  /** 1/65536 world unit per tick */
  vy: 7,
  /** 1/65536 world unit per tick */
  vz: 8,
  /** u16, 1/65536 turn, 0 = +x, counter-clockwise to +y */
  aim: 9,
  /** i16, 1/65536 turn, up positive */
  pitch: 10,
  /** points */
  health: 11,
  /** 0 none; members of one team do not hurt each other unless friendlyFire */
  team: 12,
  /** handle of the entity that shot it, 0 none */
  owner: 13,
  /** 1/65536 world unit; half width of a box */
  radius: 14,
  /** half depth of a box, 1/65536 world unit; 0 for a circle */
  depth: 15,
  /** 1/65536 world unit; 0 in a flat game */
  height: 16,
  /** 1/65536 world unit per tick */
  topSpeed: 17,
  /** 1/65536 world unit per tick and tick */
  acceleration: 18,
  /** 1/65536 world unit per tick and tick */
  friction: 19,
  /** ticks of dash left */
  dashLeft: 20,
  /** ticks until the next dash */
  dashWait: 21,
  /** index of the weapon held */
  weapon: 22,
  /** ticks until the next shot */
  weaponWait: 23,
  /** tick at which the entity is removed, 0 never */
  expires: 24,
  /** tick of the input command that made a projectile */
  command: 25,
  /** 2-bit counter: changes when the entity jumped without travelling */
  teleport: 26,
  /** tick until which hits do nothing */
  protectedUntil: 27,
  /** player slot, or 0xffff */
  slot: 28,
  /** 1/65536 world unit */
  viewRadius: 29,
  /** direction of the running dash, velocity per tick */
  dashX: 30,
  /** direction of the running dash, velocity per tick */
  dashY: 31,
} as const;

/** Bits of the column `flags`. */
export const FLAG = {
  /** takes part in the world; a dead player is seen by nobody */
  alive: 1,
  /** stands on something (always in a flat game) */
  grounded: 2,
  /** something from outside moved or changed this player in this tick */
  touched: 4,
  /** pushes players apart */
  solid: 8,
  /** reports touches by players */
  touch: 16,
  /** jump was pressed in the last command (an edge is needed for the next jump) */
  jumpHeld: 32,
} as const;

/** Kinds of entity that the core knows. */
export const KIND = {
  free: 0,
  player: 1,
  projectile: 2,
  /** first kind of the author */
  first: 3,
} as const;

/** Bits of the buttons of an input command. */
export const BUTTON = {
  fire: 1,
  dash: 2,
  jump: 4,
  crouch: 8,
} as const;

/** Who receives a field. */
export const AUDIENCE = {
  visible: 0,
  owner: 1,
  room: 2,
  none: 3,
} as const;

/** Events that clients see. */
export const EVENT = {
  /**
   * subject fired; position of the muzzle, aim; command tick of the shot; object = projectile
   * handle or 0; distance travelled for hitscan
   */
  shot: 1,
  /** subject (attacker) hurt object (victim) for amount at a position */
  hit: 2,
  /** object (victim) died by subject (attacker or 0) at a position */
  death: 3,
} as const;

/** Places in linear memory. */
export const ADDRESS = {
  /** start of the region */
  region: 0,
  /** its length */
  regionBytes: 1,
  /** buffer for records and commands */
  input: 2,
  /** its length */
  inputBytes: 3,
  /** what room_begin left for the hooks; client: ClientEvent */
  events: 4,
  /** PacketOut table */
  packets: 5,
  /** entity matrix, i32 */
  columns: 6,
  /** i32[] */
  roomFields: 7,
  /** u32 count, then handles */
  spawnable: 8,
  /** plugin's generator, 4 x u32 */
  random: 9,
  /** RoomStats or ClientStats */
  stats: 10,
  /** RosterRow[] */
  roster: 11,
  /** text bytes, textBytes per entity */
  texts: 12,
  roomTexts: 13,
  /** state hash, u32 low, u32 high */
  hash: 14,
  /** u32 handle per slot, 0 none */
  players: 15,
  /** client: packets in and out */
  packetBuffer: 16,
  /** client: messages in and out */
  message: 17,
  /** client: entity matrix as shown */
  view: 18,
  /** client: u32 count, then indices shown */
  viewList: 19,
  /** room: InputCommand applied last, per slot; client: InputCommand to sample */
  inputs: 20,
  /** room: bit sets of what each slot was sent last */
  visible: 21,
  /** u32 count, pad to 8 bytes, then WallBox[] */
  walls: 22,
  /** timer rows */
  timers: 23,
  /** buffer for the configuration */
  config: 24,
  /** its length */
  configBytes: 25,
  /** bytes of one RosterRow */
  rosterRowBytes: 26,
  /** client: u32 handle of own player */
  own: 27,
  /** room: u32 epoch of packets per slot */
  epochs: 28,
  /** room: ClientEvent[EVENTS_MAX], event e at e % EVENTS_MAX */
  happened: 29,
  /** room: u32 how many events there have been */
  happenedNext: 30,
  /** client: u32 tick and u32 bits of the newest row, per entity */
  costs: 31,
} as const;

/** Why a shot was not judged at the view that it stated. */
export const CLAMP = {
  /** it was */
  none: 0,
  /** the view was older than the measured delay explains */
  delay: 1,
  /** the delay is above rewindMsMax */
  most: 2,
  /** it is longer ago than snapshots are kept */
  history: 3,
} as const;

/** What became of a shot. */
export const RESULT = {
  /** it met nothing */
  none: 0,
  /** a wall or the ground */
  wall: 1,
  /** a hit was proposed */
  hit: 2,
  /** it struck who takes no harm: protected, or dead by now */
  harmless: 3,
  /** it was put as far on as its view is old, and flies on */
  flies: 4,
} as const;

/** Bits of `rules` of a weapon. */
export const RULE = {
  /** a projectile starts as far on as the view of its shooter is old */
  forward: 1,
  /** strikes members of the own team */
  friendlyFire: 2,
  /** its blast harms who shot */
  selfHarm: 4,
  /** harms the protected */
  throughProtection: 8,
} as const;

/** Where a hit hit. */
export const ZONE = {
  body: 0,
  head: 1,
  /** it was within the blast of a shot */
  blast: 2,
} as const;

/** Marks of a shape in a receipt. */
export const MARK = {
  /** the shot would have struck it, had nothing stood before it */
  inWay: 1,
  /** it is behind a wall by now, and was looked up later for that */
  covered: 2,
  /** it is dead at present */
  dead: 4,
} as const;

/** Words of what a game's own step is given and answers. */
export const STEP_WORD = {
  /** of the command */
  tick: 0,
  /** 1..128 */
  tickRateHz: 1,
  /** bits, see BUTTONS; bits 4.. are the author's, in the order of the schema */
  buttons: 2,
  /** -127..127 */
  moveX: 3,
  /** -127..127 */
  moveY: 4,
  /** 0..65535 */
  aim: 5,
  /** -32768..32767 */
  pitch: 6,
  /** the author's own analog inputs, in the order of the schema */
  aux0: 7,
  aux1: 8,
  aux2: 9,
  aux3: 10,
  /** 2 grounded, 32 jump was pressed in the last command */
  flags: 11,
  x: 12,
  y: 13,
  z: 14,
  radius: 15,
  height: 16,
  topSpeed: 17,
  acceleration: 18,
  friction: 19,
  /** after the step */
  vx: 20,
  vy: 21,
  vz: 22,
  /** to be gone in this tick; walls stop it */
  wayX: 23,
  wayY: 24,
  wayZ: 25,
  /** the author's own state, any i32 */
  numberA: 26,
  numberB: 27,
  /** the author's own state, 0..65535 */
  timerA: 28,
  timerB: 29,
} as const;

/** Why a game's own step failed. */
export const STEP_FAULT = {
  /** it took too many instructions */
  fuel: 1,
  /** it read beyond its memory */
  read: 2,
  /** it wrote where it may not */
  write: 3,
  /** it divided by zero, or the least number by -1 */
  divide: 4,
  /** it came to an instruction that must not be reached: a panic, an assertion */
  unreachable: 5,
} as const;

/** Error codes; 0 is no error. */
export const ERROR = {
  /** No error. */
  E_OK: 0,
  /** The packet protocol version is not spoken here. */
  E_VERSION: 1,
  /** The schema hash of the client differs from the room. */
  E_SCHEMA_MISMATCH: 2,
  /** The connect token does not open: forged, damaged, or for another key. */
  E_TOKEN_INVALID: 3,
  /** The connect token is past its expiry. */
  E_TOKEN_EXPIRED: 4,
  /** The connect token has opened a session already. */
  E_TOKEN_REUSED: 5,
  /** Guests are not let in here. */
  E_TOKEN_REQUIRED: 6,
  /** The room has no free place. */
  E_ROOM_FULL: 7,
  /** There is no room of that id. */
  E_ROOM_UNKNOWN: 8,
  /** The server holds as many rooms as it may. */
  E_ROOM_LIMIT: 9,
  /** The options of the room do not fit the game. */
  E_ROOM_OPTIONS: 10,
  /** The room has closed. */
  E_ROOM_CLOSED: 11,
  /** The room failed and was closed. */
  E_ROOM_FAULT: 12,
  /** Hooks of the game threw too often; the room was closed. */
  E_PLUGIN_FAULT: 13,
  /** A datagram, packet or message does not parse. */
  E_MALFORMED: 14,
  /** A datagram or message is longer than its limit. */
  E_OVERSIZE: 15,
  /** Too many packets or bytes. */
  E_RATE: 16,
  /** Nothing was heard for too long. */
  E_TIMEOUT: 17,
  /** The server is draining. */
  E_SHUTDOWN: 18,
  /** The client left by its own wish. */
  E_LEFT: 19,
  /** The game or an operator removed the player. */
  E_KICKED: 20,
  /** A newer session of the same player took over. */
  E_REPLACED: 21,
  /** The reliable channel or its pool is full. */
  E_CHANNEL_FULL: 22,
  /** No message of that index is declared. */
  E_MESSAGE_UNKNOWN: 23,
  /** A message is longer than its limit. */
  E_MESSAGE_TOO_LONG: 24,
  /** The room holds as many entities as it may. */
  E_ENTITY_LIMIT: 25,
  /** Too many plugin commands in one tick. */
  E_COMMAND_LIMIT: 26,
  /** A view was used after its hook had ended. */
  E_VIEW_STALE: 27,
  /** A configuration value is not allowed. */
  E_CONFIG: 28,
  /** A schema or game declaration is not allowed. */
  E_SCHEMA: 29,
  /** The core refused: layout, size or version. */
  E_CORE: 30,
  /** Too many timers wait in the room. */
  E_TIMER_LIMIT: 31,
  /** No answer came to hello or join in time. */
  E_JOIN_TIMEOUT: 32,
  /** The caller gave up. */
  E_ABORTED: 33,
  /** The game connection is closed. */
  E_CLOSED: 34,
  /** The server, or this address, has as many sessions as it may. */
  E_SESSIONS_LIMIT: 35,
  /** Walls can be added only in onCreate. */
  E_WALLS_FIXED: 36,
  /** Too many walls. */
  E_WALLS_LIMIT: 37,
  /** The built-in development key is refused on this address. */
  E_ADDRESS: 38,
  /** The port cannot be opened. */
  E_PORT: 39,
  /** A player name is not allowed. */
  E_NAME: 40,
  /** The page of that origin may not connect. */
  E_ORIGIN: 41,
  /** An error without a code of its own. */
  E_UNKNOWN: 42,
  /** A value does not fit its field. */
  E_VALUE: 43,
  /** The connect token is for another protocol. */
  E_TOKEN_PROTOCOL: 44,
  /** The connect token is for other servers. */
  E_TOKEN_SERVER: 45,
  /** The proof that the connect token is one of the sender does not fit. */
  E_TOKEN_PROOF: 46,
  /** The attach counter is not above that of the session. */
  E_ATTACH_REPLAY: 47,
  /** The session to attach to is not live. */
  E_SESSION_OVER: 48,
  /** The login of the game let nobody in. */
  E_AUTH: 49,
  /** The login of the game gave no answer in time. */
  E_AUTH_TIMEOUT: 50,
  /** As many logins wait for an answer as may. */
  E_AUTH_BUSY: 51,
  /** The server is too busy to let anybody in. */
  E_OVERLOADED: 52,
  /** A step of a game's own is not allowed, or failed. */
  E_STEP: 53,
} as const;

export type ErrorName = keyof typeof ERROR;
export type ErrorCode = (typeof ERROR)[ErrorName];

/** By code: the codes count from 0. */
const ERROR_NAMES = Object.keys(ERROR) as readonly ErrorName[];
const ERROR_TEXTS: readonly string[] = [
  'No error.',
  'The packet protocol version is not spoken here.',
  'The schema hash of the client differs from the room.',
  'The connect token does not open: forged, damaged, or for another key.',
  'The connect token is past its expiry.',
  'The connect token has opened a session already.',
  'Guests are not let in here.',
  'The room has no free place.',
  'There is no room of that id.',
  'The server holds as many rooms as it may.',
  'The options of the room do not fit the game.',
  'The room has closed.',
  'The room failed and was closed.',
  'Hooks of the game threw too often; the room was closed.',
  'A datagram, packet or message does not parse.',
  'A datagram or message is longer than its limit.',
  'Too many packets or bytes.',
  'Nothing was heard for too long.',
  'The server is draining.',
  'The client left by its own wish.',
  'The game or an operator removed the player.',
  'A newer session of the same player took over.',
  'The reliable channel or its pool is full.',
  'No message of that index is declared.',
  'A message is longer than its limit.',
  'The room holds as many entities as it may.',
  'Too many plugin commands in one tick.',
  'A view was used after its hook had ended.',
  'A configuration value is not allowed.',
  'A schema or game declaration is not allowed.',
  'The core refused: layout, size or version.',
  'Too many timers wait in the room.',
  'No answer came to hello or join in time.',
  'The caller gave up.',
  'The game connection is closed.',
  'The server, or this address, has as many sessions as it may.',
  'Walls can be added only in onCreate.',
  'Too many walls.',
  'The built-in development key is refused on this address.',
  'The port cannot be opened.',
  'A player name is not allowed.',
  'The page of that origin may not connect.',
  'An error without a code of its own.',
  'A value does not fit its field.',
  'The connect token is for another protocol.',
  'The connect token is for other servers.',
  'The proof that the connect token is one of the sender does not fit.',
  'The attach counter is not above that of the session.',
  'The session to attach to is not live.',
  'The login of the game let nobody in.',
  'The login of the game gave no answer in time.',
  'As many logins wait for an answer as may.',
  'The server is too busy to let anybody in.',
  'A step of a game\'s own is not allowed, or failed.',
];

/** Name of a code; `E_UNKNOWN` for a number that is none. */
export function errorName(code: number): ErrorName {
  return ERROR_NAMES[code] ?? 'E_UNKNOWN';
}

/** One sentence for a code. */
export function errorText(code: number): string {
  return ERROR_TEXTS[code] ?? ERROR_TEXTS[ERROR.E_UNKNOWN] ?? String(code);
}

/**
 * Before every record in a buffer. `length` counts payload bytes without padding; the next
 * header starts at the next multiple of 4.
 */
export const RecordHeader = {
  bytes: 8,
  /** u16, record kind */
  kind: 0,
  /** u16, player slot, or as the record says */
  index: 2,
  /** u32, payload bytes */
  length: 4,
} as const;

/** One player's controls for one tick. */
export const InputCommand = {
  bytes: 28,
  /** u32, tick for which it is meant */
  tick: 0,
  /** u16, bits, see BUTTONS; bits 4.. are the author's */
  buttons: 4,
  /** u16, 1/65536 turn */
  aim: 6,
  /** i16, 1/65536 turn */
  pitch: 8,
  /** i8, -127..127 */
  moveX: 10,
  /** i8, -127..127 */
  moveY: 11,
  /** u32, tick the client was showing of others */
  viewTick: 12,
  /** u16, 1/65536 tick */
  viewFraction: 16,
  /** u8, newest snapshot held, less viewTick; at most 63 */
  viewHeld: 18,
  /** u8, 0 */
  reserved: 19,
  /** i16[4], author's analog inputs */
  aux: 20,
} as const;

/** Upright box, centre and half sizes. */
export const WallBox = {
  bytes: 24,
  /** i32, centre, 1/65536 */
  x: 0,
  /** i32, centre */
  y: 4,
  /** i32, bottom */
  z: 8,
  /** i32, half width */
  halfX: 12,
  /** i32, half depth */
  halfY: 16,
  /** i32, height; 0 = endless */
  height: 20,
} as const;

/** One row of the table of packets that `room_end` leaves. */
export const PacketOut = {
  bytes: 8,
  /** u16, player slot */
  slot: 0,
  /** u16, length */
  bytesAt: 2,
  /** u32, address in linear memory */
  offset: 4,
} as const;

/** What the client half hands out, one at a time. */
export const ClientEvent = {
  bytes: 40,
  /**
   * u16, 1 shot, 2 hit, 3 death, 16 enter, 17 leave, 18 roster, 19 room, 20 text, 21 joined
   * roster, 22 left roster
   */
  kind: 0,
  /** u16, 1: by own player */
  own: 2,
  /** u32, tick of the event */
  tick: 4,
  /** u32, handle */
  subject: 8,
  /** u32, handle */
  object: 12,
  /** i32, position */
  x: 16,
  /** i32 */
  y: 20,
  /** i32 */
  z: 24,
  /** i32, damage, or distance 1/65536 */
  amount: 28,
  /** u16, of a shot; of a hit 1: in the head */
  aim: 32,
  /** u16 */
  weapon: 34,
  /** u32, command tick */
  command: 36,
} as const;

/** One shape of a receipt: a target as it stood in the view that counted. */
export const SeenShape = {
  bytes: 36,
  /** u32 */
  handle: 0,
  /** i32, centre, 1/65536 */
  x: 4,
  /** i32, centre */
  y: 8,
  /** i32, feet */
  z: 12,
  /** i32, or half width */
  radius: 16,
  /** i32, half depth; 0: a cylinder */
  depth: 20,
  /** i32, 0: as tall as the world */
  height: 24,
  /** i32, where the way meets it, or comes near: 2^30 is the whole way */
  part: 28,
  /** u32, 1 in the way, 2 behind a wall by now, 4 dead at present */
  marks: 32,
} as const;

/** Counters of the client half. */
export const ClientStats = {
  bytes: 128,
  /** u32, decoded */
  snapshots: 0,
  /** u32, packets dropped because a reference was missing */
  undecodable: 4,
  /** u32, packets that did not parse */
  malformed: 8,
  /** u32, packets older than one already seen, or repeated */
  stale: 12,
  /** u32, packets never seen */
  lost: 16,
  /** u32, newest */
  snapshotTick: 20,
  /** u32, bits of the newest body */
  snapshotBits: 24,
  /** u32, bytes of the newest packet */
  packetBytes: 28,
  /** i32, arrival margin of own inputs as the server saw it, 1/256 tick */
  marginTicks256: 32,
  /** u32, newest own command applied */
  appliedTick: 36,
  /** i32, round trip by acks, 1/256 tick of local ticks */
  rttTicks256: 40,
  /** u32, 1/65536 unit, newest snapshot */
  correctionMax: 44,
  /** u32, largest on ticks not touched */
  correctionFreeMax: 48,
  /** u32, snapshots that moved own player */
  corrections: 52,
  /** u32, snapshots with own player not touched */
  freeTicks: 56,
  /** u32, the others */
  touchedTicks: 60,
  /** u32, verified */
  hashChecks: 64,
  /** u32 */
  hashMismatches: 68,
  /** u32, reliable */
  messagesSent: 72,
  /** u32, reliable */
  messagesReceived: 76,
  /** u32, reliable messages not wholly acknowledged */
  sendQueue: 80,
  /** u32 */
  eventsSeen: 84,
  /** u32, entities in the newest snapshot */
  visible: 88,
  /** u32, largest distance of two snapshots, ticks */
  snapshotGapMax: 92,
  /** u32, 1000 = real time */
  dilationPermille: 96,
  /** u32, sum of snapshot body bytes */
  snapshotBytesSum: 100,
  /** u32, of the walls received */
  wallsHash: 104,
  /** u32 */
  wallsCount: 108,
  /** u32, own commands that came too late, as the server counts */
  inputsLate: 112,
  /** u32, 1: own player lives */
  ownAlive: 116,
  /** u32 */
  reserved0: 120,
  /** u32 */
  reserved1: 124,
} as const;

/** Counters of a room. They are part of the region. */
export const RoomStats = {
  bytes: 140,
  /** u32 */
  tick: 0,
  /** u32 */
  players: 4,
  /** u32 */
  entities: 8,
  /** u32 */
  packetsIn: 12,
  /** u32 */
  packetsMalformed: 16,
  /** u32 */
  packetsStale: 20,
  /** u32 */
  inputsAccepted: 24,
  /** u32 */
  inputsLate: 28,
  /** u32, too far ahead */
  inputsAhead: 32,
  /** u32, ticks that repeated a command */
  inputsMissing: 36,
  /** u32 */
  snapshots: 40,
  /** u32, sum, wraps */
  snapshotBits: 44,
  /** u32 */
  packetsOut: 48,
  /** u32, sum, wraps */
  bytesOut: 52,
  /** u32, visible but not sent for want of bytes */
  entitiesDeferred: 56,
  /** u32 */
  eventsDropped: 60,
  /** u32 */
  messagesIn: 64,
  /** u32 */
  messagesOut: 68,
  /** u32, in use */
  poolBytes: 72,
  /** u32, refused */
  poolFull: 76,
  /** u32, entities encoded without baseline */
  fullStates: 80,
  /** u32 */
  commands: 84,
  /** u32, by the core: dead handle, bad field */
  commandsRefused: 88,
  /** u32 */
  spawnsRefused: 92,
  /** u32, now */
  silentClients: 96,
  /** u32 */
  hits: 100,
  /** u32 */
  deaths: 104,
  /** u32, input records with a bad shape */
  recordsRefused: 108,
  /** u32 */
  epoch: 112,
  /** u32 */
  wallsHash: 116,
  /** u32, standing inputs of players whose client is away included */
  inputsAcceptedBots: 120,
  /** u32, now */
  awayClients: 124,
  /** u32, that left something out because the path of their client takes no more */
  snapshotsHeldBack: 128,
  /** u32, refused because a fragment had no place in the window */
  packetsBeyond: 132,
  /**
   * u32, lower 24 bits: ticks of players in which the game's own step failed, wraps; upper 8:
   * why the last did, see STEP_FAULTS
   */
  stepFaults: 136,
} as const;

/**
 * A player takes a slot (header.index). Then bytes of: who it is, for the game's hooks
 * (nothing: a bot): u8 bytes of the user id, the user id in UTF-8, the author's data.
 */
export const Join = {
  kind: 1,
  bytes: 40,
  /** u32, session id, 0 for a bot */
  session: 0,
  /** u16, 1 bot, 2 wants state hashes in snapshots (--verify) */
  flags: 4,
  /** u8 */
  team: 6,
  /** u8 */
  nameBytes: 7,
  /** u8[32], UTF-8, zero padded */
  name: 8,
} as const;

/** The player of a slot goes. */
export const Leave = {
  kind: 2,
  bytes: 4,
  /** u16, ERRORS */
  code: 0,
  /** u16, 0 */
  reserved: 2,
} as const;

/** A packet of a client. Then bytes of: packet. */
export const Packet = {
  kind: 3,
  bytes: 4,
  /** u32, arrival inside the tick interval before this tick, us from its start */
  arrivalUs: 0,
} as const;

/**
 * Controls for this tick of a bot, or of a player whose client is away (its tick is
 * ignored).
 */
export const BotInput = {
  kind: 4,
  bytes: 16,
  /** u16 */
  buttons: 0,
  /** u16 */
  aim: 2,
  /** i16 */
  pitch: 4,
  /** i8 */
  moveX: 6,
  /** i8 */
  moveY: 7,
  /** i16[4] */
  aux: 8,
} as const;

/** The overload level of the worker changed. */
export const Overload = {
  kind: 5,
  bytes: 4,
  /** u32, 0 none */
  level: 0,
} as const;

/** Time runs slower; clients are told. */
export const Dilation = {
  kind: 6,
  bytes: 4,
  /** u32, 1000 = real time */
  permille: 0,
} as const;

/**
 * Nothing is heard of the client of a slot any more. Its player stays, and takes BotInput
 * until the client is back.
 */
export const Drop = {
  kind: 7,
  bytes: 0,
} as const;

/** The client of a slot is heard again. */
export const Resume = {
  kind: 8,
  bytes: 4,
  /**
   * u32, 1 fresh: it has lost its state, the packet layer begins anew under another epoch; 2
   * (with 1) wants state hashes in snapshots; 4 (with 1) it has kept what it knew, and the
   * upper 16 bits are the messages that it has read; 8 (with 4) it has heard of ticks of the
   * owner before that are lost
   */
  flags: 0,
} as const;

/** Writes an integer column of an entity. */
export const SetField = {
  kind: 32,
  bytes: 12,
  /** u32 */
  handle: 0,
  /** u32, COLUMNS or 32 + k */
  column: 4,
  /** i32 */
  value: 8,
} as const;

/** Writes a room field. */
export const SetRoomField = {
  kind: 33,
  bytes: 8,
  /** u32, its index */
  field: 0,
  /** i32 */
  value: 4,
} as const;

/**
 * Writes a text field. handle 0: of the room; field 255: the player name. Then bytes of:
 * utf8.
 */
export const SetText = {
  kind: 34,
  bytes: 8,
  /** u32 */
  handle: 0,
  /** u32 */
  field: 4,
} as const;

/**
 * Puts an entity somewhere: velocity 0, alive, full health for a player, teleport counter
 * up.
 */
export const Place = {
  kind: 35,
  bytes: 24,
  /** u32 */
  handle: 0,
  /** i32 */
  x: 4,
  /** i32 */
  y: 8,
  /** i32 */
  z: 12,
  /** i32, -1 keeps it */
  aim: 16,
  /** u32, spawn protection */
  protectTicks: 20,
} as const;

/** Makes an entity with a handle from the spawnable list. */
export const Spawn = {
  kind: 36,
  bytes: 44,
  /** u32 */
  handle: 0,
  /** u32 */
  kindAt: 4,
  /** i32 */
  x: 8,
  /** i32 */
  y: 12,
  /** i32 */
  z: 16,
  /** i32 */
  vx: 20,
  /** i32 */
  vy: 24,
  /** i32 */
  vz: 28,
  /** u32 */
  aim: 32,
  /** u32, handle */
  owner: 36,
  /** u32, 0 for ever */
  lifeTicks: 40,
} as const;

/** Removes an entity (not a player). */
export const Remove = {
  kind: 37,
  bytes: 4,
  /** u32 */
  handle: 0,
} as const;

/** Hurts (or, negative, heals) an entity. */
export const Damage = {
  kind: 38,
  bytes: 12,
  /** u32 */
  handle: 0,
  /** u32, handle or 0 */
  attacker: 4,
  /** i32 */
  amount: 8,
} as const;

/** Scales a proposed hit of this tick; 0 cancels it. */
export const ScaleHit = {
  kind: 39,
  bytes: 8,
  /** u32, its index */
  hit: 0,
  /** u32, 1000 = unchanged */
  permille: 4,
} as const;

/** A timer, fired as an event when its tick has come. */
export const AddTimer = {
  kind: 40,
  bytes: 28,
  /** u32, chosen by the plugin side, unique among waiting timers */
  id: 0,
  /** u32, tick */
  due: 4,
  /** u32, index of its declaration */
  timer: 8,
  /** i32[4] */
  args: 12,
} as const;

/** Removes a waiting timer. */
export const CancelTimer = {
  kind: 41,
  bytes: 4,
  /** u32 */
  id: 0,
} as const;

/**
 * A reliable message to the slot in header.index, or to all (0xffff). Then bytes of:
 * message with its kind byte.
 */
export const Send = {
  kind: 42,
  bytes: 4,
  /** u32, slot left out of a broadcast, or 0xffff */
  except: 0,
} as const;

/** New state of the plugin's generator. */
export const SetRandom = {
  kind: 43,
  bytes: 16,
  /** u32[4] */
  state: 0,
} as const;

/** Walls, only at tick 0. Then bytes of: WallBox[]. */
export const AddWalls = {
  kind: 44,
  bytes: 0,
} as const;

/** Adds to the velocity of an entity. */
export const Impulse = {
  kind: 45,
  bytes: 16,
  /** u32 */
  handle: 0,
  /** i32 */
  vx: 4,
  /** i32 */
  vy: 8,
  /** i32 */
  vz: 12,
} as const;

/** A player came (header.index = slot). */
export const Joined = {
  kind: 64,
  bytes: 12,
  /** u32 */
  handle: 0,
  /** u32, generation of the slot << 16 | slot */
  playerId: 4,
  /** u32, as in Join */
  flags: 8,
} as const;

/** A player goes; its entity lives until this tick ends. */
export const Left = {
  kind: 65,
  bytes: 12,
  /** u32 */
  handle: 0,
  /** u32 */
  playerId: 4,
  /** u32 */
  code: 8,
} as const;

/** A proposed hit; header.index = its index. */
export const Hit = {
  kind: 66,
  bytes: 32,
  /** u32, handle */
  attacker: 0,
  /** u32, handle */
  target: 4,
  /** i32 */
  amount: 8,
  /** i32 */
  x: 12,
  /** i32 */
  y: 16,
  /** i32 */
  z: 20,
  /** u32 */
  weapon: 24,
  /** u32, ZONES */
  zone: 28,
} as const;

/** A player died in the tick before. */
export const Death = {
  kind: 67,
  bytes: 20,
  /** u32, handle */
  victim: 0,
  /** u32, handle or 0 */
  attacker: 4,
  /** u32[3], handles of others who hurt it lately, then 0 */
  assists: 8,
} as const;

/** A player overlaps an entity that reports touches. */
export const Touch = {
  kind: 68,
  bytes: 8,
  /** u32, handle */
  player: 0,
  /** u32, handle */
  other: 4,
} as const;

/** A player came into an area of the schema, or is not in it any more. */
export const Area = {
  kind: 76,
  bytes: 12,
  /** u32, handle */
  player: 0,
  /** u32, its index */
  area: 4,
  /** u32, 1: it came */
  inside: 8,
} as const;

/** A player came down on something after it had been in the air. */
export const Landed = {
  kind: 75,
  bytes: 8,
  /** u32, handle */
  player: 0,
  /** i32, downwards, 1/65536 unit per tick */
  speed: 4,
} as const;

/**
 * A reliable message of the client in header.index, with its kind byte. Then bytes of:
 * message.
 */
export const Message = {
  kind: 69,
  bytes: 0,
} as const;

/** A timer is due. */
export const Timer = {
  kind: 70,
  bytes: 24,
  /** u32 */
  id: 0,
  /** u32 */
  timer: 4,
  /** i32[4] */
  args: 8,
} as const;

/** The client in header.index has to be closed. */
export const Fault = {
  kind: 71,
  bytes: 4,
  /** u32, ERRORS */
  code: 0,
} as const;

/** The client of a player (header.index = slot) is away. */
export const Dropped = {
  kind: 72,
  bytes: 8,
  /** u32 */
  handle: 0,
  /** u32 */
  playerId: 4,
} as const;

/**
 * It is back. Fresh ones may come without Dropped before: a page that was loaded again at
 * once.
 */
export const Resumed = {
  kind: 73,
  bytes: 12,
  /** u32 */
  handle: 0,
  /** u32 */
  playerId: 4,
  /** u32, 1 fresh */
  flags: 8,
} as const;

/**
 * A shot of the player in header.index was judged by the past: how. Names only whom its
 * client had been sent. Then bytes of: SeenShape[].
 */
export const Receipt = {
  kind: 74,
  bytes: 48,
  /** u32, handle */
  shooter: 0,
  /** u32, handle of what it struck, or 0 */
  target: 4,
  /** u32, tick of the command that fired it */
  command: 8,
  /** u32, view tick that the command stated */
  statedTick: 12,
  /** u32, the one that counted */
  viewTick: 16,
  /** u16, 1/65536 tick */
  statedFraction: 20,
  /** u16, 1/65536 tick */
  viewFraction: 22,
  /** u8, why they differ: CLAMPS */
  clamp: 24,
  /** u8, RESULTS */
  result: 25,
  /** u8, its index */
  weapon: 26,
  /** u8, 0 */
  reserved: 27,
  /** u16, 1/65536 turn */
  aim: 28,
  /** i16, 1/65536 turn */
  pitch: 30,
  /** i32, muzzle, 1/65536 */
  x: 32,
  /** i32 */
  y: 36,
  /** i32 */
  z: 40,
  /** i32, how far it went, 1/65536 */
  distance: 44,
} as const;

/** Sizes and rules. */
export const ConfigHead = {
  bytes: 236,
  /** u32, 'FRC1' = 0x31435246 */
  magic: 0,
  /** u32, hash of these tables: core and host were made together */
  tableHash: 4,
  /** u32 */
  schemaHashLow: 8,
  /** u32 */
  schemaHashHigh: 12,
  /** u32, 1..128 */
  tickRateHz: 16,
  /** u32, 2 or 3 */
  dimensions: 20,
  /** u32 */
  playersMax: 24,
  /** u32, players included */
  entitiesMax: 28,
  /** u32, power of two >= 64 and >= tickRateHz */
  historyTicks: 32,
  /** u32, hard limit of a snapshot body */
  snapshotBytesMax: 36,
  /** u32, prescribed interpolation delay */
  interpolationTicks: 40,
  /** i32, the world is a box around 0: half size in x, 1/65536 */
  halfWidth: 44,
  /** i32, half size in y */
  halfDepth: 48,
  /** i32, edge of a grid cell, 1/65536 */
  cell: 52,
  /** u32, wire quantum of a position = 2^shift / 65536 unit (9: 1/128 unit) */
  positionShift: 56,
  /** u32, wire bits of aim of others, 4..16 */
  aimBits: 60,
  /** u32 */
  healthBits: 64,
  /** i32 */
  healthMax: 68,
  /** i32, per tick and tick */
  gravity: 72,
  /** i32, per tick */
  jumpSpeed: 76,
  /** i32 */
  stepHeight: 80,
  /** i32, per tick; 0: no dash */
  dashSpeed: 84,
  /** u32, of a boost, at most; 0: as long as it is held */
  dashTicks: 88,
  /** u32, from the start of a dash to the next; from the end of a whole boost */
  dashWaitTicks: 92,
  /**
   * u32, 1 friendlyFire, 2 move is relative to aim, 4 players are solid to each other, 8 hash
   * every tick, 16 the dead stop rewound shots, 32 walls hide who stands behind them
   */
  rules: 96,
  /** u32 */
  seedLow: 100,
  /** u32 */
  seedHigh: 104,
  /** u32 */
  pluginSeedLow: 108,
  /** u32 */
  pluginSeedHigh: 112,
  /** u32, fencing number of the owner of the room */
  epoch: 116,
  /** u32, 0 for a new room */
  firstTick: 120,
  /** u32, how many aux inputs travel */
  inputAux: 124,
  /** u32, how many button bits travel */
  inputButtons: 128,
  /** u32, 1: pitch travels */
  inputPitch: 132,
  /** u32, rows of ConfigKind; row 0 = player, row 1 = projectile, then the author */
  kinds: 136,
  /** u32 */
  fields: 140,
  /** u32 */
  roomFields: 144,
  /** u32 */
  weapons: 148,
  /** u32 */
  texts: 152,
  /** u32, 32 + most integer fields of any kind */
  columns: 156,
  /** u32, text bytes kept per entity */
  textBytes: 160,
  /** u32 */
  roomTextBytes: 164,
  /** u32, network delay that a shot is rewound by at most; 0..1000 */
  rewindMsMax: 168,
  /** u32, the same for a target behind a wall by now; 0..rewindMsMax */
  rewindCoverMsMax: 172,
  /** i32, who is seen is seen this much further than who is not */
  viewKeep: 176,
  /**
   * u32, permille of the view radius from which on states are sent every 2nd snapshot; 0:
   * nowhere
   */
  tierHalf: 180,
  /** u32, the same for every 4th; 0 or at least tierHalf */
  tierQuarter: 184,
  /** u32, ticks from one snapshot of a client to its next: 1, 2 or 4 */
  sendEvery: 188,
  /** u32, who hurt a player this long before its death has a share in it */
  assistTicks: 192,
  /** u32, part of the acceleration that a player has in the air; 0..1000 */
  airPermille: 196,
  /** u32, top speed and acceleration while the dash button boosts; 0: it dashes */
  boostPermille: 200,
  /** u32, part of the top speed of who crouches; 0..1000 */
  crouchPermille: 204,
  /** i32, of who crouches; 0: crouching makes nobody lower */
  crouchHeight: 208,
  /** u32, column of the visible field that says who is that low; 0: none */
  crouchColumn: 212,
  /** i32, height of the player kind */
  standHeight: 216,
  /** u32, rows of WallBox: the walls of the schema, which both ends hold */
  boxes: 220,
  /** u32, rows of ConfigMover */
  movers: 224,
  /** u32, rows of ConfigArea */
  areas: 228,
  /** u32, bytes of the game's own step, a module; 0: it has none */
  stepBytes: 232,
} as const;

/** A box that goes to and fro: where it is follows from the tick alone. */
export const ConfigMover = {
  bytes: 48,
  /** i32, as of a WallBox, at its first place */
  x: 0,
  /** i32 */
  y: 4,
  /** i32 */
  z: 8,
  /** i32 */
  halfX: 12,
  /** i32 */
  halfY: 16,
  /** i32, 0 = endless */
  height: 20,
  /** i32, from the first place to the other */
  wayX: 24,
  /** i32 */
  wayY: 28,
  /** i32 */
  wayZ: 32,
  /** u32, from one place to the other, at least 1 */
  goTicks: 36,
  /** u32, at each place */
  stayTicks: 40,
  /** u32, how far in its round it is at tick 0 */
  startTick: 44,
} as const;

/** A part of the world: hooks are told who enters and leaves it. */
export const ConfigArea = {
  bytes: 28,
  /** i32, as of a WallBox */
  x: 0,
  /** i32 */
  y: 4,
  /** i32 */
  z: 8,
  /** i32, of a cylinder: its radius */
  halfX: 12,
  /** i32 */
  halfY: 16,
  /** i32, 0 = endless */
  height: 20,
  /** u32, 1: an upright cylinder */
  round: 24,
} as const;

/** A kind of entity. */
export const ConfigKind = {
  bytes: 52,
  /** i32, or half width */
  radius: 0,
  /** i32, half depth; 0: circle */
  depth: 4,
  /** i32 */
  height: 8,
  /** i32, height of the head, from the top down; 0: none */
  head: 12,
  /** u32, FLAGS at spawn: solid, touch */
  flags: 16,
  /** i32, 0: cannot be hurt */
  health: 20,
  /** i32, players */
  topSpeed: 24,
  /** i32 */
  acceleration: 28,
  /** i32 */
  friction: 32,
  /** i32, players: how far they see */
  viewRadius: 36,
  /** u32, 1: velocity and aim travel on the wire */
  moves: 40,
  /** i32, how far away it is seen, whatever the view radius; 0: by the view radius */
  seenWithin: 44,
  /** u32, 0 who is in view; 1 always seen by all; 2 always seen by its own team */
  relevance: 48,
} as const;

/** An author's integer field, in the order of its declaration. */
export const ConfigField = {
  bytes: 20,
  /** u16, row of ConfigKind + 1 (1 = player); 0 for the room */
  kind: 0,
  /** u16, 32 + k; for the room its index */
  column: 2,
  /** u8, 1..32 on the wire */
  bits: 4,
  /** u8, AUDIENCES */
  audience: 5,
  /** u8, 1: two's complement */
  signed: 6,
  /** u8 */
  reserved: 7,
  /** i32, least value allowed */
  min: 8,
  /** i32, largest */
  max: 12,
  /** i32 */
  initial: 16,
} as const;

/** A weapon. */
export const ConfigWeapon = {
  bytes: 56,
  /** u32, 0 projectile, 1 hitscan */
  shape: 0,
  /** i32 */
  damage: 4,
  /** u32, between shots */
  waitTicks: 8,
  /** i32, projectile, per tick */
  speed: 12,
  /** u32, projectile */
  lifeTicks: 16,
  /** i32, projectile */
  radius: 20,
  /** i32, hitscan */
  range: 24,
  /** i32, velocity added to a target */
  knockback: 28,
  /** u32, WEAPON_RULES */
  rules: 32,
  /** u32, damage to a head; 1000: as to a body */
  headPermille: 36,
  /** i32, around where a shot ends; 0: no blast */
  blastRadius: 40,
  /** i32, in its middle */
  blastDamage: 44,
  /** u32, of damage and push at its edge, 0..1000 */
  blastPermille: 48,
  /** i32, velocity added to a target, away from the middle */
  blastPush: 52,
} as const;

/** An author's text field. */
export const ConfigText = {
  bytes: 8,
  /** u16, as in ConfigField */
  kind: 0,
  /** u16, k-th text of its kind */
  index: 2,
  /** u16, in the text bytes of an entity (u8 length, then bytes) */
  offset: 4,
  /** u8 */
  bytesMax: 6,
  /** u8 */
  audience: 7,
} as const;

/** One player as everyone in the room knows it. */
export const RosterRow = {
  bytes: 44,
  /** u32, 0: the slot is free */
  playerId: 0,
  /** u32, entity */
  handle: 4,
  /** u8 */
  team: 8,
  /** u8, 1 bot */
  flags: 9,
  /** u8 */
  nameBytes: 10,
  /** u8 */
  reserved: 11,
  /** u8[32], UTF-8 */
  name: 12,
} as const;

/** Records that enter a room before a tick. Kind number and bytes of the fixed part. */
export const INPUT = {
  join: { kind: 1, bytes: 40 },
  leave: { kind: 2, bytes: 4 },
  packet: { kind: 3, bytes: 4 },
  botInput: { kind: 4, bytes: 16 },
  overload: { kind: 5, bytes: 4 },
  dilation: { kind: 6, bytes: 4 },
  drop: { kind: 7, bytes: 0 },
  resume: { kind: 8, bytes: 4 },
} as const;

/** Plugin commands. Kind number and bytes of the fixed part. */
export const COMMAND = {
  setField: { kind: 32, bytes: 12 },
  setRoomField: { kind: 33, bytes: 8 },
  setText: { kind: 34, bytes: 8 },
  place: { kind: 35, bytes: 24 },
  spawn: { kind: 36, bytes: 44 },
  remove: { kind: 37, bytes: 4 },
  damage: { kind: 38, bytes: 12 },
  scaleHit: { kind: 39, bytes: 8 },
  addTimer: { kind: 40, bytes: 28 },
  cancelTimer: { kind: 41, bytes: 4 },
  send: { kind: 42, bytes: 4 },
  setRandom: { kind: 43, bytes: 16 },
  addWalls: { kind: 44, bytes: 0 },
  impulse: { kind: 45, bytes: 16 },
} as const;

/** What `room_begin` leaves for the hooks. Kind number and bytes of the fixed part. */
export const HOOK = {
  joined: { kind: 64, bytes: 12 },
  left: { kind: 65, bytes: 12 },
  hit: { kind: 66, bytes: 32 },
  death: { kind: 67, bytes: 20 },
  touch: { kind: 68, bytes: 8 },
  area: { kind: 76, bytes: 12 },
  landed: { kind: 75, bytes: 8 },
  message: { kind: 69, bytes: 0 },
  timer: { kind: 70, bytes: 24 },
  fault: { kind: 71, bytes: 4 },
  dropped: { kind: 72, bytes: 8 },
  resumed: { kind: 73, bytes: 12 },
  receipt: { kind: 74, bytes: 48 },
} as const;
