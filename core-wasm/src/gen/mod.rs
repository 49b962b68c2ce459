//! The tables that both sides share. Made by tools/generate.ts from protocol/tables.ts. Do not edit.
#![allow(dead_code, missing_docs)]
#![cfg_attr(rustfmt, rustfmt_skip)]

mod names;
mod shared;
mod input;
mod command;
mod hook;
mod config;
mod roster;
pub use names::*;
pub use shared::*;
pub use input::*;
pub use command::*;
pub use hook::*;
pub use config::*;
pub use roster::*;

/// Hash of the tables without their prose: the answer of `abi_version()`.
pub const TABLE_HASH: u32 = 0xe59b6534;
pub const BUILTIN_COLUMNS: usize = 32;
/// Packet protocol of this tree; its servers speak the one before, too.
pub const PROTOCOL_VERSION: u32 = 1;
/// 'fray' as u32: the lower half of the netcode protocol id.
pub const PROTOCOL_ID_LOW: u32 = 2036429414;
/// Upper half: version of tokens and of their UDP packets; the packet protocol has its own, in hello.
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
/// Wall boxes that a room adds to those of its schema: they travel to each client.
pub const WALLS_MAX: u32 = 1024;
/// Moving boxes of a schema: every move looks at all of them.
pub const MOVERS_MAX: u32 = 64;
/// Zones of a schema: a bit of a word each.
pub const AREAS_MAX: u32 = 32;
/// Wall boxes of a schema: both ends hold them, 24 bytes each.
pub const MAP_BOXES_MAX: u32 = 10000;
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
/// Bytes of the module that is a game's own step: it stands in each room's configuration, and in each page.
pub const STEP_BYTES_MAX: u32 = 16384;
/// Instructions of a game's own step in one call, counted as src/step/meter.ts does; some 20 us.
pub const STEP_FUEL: u32 = 20000;
