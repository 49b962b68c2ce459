/** Limits, kinds and codes: single numbers that two sides must agree on. */

/** Limits. Each with its unit in the name and its reason beside it. */
export const LIMITS = {
  PROTOCOL_VERSION: [1, 'Packet protocol of this tree; its servers speak the one before, too.'],
  PROTOCOL_ID_LOW: [0x79617266, "'fray' as u32: the lower half of the netcode protocol id."],
  PROTOCOL_ID_HIGH: [
    0x00000001,
    'Upper half: version of tokens and of their UDP packets; the packet protocol has its own, in hello.',
  ],
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
  WALLS_MAX: [
    1024,
    'Wall boxes that a room adds to those of its schema: they travel to each client.',
  ],
  MOVERS_MAX: [64, 'Moving boxes of a schema: every move looks at all of them.'],
  AREAS_MAX: [32, 'Zones of a schema: a bit of a word each.'],
  MAP_BOXES_MAX: [10000, 'Wall boxes of a schema: both ends hold them, 24 bytes each.'],
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
  STEP_BYTES_MAX: [
    16384,
    "Bytes of the module that is a game's own step: it stands in each room's configuration, and in each page.",
  ],
  STEP_FUEL: [
    20000,
    "Instructions of a game's own step in one call, counted as src/step/meter.ts does; some 20 us.",
  ],
} as const;

/**
 * Words (i32) of what a game's own step is given and answers, from the address it is called with. Those from `vx` on it may change; `wayX`
 * to `wayZ` are 0 before. Units as in COLUMNS.
 */
export const STEP_WORDS = {
  tick: [0, 'of the command'],
  tickRateHz: [1, '1..128'],
  buttons: [2, "bits, see BUTTONS; bits 4.. are the author's, in the order of the schema"],
  moveX: [3, '-127..127'],
  moveY: [4, '-127..127'],
  aim: [5, '0..65535'],
  pitch: [6, '-32768..32767'],
  aux0: [7, "the author's own analog inputs, in the order of the schema"],
  aux1: [8, ''],
  aux2: [9, ''],
  aux3: [10, ''],
  flags: [11, '2 grounded, 32 jump was pressed in the last command'],
  x: [12, ''],
  y: [13, ''],
  z: [14, ''],
  radius: [15, ''],
  height: [16, ''],
  topSpeed: [17, ''],
  acceleration: [18, ''],
  friction: [19, ''],
  vx: [20, 'after the step'],
  vy: [21, ''],
  vz: [22, ''],
  wayX: [23, 'to be gone in this tick; walls stop it'],
  wayY: [24, ''],
  wayZ: [25, ''],
  numberA: [26, "the author's own state, any i32"],
  numberB: [27, ''],
  timerA: [28, "the author's own state, 0..65535"],
  timerB: [29, ''],
} as const;

/** Why a game's own step failed in a tick. Its player stands still then, and keeps its state. */
export const STEP_FAULTS = {
  fuel: [1, 'it took too many instructions'],
  read: [2, 'it read beyond its memory'],
  write: [3, 'it wrote where it may not'],
  divide: [4, 'it divided by zero, or the least number by -1'],
  unreachable: [5, 'it came to an instruction that must not be reached: a panic, an assertion'],
} as const;

/** First byte of a datagram, low 4 bits. Upper 4 bits of `packet`: low bits of the client's epoch. */
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
  E_TOKEN_PROTOCOL: [44, 'The connect token is for another protocol.'],
  E_TOKEN_SERVER: [45, 'The connect token is for other servers.'],
  E_TOKEN_PROOF: [46, 'The proof that the connect token is one of the sender does not fit.'],
  E_ATTACH_REPLAY: [47, 'The attach counter is not above that of the session.'],
  E_SESSION_OVER: [48, 'The session to attach to is not live.'],
  E_AUTH: [49, 'The login of the game let nobody in.'],
  E_AUTH_TIMEOUT: [50, 'The login of the game gave no answer in time.'],
  E_AUTH_BUSY: [51, 'As many logins wait for an answer as may.'],
  E_OVERLOADED: [52, 'The server is too busy to let anybody in.'],
  E_STEP: [53, "A step of a game's own is not allowed, or failed."],
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

/** Why a shot was not judged at the view that it stated. */
export const CLAMPS = {
  none: [0, 'it was'],
  delay: [1, 'the view was older than the measured delay explains'],
  most: [2, 'the delay is above rewindMsMax'],
  history: [3, 'it is longer ago than snapshots are kept'],
} as const;

/** What became of a shot that left a receipt. */
export const RESULTS = {
  none: [0, 'it met nothing'],
  wall: [1, 'a wall or the ground'],
  hit: [2, 'a hit was proposed'],
  harmless: [3, 'it struck who takes no harm: protected, or dead by now'],
  flies: [4, 'it was put as far on as its view is old, and flies on'],
} as const;

/** Bits of the rules of a weapon. */
export const WEAPON_RULES = {
  forward: [1, 'a projectile starts as far on as the view of its shooter is old'],
  friendlyFire: [2, 'strikes members of the own team'],
  selfHarm: [4, 'its blast harms who shot'],
  throughProtection: [8, 'harms the protected'],
} as const;

/** Where a hit hit. */
export const ZONES = {
  body: [0, ''],
  head: [1, ''],
  blast: [2, 'it was within the blast of a shot'],
} as const;

/** Marks of a shape in a receipt. */
export const MARKS = {
  inWay: [1, 'the shot would have struck it, had nothing stood before it'],
  covered: [2, 'it is behind a wall by now, and was looked up later for that'],
  dead: [4, 'it is dead at present'],
} as const;
