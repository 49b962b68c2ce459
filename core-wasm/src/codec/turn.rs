//! Where rows lead: on with the velocity of their baseline, or with another one from some moment on.

use super::stride::Stride;
use crate::fixed::div_round;
use crate::gen::kind;

/// Ticks after the baseline that a turn can be said to have come at, at most.
pub const TURN_MAX: i32 = 15;
/// Parts of a tick by which a turn is told: who accelerates turns within a tick, or in the middle of several.
pub const TURN_PARTS: i32 = 16;

/// Where a place and a velocity of the wire lead in `age` ticks.
#[inline(always)]
pub fn led(at: i32, velocity: i32, age: i32) -> i32 {
    at.wrapping_add((velocity * age + 8) >> 4)
}

/// The same on all axes.
#[inline(always)]
pub fn led_all(at: [i32; 3], velocity: [i32; 3], age: i32) -> [i32; 3] {
    core::array::from_fn(|a| led(at[a], velocity[a], age))
}

/// What is between two places.
#[inline(always)]
pub fn apart(a: [i32; 3], b: [i32; 3]) -> [i32; 3] {
    core::array::from_fn(|axis| a[axis].wrapping_sub(b[axis]))
}

/// A change of velocity, in wire units.
#[derive(Clone, Copy)]
pub struct Turn {
    old: [i32; 3],
    new: [i32; 3],
    /// Ticks from the baseline on, all of them.
    age: i32,
    /// 1/256 quantum that it falls behind one that happens at once.
    lag: [i32; 3],
}

impl Turn {
    /// One that happens at once.
    pub fn sudden((old, new): ([i32; 3], [i32; 3]), age: i32) -> Self {
        Self { old, new, age, lag: [0; 3] }
    }

    /// One of somebody of a kind that controls move.
    pub fn of_kind(kind: i32, (old, new): ([i32; 3], [i32; 3]), age: i32, stride: &Stride) -> Self {
        if kind != kind::PLAYER {
            return Self::sudden((old, new), age);
        }
        let [x, y] = stride.lag_wire([old[0], old[1]], [new[0], new[1]], age);
        Self { old, new, age, lag: [x, y, 0] }
    }

    /// Where it leads from `at` if it begins `part` sixteenths of a tick after the baseline.
    pub fn leads(&self, at: [i32; 3], part: i32) -> [i32; 3] {
        core::array::from_fn(|a| {
            let way = self.old[a] * part + self.new[a] * (self.age * TURN_PARTS - part);
            at[a].wrapping_add((way - self.lag[a] + 128) >> 8)
        })
    }

    /// The sixteenth that leads nearest to a way: where it crosses, square to the change of velocity.
    pub fn nearest(&self, way: [i32; 3]) -> i32 {
        let (mut along, mut square) = (0, 0);
        for (a, way) in way.iter().enumerate() {
            let change = i64::from(self.old[a]) - i64::from(self.new[a]);
            let straight = i64::from(self.new[a]) * i64::from(self.age * TURN_PARTS);
            along += change * (i64::from(*way) * 256 - straight + i64::from(self.lag[a]));
            square += change * change;
        }
        div_round(along, square).clamp(0, i64::from(turn_most(self.age))) as i32
    }
}

/// The latest turn that can be told, in sixteenths of a tick.
pub fn turn_most(age: i32) -> i32 {
    age.clamp(0, TURN_MAX) * TURN_PARTS
}
