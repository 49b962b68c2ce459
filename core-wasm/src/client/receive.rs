//! A packet that arrives: parsed wholly into scratch, then taken in wholly, or not at all.

use super::{Client, ARRIVED};
use crate::bits::{bits_for, BitReader};
use crate::codec::event::EventCode;
use crate::codec::own;
use crate::codec::row::{Origin, RowCode};
use crate::config::{EXTENT_MAX, SPEED_MAX};
use crate::gen::{column, error, ClientEvent, ENTITIES_MAX, EVENTS_PER_SNAPSHOT_MAX, POSITION_MAX};
use crate::history::{OwnFast, OWN_COLUMNS};
use crate::netchan::pool::Pool;
use crate::netchan::{read_header, Age, Header, Reliable, HEADER_BYTES};
use crate::region::TICK_NONE;
use crate::rows::{head_kind, Shape, Words, W_HEAD};
use crate::snapshot::Digest;
use bytemuck::Zeroable;

/// A new snapshot was taken in.
pub const GOT_SNAPSHOT: u32 = 1;
/// Messages wait.
pub const GOT_MESSAGES: u32 = 2;
/// Events wait.
pub const GOT_EVENTS: u32 = 4;

pub(super) const SET_WORDS_MAX: usize = ENTITIES_MAX as usize / 32;
const OWN_VIEW_RADIUS: usize = 11;

pub(super) type Set = [u32; SET_WORDS_MAX];

/// What a snapshot says beside the rows and sets that stand in scratch.
pub(super) struct Snapshot {
    pub(super) tick: u32,
    pub(super) applied: u32,
    pub(super) margin: Option<i32>,
    pub(super) dilation: u32,
    pub(super) late: Option<u32>,
    pub(super) own: OwnFast,
    /// Ticks since something touched the own player last, as far back as `told_after`.
    pub(super) touched: Option<u32>,
    /// It tells of touches after this tick.
    pub(super) told_after: u32,
    pub(super) events: [ClientEvent; EVENTS_PER_SNAPSHOT_MAX as usize],
    pub(super) event_count: usize,
    pub(super) enters: usize,
    pub(super) bits: u32,
    pub(super) hash: Option<(u32, u32)>,
}

/// Why a packet is dropped.
pub(super) enum Refusal {
    Malformed,
    /// It refers to something that is not held (any more).
    Reference,
}

pub(super) fn has(set: &[u32], index: usize) -> bool {
    set[index / 32] >> (index % 32) & 1 != 0
}

pub(super) fn members(set: &[u32]) -> impl Iterator<Item = usize> + '_ {
    set.iter()
        .enumerate()
        .flat_map(|(w, word)| (0..32).filter(move |b| word >> b & 1 != 0).map(move |b| w * 32 + b))
}

impl Client<'_> {
    /// Takes in the packet of `length` bytes that stands in the packet buffer. Answers bits of GOT_*; 0 for one seen
    /// before. An error means that nothing changed but a counter: `E_MALFORMED`, or `E_CHANNEL_FULL` when messages wait
    /// so long that a fragment has no place.
    pub fn receive(&mut self, length: usize) -> Result<u32, i32> {
        if self.m.head[0].joined == 0 {
            return Err(error::E_CORE);
        }
        let packet = core::mem::take(&mut self.m.packet);
        let answer =
            packet.get(..length).ok_or(error::E_OVERSIZE).and_then(|bytes| self.take_packet(bytes));
        self.m.packet = packet;
        if answer == Err(error::E_MALFORMED) {
            self.m.stats[0].malformed += 1;
        }
        let waiting = if self.has_messages() { GOT_MESSAGES } else { 0 };
        let events = if self.m.head[0].events_count > 0 { GOT_EVENTS } else { 0 };
        answer.map(|bits| bits | waiting | events)
    }

    fn take_packet(&mut self, packet: &[u8]) -> Result<u32, i32> {
        let head = self.m.head[0];
        let header = read_header(packet, head.epoch)?;
        let channel = &self.m.channel[0];
        if !channel.plausible(&header) {
            return Err(error::E_MALFORMED);
        }
        if channel.age(header.sequence) == Age::Stale {
            self.m.stats[0].stale += 1;
            return Ok(0);
        }
        let stream = &packet[HEADER_BYTES..];
        let mut reader = BitReader::new(stream);
        let mut part = Reliable::none();
        part.read(&mut reader);
        if !reader.ok() {
            return Err(error::E_MALFORMED);
        }
        if !channel.fits(&part, self.m.fragments.len()) {
            self.m.stats[0].undecodable += 1;
            return Err(error::E_CHANNEL_FULL);
        }
        let snapshot = match self.decode(&mut reader, &header) {
            Ok(snapshot) => snapshot,
            Err(Refusal::Malformed) => return Err(error::E_MALFORMED),
            Err(Refusal::Reference) => {
                self.m.stats[0].undecodable += 1;
                return Err(error::E_UNKNOWN);
            }
        };
        self.m.channel[0].store(&part, &BitReader::new(stream), self.m.fragments);
        self.m.channel[0].mark_received(header.sequence);
        let now = head.local;
        let mut pool = Pool::new(&mut self.m.pool_head[0], self.m.pool_chunks, self.m.pool_bytes);
        self.m.channel[0].acknowledge(&header, now, &mut pool, |_| {});
        self.m.stats[0].packet_bytes = packet.len() as u32;
        self.m.stats[0].lost = self.m.channel[0].lost;
        self.m.stats[0].rtt_ticks256 = self.m.channel[0].rtt_ticks256 as i32;
        self.m.stats[0].send_queue = self.m.channel[0].messages_waiting();
        self.commit(&header, &snapshot);
        self.drain();
        Ok(GOT_SNAPSHOT)
    }

    pub(super) fn place(&self, tick: u32) -> usize {
        tick as usize & (self.m.head[0].sizes.history as usize - 1)
    }

    pub(super) fn scratch(&self) -> usize {
        self.m.head[0].sizes.history as usize
    }

    pub(super) fn holds(&self, tick: u32) -> bool {
        tick != TICK_NONE && self.m.held[self.place(tick)].tick == tick
    }

    pub(super) fn set_at(&self, tick: u32) -> &[u32] {
        let words = self.m.head[0].sizes.set_words as usize;
        &self.m.sets[self.place(tick) * words..][..words]
    }

    fn updates_at(&self, tick: u32) -> &[u32] {
        let words = self.m.head[0].sizes.set_words as usize;
        &self.m.updates[self.place(tick) * words..][..words]
    }

    /// True if the snapshot of `tick` is held and carried a row of entity `e`.
    pub(super) fn has_row(&self, tick: u32, e: usize) -> bool {
        self.holds(tick) && has(self.updates_at(tick), e)
    }

    /// The row of an entity as the snapshot of `tick` carried it; None if it is not held.
    pub fn held_row(&self, tick: u32, e: usize) -> Option<&[u16]> {
        let start = self.row_start(self.place(tick), e);
        self.has_row(tick, e)
            .then(|| &self.m.rows[start..start + self.m.head[0].sizes.row_halves as usize])
    }

    fn row_start(&self, place: usize, e: usize) -> usize {
        let sizes = &self.m.head[0].sizes;
        (place * sizes.entities as usize + e) * sizes.row_halves as usize
    }

    pub(super) fn row_at(&self, shape: &Shape, tick: u32, e: usize) -> Words {
        self.row_of_place(shape, self.place(tick), e)
    }

    fn row_of_place(&self, shape: &Shape, place: usize, e: usize) -> Words {
        let start = self.row_start(place, e);
        shape.load(&self.m.rows[start..start + self.m.head[0].sizes.row_halves as usize])
    }

    /// Reads the reference and the tick.
    fn decode_ticks(
        &self,
        reader: &mut BitReader,
        header: &Header,
    ) -> Result<(Option<u32>, u32), Refusal> {
        let back = if reader.bit() { reader.take(3) + 1 } else { reader.take(8) };
        if back == 0 {
            let tick = reader.take(32);
            return if reader.ok() && tick < TICK_NONE >> 1 {
                Ok((None, tick))
            } else {
                Err(Refusal::Malformed)
            };
        }
        let sequence = header.sequence.wrapping_sub(back as u16);
        let arrived = self.m.arrived[usize::from(sequence) % ARRIVED];
        let distance = if reader.bit() { reader.take(8) } else { back };
        if arrived.known == 0 || arrived.sequence != sequence || !self.holds(arrived.tick) {
            return Err(Refusal::Reference);
        }
        if distance == 0 || distance >= self.m.head[0].sizes.history {
            return Err(Refusal::Malformed);
        }
        Ok((Some(arrived.tick), arrived.tick + distance))
    }

    fn decode(&mut self, reader: &mut BitReader, header: &Header) -> Result<Snapshot, Refusal> {
        let config = self.config;
        let (kinds, fields) =
            (core::mem::take(&mut self.m.wire_kinds), core::mem::take(&mut self.m.wire_fields));
        let shape = Shape::new(&config, kinds, fields);
        let code = RowCode::new(&config, &shape);
        let answer = self.decode_with(reader, header, &code);
        (self.m.wire_kinds, self.m.wire_fields) = (kinds, fields);
        answer
    }

    fn decode_with(
        &mut self,
        reader: &mut BitReader,
        header: &Header,
        code: &RowCode,
    ) -> Result<Snapshot, Refusal> {
        let start = reader.position();
        let (base, tick) = self.decode_ticks(reader, header)?;
        let newest = self.m.head[0].newest;
        if newest != TICK_NONE
            && (newest.saturating_sub(tick) >= self.m.head[0].sizes.history || newest == tick)
        {
            return Err(Refusal::Reference);
        }
        let mut s = Snapshot {
            tick,
            applied: 0,
            margin: None,
            dilation: 1000,
            late: None,
            own: OwnFast::zeroed(),
            touched: None,
            // Without a reference it tells of its own tick alone.
            told_after: base.unwrap_or(tick.saturating_sub(1)),
            events: [ClientEvent::zeroed(); EVENTS_PER_SNAPSHOT_MAX as usize],
            event_count: 0,
            enters: 0,
            bits: 0,
            hash: None,
        };
        s.applied = tick.wrapping_sub(if reader.bit() { reader.take(6) } else { 0 });
        if header.sequence.is_multiple_of(4) {
            s.margin = Some(i32::from(reader.take(8) as u8 as i8) << 4);
            s.dilation = if reader.bit() { reader.take(10) } else { 1000 };
            s.late = if reader.bit() { Some(reader.take(16)) } else { None };
        }
        let age = base.map_or(0, |b| tick - b);
        let before_own = base.map_or(OwnFast::zeroed(), |b| self.m.own_fast[self.place(b)]);
        (s.own, s.touched) = own::read_fast(reader, code, &before_own, age as i32);
        let values = self.m.head[0].sizes.own_values as usize;
        let scratch = self.scratch();
        match base {
            Some(b) => {
                let from = self.place(b) * values;
                self.m.own_slow.copy_within(from..from + values, scratch * values);
            }
            None => self.m.own_slow[scratch * values..][..values].fill(0),
        }
        own::read_slow(reader, &mut self.m.own_slow[scratch * values..][..values]);
        if !possible(&s.own, &self.m.own_slow[scratch * values..][..values]) {
            return Err(Refusal::Malformed);
        }
        let radius = self.m.own_slow[scratch * values + OWN_VIEW_RADIUS];
        let origin = Origin::of(s.own.x, s.own.y, radius, code.shape.shift);
        let before = self.before(base);
        self.decode_events(reader, &mut s, &origin, &before, code);
        self.decode_sets(reader, &mut s, &origin, &before, base, code)?;
        if self.m.head[0].verify != 0 {
            s.hash = Some((reader.take(32), self.digest(&s, code.shape)));
        }
        s.bits = reader.position() - start;
        if reader.at_end() {
            Ok(s)
        } else {
            Err(Refusal::Malformed)
        }
    }

    pub(super) fn before(&self, base: Option<u32>) -> Set {
        let mut set = [0; SET_WORDS_MAX];
        if let Some(b) = base {
            let from = self.set_at(b);
            set[..from.len()].copy_from_slice(from);
        }
        set
    }

    pub(super) fn with_events<T>(
        &self,
        tick: u32,
        origin: &Origin,
        before: &Set,
        code: &RowCode,
        run: impl FnOnce(&EventCode) -> T,
    ) -> T {
        let held = |index: usize| {
            if index < self.m.handles.len() && has(before, index) {
                self.m.handles[index]
            } else {
                0
            }
        };
        run(&EventCode {
            tick,
            own: self.m.head[0].handle,
            origin: *origin,
            high: code.shape.high,
            heads: code.shape.heads,
            shift: code.shape.shift,
            index_bits: bits_for(self.m.head[0].sizes.entities - 1),
            held: &held,
        })
    }

    fn decode_events(
        &self,
        reader: &mut BitReader,
        s: &mut Snapshot,
        origin: &Origin,
        before: &Set,
        code: &RowCode,
    ) {
        if !reader.bit() {
            return;
        }
        s.event_count = reader.take(5) as usize;
        self.with_events(s.tick, origin, before, code, |events| {
            for place in &mut s.events[..s.event_count] {
                *place = events.read(reader);
            }
        });
    }

    pub(super) fn put_row(&mut self, shape: &Shape, place: usize, e: usize, row: &Words) {
        let start = self.row_start(place, e);
        shape.store(row, &mut self.m.rows[start..start + self.m.head[0].sizes.row_halves as usize]);
    }

    /// The hash of what this snapshot leaves the client with, from the rows as they will be held.
    fn digest(&self, s: &Snapshot, shape: &Shape) -> u32 {
        let sizes = &self.m.head[0].sizes;
        let (words, values, scratch) =
            (sizes.set_words as usize, sizes.own_values as usize, self.scratch());
        let mut digest =
            Digest::start(s.tick, &s.own, &self.m.own_slow[scratch * values..][..values]);
        let sent = &self.m.updates[scratch * words..][..words];
        for e in members(&self.m.sets[scratch * words..][..words]) {
            let row = if has(sent, e) {
                self.row_of_place(shape, scratch, e)
            } else {
                self.row_at(shape, s.tick - u32::from(self.m.ages[e]), e)
            };
            digest.entity(e, &row, shape.fields_of(head_kind(row[W_HEAD])).len());
        }
        digest.finish()
    }
}

/// True if a room can hold such a player: prediction moves it with the same sums, which have no room for more.
fn possible(own: &OwnFast, slow: &[i32]) -> bool {
    let place = -(POSITION_MAX as i32)..=POSITION_MAX as i32;
    let most = |f: usize| match f {
        column::RADIUS | column::HEIGHT => EXTENT_MAX,
        column::TOP_SPEED | column::ACCELERATION | column::FRICTION => SPEED_MAX,
        column::VIEW_RADIUS => POSITION_MAX as i32,
        _ => i32::MAX,
    };
    [own.x, own.y, own.z].iter().all(|v| place.contains(v))
        && OWN_COLUMNS
            .iter()
            .zip(slow)
            .all(|(f, v)| most(*f) == i32::MAX || (0..=most(*f)).contains(v))
}

/// Copies a bit set onto the stack.
pub(super) trait ToOwnedSet {
    fn to_owned_set(&self) -> Set;
}

impl ToOwnedSet for [u32] {
    fn to_owned_set(&self) -> Set {
        let mut set = [0; SET_WORDS_MAX];
        set[..self.len()].copy_from_slice(self);
        set
    }
}
