//! Records that enter a room. Made by tools/generate.ts from protocol/tables.ts. Do not edit.

use bytemuck::{Pod, Zeroable};

/// A player takes a slot (header.index). Then bytes of: who it is, for the game's hooks (nothing: a bot): u8 bytes of the user id, the user id in UTF-8, the author's data.
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
    /// 1 fresh: it has lost its state, the packet layer begins anew under another epoch; 2 (with 1) wants state hashes in snapshots; 4 (with 1) it has kept what it knew, and the upper 16 bits are the messages that it has read; 8 (with 4) it has heard of ticks of the owner before that are lost
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
