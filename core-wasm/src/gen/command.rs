//! What a plugin commands. Made by tools/generate.ts from protocol/tables.ts. Do not edit.

use bytemuck::{Pod, Zeroable};

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
