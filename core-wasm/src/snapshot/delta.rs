//! Differences of entities, made once per tick and copied bit by bit into every packet that needs them.
//!
//! Clients whose baselines are equally old share a *plane*: one key per entity. In the usual case all members of a
//! snapshot have the reference as their baseline, so a client reads one plane from end to end.

use super::client::{each, Writer};
use crate::bits::BitWriter;
use crate::codec::row::RowCode;
use crate::codec::turn::led;
use crate::rows::{Packed, Words};

/// A plane is filled in one go when about this many differences of it will be asked for per entity, counted as if every
/// client saw as many: clients spread over several ages, so that a plane serves a part of them.
const DENSE: usize = 4;
/// Planes of a tick, one for each age modulo their number. The first age that comes has the plane; differences to
/// others (round trips further apart than 16 ticks) are written for each client anew.
const PLANES: usize = 16;
/// Bits of a difference that stands in its key.
const SHORT_BITS: u32 = 56;
/// Bits of a difference that stands in the pool. A longer one is written anew for each client.
const LONG_BITS: u32 = 128;
/// Size said for that.
const TOO_LONG: u32 = 255;

/// Keys of one entity's differences. From the lowest bit: size in bits (8; 0 for not made), then the difference itself
/// or, if it is longer than 56 bits, its place in the pool.
pub type Key = u64;
/// A difference of 57 to 128 bits.
pub type Long = [u64; 2];

/// Memory of the differences of a tick.
pub(super) struct Deltas<'a> {
    /// Plane p, entity e: `p * entities + e`.
    pub keys: &'a mut [Key],
    /// The pool of long ones.
    pub longs: &'a mut [Long],
    /// Places taken of the pool.
    used: usize,
    /// Age of each plane; 0: free.
    ages: [u32; PLANES],
    entities: usize,
}

/// Keys that a room of so many entities needs.
pub const fn keys_of(entities: u32) -> u32 {
    entities * PLANES as u32
}

impl<'a> Deltas<'a> {
    /// No difference yet.
    pub fn new(keys: &'a mut [Key], longs: &'a mut [Long], entities: usize) -> Self {
        Self { keys, longs, used: 0, ages: [0; PLANES], entities }
    }

    /// Where the plane of an age begins, if it has one, and whether it is new and so to be filled.
    #[inline]
    fn plane(&mut self, age: u32) -> Option<(usize, bool)> {
        let p = age as usize % PLANES;
        let new = self.ages[p] == 0;
        if new {
            self.ages[p] = age;
        }
        (self.ages[p] == age).then_some((p * self.entities, new))
    }

    fn keep(&mut self, long: Long) -> u64 {
        match self.longs.get_mut(self.used) {
            Some(place) => {
                *place = long;
                self.used += 1;
                (self.used as u64 - 1) << 8
            }
            None => u64::from(TOO_LONG),
        }
    }
}

#[inline(always)]
fn size_of(key: Key) -> u32 {
    key as u32 & 0xff
}

/// The key of the usual case: nothing but the place differs, by no more than a quantum from where the velocity leads.
/// 0 for more; that nothing else differs is for the caller to know.
#[inline(always)]
fn near(code: &RowCode, base: &Packed, now: &Packed, age: u32) -> Key {
    let (from, to, velocity) = (base.place(), now.place(), now.velocity());
    code.near(core::array::from_fn(|a| to[a].wrapping_sub(led(from[a], velocity[a], age as i32))))
}

/// Indices of a set in rising order; how many.
#[inline(never)]
fn list_members(members: &[u32], list: &mut [u32]) -> usize {
    let mut count = 0;
    for (w, pair) in members.chunks(2).enumerate() {
        let high = pair.get(1).copied().unwrap_or(0);
        let mut left = u64::from(pair[0]) | u64::from(high) << 32;
        while left != 0 {
            list[count] = (w * 64) as u32 + left.trailing_zeros();
            count += 1;
            left &= left - 1;
        }
    }
    count
}

impl Writer<'_, '_> {
    /// Writes the differences of all of a set to the baselines `age` ticks ago, index by index.
    #[inline]
    pub(super) fn write_members(&mut self, out: &mut BitWriter, members: &[u32], age: u32) {
        let Some(first) = self.plane(age, members) else {
            each(members, |e| self.write_anew(out, e, age));
            return;
        };
        // A list first: to walk a bit set costs a wrong guess at the end of each word, and there are two walks.
        let memory = core::mem::take(&mut self.keys);
        let count = list_members(members, memory);
        let list = &memory[..count];
        let mut long = false;
        for e in list {
            let mut key = self.deltas.keys[first + *e as usize];
            if key == 0 {
                key = self.make(first, *e as usize, age);
            }
            long |= size_of(key) > SHORT_BITS;
        }
        if long {
            self.write_runs(out, first, list, age);
        } else {
            self.write_short(out, first, list);
        }
        self.keys = memory;
    }

    /// Differences of at most 56 bits each. Apart, as the two hot loops beside it: in one huge function V8 finds no good registers for them.
    #[inline(never)]
    fn write_short(&self, out: &mut BitWriter, first: usize, list: &[u32]) {
        let keys = &self.deltas.keys[first..][..self.frame.entities];
        out.put_all(list.iter().map(|e| {
            let key = keys[*e as usize];
            (key >> 8, size_of(key))
        }));
    }

    /// Differences among which are longer ones.
    fn write_runs(&self, out: &mut BitWriter, first: usize, list: &[u32], age: u32) {
        let mut from = 0;
        for (i, e) in list.iter().enumerate() {
            if size_of(self.deltas.keys[first + *e as usize]) > SHORT_BITS {
                self.write_short(out, first, &list[from..i]);
                self.write_kept(out, first, *e as usize, age);
                from = i + 1;
            }
        }
        self.write_short(out, first, &list[from..]);
    }

    /// Where the plane of an age begins, if it has one. Where many clients see much of the world, a new one is filled in
    /// one go, without a branch; else its keys are made as they are asked for.
    fn plane(&mut self, age: u32, members: &[u32]) -> Option<usize> {
        let (first, new) = self.deltas.plane(age)?;
        if new {
            let seen: u32 = members.iter().map(|word| word.count_ones()).sum();
            let dense = seen as usize * self.frame.clients >= self.frame.entities * DENSE;
            if dense {
                self.fill_plane(first, age);
            } else {
                self.deltas.keys[first..][..self.frame.entities].fill(0);
            }
        }
        Some(first)
    }

    #[inline(never)]
    fn fill_plane(&mut self, first: usize, age: u32) {
        let (n, high) = (self.frame.entities, self.frame.code.shape.high);
        let tick = self.frame.tick - age;
        let block = n * self.frame.row_halves;
        let rows = |tick: u32| {
            let from = (tick & (self.frame.history - 1)) as usize * block;
            self.r.history[from..from + block].chunks_exact(self.frame.row_halves)
        };
        let keys = self.deltas.keys[first..][..n].iter_mut();
        let rows = rows(tick).zip(rows(self.frame.tick));
        for ((key, (base, now)), steady) in keys.zip(rows).zip(self.r.steady_since.iter()) {
            let near = near(&self.frame.code, &Packed::of(base, high), &Packed::of(now, high), age);
            *key = if tick >= *steady { near } else { 0 };
        }
    }

    /// Writes the difference of one entity to its baseline `age` ticks ago.
    pub(super) fn write_member(&mut self, out: &mut BitWriter, e: usize, age: u32) {
        match self.plane(age, &[]) {
            Some(first) => {
                if self.deltas.keys[first + e] == 0 {
                    self.make(first, e, age);
                }
                self.write_kept(out, first, e, age);
            }
            None => self.write_anew(out, e, age),
        }
    }

    fn write_kept(&self, out: &mut BitWriter, first: usize, e: usize, age: u32) {
        let key = self.deltas.keys[first + e];
        match size_of(key) {
            bits @ 0..=SHORT_BITS => out.put_long(key >> 8, bits),
            TOO_LONG => self.write_anew(out, e, age),
            bits => out.splice(&self.deltas.longs[(key >> 8) as usize], bits),
        }
    }

    fn write_anew(&self, out: &mut BitWriter, e: usize, age: u32) {
        let base = self.packed(self.frame.tick - age, e);
        self.frame.code.write_delta(out, &base, &self.packed_now(e), age as i32);
    }

    fn make(&mut self, first: usize, e: usize, age: u32) -> Key {
        let tick = self.frame.tick - age;
        let mut key = 0;
        if tick >= self.r.steady_since[e] {
            key = near(&self.frame.code, &self.packed(tick, e), &self.packed_now(e), age);
        }
        if key == 0 {
            key = self.far(e, age);
        }
        self.deltas.keys[first + e] = key;
        key
    }

    /// Anything else.
    fn far(&mut self, e: usize, age: u32) -> Key {
        let mut bytes = [0u8; LONG_BITS as usize / 8];
        let mut writer = BitWriter::new(&mut bytes);
        self.write_anew(&mut writer, e, age);
        let bits = writer.bits();
        if writer.finish().is_none() {
            return u64::from(TOO_LONG);
        }
        let word = |at: usize| bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
        if bits <= SHORT_BITS {
            return u64::from(bits) | word(0) << 8;
        }
        match self.deltas.keep([word(0), word(8)]) {
            key if size_of(key) == 0 => key | u64::from(bits),
            none => none,
        }
    }

    fn halves(&self, tick: u32, e: usize) -> &[u16] {
        let at = ((tick & (self.frame.history - 1)) as usize * self.frame.entities + e)
            * self.frame.row_halves;
        &self.r.history[at..at + self.frame.row_halves]
    }

    #[inline]
    fn packed(&self, tick: u32, e: usize) -> Packed<'_> {
        Packed::of(self.halves(tick, e), self.frame.code.shape.high)
    }

    /// The row of this tick.
    #[inline]
    pub(super) fn packed_now(&self, e: usize) -> Packed<'_> {
        self.packed(self.frame.tick, e)
    }

    pub(super) fn row(&self, tick: u32, e: usize) -> Words {
        self.frame.code.shape.load(self.halves(tick, e))
    }
}
