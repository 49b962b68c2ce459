//! What a client shows of an entity at a moment of the past: the one rule for gaps, the one interpolation. The client draws
//! by it and the room judges shots by it, so that a shot is judged by what was on the screen.
//!
//! Let `a` be the newest held tick at or before the view tick, and `b` the oldest held tick after it in which the entity has
//! a row. The entity is shown if it is in the set of `a`; between its newest row at or before `a` and its row at `b` if that is
//! the same entity without a teleport, else at the former. Never further.

use crate::fixed::interpolate;
use crate::rows::{position_of, HEAD_ALIVE};

/// The snapshots that a client holds, or is known to hold.
pub trait Held {
    /// True if the snapshot of a tick is held.
    fn holds(&self, tick: u32) -> bool;
    /// True if it is held and carried a row of an entity.
    fn has_row(&self, tick: u32, e: usize) -> bool;
    /// Word 0 of that row.
    fn head(&self, tick: u32, e: usize) -> i32;
}

/// A moment of a client's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Whole tick.
    pub tick: u32,
    /// 1/65536 tick.
    pub fraction: u32,
    /// Oldest tick that may be held.
    pub oldest: u32,
    /// Newest tick that is held.
    pub newest: u32,
}

/// Between which two rows an entity is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Tick of the older row.
    pub from: u32,
    /// Tick of the newer row; `from` if there is none.
    pub to: u32,
    /// Way from one to the other, 1/65536.
    pub fraction: u32,
}

/// The newest held tick at or before the moment: its set says who is shown.
pub fn base(held: &impl Held, moment: &Moment) -> Option<u32> {
    (moment.oldest..=moment.tick).rev().find(|tick| held.holds(*tick))
}

/// The rows between which a member of the set of `base` is shown. None: no row of it is held.
pub fn span(held: &impl Held, e: usize, base: u32, moment: &Moment) -> Option<Span> {
    let from = (moment.oldest..=base).rev().find(|tick| held.has_row(*tick, e))?;
    let alone = Span { from, to: from, fraction: 0 };
    let Some(to) = (base + 1..=moment.newest).find(|tick| held.has_row(*tick, e)) else {
        return Some(alone);
    };
    if (held.head(from, e) ^ held.head(to, e)) & !HEAD_ALIVE & 0xffff != 0 {
        return Some(alone);
    }
    Some(moment.span(from, to))
}

impl Moment {
    /// It on the way from the row of one tick to that of a later one.
    pub fn span(&self, from: u32, to: u32) -> Span {
        let way = u64::from(self.tick - from) << 16 | u64::from(self.fraction);
        let fraction = (way / u64::from(to - from)).min(65535) as u32;
        Span { from, to, fraction }
    }
}

/// A coordinate on the way from one row to another, in 1/65536 unit.
#[inline]
pub fn between(from: i32, to: i32, fraction: u32, shift: u32) -> i32 {
    interpolate(position_of(from, shift), position_of(to, shift), fraction)
}
