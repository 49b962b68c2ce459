//! One client's snapshot.

use super::delta::Deltas;
use super::Frame;
use crate::bits::{bits_for, BitWriter};
use crate::codec::own;
use crate::codec::row::Origin;
use crate::gen::{column, kind, ENTITIES_MAX};
use crate::history::OwnFast;
use crate::netchan::Header;
use crate::packet::{WIRE_DEFERRED, WIRE_LATE_TOLD, WIRE_TOUCHED};
use crate::region::{Client, Flight, Region, CLIENT_VERIFY, TICK_NONE};
use crate::rows::{head_kind, W_HEAD};
use crate::snapshot::Digest;
use bytemuck::Zeroable;

/// Words of a bit set of entities at most.
pub(super) const SET_WORDS_MAX: usize = ENTITIES_MAX as usize / 32;
/// Bytes of the longest full state: head, position, velocity, built-in values, 32 fields of 32 bits.
pub(super) const FULL_BYTES_MAX: usize = 256;
/// Place of viewRadius among the slow own values.
pub(super) const OWN_VIEW_RADIUS: usize = 11;
/// Bits of the index in a key of urgency.
pub(super) const KEY_INDEX_BITS: u32 = 12;
const _: () = assert!(ENTITIES_MAX <= 1 << KEY_INDEX_BITS);
/// Bits of a member beside its difference when not all baselines are the reference.
pub(super) const MEMBER_BITS: u32 = 10;
/// Bits of the sets beside leaves, members and enters: 4 flags, and the count of enters.
pub(super) const SETS_HEAD_BITS: u32 = 4 + 14;
/// Bits of the events beside each of them.
pub(super) const EVENTS_HEAD_BITS: u32 = 6;
/// Command distance that means: not known.
const COMMAND_FAR: u32 = 1023;

pub(super) type Set = [u32; SET_WORDS_MAX];
/// Of nobody.
static NOTHING: Set = [0; SET_WORDS_MAX];

/// What is needed to write for one client.
pub(super) struct Writer<'a, 'b> {
    pub frame: &'a Frame<'a>,
    pub r: &'a mut Region<'b>,
    pub deltas: &'a mut Deltas<'b>,
    pub keys: &'a mut [u32],
    pub slot: usize,
    pub header: Header,
}

/// What is said of a client in most of the functions below. Not the whole row, so that it costs nothing to copy.
#[derive(Clone, Copy)]
pub(super) struct Viewer {
    pub handle: u32,
    verify: bool,
    joined_tick: u32,
    reference_tick: u32,
}

impl Viewer {
    fn of(client: &Client) -> Self {
        Self {
            handle: client.handle,
            verify: client.flags & CLIENT_VERIFY != 0,
            joined_tick: client.joined_tick,
            reference_tick: client.reference_tick,
        }
    }
}

/// The sets of a snapshot.
pub(super) struct Sets {
    /// Members of the reference that are members of this snapshot.
    pub(super) stay: Set,
    /// Members of the reference that are not.
    pub(super) gone: Set,
    /// Members of the reference whose state it carried.
    pub(super) fresh: Set,
    /// Members of this snapshot.
    pub(super) now: Set,
    /// Of these, the ones whose state it carries, unless that is all of them.
    pub(super) sent: Set,
    /// Every member that was in the reference is sent, against the reference.
    pub(super) plain: bool,
    /// Every member is sent.
    pub(super) all_sent: bool,
    /// Number of members of the reference.
    pub(super) before_count: u32,
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
        Self {
            stay: empty,
            gone: empty,
            fresh: empty,
            now: empty,
            sent: empty,
            plain: true,
            all_sent: true,
            before_count: 0,
        }
    }

    /// True for a member of the reference.
    pub(super) fn before(&self, index: usize) -> bool {
        (self.stay[index / 32] | self.gone[index / 32]) >> (index % 32) & 1 != 0
    }

    fn carries(&self, index: usize) -> bool {
        self.all_sent || has(&self.sent, index)
    }
}

/// What a snapshot before held, nothing where there is none, and where the one of now keeps what it holds.
fn both(sets: &mut [u32], from: Option<usize>, to: usize, words: usize) -> (&[u32], &mut [u32]) {
    let Some(from) = from else {
        return (&NOTHING[..words], &mut sets[to..][..words]);
    };
    if from < to {
        let (low, high) = sets.split_at_mut(to);
        (&low[from..][..words], &mut high[..words])
    } else {
        let (low, high) = sets.split_at_mut(from);
        (&high[..words], &mut low[to..][..words])
    }
}

/// Who leaves, by ranks in the set of the reference or by a bit for each member of it, whichever is shorter: so it is never
/// longer than one bit and those.
#[inline(never)]
fn write_leaves(out: &mut BitWriter, sets: &Sets, words: usize) {
    let rank_bits = bits_for(sets.before_count - 1);
    let mut to_come: u32 = sets.gone[..words].iter().map(|word| word.count_ones()).sum();
    let ranked = to_come * (rank_bits + 1) < sets.before_count;
    out.bit(ranked);
    let mut rank = 0;
    for w in 0..words {
        let (gone, before) = (sets.gone[w], sets.stay[w] | sets.gone[w]);
        let mut left = if ranked { gone } else { before };
        while left != 0 {
            let lowest = left & left.wrapping_neg();
            left ^= lowest;
            if ranked {
                to_come -= 1;
                out.put(rank + (before & (lowest - 1)).count_ones(), rank_bits);
                out.bit(to_come != 0);
            } else {
                out.bit(gone & lowest != 0);
            }
        }
        rank += before.count_ones();
    }
}

impl Writer<'_, '_> {
    fn ring(&self, tick: u32) -> usize {
        self.slot * self.frame.flights + (tick as usize & (self.frame.flights - 1))
    }

    /// The reference tick, if both ends still keep it.
    fn reference(&self, client: &Viewer) -> Option<(u32, u16)> {
        let tick = client.reference_tick;
        if tick == TICK_NONE || self.frame.tick - tick >= self.frame.flights as u32 {
            return None;
        }
        let flight = &self.r.flights[self.ring(tick)];
        let back = self.header.sequence.wrapping_sub(flight.sequence);
        (flight.tick == tick && (1..=255).contains(&back)).then_some((tick, back))
    }

    /// Writes the snapshot and remembers what it holds.
    pub fn snapshot(
        &mut self,
        out: &mut BitWriter,
        due: Option<&[u32]>,
        limit: u32,
        sets: &mut Sets,
    ) {
        let client = Viewer::of(&self.r.clients[self.slot]);
        let tail = if client.verify { 32 } else { 0 };
        let end = out.bits() + limit;
        let start = out.mark();
        let mut reference = self.reference(&client);
        let now = self.r.own_fast[self.ring(self.frame.tick)];
        loop {
            let base = reference.map(|(tick, _)| tick);
            self.write_head(out, reference);
            self.write_own(out, &now, base);
            self.fill_sets(sets, (client.handle & 0xffff) as usize, base);
            let least = sets.before_count + SETS_HEAD_BITS + tail;
            if reference.is_none() || out.bits() + least <= end {
                break;
            }
            // Not even who leaves can be said: all anew.
            reference = None;
            out.back_to(start);
        }
        let base = reference.map(|(tick, _)| tick);
        if let Some(due) = due {
            self.leave_far(sets, due);
        }
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
            self.remember_sets(sets);
            self.write_sets(out, &client, sets, &origin, base);
        } else if self.r.clients[self.slot].wire[WIRE_DEFERRED] != 0 {
            self.r.clients[self.slot].wire[WIRE_DEFERRED] = 0;
            self.r.priority[self.slot * self.frame.entities..][..self.frame.entities].fill(0);
        }
        if tail != 0 {
            out.put(self.digest(sets, &now, base), 32);
        }
        let place = self.ring(self.frame.tick);
        self.r.flights[place] =
            Flight { tick: self.frame.tick, sequence: self.header.sequence, state: 0 };
    }

    /// What `fill_sets` remembered does not hold any more: some wait.
    fn remember_sets(&mut self, sets: &Sets) {
        let (place, words) = (self.ring(self.frame.tick), self.frame.words);
        self.r.flight_sets[place * words..][..words].copy_from_slice(&sets.now[..words]);
        self.r.flight_updates[place * words..][..words].copy_from_slice(&sets.sent[..words]);
    }

    fn write_head(&mut self, out: &mut BitWriter, reference: Option<(u32, u16)>) {
        let tick = self.frame.tick;
        let client = &mut self.r.clients[self.slot];
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
            client.wire[WIRE_LATE_TOLD] = late | again << 16;
            out.bit(again != 0);
            if again != 0 {
                out.put(late, 16);
            }
        }
    }

    fn write_own(&self, out: &mut BitWriter, now: &OwnFast, base: Option<u32>) {
        let tick = self.frame.tick;
        let age = base.map_or(0, |b| tick - b);
        let before = base.map_or(OwnFast::zeroed(), |b| self.r.own_fast[self.ring(b)]);
        let span = base.map_or(1, |_| age);
        // Tick + 1, so that 0 is never.
        let newest = self.r.clients[self.slot].wire[WIRE_TOUCHED];
        let touched = (newest != 0).then(|| tick + 1 - newest).filter(|back| *back < span);
        own::write_fast(out, &self.frame.code, now, (&before, age as i32), touched);
        let count = self.frame.own_values;
        let values = &self.r.own_values[self.slot * count..][..count];
        let changed = &self.r.own_changed[self.slot * count..][..count];
        own::write_slow(out, values, changed, base);
    }

    /// The sets as they are if everything fits, remembered at once as what this snapshot holds.
    fn fill_sets(&mut self, sets: &mut Sets, own: usize, base: Option<u32>) {
        let words = self.frame.words;
        let to = self.ring(self.frame.tick) * words;
        let from = base.map(|b| self.ring(b) * words);
        let (mut stale, mut count) = (0, 0);
        let region = &mut *self.r;
        let visible = &region.visible[self.slot * words..][..words];
        let (before, kept) = both(region.flight_sets, from, to, words);
        let (updated, renewed) = both(region.flight_updates, from, to, words);
        let (now, stay) = (&mut sets.now[..words], &mut sets.stay[..words]);
        let (gone, fresh) = (&mut sets.gone[..words], &mut sets.fresh[..words]);
        // One pass over slices of one length, which are not checked word by word: a room of a thousand has 32 words. And what is kept
        // is never a plain copy: that would be a call, dearer than the words of a small room.
        for w in 0..words {
            let own_bit = if w == own / 32 { 1 << (own % 32) } else { 0 };
            let (seen, before) = (visible[w] & !own_bit, before[w]);
            kept[w] = seen;
            renewed[w] = seen;
            now[w] = seen;
            stay[w] = before & seen;
            gone[w] = before & !seen;
            fresh[w] = before & updated[w];
            stale |= before & seen & !updated[w];
            count += before.count_ones();
        }
        (sets.plain, sets.all_sent, sets.before_count) = (stale == 0, true, count);
    }

    /// Members whose state is not due keep the one they have.
    fn leave_far(&mut self, sets: &mut Sets, due: &[u32]) {
        let words = self.frame.words;
        let mut left = false;
        for (w, due) in due.iter().enumerate() {
            let mut not_due = sets.stay[w] & !due;
            let mut waiting = not_due;
            while waiting != 0 {
                let bit = waiting & waiting.wrapping_neg();
                waiting ^= bit;
                let e = w * 32 + bit.trailing_zeros() as usize;
                if sets.fresh[w] & bit == 0 && self.base_age(e) == 0 {
                    not_due ^= bit;
                }
            }
            sets.sent[w] = sets.now[w] & !not_due;
            left |= not_due != 0;
        }
        if left {
            (sets.plain, sets.all_sent) = (false, false);
            let to = self.ring(self.frame.tick) * words;
            self.r.flight_updates[to..][..words].copy_from_slice(&sets.sent[..words]);
        }
    }

    /// Leaves, members, enters.
    fn write_sets(
        &mut self,
        out: &mut BitWriter,
        client: &Viewer,
        sets: &Sets,
        origin: &Origin,
        base: Option<u32>,
    ) {
        let words = self.frame.words;
        let age = base.map_or(0, |b| self.frame.tick - b);
        let gone = sets.gone[..words].iter().any(|word| *word != 0);
        out.bit(gone);
        if gone {
            write_leaves(out, sets, words);
        }
        out.bit(!sets.plain);
        if sets.plain {
            self.write_members(out, &sets.stay[..words], age);
        } else {
            each(&sets.stay[..words], |e| self.write_stranger(out, client, sets, origin, e, age));
        }
        let enters = || sets.now[..words].iter().zip(&sets.stay[..words]).map(|(n, s)| n & !s);
        let count: u32 = enters().map(u32::count_ones).sum();
        out.bit(count > 0);
        if count == 0 {
            return;
        }
        crate::codec::number::put_unsigned(out, count - 1, &crate::codec::number::COUNT);
        for (w, mut left) in enters().enumerate() {
            while left != 0 {
                let e = w * 32 + left.trailing_zeros() as usize;
                left &= left - 1;
                out.put(e as u32, self.frame.index_bits);
                self.write_full(out, client, sets, origin, e);
            }
        }
    }

    /// A member of which not all that `plain` promises is true.
    fn write_stranger(
        &mut self,
        out: &mut BitWriter,
        client: &Viewer,
        sets: &Sets,
        origin: &Origin,
        e: usize,
        age: u32,
    ) {
        let sent = sets.carries(e);
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
            self.write_full(out, client, sets, origin, e);
        } else {
            self.write_member(out, e, own_age);
        }
    }

    /// Age of the newest acknowledged state of an entity that the reference did not carry; 0 for none.
    pub(super) fn base_age(&self, e: usize) -> u32 {
        let base = self.r.base_tick[self.slot * self.frame.entities + e];
        let age = self.frame.tick.wrapping_sub(base);
        let none = base == TICK_NONE || base < self.r.born[e];
        if none || age >= self.frame.history {
            0
        } else {
            age
        }
    }

    pub(super) fn write_full(
        &mut self,
        out: &mut BitWriter,
        client: &Viewer,
        sets: &Sets,
        origin: &Origin,
        e: usize,
    ) {
        let n = self.frame.entities;
        let stats = &mut self.r.stats[0];
        stats.full_states = stats.full_states.wrapping_add(1);
        let generation = self.r.columns[column::GENERATION * n + e] as u32;
        let now = self.packed_now(e);
        self.frame.code.write_full(out, &now, generation & 0xffff, origin);
        if head_kind(now.head()) != kind::PROJECTILE {
            return;
        }
        let owner = self.r.columns[column::OWNER * n + e] as u32;
        let owner = if self.names(client, owner) { owner } else { 0 };
        let held = |index: usize| self.held(sets, index);
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
                () if sets.carries(e) => 0,
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
