//! The configuration of a room. Made by tools/generate.ts from protocol/tables.ts. Do not edit.

use bytemuck::{Pod, Zeroable};

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
    /// of a boost, at most; 0: as long as it is held
    pub dash_ticks: u32,
    /// from the start of a dash to the next; from the end of a whole boost
    pub dash_wait_ticks: u32,
    /// 1 friendlyFire, 2 move is relative to aim, 4 players are solid to each other, 8 hash every tick, 16 the dead stop rewound shots, 32 walls hide who stands behind them
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
    /// who is seen is seen this much further than who is not
    pub view_keep: i32,
    /// permille of the view radius from which on states are sent every 2nd snapshot; 0: nowhere
    pub tier_half: u32,
    /// the same for every 4th; 0 or at least tierHalf
    pub tier_quarter: u32,
    /// ticks from one snapshot of a client to its next: 1, 2 or 4
    pub send_every: u32,
    /// who hurt a player this long before its death has a share in it
    pub assist_ticks: u32,
    /// part of the acceleration that a player has in the air; 0..1000
    pub air_permille: u32,
    /// top speed and acceleration while the dash button boosts; 0: it dashes
    pub boost_permille: u32,
    /// part of the top speed of who crouches; 0..1000
    pub crouch_permille: u32,
    /// of who crouches; 0: crouching makes nobody lower
    pub crouch_height: i32,
    /// column of the visible field that says who is that low; 0: none
    pub crouch_column: u32,
    /// height of the player kind
    pub stand_height: i32,
    /// rows of WallBox: the walls of the schema, which both ends hold
    pub boxes: u32,
    /// rows of ConfigMover
    pub movers: u32,
    /// rows of ConfigArea
    pub areas: u32,
    /// bytes of the game's own step, a module; 0: it has none
    pub step_bytes: u32,
}
impl ConfigHead {
    pub const BYTES: usize = 236;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigHead>() == 236);
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
    assert!(core::mem::offset_of!(ConfigHead, view_keep) == 176);
    assert!(core::mem::offset_of!(ConfigHead, tier_half) == 180);
    assert!(core::mem::offset_of!(ConfigHead, tier_quarter) == 184);
    assert!(core::mem::offset_of!(ConfigHead, send_every) == 188);
    assert!(core::mem::offset_of!(ConfigHead, assist_ticks) == 192);
    assert!(core::mem::offset_of!(ConfigHead, air_permille) == 196);
    assert!(core::mem::offset_of!(ConfigHead, boost_permille) == 200);
    assert!(core::mem::offset_of!(ConfigHead, crouch_permille) == 204);
    assert!(core::mem::offset_of!(ConfigHead, crouch_height) == 208);
    assert!(core::mem::offset_of!(ConfigHead, crouch_column) == 212);
    assert!(core::mem::offset_of!(ConfigHead, stand_height) == 216);
    assert!(core::mem::offset_of!(ConfigHead, boxes) == 220);
    assert!(core::mem::offset_of!(ConfigHead, movers) == 224);
    assert!(core::mem::offset_of!(ConfigHead, areas) == 228);
    assert!(core::mem::offset_of!(ConfigHead, step_bytes) == 232);
};

/// A box that goes to and fro: where it is follows from the tick alone.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ConfigMover {
    /// as of a WallBox, at its first place
    pub x: i32,
    pub y: i32,
    pub z: i32,
    pub half_x: i32,
    pub half_y: i32,
    /// 0 = endless
    pub height: i32,
    /// from the first place to the other
    pub way_x: i32,
    pub way_y: i32,
    pub way_z: i32,
    /// from one place to the other, at least 1
    pub go_ticks: u32,
    /// at each place
    pub stay_ticks: u32,
    /// how far in its round it is at tick 0
    pub start_tick: u32,
}
impl ConfigMover {
    pub const BYTES: usize = 48;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigMover>() == 48);
    assert!(core::mem::offset_of!(ConfigMover, x) == 0);
    assert!(core::mem::offset_of!(ConfigMover, y) == 4);
    assert!(core::mem::offset_of!(ConfigMover, z) == 8);
    assert!(core::mem::offset_of!(ConfigMover, half_x) == 12);
    assert!(core::mem::offset_of!(ConfigMover, half_y) == 16);
    assert!(core::mem::offset_of!(ConfigMover, height) == 20);
    assert!(core::mem::offset_of!(ConfigMover, way_x) == 24);
    assert!(core::mem::offset_of!(ConfigMover, way_y) == 28);
    assert!(core::mem::offset_of!(ConfigMover, way_z) == 32);
    assert!(core::mem::offset_of!(ConfigMover, go_ticks) == 36);
    assert!(core::mem::offset_of!(ConfigMover, stay_ticks) == 40);
    assert!(core::mem::offset_of!(ConfigMover, start_tick) == 44);
};

/// A part of the world: hooks are told who enters and leaves it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ConfigArea {
    /// as of a WallBox
    pub x: i32,
    pub y: i32,
    pub z: i32,
    /// of a cylinder: its radius
    pub half_x: i32,
    pub half_y: i32,
    /// 0 = endless
    pub height: i32,
    /// 1: an upright cylinder
    pub round: u32,
}
impl ConfigArea {
    pub const BYTES: usize = 28;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigArea>() == 28);
    assert!(core::mem::offset_of!(ConfigArea, x) == 0);
    assert!(core::mem::offset_of!(ConfigArea, y) == 4);
    assert!(core::mem::offset_of!(ConfigArea, z) == 8);
    assert!(core::mem::offset_of!(ConfigArea, half_x) == 12);
    assert!(core::mem::offset_of!(ConfigArea, half_y) == 16);
    assert!(core::mem::offset_of!(ConfigArea, height) == 20);
    assert!(core::mem::offset_of!(ConfigArea, round) == 24);
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
    /// height of the head, from the top down; 0: none
    pub head: i32,
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
    /// how far away it is seen, whatever the view radius; 0: by the view radius
    pub seen_within: i32,
    /// 0 who is in view; 1 always seen by all; 2 always seen by its own team
    pub relevance: u32,
}
impl ConfigKind {
    pub const BYTES: usize = 52;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigKind>() == 52);
    assert!(core::mem::offset_of!(ConfigKind, radius) == 0);
    assert!(core::mem::offset_of!(ConfigKind, depth) == 4);
    assert!(core::mem::offset_of!(ConfigKind, height) == 8);
    assert!(core::mem::offset_of!(ConfigKind, head) == 12);
    assert!(core::mem::offset_of!(ConfigKind, flags) == 16);
    assert!(core::mem::offset_of!(ConfigKind, health) == 20);
    assert!(core::mem::offset_of!(ConfigKind, top_speed) == 24);
    assert!(core::mem::offset_of!(ConfigKind, acceleration) == 28);
    assert!(core::mem::offset_of!(ConfigKind, friction) == 32);
    assert!(core::mem::offset_of!(ConfigKind, view_radius) == 36);
    assert!(core::mem::offset_of!(ConfigKind, moves) == 40);
    assert!(core::mem::offset_of!(ConfigKind, seen_within) == 44);
    assert!(core::mem::offset_of!(ConfigKind, relevance) == 48);
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
    /// WEAPON_RULES
    pub rules: u32,
    /// damage to a head; 1000: as to a body
    pub head_permille: u32,
    /// around where a shot ends; 0: no blast
    pub blast_radius: i32,
    /// in its middle
    pub blast_damage: i32,
    /// of damage and push at its edge, 0..1000
    pub blast_permille: u32,
    /// velocity added to a target, away from the middle
    pub blast_push: i32,
}
impl ConfigWeapon {
    pub const BYTES: usize = 56;
}
const _: () = {
    assert!(core::mem::size_of::<ConfigWeapon>() == 56);
    assert!(core::mem::offset_of!(ConfigWeapon, shape) == 0);
    assert!(core::mem::offset_of!(ConfigWeapon, damage) == 4);
    assert!(core::mem::offset_of!(ConfigWeapon, wait_ticks) == 8);
    assert!(core::mem::offset_of!(ConfigWeapon, speed) == 12);
    assert!(core::mem::offset_of!(ConfigWeapon, life_ticks) == 16);
    assert!(core::mem::offset_of!(ConfigWeapon, radius) == 20);
    assert!(core::mem::offset_of!(ConfigWeapon, range) == 24);
    assert!(core::mem::offset_of!(ConfigWeapon, knockback) == 28);
    assert!(core::mem::offset_of!(ConfigWeapon, rules) == 32);
    assert!(core::mem::offset_of!(ConfigWeapon, head_permille) == 36);
    assert!(core::mem::offset_of!(ConfigWeapon, blast_radius) == 40);
    assert!(core::mem::offset_of!(ConfigWeapon, blast_damage) == 44);
    assert!(core::mem::offset_of!(ConfigWeapon, blast_permille) == 48);
    assert!(core::mem::offset_of!(ConfigWeapon, blast_push) == 52);
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
