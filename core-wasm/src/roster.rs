//! What everyone in the room knows: a row per player (id, handle, team, name, fields to: room),
//! room fields and texts. Only state and marks of change stand here; the wire turns them into
//! messages and clears the marks.

use crate::config::Config;
use crate::gen::{audience, column, kind, Join, RosterRow, NAME_BYTES_MAX};
use crate::region::CLIENT_BOT;
use crate::room::Room;
use crate::world::World;

/// Field number in SetText that means the player's name.
const NAME_FIELD: u32 = 255;

fn row_of<'a>(room: &'a mut Room<'_>, slot: usize) -> Option<&'a mut [u8]> {
    let bytes = room.r.head[0].sizes.roster_row_bytes as usize;
    room.r.roster.get_mut(slot * bytes..(slot + 1) * bytes)
}

/// Writes the row of a player who came.
pub fn fill_row(room: &mut Room, slot: usize, join: &Join, name: &[u8]) {
    let client = room.r.clients[slot];
    let mut padded = [0; NAME_BYTES_MAX as usize];
    padded[..name.len()].copy_from_slice(name);
    let row = RosterRow {
        player_id: client.player_id,
        handle: client.handle,
        team: join.team,
        flags: u8::from(client.flags & CLIENT_BOT != 0),
        name_bytes: name.len() as u8,
        reserved: 0,
        name: padded,
    };
    if let Some(place) = row_of(room, slot) {
        place.fill(0);
        place[..RosterRow::BYTES].copy_from_slice(bytemuck::bytes_of(&row));
    }
    room.r.roster_dirty[slot] = 1;
}

/// Empties the row of a player who left.
pub fn clear_row(room: &mut Room, slot: usize) {
    if let Some(place) = row_of(room, slot) {
        place.fill(0);
    }
    room.r.roster_dirty[slot] = 1;
}

/// Columns of the player fields to: room, in order of declaration.
pub fn room_columns<'a>(config: &Config<'a>) -> impl Iterator<Item = usize> + 'a {
    config
        .fields_of(1)
        .iter()
        .filter(|f| f.audience == audience::ROOM)
        .map(|f| usize::from(f.column))
}

/// Brings team and fields of all rows up to the matrix, and marks the rows that changed.
pub fn refresh(room: &mut Room) {
    let sizes = room.r.head[0].sizes;
    let bytes = sizes.roster_row_bytes as usize;
    let config = room.config;
    let world = World::new(room.r.columns, sizes.entities as usize);
    let team_at = core::mem::offset_of!(RosterRow, team);
    for (slot, (client, row)) in
        room.r.clients.iter().zip(room.r.roster.chunks_exact_mut(bytes)).enumerate()
    {
        if client.player_id == 0 {
            continue;
        }
        let entity = (client.handle & 0xffff) as usize;
        let team = world.get(column::TEAM, entity) as u8;
        let mut changed = row[team_at] != team;
        row[team_at] = team;
        for (place, f) in row[RosterRow::BYTES..].chunks_exact_mut(4).zip(room_columns(&config)) {
            let value = world.get(f, entity).to_le_bytes();
            changed |= place != value;
            place.copy_from_slice(&value);
        }
        if changed {
            room.r.roster_dirty[slot] = 1;
        }
    }
}

/// The command SetText. None: no such field, not UTF-8, or too long.
pub fn set_text(room: &mut Room, handle: u32, field: u32, text: &[u8]) -> Option<()> {
    core::str::from_utf8(text).ok()?;
    if handle == 0 {
        let config = room.config;
        let (k, row) = config
            .texts
            .iter()
            .filter(|t| t.kind == 0)
            .enumerate()
            .find(|(_, t)| u32::from(t.index) == field)?;
        if write_text(room.r.room_texts, usize::from(row.offset), row.bytes_max, text)? {
            room.r.head[0].room_texts_dirty |= 1 << k;
        }
        return Some(());
    }
    let entity = room.world().find(handle)?;
    let number = room.world().get(column::KIND, entity);
    if field == NAME_FIELD {
        (number == kind::PLAYER).then_some(())?;
        return set_name(room, entity, text);
    }
    let config = room.config;
    let row =
        config.texts.iter().find(|t| i32::from(t.kind) == number && u32::from(t.index) == field)?;
    let start = entity * room.r.head[0].sizes.text_bytes as usize + usize::from(row.offset);
    if write_text(room.r.texts, start, row.bytes_max, text)? {
        room.r.texts_changed[entity / 32] |= 1 << (entity % 32);
    }
    Some(())
}

/// Writes u8 length, bytes, zeros. True if that changed something.
fn write_text(memory: &mut [u8], start: usize, most: u8, text: &[u8]) -> Option<bool> {
    (text.len() <= usize::from(most)).then_some(())?;
    let place = memory.get_mut(start..start + 1 + usize::from(most))?;
    let same = usize::from(place[0]) == text.len() && place[1..].starts_with(text);
    place.fill(0);
    place[0] = text.len() as u8;
    place[1..1 + text.len()].copy_from_slice(text);
    Some(!same)
}

fn set_name(room: &mut Room, entity: usize, text: &[u8]) -> Option<()> {
    (text.len() <= NAME_BYTES_MAX as usize).then_some(())?;
    let slot = room.slot_of(entity)?;
    let row = row_of(room, slot)?;
    let (length_at, name_at) =
        (core::mem::offset_of!(RosterRow, name_bytes), core::mem::offset_of!(RosterRow, name));
    row[length_at] = text.len() as u8;
    row[name_at..name_at + NAME_BYTES_MAX as usize].fill(0);
    row[name_at..name_at + text.len()].copy_from_slice(text);
    room.r.roster_dirty[slot] = 1;
    Some(())
}
