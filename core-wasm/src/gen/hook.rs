//! What the hooks hear of. Made by tools/generate.ts from protocol/tables.ts. Do not edit.

use bytemuck::{Pod, Zeroable};

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
    /// ZONES
    pub zone: u32,
}
impl Hit {
    pub const KIND: u16 = 66;
    pub const BYTES: usize = 32;
}
const _: () = {
    assert!(core::mem::size_of::<Hit>() == 32);
    assert!(core::mem::offset_of!(Hit, attacker) == 0);
    assert!(core::mem::offset_of!(Hit, target) == 4);
    assert!(core::mem::offset_of!(Hit, amount) == 8);
    assert!(core::mem::offset_of!(Hit, x) == 12);
    assert!(core::mem::offset_of!(Hit, y) == 16);
    assert!(core::mem::offset_of!(Hit, z) == 20);
    assert!(core::mem::offset_of!(Hit, weapon) == 24);
    assert!(core::mem::offset_of!(Hit, zone) == 28);
};

/// A player died in the tick before.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Death {
    /// handle
    pub victim: u32,
    /// handle or 0
    pub attacker: u32,
    /// handles of others who hurt it lately, then 0
    pub assists: [u32; 3],
}
impl Death {
    pub const KIND: u16 = 67;
    pub const BYTES: usize = 20;
}
const _: () = {
    assert!(core::mem::size_of::<Death>() == 20);
    assert!(core::mem::offset_of!(Death, victim) == 0);
    assert!(core::mem::offset_of!(Death, attacker) == 4);
    assert!(core::mem::offset_of!(Death, assists) == 8);
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

/// A player came into an area of the schema, or is not in it any more.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Area {
    /// handle
    pub player: u32,
    /// its index
    pub area: u32,
    /// 1: it came
    pub inside: u32,
}
impl Area {
    pub const KIND: u16 = 76;
    pub const BYTES: usize = 12;
}
const _: () = {
    assert!(core::mem::size_of::<Area>() == 12);
    assert!(core::mem::offset_of!(Area, player) == 0);
    assert!(core::mem::offset_of!(Area, area) == 4);
    assert!(core::mem::offset_of!(Area, inside) == 8);
};

/// A player came down on something after it had been in the air.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Landed {
    /// handle
    pub player: u32,
    /// downwards, 1/65536 unit per tick
    pub speed: i32,
}
impl Landed {
    pub const KIND: u16 = 75;
    pub const BYTES: usize = 8;
}
const _: () = {
    assert!(core::mem::size_of::<Landed>() == 8);
    assert!(core::mem::offset_of!(Landed, player) == 0);
    assert!(core::mem::offset_of!(Landed, speed) == 4);
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

/// A shot of the player in header.index was judged by the past: how. Names only whom its client had been sent. Then bytes of: SeenShape[].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Receipt {
    /// handle
    pub shooter: u32,
    /// handle of what it struck, or 0
    pub target: u32,
    /// tick of the command that fired it
    pub command: u32,
    /// view tick that the command stated
    pub stated_tick: u32,
    /// the one that counted
    pub view_tick: u32,
    /// 1/65536 tick
    pub stated_fraction: u16,
    /// 1/65536 tick
    pub view_fraction: u16,
    /// why they differ: CLAMPS
    pub clamp: u8,
    /// RESULTS
    pub result: u8,
    /// its index
    pub weapon: u8,
    /// 0
    pub reserved: u8,
    /// 1/65536 turn
    pub aim: u16,
    /// 1/65536 turn
    pub pitch: i16,
    /// muzzle, 1/65536
    pub x: i32,
    pub y: i32,
    pub z: i32,
    /// how far it went, 1/65536
    pub distance: i32,
}
impl Receipt {
    pub const KIND: u16 = 74;
    pub const BYTES: usize = 48;
}
const _: () = {
    assert!(core::mem::size_of::<Receipt>() == 48);
    assert!(core::mem::offset_of!(Receipt, shooter) == 0);
    assert!(core::mem::offset_of!(Receipt, target) == 4);
    assert!(core::mem::offset_of!(Receipt, command) == 8);
    assert!(core::mem::offset_of!(Receipt, stated_tick) == 12);
    assert!(core::mem::offset_of!(Receipt, view_tick) == 16);
    assert!(core::mem::offset_of!(Receipt, stated_fraction) == 20);
    assert!(core::mem::offset_of!(Receipt, view_fraction) == 22);
    assert!(core::mem::offset_of!(Receipt, clamp) == 24);
    assert!(core::mem::offset_of!(Receipt, result) == 25);
    assert!(core::mem::offset_of!(Receipt, weapon) == 26);
    assert!(core::mem::offset_of!(Receipt, reserved) == 27);
    assert!(core::mem::offset_of!(Receipt, aim) == 28);
    assert!(core::mem::offset_of!(Receipt, pitch) == 30);
    assert!(core::mem::offset_of!(Receipt, x) == 32);
    assert!(core::mem::offset_of!(Receipt, y) == 36);
    assert!(core::mem::offset_of!(Receipt, z) == 40);
    assert!(core::mem::offset_of!(Receipt, distance) == 44);
};
