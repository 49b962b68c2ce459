//! What clients are told reliably: roster, room fields and texts as they change, and all of it, walls included, to a
//! client that has just come. One broadcast per tick at most, stored once. Who is away is told nothing, and the whole again
//! when it is back: else every change would take a place in a queue that has to last for all of its absence.
//!
//! Every message says absolute values, so that a newcomer may hear of a change before it hears the whole.

use crate::config::Config;
use crate::gen::{audience, message, RosterRow, WallBox};
use crate::packet::{make_room, send_to};
use crate::region::{
    Region, CLIENT_AWAY, CLIENT_BOT, CLIENT_FRESH, CLIENT_MISSED, CLIENT_RENEWING,
};
use crate::room::Room;

/// Bytes of one message at most: room for any one item, small enough to be cut often.
const PIECE_BYTES: usize = 2048;
/// Items of a roster message.
pub const ITEM_ROW: u8 = 1;
/// A room field.
pub const ITEM_FIELD: u8 = 2;
/// A text of the room.
pub const ITEM_TEXT: u8 = 3;
/// Newcomers are told the whole only while the pool has this much room, in bytes.
const POOL_KEPT: usize = 96 * 1024;

/// A message under construction; full ones are sent as they come up.
struct Letter {
    bytes: [u8; PIECE_BYTES],
    length: usize,
}

impl Letter {
    fn new(kind: u8) -> Self {
        let mut bytes = [0; PIECE_BYTES];
        bytes[0] = kind;
        Self { bytes, length: 1 }
    }

    fn fits(&self, more: usize) -> bool {
        self.length + more <= PIECE_BYTES
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            place.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    fn empty(&self) -> bool {
        self.length <= 1
    }
}

/// What a roster message says, and to whom.
#[derive(Clone, Copy, PartialEq)]
enum Roster {
    /// What changed, to everybody who is not away.
    Changes,
    /// All there is, to the client of one slot.
    Whole(usize),
    /// The same and which slots are free, to a client that may know of others in them.
    Again(usize),
}

impl Roster {
    fn to(self) -> Option<usize> {
        match self {
            Self::Changes => None,
            Self::Whole(slot) | Self::Again(slot) => Some(slot),
        }
    }
}

/// Sends a message to the client of one slot, or to everybody who is not away.
fn deliver(r: &mut Region, letter: &mut Letter, to: Option<usize>) -> bool {
    if letter.empty() {
        return true;
    }
    let wanted = |slot, flags| to.map_or(flags & CLIENT_AWAY == 0, |only| only == slot);
    let sent =
        send_to(r, &letter.bytes[..letter.length], |slot, client| wanted(slot, client.flags))
            .is_ok();
    letter.length = 1;
    sent
}

/// Queues what is new for everybody, then the whole for newcomers, then texts of entities.
pub(super) fn tell(room: &mut Room) {
    let config = room.config;
    let r = &mut room.r;
    if roster_changed(r) && roster_message(r, &config, Roster::Changes) {
        for client in r.clients.iter_mut().filter(|client| client.flags & CLIENT_AWAY != 0) {
            client.flags |= CLIENT_MISSED;
        }
        r.roster_dirty.fill(0);
        r.head[0].room_fields_dirty = [0; 2];
        r.head[0].room_texts_dirty = 0;
    }
    // Asked once it says no: it looks at all channels, and a room may have a thousand newcomers.
    let mut full = false;
    let mut fits = |r: &mut Region| {
        full = full || !make_room(r, POOL_KEPT);
        !full
    };
    for slot in 0..r.clients.len() {
        let client = r.clients[slot];
        let fresh =
            client.player_id != 0 && client.flags & (CLIENT_FRESH | CLIENT_BOT) == CLIENT_FRESH;
        let missed = client.flags & CLIENT_MISSED != 0;
        let whole = if missed { Roster::Again(slot) } else { Roster::Whole(slot) };
        if fresh && fits(r) && roster_message(r, &config, whole) && walls_message(r, &config, slot)
        {
            r.clients[slot].flags &= !(CLIENT_FRESH | CLIENT_MISSED);
        }
        let flags = r.clients[slot].flags;
        let back = flags & (CLIENT_MISSED | CLIENT_AWAY | CLIENT_RENEWING) == CLIENT_MISSED;
        if back && fits(r) && roster_message(r, &config, Roster::Again(slot)) {
            r.clients[slot].flags &= !CLIENT_MISSED;
        }
    }
    let told = [audience::VISIBLE, audience::OWNER];
    if config.texts.iter().any(|t| t.kind != 0 && told.contains(&t.audience)) {
        tell_texts(room, &config);
    }
}

fn roster_changed(r: &Region) -> bool {
    let head = &r.head[0];
    head.room_fields_dirty != [0; 2]
        || head.room_texts_dirty != 0
        || r.roster_dirty.iter().any(|d| *d != 0)
}

/// Rows, room fields and room texts, changed ones or all. False if something found no room in the pool.
fn roster_message(r: &mut Region, config: &Config, what: Roster) -> bool {
    let (to, all) = (what.to(), what != Roster::Changes);
    let mut letter = Letter::new(message::ROSTER);
    let bytes = r.head[0].sizes.roster_row_bytes as usize;
    for slot in 0..r.clients.len() {
        if !all && r.roster_dirty[slot] == 0 {
            continue;
        }
        let mut row = [0u8; 256 + RosterRow::BYTES];
        let length = bytes.min(row.len());
        row[..length].copy_from_slice(&r.roster[slot * bytes..][..length]);
        let head: RosterRow = bytemuck::pod_read_unaligned(&row[..RosterRow::BYTES]);
        if matches!(what, Roster::Whole(_)) && head.player_id == 0 {
            continue;
        }
        if !letter.fits(length + 8) && !deliver(r, &mut letter, to) {
            return false;
        }
        letter.put(&[ITEM_ROW]);
        letter.put(&(slot as u16).to_le_bytes());
        letter.put(&head.player_id.to_le_bytes());
        if head.player_id != 0 {
            letter.put(&head.handle.to_le_bytes());
            let name = usize::from(head.name_bytes).min(head.name.len());
            letter.put(&[head.team, head.flags, name as u8]);
            letter.put(&head.name[..name]);
            letter.put(&row[RosterRow::BYTES..length]);
        }
    }
    for (k, field) in config.room_fields.iter().enumerate() {
        let dirty = r.head[0].room_fields_dirty[k / 32 % 2] >> (k % 32) & 1 != 0;
        if field.audience == audience::NONE || !(all || dirty) {
            continue;
        }
        if !letter.fits(8) && !deliver(r, &mut letter, to) {
            return false;
        }
        letter.put(&[ITEM_FIELD, field.column as u8]);
        letter.put(&r.room_fields[usize::from(field.column)].to_le_bytes());
    }
    for (k, text) in config.texts.iter().filter(|t| t.kind == 0).enumerate() {
        let dirty = r.head[0].room_texts_dirty >> (k % 32) & 1 != 0;
        if text.audience == audience::NONE || !(all || dirty) {
            continue;
        }
        if !letter.fits(160) && !deliver(r, &mut letter, to) {
            return false;
        }
        letter.put(&[ITEM_TEXT, text.index as u8]);
        let at = usize::from(text.offset);
        let length = usize::from(r.room_texts[at].min(text.bytes_max));
        letter.put(&[length as u8]);
        letter.put(&r.room_texts[at + 1..][..length]);
    }
    deliver(r, &mut letter, to)
}

/// All walls but those of the schema, in pieces that each say where they belong. At least one piece, so that a client knows
/// there are none.
fn walls_message(r: &mut Region, config: &Config, slot: usize) -> bool {
    let total = (r.walls_count[0] as usize).min(r.walls.len());
    let per_piece = (PIECE_BYTES - 8) / WallBox::BYTES;
    let mut first = config.boxes.len();
    loop {
        let count = (total - first).min(per_piece);
        let mut letter = Letter::new(message::WALLS);
        for number in [total, first, count] {
            letter.put(&(number as u16).to_le_bytes());
        }
        for wall in &r.walls[first..first + count] {
            letter.put(bytemuck::bytes_of(wall));
        }
        if !deliver(r, &mut letter, Some(slot)) {
            return false;
        }
        first += count;
        if first >= total {
            return true;
        }
    }
}

/// Texts of entities: those `to: visible` to each client once when it first holds the entity, to the player itself too, and
/// when they change; those `to: owner` to the player itself.
fn tell_texts(room: &mut Room, config: &Config) {
    let r = &mut room.r;
    let words = r.head[0].sizes.set_words as usize;
    for w in 0..words {
        let mut due = 0;
        for slot in 0..r.clients.len() {
            let client = r.clients[slot];
            if client.player_id == 0 || client.flags & CLIENT_BOT != 0 {
                continue;
            }
            let known = known(r, slot, w);
            let told = &mut r.texts_told[slot * words + w];
            *told &= known;
            if client.flags & CLIENT_AWAY != 0 {
                *told &= !r.texts_changed[w];
                continue;
            }
            due |= known & (!*told | r.texts_changed[w]);
        }
        while due != 0 {
            let bit = due.trailing_zeros();
            due &= due - 1;
            tell_entity(r, config, w, bit);
        }
    }
}

/// Whom a client is told of: what it sees, and its own player.
fn known(r: &Region, slot: usize, w: usize) -> u32 {
    let own = (r.clients[slot].handle & 0xffff) as usize;
    let bit = if own / 32 == w { 1 << (own % 32) } else { 0 };
    r.visible[slot * r.head[0].sizes.set_words as usize + w] | bit
}

fn tell_entity(r: &mut Region, config: &Config, w: usize, bit: u32) {
    let index = w * 32 + bit as usize;
    let words = r.head[0].sizes.set_words as usize;
    let changed = r.texts_changed[w] >> bit & 1 != 0;
    let mut wanted = [0u32; crate::gen::PLAYERS_MAX as usize / 32];
    let mut itself = None;
    for slot in 0..r.clients.len() {
        let client = r.clients[slot];
        if client.player_id == 0 || client.flags & (CLIENT_BOT | CLIENT_AWAY) != 0 {
            continue;
        }
        let told = r.texts_told[slot * words + w];
        let due = known(r, slot, w) & (!told | if changed { u32::MAX } else { 0 });
        if due >> bit & 1 == 0 {
            continue;
        }
        if (client.handle & 0xffff) as usize == index {
            itself = Some(slot);
        } else {
            wanted[slot / 32] |= 1 << (slot % 32);
        }
    }
    let others = |slot: usize| wanted[slot / 32] >> (slot % 32) & 1 != 0;
    let sent = tell_some(r, config, index, &[audience::VISIBLE], others);
    for (slot, told) in r.texts_told.chunks_exact_mut(words).enumerate() {
        if others(slot) {
            mark(&mut told[w], bit, sent);
        }
    }
    let Some(own) = itself else { return };
    let sent =
        tell_some(r, config, index, &[audience::VISIBLE, audience::OWNER], |slot| slot == own);
    mark(&mut r.texts_told[own * words + w], bit, sent);
}

/// A client that could not be told of a change counts as never told, so that it is told later.
fn mark(told: &mut u32, bit: u32, sent: bool) {
    *told = *told & !(1 << bit) | u32::from(sent) << bit;
}

/// Sends the texts of an entity that go to such audiences. False: the pool is full.
fn tell_some(
    r: &mut Region,
    config: &Config,
    index: usize,
    audiences: &[u8],
    wanted: impl Fn(usize) -> bool,
) -> bool {
    let n = r.head[0].sizes.entities as usize;
    let kind = r.columns[crate::gen::column::KIND * n + index];
    let generation = r.columns[crate::gen::column::GENERATION * n + index] as u32;
    let per_entity = r.head[0].sizes.text_bytes as usize;
    let mut letter = Letter::new(message::TEXT);
    letter.put(&(generation << 16 | index as u32).to_le_bytes());
    letter.put(&[kind as u8]);
    for text in
        config.texts.iter().filter(|t| i32::from(t.kind) == kind && audiences.contains(&t.audience))
    {
        let at = index * per_entity + usize::from(text.offset);
        let length = usize::from(r.texts[at].min(text.bytes_max));
        letter.put(&[text.index as u8, length as u8]);
        letter.put(&r.texts[at + 1..][..length]);
    }
    letter.length <= 6 || send_to(r, &letter.bytes[..letter.length], |slot, _| wanted(slot)).is_ok()
}
