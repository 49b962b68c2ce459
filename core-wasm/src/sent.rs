//! What a client had been sent by a moment: the snapshots that it acknowledged, who was in them, and where they stood. Shots
//! are judged from it (`rewind.rs`), by the rule that the client draws by (`shown.rs`).
//!
//! Of those who were shown, most are nowhere near a way, and nearly all had a row in the two snapshots around the moment. So
//! these two are looked up once for each shot, and who stands in both is looked at from far off before the rule is asked.

use crate::config::Sizes;
use crate::fixed::{interpolate, length};
use crate::receipt;
use crate::region::{flight_at, Flight};
use crate::rows::{position_of, Low, Packed, HEAD_ALIVE};
use crate::shown::{self, Held, Moment};
use crate::strike::{Ray, Shape, WHOLE};

/// What a client had acknowledged, and the rows that stood in it.
pub struct Sent<'r> {
    /// Whose.
    pub slot: usize,
    /// The tick that runs: not recorded yet.
    pub now: u32,
    /// Lengths of the arrays.
    pub sizes: &'r Sizes,
    /// Of the region.
    pub flights: &'r [Flight],
    /// `flight_sets` of the region.
    pub sets: &'r [u32],
    /// `flight_updates` of the region.
    pub updates: &'r [u32],
    /// Of the region.
    pub history: &'r [u16],
    /// True with height.
    pub high: bool,
    /// log2 of the position quantum.
    pub shift: u32,
    /// Where players crouch.
    pub low: Option<Low<'r>>,
}

/// What the client of a slot was sent; borrows only what it reads.
#[macro_export]
macro_rules! sent_of {
    ($r:expr, $config:expr, $slot:expr) => {
        $crate::sent::Sent {
            slot: $slot,
            now: $r.head[0].tick,
            sizes: &$r.head[0].sizes,
            flights: &*$r.flights,
            sets: &*$r.flight_sets,
            updates: &*$r.flight_updates,
            history: &*$r.history,
            high: $config.high(),
            shift: $config.head.position_shift,
            low: $crate::rows::Low::of($config.head, &*$r.wire_kinds, &*$r.wire_fields),
        }
    };
}

/// A moment of the past that targets are looked up at.
pub struct Seen<'r> {
    moment: Moment,
    base: u32,
    /// No row that is older stands alone.
    limit: u32,
    /// Who was shown: the set of the base.
    pub set: &'r [u32],
    /// The oldest snapshot held after the base.
    next: Option<Next<'r>>,
}

/// Two snapshots with none held in between.
struct Next<'r> {
    fraction: u32,
    /// Who had a row in the one, and in the other.
    carried: [&'r [u32]; 2],
    /// Their rows.
    rows: [&'r [u16]; 2],
}

impl Held for Sent<'_> {
    #[inline]
    fn holds(&self, tick: u32) -> bool {
        let flight = &self.flights[flight_at(self.sizes, self.slot, tick)];
        flight.tick == tick && flight.acked()
    }

    #[inline]
    fn has_row(&self, tick: u32, e: usize) -> bool {
        self.holds(tick) && has(self.carried(tick), e)
    }

    #[inline]
    fn head(&self, tick: u32, e: usize) -> i32 {
        i32::from(self.history[self.row_at(tick, e)])
    }
}

impl<'r> Sent<'r> {
    /// A moment of the view with the snapshot whose set says who was shown, none that is newer than `newest` beside it. None: nobody was.
    pub fn seen(&self, time: u64, earliest: u64, newest: u32) -> Option<Seen<'r>> {
        let oldest = self.now.saturating_sub(self.sizes.flights - 1);
        let (tick, fraction) = ((time >> 16) as u32, time as u32 & 0xffff);
        let moment = Moment { tick, fraction, oldest, newest };
        let limit = ((earliest >> 16) as u32).min(self.now - 1);
        let base = shown::base(self, &moment)?;
        let next = (base + 1..=newest).find(|tick| self.holds(*tick)).map(|next| Next {
            fraction: moment.span(base, next).fraction,
            carried: [base, next].map(|tick| self.carried(tick)),
            rows: [base, next].map(|tick| self.rows(tick)),
        });
        Some(Seen { moment, base, limit, set: self.of_flight(self.sets, base), next })
    }

    /// Where an entity was at a moment: between what was recorded of two ticks, or of one and now.
    pub fn then(&self, e: usize, time: u64, body: &Shape) -> Shape {
        let (tick, fraction) = ((time >> 16) as u32, time as u32 & 0xffff);
        let at = |tick: u32| {
            let present = [body.x, body.y, body.z];
            if tick >= self.now {
                return present;
            }
            self.row(tick, e).place().map(|quanta| position_of(quanta, self.shift))
        };
        let (a, b) = (at(tick), at(tick + 1));
        let [x, y, z] = core::array::from_fn(|k| interpolate(a[k], b[k], fraction));
        let height =
            if tick >= self.now { body.height } else { self.height_in(&self.row(tick, e), body) };
        Shape { x, y, z, height, ..*body }
    }

    /// How tall an entity was in a row of it: as it is, but for those who crouch.
    fn height_in(&self, row: &Packed, body: &Shape) -> i32 {
        self.low.and_then(|low| low.height(row)).unwrap_or(body.height)
    }

    /// Which of the 32 entities of a word of the set may have been shown near a way: all that were, and some more. To ask this
    /// costs a fourth of what a shape does, and most are nowhere near.
    pub fn candidates(&self, word: usize, seen: &Seen, depths: &[i32], way: &Way) -> u32 {
        let Some(next) = &seen.next else { return seen.set[word] };
        let both = seen.set[word] & next.carried[0][word] & next.carried[1][word];
        let (mut left, mut far) = (both, 0);
        let halves = self.sizes.row_halves as usize;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            let e = word * 32 + left.trailing_zeros() as usize;
            left ^= bit;
            let [from, to] =
                next.rows.map(|rows| Packed::of(rows.get(e * halves..).unwrap_or(&[]), false));
            let (a, b) = (from.place(), to.place());
            let at = |k: usize| {
                let (a, b) = (i64::from(a[k]), i64::from(b[k]));
                ((a << 16) + (b - a) * i64::from(next.fraction)) << self.shift >> 16
            };
            // Not rounded: both may be off by less than one.
            let depth = depths.get(e).copied().unwrap_or(0);
            let wide = i64::from(position_of(from.radius(), self.shift)) + i64::from(depth) + 2;
            // Somebody else's rows, or of before and after a teleport, are not asked about: the rule takes neither.
            if way.part_near((at(0), at(1)), wide).is_none() {
                far |= bit;
            }
        }
        seen.set[word] & !far
    }

    /// The shape of an entity as it was shown: where it was at a moment of the past, as wide as then. None if it was not shown
    /// near the way, or is not the same since: teleported, dead in between, another under its index. `now`: word 0 of its row, and
    /// its shape, at present.
    pub fn shape(
        &self,
        e: usize,
        seen: &Seen,
        (now, body): (i32, &Shape),
        way: &Way,
    ) -> Option<Shape> {
        if !has(seen.set, e) {
            return None;
        }
        let mut span = shown::span(self, e, seen.base, &seen.moment)?;
        let first = span.from;
        if span.to == span.from && span.from < seen.limit {
            // It stood there for the want of news. Nobody is struck where it was longer ago than the cap.
            (span.from, span.to) = (seen.limit, seen.limit);
        }
        let (from, to) = (self.row(span.from, e), self.row(span.to, e));
        let (a, b) = (from.place(), to.place());
        let [x, y, z] =
            core::array::from_fn(|k| shown::between(a[k], b[k], span.fraction, self.shift));
        let radius = position_of(from.radius(), self.shift);
        let height = self.height_in(&from, body);
        let shape = Shape { x, y, z, radius, height, ..*body };
        way.passes(&shape)?;
        // One that is dead at present was alive until then.
        let same = if now & HEAD_ALIVE == 0 { !HEAD_ALIVE } else { !0 } & 0xffff;
        self.kept(e, first, now & same, same).then_some(shape)
    }

    /// True if in all rows of an entity from a tick on these bits of word 0 were the same.
    pub fn kept(&self, e: usize, first: u32, bits: i32, mask: i32) -> bool {
        (first..self.now).all(|tick| self.head(tick, e) & mask == bits)
    }

    fn row(&self, tick: u32, e: usize) -> Packed<'r> {
        let halves = self.sizes.row_halves as usize;
        Packed::of(&self.history[self.row_at(tick, e)..][..halves], self.high)
    }

    #[inline]
    fn row_at(&self, tick: u32, e: usize) -> usize {
        let s = self.sizes;
        ((tick & (s.history - 1)) as usize * s.entities as usize + e) * s.row_halves as usize
    }

    /// The rows of a tick, from that of entity 0 on.
    fn rows(&self, tick: u32) -> &'r [u16] {
        let all = self.sizes.entities as usize * self.sizes.row_halves as usize;
        &self.history[self.row_at(tick, 0)..][..all]
    }

    /// Whose state the snapshot of a tick carried.
    fn carried(&self, tick: u32) -> &'r [u32] {
        self.of_flight(self.updates, tick)
    }

    fn of_flight(&self, sets: &'r [u32], tick: u32) -> &'r [u32] {
        let words = self.sizes.set_words as usize;
        &sets[flight_at(self.sizes, self.slot, tick) * words..][..words]
    }
}

#[inline]
fn has(set: &[u32], e: usize) -> bool {
    set[e / 32] >> (e % 32) & 1 != 0
}

/// The way of a shot seen from above.
pub struct Way {
    from: (i64, i64),
    by: (i64, i64),
    long: i64,
    radius: i64,
}

impl Way {
    /// Of a ray.
    pub fn of(ray: &Ray) -> Self {
        let by = (i64::from(ray.way.0), i64::from(ray.way.1));
        let long = i64::from(length(ray.way.0, ray.way.1));
        let from = (i64::from(ray.from.0), i64::from(ray.from.1));
        // Up, for it is a floor, and nothing that is struck may be left out.
        Self { from, by, long: long + 1, radius: i64::from(ray.radius) }
    }

    /// The part of the way at which it passes a shape, if it comes as near as receipts tell of.
    pub fn passes(&self, shape: &Shape) -> Option<i64> {
        let wide = i64::from(shape.radius) + i64::from(shape.depth);
        let along = self.part_near((i64::from(shape.x), i64::from(shape.y)), wide)?;
        Some(along / self.long.max(1) * WHOLE / self.long.max(1))
    }

    /// How far along the way a place is, times the way's length, if something so wide there is near.
    #[inline]
    fn part_near(&self, at: (i64, i64), wide: i64) -> Option<i64> {
        let (x, y) = (at.0 - self.from.0, at.1 - self.from.1);
        let reach = wide + i64::from(receipt::NEAR) + self.radius;
        let (off, along) = (x * self.by.1 - y * self.by.0, x * self.by.0 + y * self.by.1);
        let far = off.abs() > reach * self.long
            || along < -reach * self.long
            || along > (self.long + reach) * self.long;
        (!far).then_some(along)
    }
}
