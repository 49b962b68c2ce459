//! What both sides read in memory. Made by tools/generate.ts from protocol/tables.ts. Do not edit.

use bytemuck::{Pod, Zeroable};

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
    /// of a shot; of a hit 1: in the head
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

/// One shape of a receipt: a target as it stood in the view that counted.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SeenShape {
    pub handle: u32,
    /// centre, 1/65536
    pub x: i32,
    /// centre
    pub y: i32,
    /// feet
    pub z: i32,
    /// or half width
    pub radius: i32,
    /// half depth; 0: a cylinder
    pub depth: i32,
    /// 0: as tall as the world
    pub height: i32,
    /// where the way meets it, or comes near: 2^30 is the whole way
    pub part: i32,
    /// 1 in the way, 2 behind a wall by now, 4 dead at present
    pub marks: u32,
}
impl SeenShape {
    pub const BYTES: usize = 36;
}
const _: () = {
    assert!(core::mem::size_of::<SeenShape>() == 36);
    assert!(core::mem::offset_of!(SeenShape, handle) == 0);
    assert!(core::mem::offset_of!(SeenShape, x) == 4);
    assert!(core::mem::offset_of!(SeenShape, y) == 8);
    assert!(core::mem::offset_of!(SeenShape, z) == 12);
    assert!(core::mem::offset_of!(SeenShape, radius) == 16);
    assert!(core::mem::offset_of!(SeenShape, depth) == 20);
    assert!(core::mem::offset_of!(SeenShape, height) == 24);
    assert!(core::mem::offset_of!(SeenShape, part) == 28);
    assert!(core::mem::offset_of!(SeenShape, marks) == 32);
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
    /// reliable messages not wholly acknowledged
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
    /// that left something out because the path of their client takes no more
    pub snapshots_held_back: u32,
    /// refused because a fragment had no place in the window
    pub packets_beyond: u32,
    /// lower 24 bits: ticks of players in which the game's own step failed, wraps; upper 8: why the last did, see STEP_FAULTS
    pub step_faults: u32,
}
impl RoomStats {
    pub const BYTES: usize = 140;
}
const _: () = {
    assert!(core::mem::size_of::<RoomStats>() == 140);
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
    assert!(core::mem::offset_of!(RoomStats, snapshots_held_back) == 128);
    assert!(core::mem::offset_of!(RoomStats, packets_beyond) == 132);
    assert!(core::mem::offset_of!(RoomStats, step_faults) == 136);
};
