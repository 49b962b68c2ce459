//! One client's snapshot.

use super::{Delta, Frame, AGES, DELTA_WORDS, TOO_LONG};
use crate::bits::BitWriter;
use crate::codec::own;
use crate::codec::row::Origin;
use crate::gen::{column, flag, kind, ENTITIES_MAX};
use crate::history::{head_kind, OwnFast, Words, W_HEAD};
use crate::netchan::Header;
use crate::packet::{WIRE_DEFERRED, WIRE_LATE_TOLD};
use crate::region::{Client, Flight, Region, CLIENT_VERIFY, TICK_NONE};
use crate::snapshot::Digest;
use bytemuck::Zeroable;

/// Words of a bit set of entities at most.
pub(super) const SET_WORDS_MAX: usize = ENTITIES_MAX as usize / 32;
/// Bits of the longest full state: head, position, velocity, built-in values, 32 fields of 32 bits.
pub(super) const FULL_BYTES_MAX: usize = 256;
/// Place of viewRadius among the slow own values.
pub(super) const OWN_VIEW_RADIUS: usize = 11;
/// Bits of the index in a key of urgency.
pub(super) const KEY_INDEX_BITS: u32 = 12;
const _: () = assert!(ENTITIES_MAX <= 1 << KEY_INDEX_BITS);
/// Bits of a member beside its difference when not all baselines are the reference.
pub(super) const MEMBER_BITS: u32 = 10;
/// Bits of the sets beside leaves, members and enters: 3 flags, and the count of enters.
pub(super) const SETS_HEAD_BITS: u32 = 3 + 14;
/// Bits of the events beside each of them.
pub(super) const EVENTS_HEAD_BITS: u32 = 6;
/// Command distance that means: not known.
const COMMAND_FAR: u32 = 1023;

pub(super) type Set = [u32; SET_WORDS_MAX];

/// What is needed to write for one client.
pub(super) struct Writer<'a, 'b> {
    pub frame: &'a Frame<'a>,
    pub r: &'a mut Region<'b>,
    pub deltas: &'a mut [Delta],
    pub keys: &'a mut [u32],
    pub slot: usize,
    pub header: Header,
}

/// The sets of a snapshot.
pub(super) struct Sets {
    /// Members of the reference.
    pub(super) before: Set,
    /// Of these, the ones whose state the reference carried.
    pub(super) fresh: Set,
    /// Members of this snapshot.
    pub(super) now: Set,
    /// Of these, the ones whose state it carries.
    pub(super) sent: Set,
    /// Every member that was in the reference is sent, against the reference.
    pub(super) plain: bool,
}

pub(super) fn each(set: &[u32], mut visit: impl FnMut(usize)) {
    for (w, word) in set.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            visit(w * 32 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

pub(super) fn has(set: &[u32], index: usize) -> bool {
    set[index / 32] >> (index % 32) & 1 != 0
}

impl Sets {
    /// Empty sets, to be filled for one client after another.
    pub fn new() -> Self {
        let empty = [0; SET_WORDS_MAX];
        Self { before: empty, fresh: empty, now: empty, sent: empty, plain: true }
    }
}

impl Writer<'_, '_> {
    fn ring(&self, tick: u32) -> usize {
        self.slot * self.frame.flights + (tick as usize & (self.frame.flights - 1))
    }

    /// The reference tick, if both ends still keep it.
    fn reference(&self, client: &Client) -> Option<(u32, u16)> {
        let tick = client.reference_tick;
        if tick == TICK_NONE || self.frame.tick - tick >= self.frame.flights as u32 {
            return None;
        }
        let flight = &self.r.flights[self.ring(tick)];
        let back = self.header.sequence.wrapping_sub(flight.sequence);
        (flight.tick == tick && (1..=255).contains(&back)).then_some((tick, back))
    }

    /// Writes the snapshot and remembers what it holds.
    pub fn snapshot(&mut self, out: &mut BitWriter, visible: &[u32], limit: u32, sets: &mut Sets) {
        let client = self.r.clients[self.slot];
        let tail = if client.flags & CLIENT_VERIFY != 0 { 32 } else { 0 };
        let end = out.bits() + limit;
        let start = out.mark();
        let mut reference = self.reference(&client);
        let now = self.r.own_fast[self.ring(self.frame.tick)];
        loop {
            let base = reference.map(|(tick, _)| tick);
            self.write_head(out, &client, reference);
            self.write_own(out, &now, base);
            self.fill_sets(sets, visible, (client.handle & 0xffff) as usize, base);
            let leaves =
                sets.before[..self.frame.words].iter().map(|w| w.count_ones()).sum::<u32>();
            if reference.is_none() || out.bits() + leaves + SETS_HEAD_BITS + tail <= end {
                break;
            }
            // Not even who leaves can be said: all anew.
            reference = None;
            out.back_to(start);
        }
        let base = reference.map(|(tick, _)| tick);
        let radius = self.r.own_values[self.slot * self.frame.own_values + OWN_VIEW_RADIUS];
        let origin = Origin::of(now.x, now.y, radius, self.frame.code.shape.shift);
        let since = base
            .unwrap_or(client.joined_tick)
            .max(self.frame.tick.saturating_sub(self.frame.repeat_ticks));
        let most = end.saturating_sub(out.bits() + tail) / 2;
        self.write_events(out, &client, sets, &origin, &now, (since, most));
        let mark = out.mark();
        self.write_sets(out, &client, sets, &origin, base);
        if out.bits() + tail > end || !out.ok() {
            out.back_to(mark);
            let room = end.saturating_sub(out.bits() + tail);
            self.defer(sets, &client, &origin, base, room);
            self.write_sets(out, &client, sets, &origin, base);
        } else if client.wire[WIRE_DEFERRED] != 0 {
            self.r.clients[self.slot].wire[WIRE_DEFERRED] = 0;
            self.r.priority[self.slot * self.frame.entities..][..self.frame.entities].fill(0);
        }
        if tail != 0 {
            out.put(self.digest(sets, &now, base), 32);
        }
        self.remember(sets);
    }

    fn remember(&mut self, sets: &Sets) {
        let (place, words) = (self.ring(self.frame.tick), self.frame.words);
        self.r.flights[place] =
            Flight { tick: self.frame.tick, sequence: self.header.sequence, state: 0 };
        self.r.flight_sets[place * words..][..words].copy_from_slice(&sets.now[..words]);
        self.r.flight_updates[place * words..][..words].copy_from_slice(&sets.sent[..words]);
    }

    fn write_head(&mut self, out: &mut BitWriter, client: &Client, reference: Option<(u32, u16)>) {
        let tick = self.frame.tick;
        match reference {
            Some((base, back)) => {
                let near = back <= 8;
                out.bit(near);
                out.put(u32::from(back) - u32::from(near), if near { 3 } else { 8 });
                let even = tick - base == u32::from(back);
                out.bit(!even);
                if !even {
                    out.put(tick - base, 8);
                }
            }
            None => {
                out.put(0, 9);
                out.put(tick, 32);
            }
        }
        let behind = if client.applied_tick == TICK_NONE {
            63
        } else {
            tick.wrapping_sub(client.applied_tick).min(63)
        };
        out.bit(behind != 0);
        if behind != 0 {
            out.put(behind, 6);
        }
        if self.header.sequence.is_multiple_of(4) {
            out.put((client.margin256 >> 4).clamp(-128, 127) as u8 as u32, 8);
            let dilation = self.r.head[0].dilation_permille.min(1023);
            out.bit(dilation != 1000);
            if dilation != 1000 {
                out.put(dilation, 10);
            }
            // Told in a few packets after each change, so that a loss does not matter.
            let late = client.inputs_late & 0xffff;
            let told = client.wire[WIRE_LATE_TOLD];
            let again = if told & 0xffff != late { 8 } else { (told >> 16).saturating_sub(1) };
            self.r.clients[self.slot].wire[WIRE_LATE_TOLD] = late | again << 16;
            out.bit(again != 0);
            if again != 0 {
                out.put(late, 16);
            }
        }
    }

    fn write_own(&self, out: &mut BitWriter, now: &OwnFast, base: Option<u32>) {
        let (tick, flights) = (self.frame.tick, self.frame.flights as u32);
        let age = base.map_or(0, |b| tick - b);
        let before = base.map_or(OwnFast::zeroed(), |b| self.r.own_fast[self.ring(b)]);
        let span = base.map_or(1, |_| age).min(flights - 1);
        let touched = (0..span)
            .find(|back| self.r.own_fast[self.ring(tick - back)].flags & flag::TOUCHED as u16 != 0);
        own::write_fast(out, now, &before, age as i32, self.frame.code.shape.high, touched);
        let count = self.frame.own_values;
        let values = &self.r.own_values[self.slot * count..][..count];
        let changed = &self.r.own_changed[self.slot * count..][..count];
        own::write_slow(out, values, changed, base);
    }

    fn fill_sets(&self, sets: &mut Sets, visible: &[u32], own: usize, base: Option<u32>) {
        let words = self.frame.words;
        sets.now[..words].copy_from_slice(visible);
        sets.now[own / 32] &= !(1 << (own % 32));
        sets.sent[..words].copy_from_slice(&sets.now[..words]);
        sets.plain = true;
        let Some(base) = base else {
            sets.before[..words].fill(0);
            sets.fresh[..words].fill(0);
            return;
        };
        let place = self.ring(base) * words;
        sets.before[..words].copy_from_slice(&self.r.flight_sets[place..][..words]);
        sets.fresh[..words].copy_from_slice(&self.r.flight_updates[place..][..words]);
        sets.plain = (0..words).all(|w| sets.before[w] & sets.now[w] & !sets.fresh[w] == 0);
    }

    /// Leaves, members, enters.
    fn write_sets(
        &mut self,
        out: &mut BitWriter,
        client: &Client,
        sets: &Sets,
        origin: &Origin,
        base: Option<u32>,
    ) {
        let words = self.frame.words;
        let age = base.map_or(0, |b| self.frame.tick - b);
        let gone = (0..words).any(|w| sets.before[w] & !sets.now[w] != 0);
        out.bit(gone);
        if gone {
            each(&sets.before[..words], |e| out.bit(!has(&sets.now, e)));
        }
        out.bit(!sets.plain);
        for w in 0..words {
            let mut left = sets.before[w] & sets.now[w];
            while left != 0 {
                let e = w * 32 + left.trailing_zeros() as usize;
                left &= left - 1;
                if sets.plain {
                    self.write_member(out, e, age);
                } else {
                    self.write_stranger(out, client, sets, origin, e, age);
                }
            }
        }
        let enters: u32 = (0..words).map(|w| (sets.now[w] & !sets.before[w]).count_ones()).sum();
        out.bit(enters > 0);
        if enters == 0 {
            return;
        }
        crate::codec::number::put_unsigned(out, enters - 1, &crate::codec::number::COUNT);
        for w in 0..words {
            let mut left = sets.now[w] & !sets.before[w];
            while left != 0 {
                let e = w * 32 + left.trailing_zeros() as usize;
                left &= left - 1;
                out.put(e as u32, self.frame.index_bits);
                self.write_full(out, client, &sets.before, origin, e);
            }
        }
    }

    /// A member of which not all that `plain` promises is true.
    fn write_stranger(
        &mut self,
        out: &mut BitWriter,
        client: &Client,
        sets: &Sets,
        origin: &Origin,
        e: usize,
        age: u32,
    ) {
        let sent = has(&sets.sent, e);
        out.bit(!sent);
        let own_age = self.age_of(sets, e, age);
        out.bit(own_age != age);
        if own_age != age {
            out.put(own_age, 8);
        }
        if !sent {
            return;
        }
        if own_age == 0 {
            self.write_full(out, client, &sets.before, origin, e);
        } else {
            self.write_member(out, e, own_age);
        }
    }

    /// Age of the newest acknowledged state of an entity that the reference did not carry; 0 for none.
    pub(super) fn base_age(&self, e: usize) -> u32 {
        let base = self.r.base_tick[self.slot * self.frame.entities + e];
        let age = self.frame.tick.wrapping_sub(base);
        let none = base == TICK_NONE || base < self.r.born[e];
        if none || age >= self.frame.history as u32 {
            0
        } else {
            age
        }
    }

    fn row(&self, tick: u32, e: usize) -> Words {
        let at =
            (tick as usize % self.frame.history * self.frame.entities + e) * self.frame.row_halves;
        self.frame.code.shape.load(&self.r.history[at..at + self.frame.row_halves])
    }

    pub(super) fn now(&self, e: usize) -> Words {
        self.row(self.frame.tick, e)
    }

    /// The difference to the baseline `age` ticks ago, made once per tick.
    #[inline]
    pub(super) fn write_member(&mut self, out: &mut BitWriter, e: usize, age: u32) {
        let k = age as usize % AGES;
        let kept = &self.deltas[e];
        if kept.valid >> k & 1 == 0 || u32::from(kept.ages[k]) != age {
            self.make_delta(e, age, k);
        }
        let kept = &self.deltas[e];
        let bits = kept.bits[k];
        if bits == TOO_LONG {
            let base = self.row(self.frame.tick - age, e);
            self.frame.code.write_delta(out, &base, &self.now(e), age as i32);
        } else if bits <= 32 {
            out.put(kept.words[k][0] as u32, u32::from(bits));
        } else {
            out.splice(&kept.words[k], u32::from(bits));
        }
    }

    fn make_delta(&mut self, e: usize, age: u32, k: usize) {
        let (bits, words) = match self.packed_delta(e, age) {
            Some(found) => found,
            None => self.long_delta(e, age),
        };
        let kept = &mut self.deltas[e];
        kept.valid |= 1 << k;
        kept.ages[k] = age as u8;
        kept.bits[k] = bits;
        kept.words[k] = words;
    }

    fn packed(&self, tick: u32, e: usize) -> &[u16] {
        let at =
            (tick as usize % self.frame.history * self.frame.entities + e) * self.frame.row_halves;
        &self.r.history[at..at + self.frame.row_halves]
    }

    /// The usual case without unpacking rows: nothing but the position differs, by no more than a quantum.
    fn packed_delta(&self, e: usize, age: u32) -> Option<(u8, [u64; DELTA_WORDS])> {
        if self.frame.code.shape.high {
            return None;
        }
        let (base, now) = (self.packed(self.frame.tick - age, e), self.packed(self.frame.tick, e));
        if base[0] != now[0] || base[5..] != now[5..] {
            return None;
        }
        let place =
            |row: &[u16], at: usize| (u32::from(row[at]) | u32::from(row[at + 1]) << 16) as i32;
        let led = |at: usize, speed: usize| {
            let way = i32::from(base[speed] as i16) * age as i32;
            place(base, at).wrapping_add((way + 8) >> 4)
        };
        let off = [place(now, 1).wrapping_sub(led(1, 5)), place(now, 3).wrapping_sub(led(3, 6)), 0];
        self.frame.code.near_bits(off).map(|(bits, word)| (bits, [word, 0]))
    }

    fn long_delta(&self, e: usize, age: u32) -> (u8, [u64; DELTA_WORDS]) {
        let base = self.row(self.frame.tick - age, e);
        let mut bytes = [0u8; DELTA_WORDS * 8];
        let mut writer = BitWriter::new(&mut bytes);
        self.frame.code.write_delta(&mut writer, &base, &self.now(e), age as i32);
        let bits = writer.bits();
        let fits = writer.finish().is_some();
        let mut words = [0; DELTA_WORDS];
        for (word, eight) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = eight.try_into().map_or(0, u64::from_le_bytes);
        }
        (if fits { bits as u8 } else { TOO_LONG }, words)
    }

    pub(super) fn write_full(
        &mut self,
        out: &mut BitWriter,
        client: &Client,
        before: &Set,
        origin: &Origin,
        e: usize,
    ) {
        let n = self.frame.entities;
        let stats = &mut self.r.stats[0];
        stats.full_states = stats.full_states.wrapping_add(1);
        let generation = self.r.columns[column::GENERATION * n + e] as u32;
        let now = self.now(e);
        self.frame.code.write_full(out, &now, generation & 0xffff, origin);
        if head_kind(now[W_HEAD]) != kind::PROJECTILE {
            return;
        }
        let owner = self.r.columns[column::OWNER * n + e] as u32;
        let held = |index: usize| self.held(before, index);
        let code = self.event_code(client, origin, &held);
        code.write_handle(out, owner);
        if owner == client.handle {
            let command = self.r.columns[column::COMMAND * n + e] as u32;
            out.put(self.frame.tick.wrapping_sub(command).min(COMMAND_FAR), 10);
        }
    }

    fn digest(&self, sets: &Sets, now: &OwnFast, base: Option<u32>) -> u32 {
        let count = self.frame.own_values;
        let slow = &self.r.own_values[self.slot * count..][..count];
        let mut digest = Digest::start(self.frame.tick, now, slow);
        let age = base.map_or(0, |b| self.frame.tick - b);
        each(&sets.now[..self.frame.words], |e| {
            let back = match () {
                () if has(&sets.sent, e) => 0,
                () if has(&sets.fresh, e) => age,
                () => self.base_age(e),
            };
            let row = self.row(self.frame.tick - back, e);
            let fields = self.frame.code.shape.fields_of(head_kind(row[W_HEAD])).len();
            digest.entity(e, &row, fields);
        });
        digest.finish()
    }
}
