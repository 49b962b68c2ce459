//! Named numbers. Made by tools/generate.ts from protocol/tables.ts. Do not edit.

/// First byte of a datagram, low 4 bits.
pub mod datagram {
    /// client to server: version, schema, and a connect token or a guest request
    pub const HELLO: u8 = 1;
    /// server to client: the session is open
    pub const ACCEPT: u8 = 2;
    /// client to server: protobuf JoinRequest, repeated until answered
    pub const JOIN: u8 = 3;
    /// server to client: protobuf JoinReply, for each join that is repeated
    pub const JOINED: u8 = 4;
    /// both ways: a code (u16) and up to 96 bytes of text; the session is over
    pub const GOODBYE: u8 = 5;
    /// both ways: the packet layer
    pub const PACKET: u8 = 6;
}

/// First byte of a reliable message.
pub mod message {
    /// protobuf ControlMessage
    pub const CONTROL: u8 = 0;
    /// an author's message: u8 message index, then its fields
    pub const GAME: u8 = 1;
    /// roster entries and room fields that changed
    pub const ROSTER: u8 = 2;
    /// the static walls, in pieces
    pub const WALLS: u8 = 3;
    /// text fields that changed
    pub const TEXT: u8 = 4;
}

/// Columns of the entity table.
pub mod column {
    /// rises by 1 each time the index is used; handle = generation << 16 | index
    pub const GENERATION: usize = 0;
    /// 0 free, 1 player, 2 projectile, 3.. kinds of the author
    pub const KIND: usize = 1;
    /// bits, see FLAGS
    pub const FLAGS: usize = 2;
    /// 1/65536 world unit
    pub const X: usize = 3;
    /// 1/65536 world unit
    pub const Y: usize = 4;
    /// 1/65536 world unit, height of the feet; 0 in a flat game
    pub const Z: usize = 5;
    /// 1/65536 world unit per tick
    pub const VX: usize = 6;
    /// 1/65536 world unit per tick
    pub const VY: usize = 7;
    /// 1/65536 world unit per tick
    pub const VZ: usize = 8;
    /// u16, 1/65536 turn, 0 = +x, counter-clockwise to +y
    pub const AIM: usize = 9;
    /// i16, 1/65536 turn, up positive
    pub const PITCH: usize = 10;
    /// points
    pub const HEALTH: usize = 11;
    /// 0 none; members of one team do not hurt each other unless friendlyFire
    pub const TEAM: usize = 12;
    /// handle of the entity that shot it, 0 none
    pub const OWNER: usize = 13;
    /// 1/65536 world unit; half width of a box
    pub const RADIUS: usize = 14;
    /// half depth of a box, 1/65536 world unit; 0 for a circle
    pub const DEPTH: usize = 15;
    /// 1/65536 world unit; 0 in a flat game
    pub const HEIGHT: usize = 16;
    /// 1/65536 world unit per tick
    pub const TOP_SPEED: usize = 17;
    /// 1/65536 world unit per tick and tick
    pub const ACCELERATION: usize = 18;
    /// 1/65536 world unit per tick and tick
    pub const FRICTION: usize = 19;
    /// ticks of dash left
    pub const DASH_LEFT: usize = 20;
    /// ticks until the next dash
    pub const DASH_WAIT: usize = 21;
    /// index of the weapon held
    pub const WEAPON: usize = 22;
    /// ticks until the next shot
    pub const WEAPON_WAIT: usize = 23;
    /// tick at which the entity is removed, 0 never
    pub const EXPIRES: usize = 24;
    /// tick of the input command that made a projectile
    pub const COMMAND: usize = 25;
    /// 2-bit counter: changes when the entity jumped without travelling
    pub const TELEPORT: usize = 26;
    /// tick until which hits do nothing
    pub const PROTECTED_UNTIL: usize = 27;
    /// player slot, or 0xffff
    pub const SLOT: usize = 28;
    /// 1/65536 world unit
    pub const VIEW_RADIUS: usize = 29;
    /// direction of the running dash, velocity per tick
    pub const DASH_X: usize = 30;
    /// direction of the running dash, velocity per tick
    pub const DASH_Y: usize = 31;
}

/// Bits of the column `flags`.
pub mod flag {
    /// takes part in the world; a dead player is seen by nobody
    pub const ALIVE: i32 = 1;
    /// stands on something (always in a flat game)
    pub const GROUNDED: i32 = 2;
    /// something from outside moved or changed this player in this tick
    pub const TOUCHED: i32 = 4;
    /// pushes players apart
    pub const SOLID: i32 = 8;
    /// reports touches by players
    pub const TOUCH: i32 = 16;
    /// jump was pressed in the last command (an edge is needed for the next jump)
    pub const JUMP_HELD: i32 = 32;
}

/// Kinds of entity that the core knows.
pub mod kind {
    pub const FREE: i32 = 0;
    pub const PLAYER: i32 = 1;
    pub const PROJECTILE: i32 = 2;
    /// first kind of the author
    pub const FIRST: i32 = 3;
}

/// Bits of the buttons of an input command.
pub mod button {
    pub const FIRE: u16 = 1;
    pub const DASH: u16 = 2;
    pub const JUMP: u16 = 4;
    pub const CROUCH: u16 = 8;
}

/// Who receives a field.
pub mod audience {
    pub const VISIBLE: u8 = 0;
    pub const OWNER: u8 = 1;
    pub const ROOM: u8 = 2;
    pub const NONE: u8 = 3;
}

/// Events that clients see.
pub mod event {
    /// subject fired; position of the muzzle, aim; command tick of the shot; object = projectile handle or 0; distance travelled for hitscan
    pub const SHOT: u16 = 1;
    /// subject (attacker) hurt object (victim) for amount at a position
    pub const HIT: u16 = 2;
    /// object (victim) died by subject (attacker or 0) at a position
    pub const DEATH: u16 = 3;
}

/// Places in linear memory.
pub mod address {
    /// start of the region
    pub const REGION: u32 = 0;
    /// its length
    pub const REGION_BYTES: u32 = 1;
    /// buffer for records and commands
    pub const INPUT: u32 = 2;
    /// its length
    pub const INPUT_BYTES: u32 = 3;
    /// what room_begin left for the hooks; client: ClientEvent
    pub const EVENTS: u32 = 4;
    /// PacketOut table
    pub const PACKETS: u32 = 5;
    /// entity matrix, i32
    pub const COLUMNS: u32 = 6;
    /// i32[]
    pub const ROOM_FIELDS: u32 = 7;
    /// u32 count, then handles
    pub const SPAWNABLE: u32 = 8;
    /// plugin's generator, 4 x u32
    pub const RANDOM: u32 = 9;
    /// RoomStats or ClientStats
    pub const STATS: u32 = 10;
    /// RosterRow[]
    pub const ROSTER: u32 = 11;
    /// text bytes, textBytes per entity
    pub const TEXTS: u32 = 12;
    pub const ROOM_TEXTS: u32 = 13;
    /// state hash, u32 low, u32 high
    pub const HASH: u32 = 14;
    /// u32 handle per slot, 0 none
    pub const PLAYERS: u32 = 15;
    /// client: packets in and out
    pub const PACKET_BUFFER: u32 = 16;
    /// client: messages in and out
    pub const MESSAGE: u32 = 17;
    /// client: entity matrix as shown
    pub const VIEW: u32 = 18;
    /// client: u32 count, then indices shown
    pub const VIEW_LIST: u32 = 19;
    /// room: InputCommand applied last, per slot; client: InputCommand to sample
    pub const INPUTS: u32 = 20;
    /// room: bit sets of what each slot was sent last
    pub const VISIBLE: u32 = 21;
    /// u32 count, pad to 8 bytes, then WallBox[]
    pub const WALLS: u32 = 22;
    /// timer rows
    pub const TIMERS: u32 = 23;
    /// buffer for the configuration
    pub const CONFIG: u32 = 24;
    /// its length
    pub const CONFIG_BYTES: u32 = 25;
    /// bytes of one RosterRow
    pub const ROSTER_ROW_BYTES: u32 = 26;
    /// client: u32 handle of own player
    pub const OWN: u32 = 27;
    /// room: u32 epoch of packets per slot
    pub const EPOCHS: u32 = 28;
    /// room: ClientEvent[EVENTS_MAX], event e at e % EVENTS_MAX
    pub const HAPPENED: u32 = 29;
    /// room: u32 how many events there have been
    pub const HAPPENED_NEXT: u32 = 30;
    /// client: u32 tick and u32 bits of the newest row, per entity
    pub const COSTS: u32 = 31;
}

/// Why a shot was not judged at the view that it stated.
pub mod clamp {
    /// it was
    pub const NONE: u8 = 0;
    /// the view was older than the measured delay explains
    pub const DELAY: u8 = 1;
    /// the delay is above rewindMsMax
    pub const MOST: u8 = 2;
    /// it is longer ago than snapshots are kept
    pub const HISTORY: u8 = 3;
}

/// What became of a shot.
pub mod result {
    /// it met nothing
    pub const NONE: u8 = 0;
    /// a wall or the ground
    pub const WALL: u8 = 1;
    /// a hit was proposed
    pub const HIT: u8 = 2;
    /// it struck who takes no harm: protected, or dead by now
    pub const HARMLESS: u8 = 3;
    /// it was put as far on as its view is old, and flies on
    pub const FLIES: u8 = 4;
}

/// Bits of `rules` of a weapon.
pub mod rule {
    /// a projectile starts as far on as the view of its shooter is old
    pub const FORWARD: u32 = 1;
    /// strikes members of the own team
    pub const FRIENDLY_FIRE: u32 = 2;
    /// its blast harms who shot
    pub const SELF_HARM: u32 = 4;
    /// harms the protected
    pub const THROUGH_PROTECTION: u32 = 8;
}

/// Where a hit hit.
pub mod zone {
    pub const BODY: u32 = 0;
    pub const HEAD: u32 = 1;
    /// it was within the blast of a shot
    pub const BLAST: u32 = 2;
}

/// Marks of a shape in a receipt.
pub mod mark {
    /// the shot would have struck it, had nothing stood before it
    pub const IN_WAY: u32 = 1;
    /// it is behind a wall by now, and was looked up later for that
    pub const COVERED: u32 = 2;
    /// it is dead at present
    pub const DEAD: u32 = 4;
}

/// Words of what a game's own step is given and answers.
pub mod step_word {
    /// of the command
    pub const TICK: usize = 0;
    /// 1..128
    pub const TICK_RATE_HZ: usize = 1;
    /// bits, see BUTTONS; bits 4.. are the author's, in the order of the schema
    pub const BUTTONS: usize = 2;
    /// -127..127
    pub const MOVE_X: usize = 3;
    /// -127..127
    pub const MOVE_Y: usize = 4;
    /// 0..65535
    pub const AIM: usize = 5;
    /// -32768..32767
    pub const PITCH: usize = 6;
    /// the author's own analog inputs, in the order of the schema
    pub const AUX0: usize = 7;
    pub const AUX1: usize = 8;
    pub const AUX2: usize = 9;
    pub const AUX3: usize = 10;
    /// 2 grounded, 32 jump was pressed in the last command
    pub const FLAGS: usize = 11;
    pub const X: usize = 12;
    pub const Y: usize = 13;
    pub const Z: usize = 14;
    pub const RADIUS: usize = 15;
    pub const HEIGHT: usize = 16;
    pub const TOP_SPEED: usize = 17;
    pub const ACCELERATION: usize = 18;
    pub const FRICTION: usize = 19;
    /// after the step
    pub const VX: usize = 20;
    pub const VY: usize = 21;
    pub const VZ: usize = 22;
    /// to be gone in this tick; walls stop it
    pub const WAY_X: usize = 23;
    pub const WAY_Y: usize = 24;
    pub const WAY_Z: usize = 25;
    /// the author's own state, any i32
    pub const NUMBER_A: usize = 26;
    pub const NUMBER_B: usize = 27;
    /// the author's own state, 0..65535
    pub const TIMER_A: usize = 28;
    pub const TIMER_B: usize = 29;
}

/// Why a game's own step failed.
pub mod step_fault {
    /// it took too many instructions
    pub const FUEL: i32 = 1;
    /// it read beyond its memory
    pub const READ: i32 = 2;
    /// it wrote where it may not
    pub const WRITE: i32 = 3;
    /// it divided by zero, or the least number by -1
    pub const DIVIDE: i32 = 4;
    /// it came to an instruction that must not be reached: a panic, an assertion
    pub const UNREACHABLE: i32 = 5;
}

/// Error codes; 0 is no error.
pub mod error {
    /// No error.
    pub const E_OK: i32 = 0;
    /// The packet protocol version is not spoken here.
    pub const E_VERSION: i32 = 1;
    /// The schema hash of the client differs from the room.
    pub const E_SCHEMA_MISMATCH: i32 = 2;
    /// The connect token does not open: forged, damaged, or for another key.
    pub const E_TOKEN_INVALID: i32 = 3;
    /// The connect token is past its expiry.
    pub const E_TOKEN_EXPIRED: i32 = 4;
    /// The connect token has opened a session already.
    pub const E_TOKEN_REUSED: i32 = 5;
    /// Guests are not let in here.
    pub const E_TOKEN_REQUIRED: i32 = 6;
    /// The room has no free place.
    pub const E_ROOM_FULL: i32 = 7;
    /// There is no room of that id.
    pub const E_ROOM_UNKNOWN: i32 = 8;
    /// The server holds as many rooms as it may.
    pub const E_ROOM_LIMIT: i32 = 9;
    /// The options of the room do not fit the game.
    pub const E_ROOM_OPTIONS: i32 = 10;
    /// The room has closed.
    pub const E_ROOM_CLOSED: i32 = 11;
    /// The room failed and was closed.
    pub const E_ROOM_FAULT: i32 = 12;
    /// Hooks of the game threw too often; the room was closed.
    pub const E_PLUGIN_FAULT: i32 = 13;
    /// A datagram, packet or message does not parse.
    pub const E_MALFORMED: i32 = 14;
    /// A datagram or message is longer than its limit.
    pub const E_OVERSIZE: i32 = 15;
    /// Too many packets or bytes.
    pub const E_RATE: i32 = 16;
    /// Nothing was heard for too long.
    pub const E_TIMEOUT: i32 = 17;
    /// The server is draining.
    pub const E_SHUTDOWN: i32 = 18;
    /// The client left by its own wish.
    pub const E_LEFT: i32 = 19;
    /// The game or an operator removed the player.
    pub const E_KICKED: i32 = 20;
    /// A newer session of the same player took over.
    pub const E_REPLACED: i32 = 21;
    /// The reliable channel or its pool is full.
    pub const E_CHANNEL_FULL: i32 = 22;
    /// No message of that index is declared.
    pub const E_MESSAGE_UNKNOWN: i32 = 23;
    /// A message is longer than its limit.
    pub const E_MESSAGE_TOO_LONG: i32 = 24;
    /// The room holds as many entities as it may.
    pub const E_ENTITY_LIMIT: i32 = 25;
    /// Too many plugin commands in one tick.
    pub const E_COMMAND_LIMIT: i32 = 26;
    /// A view was used after its hook had ended.
    pub const E_VIEW_STALE: i32 = 27;
    /// A configuration value is not allowed.
    pub const E_CONFIG: i32 = 28;
    /// A schema or game declaration is not allowed.
    pub const E_SCHEMA: i32 = 29;
    /// The core refused: layout, size or version.
    pub const E_CORE: i32 = 30;
    /// Too many timers wait in the room.
    pub const E_TIMER_LIMIT: i32 = 31;
    /// No answer came to hello or join in time.
    pub const E_JOIN_TIMEOUT: i32 = 32;
    /// The caller gave up.
    pub const E_ABORTED: i32 = 33;
    /// The game connection is closed.
    pub const E_CLOSED: i32 = 34;
    /// The server, or this address, has as many sessions as it may.
    pub const E_SESSIONS_LIMIT: i32 = 35;
    /// Walls can be added only in onCreate.
    pub const E_WALLS_FIXED: i32 = 36;
    /// Too many walls.
    pub const E_WALLS_LIMIT: i32 = 37;
    /// The built-in development key is refused on this address.
    pub const E_ADDRESS: i32 = 38;
    /// The port cannot be opened.
    pub const E_PORT: i32 = 39;
    /// A player name is not allowed.
    pub const E_NAME: i32 = 40;
    /// The page of that origin may not connect.
    pub const E_ORIGIN: i32 = 41;
    /// An error without a code of its own.
    pub const E_UNKNOWN: i32 = 42;
    /// A value does not fit its field.
    pub const E_VALUE: i32 = 43;
    /// The connect token is for another protocol.
    pub const E_TOKEN_PROTOCOL: i32 = 44;
    /// The connect token is for other servers.
    pub const E_TOKEN_SERVER: i32 = 45;
    /// The proof that the connect token is one of the sender does not fit.
    pub const E_TOKEN_PROOF: i32 = 46;
    /// The attach counter is not above that of the session.
    pub const E_ATTACH_REPLAY: i32 = 47;
    /// The session to attach to is not live.
    pub const E_SESSION_OVER: i32 = 48;
    /// The login of the game let nobody in.
    pub const E_AUTH: i32 = 49;
    /// The login of the game gave no answer in time.
    pub const E_AUTH_TIMEOUT: i32 = 50;
    /// As many logins wait for an answer as may.
    pub const E_AUTH_BUSY: i32 = 51;
    /// The server is too busy to let anybody in.
    pub const E_OVERLOADED: i32 = 52;
    /// A step of a game's own is not allowed, or failed.
    pub const E_STEP: i32 = 53;
}
