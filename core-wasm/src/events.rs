//! What leaves a room: hook events for the plugin (a buffer, each tick) and tick-stamped events for
//! clients (a ring).

use bytemuck::Pod;

use crate::gen::{Area, ClientEvent, Hit, Landed, RecordHeader, Touch, EVENTS_MAX};
use crate::room::Room;

/// Bytes of the buffer that messages of clients leave free for events that cannot wait.
pub const RESERVE_BYTES: usize = 24 * 1024;

/// Writes a hook event; false (and counted) if the buffer is full.
pub fn hook(room: &mut Room, kind: u16, index: u16, payload: &impl Pod) -> bool {
    hook_bytes(room, kind, index, bytemuck::bytes_of(payload), 0)
}

/// A message of a client. False: no room in this tick, ask again in the next.
pub fn message(room: &mut Room, slot: usize, bytes: &[u8]) -> bool {
    hook_bytes(room, crate::gen::Message::KIND, slot as u16, bytes, RESERVE_BYTES)
}

/// A touch: comes again as long as it lasts, so it leaves room for the hits of a tick.
pub fn touch(room: &mut Room, touch: &Touch) {
    let hits = room.r.hits.len() * (RecordHeader::BYTES + Hit::BYTES);
    if !hook_bytes(room, Touch::KIND, 0, bytemuck::bytes_of(touch), hits) {
        room.r.stats[0].events_dropped = room.r.stats[0].events_dropped.wrapping_add(1);
    }
}

/// Who came into an area, or left one. False: there was no room for it in this tick, say it in the next.
pub fn area(room: &mut Room, area: &Area) -> bool {
    let hits = room.r.hits.len() * (RecordHeader::BYTES + Hit::BYTES);
    hook_bytes(room, Area::KIND, 0, bytemuck::bytes_of(area), hits)
}

/// A landing: leaves room for the hits of a tick, too.
pub fn landed(room: &mut Room, landed: &Landed) {
    let hits = room.r.hits.len() * (RecordHeader::BYTES + Hit::BYTES);
    if !hook_bytes(room, Landed::KIND, 0, bytemuck::bytes_of(landed), hits) {
        room.r.stats[0].events_dropped = room.r.stats[0].events_dropped.wrapping_add(1);
    }
}

/// A receipt: the first to be left out where the buffer is short.
pub fn receipt(room: &mut Room, slot: usize, bytes: &[u8]) {
    if !hook_bytes(room, crate::gen::Receipt::KIND, slot as u16, bytes, RESERVE_BYTES) {
        room.r.stats[0].events_dropped = room.r.stats[0].events_dropped.wrapping_add(1);
    }
}

fn hook_bytes(room: &mut Room, kind: u16, index: u16, payload: &[u8], reserve: usize) -> bool {
    let at = room.hook_bytes;
    let padded = (payload.len() + 3) & !3;
    let whole = RecordHeader::BYTES + padded;
    if at + whole + reserve > room.s.output.len() {
        if reserve == 0 {
            room.r.stats[0].events_dropped = room.r.stats[0].events_dropped.wrapping_add(1);
        }
        return false;
    }
    let out = &mut room.s.output[at..at + whole];
    let header = RecordHeader { kind, index, length: payload.len() as u32 };
    out[..RecordHeader::BYTES].copy_from_slice(bytemuck::bytes_of(&header));
    out[RecordHeader::BYTES..][..payload.len()].copy_from_slice(payload);
    out[RecordHeader::BYTES + payload.len()..].fill(0);
    room.hook_bytes = at + whole;
    true
}

/// Adds an event to the ring; the oldest falls out.
pub fn push(room: &mut Room, mut event: ClientEvent) {
    event.tick = room.r.head[0].tick;
    event.own = 0;
    let next = room.r.head[0].events_next;
    room.r.events[(next % EVENTS_MAX) as usize] = event;
    room.r.head[0].events_next = next.wrapping_add(1);
}
