//! Who is in the room. Made by tools/generate.ts from protocol/tables.ts. Do not edit.

use bytemuck::{Pod, Zeroable};

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
