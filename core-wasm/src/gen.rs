//! Made by tools/generate.ts from protocol/tables.ts. Do not edit.
#![allow(dead_code, missing_docs)]
#![cfg_attr(rustfmt, rustfmt_skip)]

use bytemuck::{Pod, Zeroable};

/// Hash of the tables without their prose: the answer of `abi_version()`.
pub const TABLE_HASH: u32 = 0xb47da595;
pub const BUILTIN_COLUMNS: usize = 32;
/// Packet protocol of this tree.
pub const PROTOCOL_VERSION: u32 = 1;
/// 'fray' as u32: the lower half of the netcode protocol id.
pub const PROTOCOL_ID_LOW: u32 = 2036429414;
/// Upper half: the packet protocol version.
pub const PROTOCOL_ID_HIGH: u32 = 1;
/// A datagram of ours: fits 1,200-byte UDP payloads after netcode encryption and WebTransport datagrams.
pub const PACKET_BYTES_MAX: u32 = 1120;
/// Default of the hard limit of one snapshot body; the rest of the packet belongs to messages.
pub const SNAPSHOT_BYTES_MAX_DEFAULT: u32 = 600;
/// A reliable fragment: four fit a packet; 64 KiB are 256 of them.
pub const FRAGMENT_BYTES_MAX: u32 = 256;
/// One reliable message, server to client.
pub const MESSAGE_BYTES_MAX_TO_CLIENT: u32 = 65536;
/// One reliable message, client to server.
pub const MESSAGE_BYTES_MAX_TO_SERVER: u32 = 4096;
/// Reliable messages waiting in one room; a broadcast stands in it once.
pub const SEND_POOL_BYTES: u32 = 262144;
/// Reliable messages waiting for one client.
pub const SEND_QUEUE_MESSAGES_MAX: u32 = 256;
/// Fragments a server keeps per client: 24 x 256 = 6 KiB, a whole 4 KiB message and room to reorder.
pub const RECEIVE_WINDOW_TO_SERVER: u32 = 24;
/// Fragments a client keeps: 16 KiB in flight.
pub const RECEIVE_WINDOW_TO_CLIENT: u32 = 64;
/// Redundancy: covers 500 ms at 30 Hz.
pub const INPUT_COMMANDS_PER_PACKET_MAX: u32 = 16;
/// Commands kept ahead per player; more than 62 ticks ahead is refused.
pub const INPUT_WINDOW_TICKS: u32 = 64;
/// How long movement of the last command is repeated when one is missing.
pub const INPUT_REPEAT_MS_MAX: u32 = 250;
/// An event is repeated until acknowledged or this old.
pub const EVENT_REPEAT_MS_MAX: u32 = 250;
/// Events kept per room.
pub const EVENTS_MAX: u32 = 512;
/// Events in one snapshot.
pub const EVENTS_PER_SNAPSHOT_MAX: u32 = 31;
/// Without a new ack for so long a client gets 2 small snapshots a second.
pub const SILENT_CLIENT_MS: u32 = 1000;
/// History is this many ticks or one second, whichever is more.
pub const HISTORY_TICKS_MIN: u32 = 64;
/// Author's own analog inputs (i16 each).
pub const AUX_INPUTS_MAX: u32 = 4;
/// Buttons of an input command.
pub const BUTTONS_MAX: u32 = 16;
/// fire, dash, jump, crouch take bits 0-3.
pub const BUILTIN_BUTTONS: u32 = 4;
/// Weapons of a game.
pub const WEAPONS_MAX: u32 = 8;
/// Kinds of entities of a game, player and projectile included.
pub const KINDS_MAX: u32 = 32;
/// Author's integer fields of one kind.
pub const FIELDS_PER_KIND_MAX: u32 = 32;
/// Author's text fields of one kind.
pub const TEXTS_PER_KIND_MAX: u32 = 4;
/// UTF-8 bytes of one text field.
pub const TEXT_BYTES_MAX: u32 = 128;
/// Author's integer fields of the room.
pub const ROOM_FIELDS_MAX: u32 = 64;
/// Timers waiting in a room.
pub const TIMERS_MAX: u32 = 256;
/// Arguments of a timer.
pub const TIMER_ARGS_MAX: u32 = 4;
/// UTF-8 bytes of a player name.
pub const NAME_BYTES_MAX: u32 = 32;
/// Wall boxes of a room.
pub const WALLS_MAX: u32 = 1024;
/// Handles offered to the plugin per tick.
pub const SPAWNABLE_MAX: u32 = 64;
/// Plugin commands of one tick (also the input buffer).
pub const COMMAND_BYTES_MAX: u32 = 262144;
/// Records entering a room in one tick.
pub const INPUT_BYTES_MAX: u32 = 131072;
/// Players of one room.
pub const PLAYERS_MAX: u32 = 1024;
/// Entities of one room.
pub const ENTITIES_MAX: u32 = 4096;
/// Position units in one world unit.
pub const POSITION_ONE: u32 = 65536;
/// Largest coordinate (16,384 world units).
pub const POSITION_MAX: u32 = 1073741824;
/// Wire velocity is 1/16 of the position quantum per tick.
pub const VELOCITY_FRACTION: u32 = 16;
/// Displayed corrections fade over so long.
pub const SMOOTHING_MS: u32 = 100;
/// No player slot.
pub const PLAYER_NONE: u32 = 65535;

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
}

/// Before every record in a buffer. `length` counts payload bytes without padding; the next header starts at the next multiple of 4.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct RecordHeader {
    /// record kind
    pub kind: u16,
    /// player slot, or as the record says
    pub index: u16,
    /// payload bytes
    pub length: u32,
}
impl RecordHeader {
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<RecordHeader>() == 8);
    assert!(core::mem::offset_of!(RecordHeader, kind) == 0);
    assert!(core::mem::offset_of!(RecordHeader, index) == 2);
    assert!(core::mem::offset_of!(RecordHeader, length) == 4);
};

/// One player's controls for one tick.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct InputCommand {
    /// tick for which it is meant
    pub tick: u32,
    /// bits, see BUTTONS; bits 4.. are the author's
    pub buttons: u16,
    /// 1/65536 turn
    pub aim: u16,
    /// 1/65536 turn
    pub pitch: i16,
    /// -127..127
    pub move_x: i8,
    /// -127..127
    pub move_y: i8,
    /// tick the client was showing of others
    pub view_tick: u32,
    /// 1/65536 tick
    pub view_fraction: u16,
    /// newest snapshot held, less viewTick; at most 63
    pub view_held: u8,
    /// 0
    pub reserved: u8,
    /// author's analog inputs
    pub aux: [i16; 4],
}
impl InputCommand {
    pub const BYTES: usize = 28;
}
const _: () = {
    assert!(core::mem::size_of::<InputCommand>() == 28);
    assert!(core::mem::offset_of!(InputCommand, tick) == 0);
    assert!(core::mem::offset_of!(InputCommand, buttons) == 4);
    assert!(core::mem::offset_of!(InputCommand, aim) == 6);
    assert!(core::mem::offset_of!(InputCommand, pitch) == 8);
    assert!(core::mem::offset_of!(InputCommand, move_x) == 10);
    assert!(core::mem::offset_of!(InputCommand, move_y) == 11);
    assert!(core::mem::offset_of!(InputCommand, view_tick) == 12);
    assert!(core::mem::offset_of!(InputCommand, view_fraction) == 16);
    assert!(core::mem::offset_of!(InputCommand, view_held) == 18);
    assert!(core::mem::offset_of!(InputCommand, reserved) == 19);
    assert!(core::mem::offset_of!(InputCommand, aux) == 20);
};

/// Upright box, centre and half sizes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct WallBox {
    /// centre, 1/65536
    pub x: i32,
    /// centre
    pub y: i32,
    /// bottom
    pub z: i32,
    /// half width
    pub half_x: i32,
    /// half depth
    pub half_y: i32,
    /// height; 0 = endless
    pub height: i32,
}
impl WallBox {
    pub const BYTES: usize = 24;
}
const _: () = {
    assert!(core::mem::size_of::<WallBox>() == 24);
    assert!(core::mem::offset_of!(WallBox, x) == 0);
    assert!(core::mem::offset_of!(WallBox, y) == 4);
    assert!(core::mem::offset_of!(WallBox, z) == 8);
    assert!(core::mem::offset_of!(WallBox, half_x) == 12);
    assert!(core::mem::offset_of!(WallBox, half_y) == 16);
    assert!(core::mem::offset_of!(WallBox, height) == 20);
};

/// One row of the table of packets that `room_end` leaves.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct PacketOut {
    /// player slot
    pub slot: u16,
    /// length
    pub bytes: u16,
    /// address in linear memory
    pub offset: u32,
}
impl PacketOut {
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<PacketOut>() == 8);
    assert!(core::mem::offset_of!(PacketOut, slot) == 0);
    assert!(core::mem::offset_of!(PacketOut, bytes) == 2);
    assert!(core::mem::offset_of!(PacketOut, offset) == 4);
};

/// What the client half hands out, one at a time.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ClientEvent {
    /// 1 shot, 2 hit, 3 death, 16 enter, 17 leave, 18 roster, 19 room, 20 text, 21 joined roster, 22 left roster
    pub kind: u16,
    /// 1: by own player
    pub own: u16,
    /// tick of the event
    pub tick: u32,
    /// handle
    pub subject: u32,
    /// handle
    pub object: u32,
    /// position
    pub x: i32,
    pub y: i32,
    pub z: i32,
    /// damage, or distance 1/65536
    pub amount: i32,
    pub aim: u16,
    pub weapon: u16,
    /// command tick
    pub command: u32,
}
impl ClientEvent {
    pub const BYTES: usize = 40;
}
const _: () = {
    assert!(core::mem::size_of::<ClientEvent>() == 40);
    assert!(core::mem::offset_of!(ClientEvent, kind) == 0);
    assert!(core::mem::offset_of!(ClientEvent, own) == 2);
    assert!(core::mem::offset_of!(ClientEvent, tick) == 4);
    assert!(core::mem::offset_of!(ClientEvent, subject) == 8);
    assert!(core::mem::offset_of!(ClientEvent, object) == 12);
    assert!(core::mem::offset_of!(ClientEvent, x) == 16);
    assert!(core::mem::offset_of!(ClientEvent, y) == 20);
    assert!(core::mem::offset_of!(ClientEvent, z) == 24);
    assert!(core::mem::offset_of!(ClientEvent, amount) == 28);
    assert!(core::mem::offset_of!(ClientEvent, aim) == 32);
    assert!(core::mem::offset_of!(ClientEvent, weapon) == 34);
    assert!(core::mem::offset_of!(ClientEvent, command) == 36);
};

/// Counters of the client half.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ClientStats {
    /// decoded
    pub snapshots: u32,
    /// packets dropped because a reference was missing
    pub undecodable: u32,
    /// packets that did not parse
    pub malformed: u32,
    /// packets older than one already seen, or repeated
    pub stale: u32,
    /// packets never seen
    pub lost: u32,
    /// newest
    pub snapshot_tick: u32,
    /// bits of the newest body
    pub snapshot_bits: u32,
    /// bytes of the newest packet
    pub packet_bytes: u32,
    /// arrival margin of own inputs as the server saw it, 1/256 tick
    pub margin_ticks256: i32,
    /// newest own command applied
    pub applied_tick: u32,
    /// round trip by acks, 1/256 tick of local ticks
    pub rtt_ticks256: i32,
    /// 1/65536 unit, newest snapshot
    pub correction_max: u32,
    /// largest on ticks not touched
    pub correction_free_max: u32,
    /// snapshots that moved own player
    pub corrections: u32,
    /// snapshots with own player not touched
    pub free_ticks: u32,
    /// the others
    pub touched_ticks: u32,
    /// verified
    pub hash_checks: u32,
    pub hash_mismatches: u32,
    /// reliable
    pub messages_sent: u32,
    /// reliable
    pub messages_received: u32,
    /// reliable fragments not acknowledged
    pub send_queue: u32,
    pub events_seen: u32,
    /// entities in the newest snapshot
    pub visible: u32,
    /// largest distance of two snapshots, ticks
    pub snapshot_gap_max: u32,
    /// 1000 = real time
    pub dilation_permille: u32,
    /// sum of snapshot body bytes
    pub snapshot_bytes_sum: u32,
    /// of the walls received
    pub walls_hash: u32,
    pub walls_count: u32,
    /// own commands that came too late, as the server counts
    pub inputs_late: u32,
    /// 1: own player lives
    pub own_alive: u32,
    pub reserved0: u32,
    pub reserved1: u32,
}
impl ClientStats {
    pub const BYTES: usize = 128;
}
const _: () = {
    assert!(core::mem::size_of::<ClientStats>() == 128);
    assert!(core::mem::offset_of!(ClientStats, snapshots) == 0);
    assert!(core::mem::offset_of!(ClientStats, undecodable) == 4);
    assert!(core::mem::offset_of!(ClientStats, malformed) == 8);
    assert!(core::mem::offset_of!(ClientStats, stale) == 12);
    assert!(core::mem::offset_of!(ClientStats, lost) == 16);
    assert!(core::mem::offset_of!(ClientStats, snapshot_tick) == 20);
    assert!(core::mem::offset_of!(ClientStats, snapshot_bits) == 24);
    assert!(core::mem::offset_of!(ClientStats, packet_bytes) == 28);
    assert!(core::mem::offset_of!(ClientStats, margin_ticks256) == 32);
    assert!(core::mem::offset_of!(ClientStats, applied_tick) == 36);
    assert!(core::mem::offset_of!(ClientStats, rtt_ticks256) == 40);
    assert!(core::mem::offset_of!(ClientStats, correction_max) == 44);
    assert!(core::mem::offset_of!(ClientStats, correction_free_max) == 48);
    assert!(core::mem::offset_of!(ClientStats, corrections) == 52);
    assert!(core::mem::offset_of!(ClientStats, free_ticks) == 56);
    assert!(core::mem::offset_of!(ClientStats, touched_ticks) == 60);
    assert!(core::mem::offset_of!(ClientStats, hash_checks) == 64);
    assert!(core::mem::offset_of!(ClientStats, hash_mismatches) == 68);
    assert!(core::mem::offset_of!(ClientStats, messages_sent) == 72);
    assert!(core::mem::offset_of!(ClientStats, messages_received) == 76);
    assert!(core::mem::offset_of!(ClientStats, send_queue) == 80);
    assert!(core::mem::offset_of!(ClientStats, events_seen) == 84);
    assert!(core::mem::offset_of!(ClientStats, visible) == 88);
    assert!(core::mem::offset_of!(ClientStats, snapshot_gap_max) == 92);
    assert!(core::mem::offset_of!(ClientStats, dilation_permille) == 96);
    assert!(core::mem::offset_of!(ClientStats, snapshot_bytes_sum) == 100);
    assert!(core::mem::offset_of!(ClientStats, walls_hash) == 104);
    assert!(core::mem::offset_of!(ClientStats, walls_count) == 108);
    assert!(core::mem::offset_of!(ClientStats, inputs_late) == 112);
    assert!(core::mem::offset_of!(ClientStats, own_alive) == 116);
    assert!(core::mem::offset_of!(ClientStats, reserved0) == 120);
    assert!(core::mem::offset_of!(ClientStats, reserved1) == 124);
};

/// Counters of a room. They are part of the region.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct RoomStats {
    pub tick: u32,
    pub players: u32,
    pub entities: u32,
    pub packets_in: u32,
    pub packets_malformed: u32,
    pub packets_stale: u32,
    pub inputs_accepted: u32,
    pub inputs_late: u32,
    /// too far ahead
    pub inputs_ahead: u32,
    /// ticks that repeated a command
    pub inputs_missing: u32,
    pub snapshots: u32,
    /// sum, wraps
    pub snapshot_bits: u32,
    pub packets_out: u32,
    /// sum, wraps
    pub bytes_out: u32,
    /// visible but not sent for want of bytes
    pub entities_deferred: u32,
    pub events_dropped: u32,
    pub messages_in: u32,
    pub messages_out: u32,
    /// in use
    pub pool_bytes: u32,
    /// refused
    pub pool_full: u32,
    /// entities encoded without baseline
    pub full_states: u32,
    pub commands: u32,
    /// by the core: dead handle, bad field
    pub commands_refused: u32,
    pub spawns_refused: u32,
    /// now
    pub silent_clients: u32,
    pub hits: u32,
    pub deaths: u32,
    /// input records with a bad shape
    pub records_refused: u32,
    pub epoch: u32,
    pub walls_hash: u32,
    /// standing inputs of players whose client is away included
    pub inputs_accepted_bots: u32,
    /// now
    pub away_clients: u32,
}
impl RoomStats {
    pub const BYTES: usize = 128;
}
const _: () = {
    assert!(core::mem::size_of::<RoomStats>() == 128);
    assert!(core::mem::offset_of!(RoomStats, tick) == 0);
    assert!(core::mem::offset_of!(RoomStats, players) == 4);
    assert!(core::mem::offset_of!(RoomStats, entities) == 8);
    assert!(core::mem::offset_of!(RoomStats, packets_in) == 12);
    assert!(core::mem::offset_of!(RoomStats, packets_malformed) == 16);
    assert!(core::mem::offset_of!(RoomStats, packets_stale) == 20);
    assert!(core::mem::offset_of!(RoomStats, inputs_accepted) == 24);
    assert!(core::mem::offset_of!(RoomStats, inputs_late) == 28);
    assert!(core::mem::offset_of!(RoomStats, inputs_ahead) == 32);
    assert!(core::mem::offset_of!(RoomStats, inputs_missing) == 36);
    assert!(core::mem::offset_of!(RoomStats, snapshots) == 40);
    assert!(core::mem::offset_of!(RoomStats, snapshot_bits) == 44);
    assert!(core::mem::offset_of!(RoomStats, packets_out) == 48);
    assert!(core::mem::offset_of!(RoomStats, bytes_out) == 52);
    assert!(core::mem::offset_of!(RoomStats, entities_deferred) == 56);
    assert!(core::mem::offset_of!(RoomStats, events_dropped) == 60);
    assert!(core::mem::offset_of!(RoomStats, messages_in) == 64);
    assert!(core::mem::offset_of!(RoomStats, messages_out) == 68);
    assert!(core::mem::offset_of!(RoomStats, pool_bytes) == 72);
    assert!(core::mem::offset_of!(RoomStats, pool_full) == 76);
    assert!(core::mem::offset_of!(RoomStats, full_states) == 80);
    assert!(core::mem::offset_of!(RoomStats, commands) == 84);
    assert!(core::mem::offset_of!(RoomStats, commands_refused) == 88);
    assert!(core::mem::offset_of!(RoomStats, spawns_refused) == 92);
    assert!(core::mem::offset_of!(RoomStats, silent_clients) == 96);
    assert!(core::mem::offset_of!(RoomStats, hits) == 100);
    assert!(core::mem::offset_of!(RoomStats, deaths) == 104);
    assert!(core::mem::offset_of!(RoomStats, records_refused) == 108);
    assert!(core::mem::offset_of!(RoomStats, epoch) == 112);
    assert!(core::mem::offset_of!(RoomStats, walls_hash) == 116);
    assert!(core::mem::offset_of!(RoomStats, inputs_accepted_bots) == 120);
    assert!(core::mem::offset_of!(RoomStats, away_clients) == 124);
};

/// A player takes a slot (header.index).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Join {
    /// session id, 0 for a bot
    pub session: u32,
    /// 1 bot, 2 wants state hashes in snapshots (--verify)
    pub flags: u16,
    pub team: u8,
    pub name_bytes: u8,
    /// UTF-8, zero padded
    pub name: [u8; 32],
}
impl Join {
    pub const KIND: u16 = 1;
    pub const BYTES: usize = 40;
}
const _: () = {
    assert!(core::mem::size_of::<Join>() == 40);
    assert!(core::mem::offset_of!(Join, session) == 0);
    assert!(core::mem::offset_of!(Join, flags) == 4);
    assert!(core::mem::offset_of!(Join, team) == 6);
    assert!(core::mem::offset_of!(Join, name_bytes) == 7);
    assert!(core::mem::offset_of!(Join, name) == 8);
};

/// The player of a slot goes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Leave {
    /// ERRORS
    pub code: u16,
    /// 0
    pub reserved: u16,
}
impl Leave {
    pub const KIND: u16 = 2;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Leave>() == 4);
    assert!(core::mem::offset_of!(Leave, code) == 0);
    assert!(core::mem::offset_of!(Leave, reserved) == 2);
};

/// A packet of a client. Then bytes of: packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Packet {
    /// arrival inside the tick interval before this tick, us from its start
    pub arrival_us: u32,
}
impl Packet {
    pub const KIND: u16 = 3;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Packet>() == 4);
    assert!(core::mem::offset_of!(Packet, arrival_us) == 0);
};

/// Controls for this tick of a bot, or of a player whose client is away (its tick is ignored).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct BotInput {
    pub buttons: u16,
    pub aim: u16,
    pub pitch: i16,
    pub move_x: i8,
    pub move_y: i8,
    pub aux: [i16; 4],
}
impl BotInput {
    pub const KIND: u16 = 4;
    pub const BYTES: usize = 16;
}
const _: () = {
    assert!(core::mem::size_of::<BotInput>() == 16);
    assert!(core::mem::offset_of!(BotInput, buttons) == 0);
    assert!(core::mem::offset_of!(BotInput, aim) == 2);
    assert!(core::mem::offset_of!(BotInput, pitch) == 4);
    assert!(core::mem::offset_of!(BotInput, move_x) == 6);
    assert!(core::mem::offset_of!(BotInput, move_y) == 7);
    assert!(core::mem::offset_of!(BotInput, aux) == 8);
};

/// The overload level of the worker changed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Overload {
    /// 0 none
    pub level: u32,
}
impl Overload {
    pub const KIND: u16 = 5;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Overload>() == 4);
    assert!(core::mem::offset_of!(Overload, level) == 0);
};

/// Time runs slower; clients are told.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Dilation {
    /// 1000 = real time
    pub permille: u32,
}
impl Dilation {
    pub const KIND: u16 = 6;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Dilation>() == 4);
    assert!(core::mem::offset_of!(Dilation, permille) == 0);
};

/// Nothing is heard of the client of a slot any more. Its player stays, and takes BotInput until the client is back.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Drop {}
impl Drop {
    pub const KIND: u16 = 7;
    pub const BYTES: usize = 0;
}
const _: () = {
    assert!(core::mem::size_of::<Drop>() == 0);
};

/// The client of a slot is heard again.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Resume {
    /// 1 fresh: it has lost its state, the packet layer begins anew under another epoch; 2 (with 1) wants state hashes in snapshots
    pub flags: u32,
}
impl Resume {
    pub const KIND: u16 = 8;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Resume>() == 4);
    assert!(core::mem::offset_of!(Resume, flags) == 0);
};

/// Writes an integer column of an entity.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SetField {
    pub handle: u32,
    /// COLUMNS or 32 + k
    pub column: u32,
    pub value: i32,
}
impl SetField {
    pub const KIND: u16 = 32;
    pub const BYTES: usize = 12;
}
const _: () = {
    assert!(core::mem::size_of::<SetField>() == 12);
    assert!(core::mem::offset_of!(SetField, handle) == 0);
    assert!(core::mem::offset_of!(SetField, column) == 4);
    assert!(core::mem::offset_of!(SetField, value) == 8);
};

/// Writes a room field.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SetRoomField {
    /// its index
    pub field: u32,
    pub value: i32,
}
impl SetRoomField {
    pub const KIND: u16 = 33;
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<SetRoomField>() == 8);
    assert!(core::mem::offset_of!(SetRoomField, field) == 0);
    assert!(core::mem::offset_of!(SetRoomField, value) == 4);
};

/// Writes a text field. handle 0: of the room; field 255: the player name. Then bytes of: utf8.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SetText {
    pub handle: u32,
    pub field: u32,
}
impl SetText {
    pub const KIND: u16 = 34;
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<SetText>() == 8);
    assert!(core::mem::offset_of!(SetText, handle) == 0);
    assert!(core::mem::offset_of!(SetText, field) == 4);
};

/// Puts an entity somewhere: velocity 0, alive, full health for a player, teleport counter up.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Place {
    pub handle: u32,
    pub x: i32,
    pub y: i32,
    pub z: i32,
    /// -1 keeps it
    pub aim: i32,
    /// spawn protection
    pub protect_ticks: u32,
}
impl Place {
    pub const KIND: u16 = 35;
    pub const BYTES: usize = 24;
}
const _: () = {
    assert!(core::mem::size_of::<Place>() == 24);
    assert!(core::mem::offset_of!(Place, handle) == 0);
    assert!(core::mem::offset_of!(Place, x) == 4);
    assert!(core::mem::offset_of!(Place, y) == 8);
    assert!(core::mem::offset_of!(Place, z) == 12);
    assert!(core::mem::offset_of!(Place, aim) == 16);
    assert!(core::mem::offset_of!(Place, protect_ticks) == 20);
};

/// Makes an entity with a handle from the spawnable list.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Spawn {
    pub handle: u32,
    pub kind: u32,
    pub x: i32,
    pub y: i32,
    pub z: i32,
    pub vx: i32,
    pub vy: i32,
    pub vz: i32,
    pub aim: u32,
    /// handle
    pub owner: u32,
    /// 0 for ever
    pub life_ticks: u32,
}
impl Spawn {
    pub const KIND: u16 = 36;
    pub const BYTES: usize = 44;
}
const _: () = {
    assert!(core::mem::size_of::<Spawn>() == 44);
    assert!(core::mem::offset_of!(Spawn, handle) == 0);
    assert!(core::mem::offset_of!(Spawn, kind) == 4);
    assert!(core::mem::offset_of!(Spawn, x) == 8);
    assert!(core::mem::offset_of!(Spawn, y) == 12);
    assert!(core::mem::offset_of!(Spawn, z) == 16);
    assert!(core::mem::offset_of!(Spawn, vx) == 20);
    assert!(core::mem::offset_of!(Spawn, vy) == 24);
    assert!(core::mem::offset_of!(Spawn, vz) == 28);
    assert!(core::mem::offset_of!(Spawn, aim) == 32);
    assert!(core::mem::offset_of!(Spawn, owner) == 36);
    assert!(core::mem::offset_of!(Spawn, life_ticks) == 40);
};

/// Removes an entity (not a player).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Remove {
    pub handle: u32,
}
impl Remove {
    pub const KIND: u16 = 37;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Remove>() == 4);
    assert!(core::mem::offset_of!(Remove, handle) == 0);
};

/// Hurts (or, negative, heals) an entity.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Damage {
    pub handle: u32,
    /// handle or 0
    pub attacker: u32,
    pub amount: i32,
}
impl Damage {
    pub const KIND: u16 = 38;
    pub const BYTES: usize = 12;
}
const _: () = {
    assert!(core::mem::size_of::<Damage>() == 12);
    assert!(core::mem::offset_of!(Damage, handle) == 0);
    assert!(core::mem::offset_of!(Damage, attacker) == 4);
    assert!(core::mem::offset_of!(Damage, amount) == 8);
};

/// Scales a proposed hit of this tick; 0 cancels it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ScaleHit {
    /// its index
    pub hit: u32,
    /// 1000 = unchanged
    pub permille: u32,
}
impl ScaleHit {
    pub const KIND: u16 = 39;
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<ScaleHit>() == 8);
    assert!(core::mem::offset_of!(ScaleHit, hit) == 0);
    assert!(core::mem::offset_of!(ScaleHit, permille) == 4);
};

/// A timer, fired as an event when its tick has come.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct AddTimer {
    /// chosen by the plugin side, unique among waiting timers
    pub id: u32,
    /// tick
    pub due: u32,
    /// index of its declaration
    pub timer: u32,
    pub args: [i32; 4],
}
impl AddTimer {
    pub const KIND: u16 = 40;
    pub const BYTES: usize = 28;
}
const _: () = {
    assert!(core::mem::size_of::<AddTimer>() == 28);
    assert!(core::mem::offset_of!(AddTimer, id) == 0);
    assert!(core::mem::offset_of!(AddTimer, due) == 4);
    assert!(core::mem::offset_of!(AddTimer, timer) == 8);
    assert!(core::mem::offset_of!(AddTimer, args) == 12);
};

/// Removes a waiting timer.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct CancelTimer {
    pub id: u32,
}
impl CancelTimer {
    pub const KIND: u16 = 41;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<CancelTimer>() == 4);
    assert!(core::mem::offset_of!(CancelTimer, id) == 0);
};

/// A reliable message to the slot in header.index, or to all (0xffff). Then bytes of: message with its kind byte.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Send {
    /// slot left out of a broadcast, or 0xffff
    pub except: u32,
}
impl Send {
    pub const KIND: u16 = 42;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Send>() == 4);
    assert!(core::mem::offset_of!(Send, except) == 0);
};

/// New state of the plugin's generator.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SetRandom {
    pub state: [u32; 4],
}
impl SetRandom {
    pub const KIND: u16 = 43;
    pub const BYTES: usize = 16;
}
const _: () = {
    assert!(core::mem::size_of::<SetRandom>() == 16);
    assert!(core::mem::offset_of!(SetRandom, state) == 0);
};

/// Walls, only at tick 0. Then bytes of: WallBox[].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct AddWalls {}
impl AddWalls {
    pub const KIND: u16 = 44;
    pub const BYTES: usize = 0;
}
const _: () = {
    assert!(core::mem::size_of::<AddWalls>() == 0);
};

/// Adds to the velocity of an entity.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Impulse {
    pub handle: u32,
    pub vx: i32,
    pub vy: i32,
    pub vz: i32,
}
impl Impulse {
    pub const KIND: u16 = 45;
    pub const BYTES: usize = 16;
}
const _: () = {
    assert!(core::mem::size_of::<Impulse>() == 16);
    assert!(core::mem::offset_of!(Impulse, handle) == 0);
    assert!(core::mem::offset_of!(Impulse, vx) == 4);
    assert!(core::mem::offset_of!(Impulse, vy) == 8);
    assert!(core::mem::offset_of!(Impulse, vz) == 12);
};

/// A player came (header.index = slot).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Joined {
    pub handle: u32,
    /// generation of the slot << 16 | slot
    pub player_id: u32,
    /// as in Join
    pub flags: u32,
}
impl Joined {
    pub const KIND: u16 = 64;
    pub const BYTES: usize = 12;
}
const _: () = {
    assert!(core::mem::size_of::<Joined>() == 12);
    assert!(core::mem::offset_of!(Joined, handle) == 0);
    assert!(core::mem::offset_of!(Joined, player_id) == 4);
    assert!(core::mem::offset_of!(Joined, flags) == 8);
};

/// A player goes; its entity lives until this tick ends.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Left {
    pub handle: u32,
    pub player_id: u32,
    pub code: u32,
}
impl Left {
    pub const KIND: u16 = 65;
    pub const BYTES: usize = 12;
}
const _: () = {
    assert!(core::mem::size_of::<Left>() == 12);
    assert!(core::mem::offset_of!(Left, handle) == 0);
    assert!(core::mem::offset_of!(Left, player_id) == 4);
    assert!(core::mem::offset_of!(Left, code) == 8);
};

/// A proposed hit; header.index = its index.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Hit {
    /// handle
    pub attacker: u32,
    /// handle
    pub target: u32,
    pub amount: i32,
    pub x: i32,
    pub y: i32,
    pub z: i32,
    pub weapon: u32,
}
impl Hit {
    pub const KIND: u16 = 66;
    pub const BYTES: usize = 28;
}
const _: () = {
    assert!(core::mem::size_of::<Hit>() == 28);
    assert!(core::mem::offset_of!(Hit, attacker) == 0);
    assert!(core::mem::offset_of!(Hit, target) == 4);
    assert!(core::mem::offset_of!(Hit, amount) == 8);
    assert!(core::mem::offset_of!(Hit, x) == 12);
    assert!(core::mem::offset_of!(Hit, y) == 16);
    assert!(core::mem::offset_of!(Hit, z) == 20);
    assert!(core::mem::offset_of!(Hit, weapon) == 24);
};

/// A player died in the tick before.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Death {
    /// handle
    pub victim: u32,
    /// handle or 0
    pub attacker: u32,
}
impl Death {
    pub const KIND: u16 = 67;
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<Death>() == 8);
    assert!(core::mem::offset_of!(Death, victim) == 0);
    assert!(core::mem::offset_of!(Death, attacker) == 4);
};

/// A player overlaps an entity that reports touches.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Touch {
    /// handle
    pub player: u32,
    /// handle
    pub other: u32,
}
impl Touch {
    pub const KIND: u16 = 68;
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<Touch>() == 8);
    assert!(core::mem::offset_of!(Touch, player) == 0);
    assert!(core::mem::offset_of!(Touch, other) == 4);
};

/// A reliable message of the client in header.index, with its kind byte. Then bytes of: message.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Message {}
impl Message {
    pub const KIND: u16 = 69;
    pub const BYTES: usize = 0;
}
const _: () = {
    assert!(core::mem::size_of::<Message>() == 0);
};

/// A timer is due.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Timer {
    pub id: u32,
    pub timer: u32,
    pub args: [i32; 4],
}
impl Timer {
    pub const KIND: u16 = 70;
    pub const BYTES: usize = 24;
}
const _: () = {
    assert!(core::mem::size_of::<Timer>() == 24);
    assert!(core::mem::offset_of!(Timer, id) == 0);
    assert!(core::mem::offset_of!(Timer, timer) == 4);
    assert!(core::mem::offset_of!(Timer, args) == 8);
};

/// The client in header.index has to be closed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Fault {
    /// ERRORS
    pub code: u32,
}
impl Fault {
    pub const KIND: u16 = 71;
    pub const BYTES: usize = 4;
}
const _: () = {
    assert!(core::mem::size_of::<Fault>() == 4);
    assert!(core::mem::offset_of!(Fault, code) == 0);
};

/// The client of a player (header.index = slot) is away.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Dropped {
    pub handle: u32,
    pub player_id: u32,
}
impl Dropped {
    pub const KIND: u16 = 72;
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<Dropped>() == 8);
    assert!(core::mem::offset_of!(Dropped, handle) == 0);
    assert!(core::mem::offset_of!(Dropped, player_id) == 4);
};

/// It is back. Fresh ones may come without Dropped before: a page that was loaded again at once.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Resumed {
    pub handle: u32,
    pub player_id: u32,
    /// 1 fresh
    pub flags: u32,
}
impl Resumed {
    pub const KIND: u16 = 73;
    pub const BYTES: usize = 12;
}
const _: () = {
    assert!(core::mem::size_of::<Resumed>() == 12);
    assert!(core::mem::offset_of!(Resumed, handle) == 0);
    assert!(core::mem::offset_of!(Resumed, player_id) == 4);
    assert!(core::mem::offset_of!(Resumed, flags) == 8);
};

/// Sizes and rules.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ConfigHead {
    /// 'FRC1' = 0x31435246
    pub magic: u32,
    /// hash of these tables: core and host were made together
    pub table_hash: u32,
    pub schema_hash_low: u32,
    pub schema_hash_high: u32,
    /// 1..128
    pub tick_rate_hz: u32,
    /// 2 or 3
    pub dimensions: u32,
    pub players_max: u32,
    /// players included
    pub entities_max: u32,
    /// power of two >= 64 and >= tickRateHz
    pub history_ticks: u32,
    /// hard limit of a snapshot body
    pub snapshot_bytes_max: u32,
    /// prescribed interpolation delay
    pub interpolation_ticks: u32,
    /// the world is a box around 0: half size in x, 1/65536
    pub half_width: i32,
    /// half size in y
    pub half_depth: i32,
    /// edge of a grid cell, 1/65536
    pub cell: i32,
    /// wire quantum of a position = 2^shift / 65536 unit (9: 1/128 unit)
    pub position_shift: u32,
    /// wire bits of aim of others, 4..16
    pub aim_bits: u32,
    pub health_bits: u32,
    pub health_max: i32,
    /// per tick and tick
    pub gravity: i32,
    /// per tick
    pub jump_speed: i32,
    pub step_height: i32,
    /// per tick; 0: no dash
    pub dash_speed: i32,
    pub dash_ticks: u32,
    pub dash_wait_ticks: u32,
    /// 1 friendlyFire, 2 move is relative to aim, 4 players are solid to each other, 8 hash every tick, 16 the dead stop rewound shots
    pub rules: u32,
    pub seed_low: u32,
    pub seed_high: u32,
    pub plugin_seed_low: u32,
    pub plugin_seed_high: u32,
    /// fencing number of the owner of the room
    pub epoch: u32,
    /// 0 for a new room
    pub first_tick: u32,
    /// how many aux inputs travel
    pub input_aux: u32,
    /// how many button bits travel
    pub input_buttons: u32,
    /// 1: pitch travels
    pub input_pitch: u32,
    /// rows of ConfigKind; row 0 = player, row 1 = projectile, then the author
    pub kinds: u32,
    pub fields: u32,
    pub room_fields: u32,
    pub weapons: u32,
    pub texts: u32,
    /// 32 + most integer fields of any kind
    pub columns: u32,
    /// text bytes kept per entity
    pub text_bytes: u32,
    pub room_text_bytes: u32,
    /// network delay that a shot is rewound by at most; 0..1000
    pub rewind_ms_max: u32,
    /// the same for a target behind a wall by now; 0..rewindMsMax
    pub rewind_cover_ms_max: u32,
    pub reserved: [u32; 4],
}
impl ConfigHead {
    pub const BYTES: usize = 192;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigHead>() == 192);
    assert!(core::mem::offset_of!(ConfigHead, magic) == 0);
    assert!(core::mem::offset_of!(ConfigHead, table_hash) == 4);
    assert!(core::mem::offset_of!(ConfigHead, schema_hash_low) == 8);
    assert!(core::mem::offset_of!(ConfigHead, schema_hash_high) == 12);
    assert!(core::mem::offset_of!(ConfigHead, tick_rate_hz) == 16);
    assert!(core::mem::offset_of!(ConfigHead, dimensions) == 20);
    assert!(core::mem::offset_of!(ConfigHead, players_max) == 24);
    assert!(core::mem::offset_of!(ConfigHead, entities_max) == 28);
    assert!(core::mem::offset_of!(ConfigHead, history_ticks) == 32);
    assert!(core::mem::offset_of!(ConfigHead, snapshot_bytes_max) == 36);
    assert!(core::mem::offset_of!(ConfigHead, interpolation_ticks) == 40);
    assert!(core::mem::offset_of!(ConfigHead, half_width) == 44);
    assert!(core::mem::offset_of!(ConfigHead, half_depth) == 48);
    assert!(core::mem::offset_of!(ConfigHead, cell) == 52);
    assert!(core::mem::offset_of!(ConfigHead, position_shift) == 56);
    assert!(core::mem::offset_of!(ConfigHead, aim_bits) == 60);
    assert!(core::mem::offset_of!(ConfigHead, health_bits) == 64);
    assert!(core::mem::offset_of!(ConfigHead, health_max) == 68);
    assert!(core::mem::offset_of!(ConfigHead, gravity) == 72);
    assert!(core::mem::offset_of!(ConfigHead, jump_speed) == 76);
    assert!(core::mem::offset_of!(ConfigHead, step_height) == 80);
    assert!(core::mem::offset_of!(ConfigHead, dash_speed) == 84);
    assert!(core::mem::offset_of!(ConfigHead, dash_ticks) == 88);
    assert!(core::mem::offset_of!(ConfigHead, dash_wait_ticks) == 92);
    assert!(core::mem::offset_of!(ConfigHead, rules) == 96);
    assert!(core::mem::offset_of!(ConfigHead, seed_low) == 100);
    assert!(core::mem::offset_of!(ConfigHead, seed_high) == 104);
    assert!(core::mem::offset_of!(ConfigHead, plugin_seed_low) == 108);
    assert!(core::mem::offset_of!(ConfigHead, plugin_seed_high) == 112);
    assert!(core::mem::offset_of!(ConfigHead, epoch) == 116);
    assert!(core::mem::offset_of!(ConfigHead, first_tick) == 120);
    assert!(core::mem::offset_of!(ConfigHead, input_aux) == 124);
    assert!(core::mem::offset_of!(ConfigHead, input_buttons) == 128);
    assert!(core::mem::offset_of!(ConfigHead, input_pitch) == 132);
    assert!(core::mem::offset_of!(ConfigHead, kinds) == 136);
    assert!(core::mem::offset_of!(ConfigHead, fields) == 140);
    assert!(core::mem::offset_of!(ConfigHead, room_fields) == 144);
    assert!(core::mem::offset_of!(ConfigHead, weapons) == 148);
    assert!(core::mem::offset_of!(ConfigHead, texts) == 152);
    assert!(core::mem::offset_of!(ConfigHead, columns) == 156);
    assert!(core::mem::offset_of!(ConfigHead, text_bytes) == 160);
    assert!(core::mem::offset_of!(ConfigHead, room_text_bytes) == 164);
    assert!(core::mem::offset_of!(ConfigHead, rewind_ms_max) == 168);
    assert!(core::mem::offset_of!(ConfigHead, rewind_cover_ms_max) == 172);
    assert!(core::mem::offset_of!(ConfigHead, reserved) == 176);
};

/// A kind of entity.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ConfigKind {
    /// or half width
    pub radius: i32,
    /// half depth; 0: circle
    pub depth: i32,
    pub height: i32,
    /// FLAGS at spawn: solid, touch
    pub flags: u32,
    /// 0: cannot be hurt
    pub health: i32,
    /// players
    pub top_speed: i32,
    pub acceleration: i32,
    pub friction: i32,
    /// players: how far they see
    pub view_radius: i32,
    /// 1: velocity and aim travel on the wire
    pub moves: u32,
    pub reserved: [u32; 2],
}
impl ConfigKind {
    pub const BYTES: usize = 48;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigKind>() == 48);
    assert!(core::mem::offset_of!(ConfigKind, radius) == 0);
    assert!(core::mem::offset_of!(ConfigKind, depth) == 4);
    assert!(core::mem::offset_of!(ConfigKind, height) == 8);
    assert!(core::mem::offset_of!(ConfigKind, flags) == 12);
    assert!(core::mem::offset_of!(ConfigKind, health) == 16);
    assert!(core::mem::offset_of!(ConfigKind, top_speed) == 20);
    assert!(core::mem::offset_of!(ConfigKind, acceleration) == 24);
    assert!(core::mem::offset_of!(ConfigKind, friction) == 28);
    assert!(core::mem::offset_of!(ConfigKind, view_radius) == 32);
    assert!(core::mem::offset_of!(ConfigKind, moves) == 36);
    assert!(core::mem::offset_of!(ConfigKind, reserved) == 40);
};

/// An author's integer field, in the order of its declaration.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ConfigField {
    /// row of ConfigKind + 1 (1 = player); 0 for the room
    pub kind: u16,
    /// 32 + k; for the room its index
    pub column: u16,
    /// 1..32 on the wire
    pub bits: u8,
    /// AUDIENCES
    pub audience: u8,
    /// 1: two's complement
    pub signed: u8,
    pub reserved: u8,
    /// least value allowed
    pub min: i32,
    /// largest
    pub max: i32,
    pub initial: i32,
}
impl ConfigField {
    pub const BYTES: usize = 20;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigField>() == 20);
    assert!(core::mem::offset_of!(ConfigField, kind) == 0);
    assert!(core::mem::offset_of!(ConfigField, column) == 2);
    assert!(core::mem::offset_of!(ConfigField, bits) == 4);
    assert!(core::mem::offset_of!(ConfigField, audience) == 5);
    assert!(core::mem::offset_of!(ConfigField, signed) == 6);
    assert!(core::mem::offset_of!(ConfigField, reserved) == 7);
    assert!(core::mem::offset_of!(ConfigField, min) == 8);
    assert!(core::mem::offset_of!(ConfigField, max) == 12);
    assert!(core::mem::offset_of!(ConfigField, initial) == 16);
};

/// A weapon.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ConfigWeapon {
    /// 0 projectile, 1 hitscan
    pub shape: u32,
    pub damage: i32,
    /// between shots
    pub wait_ticks: u32,
    /// projectile, per tick
    pub speed: i32,
    /// projectile
    pub life_ticks: u32,
    /// projectile
    pub radius: i32,
    /// hitscan
    pub range: i32,
    /// velocity added to a target
    pub knockback: i32,
    /// reserved, 0
    pub spread: u32,
    /// reserved, 0
    pub pierce: u32,
}
impl ConfigWeapon {
    pub const BYTES: usize = 40;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigWeapon>() == 40);
    assert!(core::mem::offset_of!(ConfigWeapon, shape) == 0);
    assert!(core::mem::offset_of!(ConfigWeapon, damage) == 4);
    assert!(core::mem::offset_of!(ConfigWeapon, wait_ticks) == 8);
    assert!(core::mem::offset_of!(ConfigWeapon, speed) == 12);
    assert!(core::mem::offset_of!(ConfigWeapon, life_ticks) == 16);
    assert!(core::mem::offset_of!(ConfigWeapon, radius) == 20);
    assert!(core::mem::offset_of!(ConfigWeapon, range) == 24);
    assert!(core::mem::offset_of!(ConfigWeapon, knockback) == 28);
    assert!(core::mem::offset_of!(ConfigWeapon, spread) == 32);
    assert!(core::mem::offset_of!(ConfigWeapon, pierce) == 36);
};

/// An author's text field.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ConfigText {
    /// as in ConfigField
    pub kind: u16,
    /// k-th text of its kind
    pub index: u16,
    /// in the text bytes of an entity (u8 length, then bytes)
    pub offset: u16,
    pub bytes_max: u8,
    pub audience: u8,
}
impl ConfigText {
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigText>() == 8);
    assert!(core::mem::offset_of!(ConfigText, kind) == 0);
    assert!(core::mem::offset_of!(ConfigText, index) == 2);
    assert!(core::mem::offset_of!(ConfigText, offset) == 4);
    assert!(core::mem::offset_of!(ConfigText, bytes_max) == 6);
    assert!(core::mem::offset_of!(ConfigText, audience) == 7);
};

/// One player as everyone in the room knows it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct RosterRow {
    /// 0: the slot is free
    pub player_id: u32,
    /// entity
    pub handle: u32,
    pub team: u8,
    /// 1 bot
    pub flags: u8,
    pub name_bytes: u8,
    pub reserved: u8,
    /// UTF-8
    pub name: [u8; 32],
}
impl RosterRow {
    pub const BYTES: usize = 44;
}
const _: () = {
    assert!(core::mem::size_of::<RosterRow>() == 44);
    assert!(core::mem::offset_of!(RosterRow, player_id) == 0);
    assert!(core::mem::offset_of!(RosterRow, handle) == 4);
    assert!(core::mem::offset_of!(RosterRow, team) == 8);
    assert!(core::mem::offset_of!(RosterRow, flags) == 9);
    assert!(core::mem::offset_of!(RosterRow, name_bytes) == 10);
    assert!(core::mem::offset_of!(RosterRow, reserved) == 11);
    assert!(core::mem::offset_of!(RosterRow, name) == 12);
};
