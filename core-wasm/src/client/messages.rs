//! Reliable messages that arrive: roster, walls and texts are taken in at once, the others wait for the host.

use super::{Client, INBOX_BYTES};
use crate::gen::{message, ClientEvent, RosterRow, WallBox, MESSAGE_BYTES_MAX_TO_CLIENT};
use crate::netchan::FRAGMENT;
use crate::walls;
use bytemuck::Zeroable;

/// Kinds of ClientEvent that this side makes.
pub(super) const ENTER: u16 = 16;
pub(super) const LEAVE: u16 = 17;
const ROSTER: u16 = 18;
const ROOM: u16 = 19;
const TEXT: u16 = 20;
const JOINED: u16 = 21;
const LEFT: u16 = 22;

/// Reads bytes off the front; None when they run out.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
}

impl Client<'_> {
    /// Reads fragments in order while there is room for what they complete.
    pub(super) fn drain(&mut self) {
        let longest = MESSAGE_BYTES_MAX_TO_CLIENT as usize;
        while self.m.head[0].broken == 0 && self.inbox_room() >= longest + 4 {
            let at = self.m.head[0].assembly as usize;
            if at + FRAGMENT > self.m.assembly.len() && !self.m.channel[0].waiting(self.m.fragments)
            {
                return;
            }
            let mut piece = [0u8; FRAGMENT];
            let Some((length, last)) =
                self.m.channel[0].take_fragment(self.m.fragments, &mut piece)
            else {
                return;
            };
            let Some(place) = self.m.assembly.get_mut(at..at + length) else {
                // A message over the limit: the server never makes one. Nothing after it can be trusted.
                self.m.head[0].broken = 1;
                return;
            };
            place.copy_from_slice(&piece[..length]);
            self.m.head[0].assembly = (at + length) as u32;
            if last {
                self.m.head[0].assembly = 0;
                self.take_in(at + length);
            }
        }
    }

    fn inbox_room(&self) -> usize {
        let head = &self.m.head[0];
        INBOX_BYTES - (head.inbox_end - head.inbox_first) as usize
    }

    fn take_in(&mut self, length: usize) {
        let channel = &mut self.m.channel[0];
        channel.note_read(self.m.assembly[0]);
        self.m.stats[0].messages_received = channel.messages_received;
        let assembly = core::mem::take(&mut self.m.assembly);
        let bytes = &assembly[..length];
        let mut body = Bytes(&bytes[1..]);
        // The server never sends one that does not parse; if it did, the rest of it is left out.
        let _ = match bytes[0] {
            message::ROSTER => self.take_roster(&mut body),
            message::WALLS => self.take_walls(&mut body),
            message::TEXT => self.take_text(&mut body),
            _ => {
                self.store(bytes);
                Some(())
            }
        };
        self.m.assembly = assembly;
    }

    fn store(&mut self, bytes: &[u8]) {
        let head = &mut self.m.head[0];
        let whole = bytes.len() + 4;
        if head.inbox_end as usize + whole > INBOX_BYTES {
            self.m.inbox.copy_within(head.inbox_first as usize..head.inbox_end as usize, 0);
            head.inbox_end -= head.inbox_first;
            head.inbox_first = 0;
        }
        let at = head.inbox_end as usize;
        self.m.inbox[at..at + 4].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.m.inbox[at + 4..at + whole].copy_from_slice(bytes);
        head.inbox_end += whole as u32;
    }

    /// Moves the next message into the message buffer. None: there is none.
    pub fn next_message(&mut self) -> Option<usize> {
        let head = &mut self.m.head[0];
        let at = head.inbox_first as usize;
        if head.inbox_first == head.inbox_end {
            return None;
        }
        let length = Bytes(&self.m.inbox[at..]).u32()? as usize;
        self.m.message[..length].copy_from_slice(&self.m.inbox[at + 4..at + 4 + length]);
        head.inbox_first += length as u32 + 4;
        if head.inbox_first == head.inbox_end {
            (head.inbox_first, head.inbox_end) = (0, 0);
        }
        // Room was made: what waited in the window may now come in.
        self.drain();
        Some(length)
    }

    /// True while messages wait.
    pub(super) fn has_messages(&self) -> bool {
        self.m.head[0].inbox_first != self.m.head[0].inbox_end
    }

    fn tell(&mut self, kind: u16, subject: u32, amount: i32) {
        let tick = self.m.stats[0].snapshot_tick;
        self.push_event(ClientEvent { kind, subject, amount, tick, ..Zeroable::zeroed() });
    }

    fn take_roster(&mut self, body: &mut Bytes) -> Option<()> {
        while !body.0.is_empty() {
            match body.u8()? {
                1 => self.take_row(body)?,
                2 => {
                    let (field, value) = (body.u8()?, body.u32()? as i32);
                    *self.m.room_fields.get_mut(usize::from(field))? = value;
                    self.tell(ROOM, 0, i32::from(field));
                }
                3 => {
                    let (index, length) = (body.u8()?, usize::from(body.u8()?));
                    let text = body.take(length)?;
                    let row = self
                        .config
                        .texts
                        .iter()
                        .find(|t| t.kind == 0 && t.index == u16::from(index))?;
                    let at = usize::from(row.offset);
                    let place = self.m.room_texts.get_mut(at..at + 1 + length)?;
                    place[0] = length as u8;
                    place[1..].copy_from_slice(text);
                    self.tell(ROOM, 0, 256 + i32::from(index));
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn take_row(&mut self, body: &mut Bytes) -> Option<()> {
        let slot = usize::from(body.u16()?);
        let player_id = body.u32()?;
        let bytes = self.m.head[0].sizes.roster_row_bytes as usize;
        let row = self.m.roster.get_mut(slot * bytes..(slot + 1) * bytes)?;
        let old: RosterRow = bytemuck::pod_read_unaligned(&row[..RosterRow::BYTES]);
        if player_id == 0 {
            row.fill(0);
            if old.player_id != 0 {
                self.tell(LEFT, old.handle, old.player_id as i32);
            }
            return Some(());
        }
        let handle = body.u32()?;
        let (team, flags, name_bytes) = (body.u8()?, body.u8()?, body.u8()?);
        let mut name = [0; 32];
        name.get_mut(..usize::from(name_bytes))?
            .copy_from_slice(body.take(usize::from(name_bytes))?);
        let fields = body.take(bytes - RosterRow::BYTES)?;
        let new = RosterRow { player_id, handle, team, flags, name_bytes, reserved: 0, name };
        row[..RosterRow::BYTES].copy_from_slice(bytemuck::bytes_of(&new));
        row[RosterRow::BYTES..].copy_from_slice(fields);
        if old.player_id != 0 && old.player_id != player_id {
            self.tell(LEFT, old.handle, old.player_id as i32);
        }
        self.tell(
            if old.player_id == player_id { ROSTER } else { JOINED },
            handle,
            player_id as i32,
        );
        Some(())
    }

    fn take_walls(&mut self, body: &mut Bytes) -> Option<()> {
        let (total, first, count) =
            (body.u16()?, usize::from(body.u16()?), usize::from(body.u16()?));
        if first < self.config.boxes.len() {
            return None;
        }
        let rows = self.m.walls.get_mut(first..first + count)?;
        for row in rows {
            let wall: WallBox = bytemuck::pod_read_unaligned(body.take(WallBox::BYTES)?);
            if !walls::wall_ok(&wall) {
                return None;
            }
            *row = wall;
        }
        let head = &mut self.m.head[0];
        head.walls_got = (first + count) as u32;
        head.walls_total = u32::from(total) + 1;
        if head.walls_got == u32::from(total) {
            self.set_walls(usize::from(total))?;
            // What was predicted before walked through them.
            self.predict_again();
        }
        Some(())
    }

    /// The first `count` walls are those of the room. None: there is no place for so many.
    pub(super) fn set_walls(&mut self, count: usize) -> Option<()> {
        let boxes = self.m.walls.get(..count)?;
        self.m.wall_grid[0] =
            walls::build(self.config.head, boxes, self.m.wall_starts, self.m.wall_items)?;
        self.m.walls_count[0] = count as u32;
        (self.m.stats[0].walls_hash, self.m.stats[0].walls_count) =
            (walls::hash(boxes), count as u32);
        Some(())
    }

    fn take_text(&mut self, body: &mut Bytes) -> Option<()> {
        let handle = body.u32()?;
        let index = (handle & 0xffff) as usize;
        let per_entity = self.m.head[0].sizes.text_bytes as usize;
        let kind = u16::from(body.u8()?);
        let texts = self.m.texts.get_mut(index * per_entity..(index + 1) * per_entity)?;
        let known = self.m.text_handles.get_mut(index)?;
        if *known != handle {
            texts.fill(0);
            *known = handle;
        }
        while !body.0.is_empty() {
            let (k, length) = (body.u8()?, usize::from(body.u8()?));
            let text = body.take(length)?;
            let row =
                self.config.texts.iter().find(|t| t.kind == kind && t.index == u16::from(k))?;
            let at = usize::from(row.offset);
            let place = texts.get_mut(at..at + 1 + length)?;
            place[0] = length as u8;
            place[1..].copy_from_slice(text);
        }
        self.tell(TEXT, handle, 0);
        Some(())
    }
}
