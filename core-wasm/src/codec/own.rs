//! One's own player: exact columns, against the exact state of the reference tick moved on by its exact velocity.
//!
//! | bits | what |
//! |---|---|
//! | 1 | `0`: position and velocity as predicted |
//! | see `stride.rs`; per axis: number | x and y of the velocity by controls; change of what these do not tell, then ... |
//! | bits_for(min(age, 15)) | ... tick after the reference at which the change began, then ... |
//! | 1, per axis: number | ... `1` and the distance from where that leads, exact |
//! | 1 | `0`: counters ran down by one per tick and flags are the same; else 6 bits of flags, 16 per counter |
//! | 1 | `0`: not touched since the reference; else 6 bits: ticks since the newest touch, 63 for longer |
//! | 1 | `0`: no slow value changed since the reference; else per value 1 bit, and the number if set |

use super::number::{put_signed, take_signed, OWN};
use super::row::RowCode;
use super::stride::Stride;
use super::turn::TURN_MAX;
use crate::bits::{bits_for, BitReader, BitWriter};
use crate::gen::flag;
use crate::history::OwnFast;

/// Flags that travel: all but `touched`.
const FLAG_BITS: u32 = 6;
/// Said for a touch that many or more ticks ago.
pub const TOUCH_LONG_AGO: u32 = 63;

/// Flags as they stand in the own section.
pub fn steady_flags(flags: u16) -> u16 {
    flags & 63 & !(flag::TOUCHED as u16)
}

fn place(state: &OwnFast) -> [i32; 3] {
    [state.x, state.y, state.z]
}

fn speed(state: &OwnFast) -> [i32; 3] {
    [state.vx, state.vy, state.vz]
}

/// Where the velocity of `base` leads in `turn` ticks, and then another one.
fn lead(base: &OwnFast, velocity: [i32; 3], age: i32, turn: i32) -> [i32; 3] {
    let (at, old) = (place(base), speed(base));
    core::array::from_fn(|a| {
        at[a]
            .wrapping_add(old[a].wrapping_mul(turn))
            .wrapping_add(velocity[a].wrapping_mul(age - turn))
    })
}

/// What a change of velocity falls behind one that happens at once.
fn lag(stride: &Stride, base: &OwnFast, velocity: [i32; 3], age: i32) -> [i32; 3] {
    let [x, y] = stride.lag([base.vx, base.vy], [velocity[0], velocity[1]], age);
    [x, y, 0]
}

fn less(at: [i32; 3], by: [i32; 3]) -> [i32; 3] {
    core::array::from_fn(|a| at[a].wrapping_sub(by[a]))
}

fn counters(state: &OwnFast) -> [u16; 3] {
    [state.dash_left, state.dash_wait, state.weapon_wait]
}

fn ran_down(base: &OwnFast, age: i32) -> [u16; 3] {
    let age = age.clamp(0, 0xffff) as u16;
    counters(base).map(|value| value.saturating_sub(age))
}

/// Writes the fast part. `base`: the state at the reference and how many ticks ago that is; without one all zero and 0.
/// `touched`: ticks since the newest touch, None for not since the reference.
pub fn write_fast(
    out: &mut BitWriter,
    code: &RowCode,
    now: &OwnFast,
    (base, age): (&OwnFast, i32),
    touched: Option<u32>,
) {
    let axes = if code.shape.high { 3 } else { 2 };
    let (at, velocity, old) = (place(now), speed(now), speed(base));
    let same = velocity == old && at == lead(base, velocity, age, age);
    out.bit(!same);
    if !same {
        let told = code.stride.put_exact(out, [velocity[0], velocity[1]]);
        for axis in if told { 2..axes } else { 0..axes } {
            put_signed(out, velocity[axis].wrapping_sub(old[axis]), &OWN);
        }
        let limit = age.min(TURN_MAX);
        // As if the change had happened at once.
        let ahead = lag(&code.stride, base, velocity, age);
        let sudden: [i32; 3] = core::array::from_fn(|a| at[a].wrapping_add(ahead[a]));
        let miss = |turn: i32| -> i64 {
            let off = less(sudden, lead(base, velocity, age, turn));
            off[..axes].iter().map(|off| i64::from(*off).abs()).sum()
        };
        let turn = (0..=limit).min_by_key(|turn| miss(*turn)).unwrap_or(0);
        out.put(turn as u32, bits_for(limit as u32));
        let guess = less(lead(base, velocity, age, turn), ahead);
        out.bit(at != guess);
        if at != guess {
            for axis in 0..axes {
                put_signed(out, at[axis].wrapping_sub(guess[axis]), &OWN);
            }
        }
    }
    let steady =
        counters(now) == ran_down(base, age) && steady_flags(now.flags) == steady_flags(base.flags);
    out.bit(!steady);
    if !steady {
        out.put(u32::from(steady_flags(now.flags)), FLAG_BITS);
        for value in counters(now) {
            out.put(u32::from(value), 16);
        }
    }
    out.bit(touched.is_some());
    if let Some(ticks) = touched {
        out.put(ticks.min(TOUCH_LONG_AGO), 6);
    }
}

/// Reads what `write_fast` wrote.
pub fn read_fast(
    reader: &mut BitReader,
    code: &RowCode,
    base: &OwnFast,
    age: i32,
) -> (OwnFast, Option<u32>) {
    let axes = if code.shape.high { 3 } else { 2 };
    let mut velocity = speed(base);
    let mut at = lead(base, velocity, age, age);
    if reader.bit() {
        let told = code.stride.take_exact(reader);
        if let Some(told) = told {
            velocity[..2].copy_from_slice(&told);
        }
        for value in &mut velocity[if told.is_some() { 2..axes } else { 0..axes }] {
            *value = value.wrapping_add(take_signed(reader, &OWN));
        }
        let limit = age.min(TURN_MAX);
        let turn = reader.take(bits_for(limit as u32)) as i32;
        if turn > limit {
            reader.refuse();
        }
        at = less(lead(base, velocity, age, turn), lag(&code.stride, base, velocity, age));
        if reader.bit() {
            for value in at.iter_mut().take(axes) {
                *value = value.wrapping_add(take_signed(reader, &OWN));
            }
        }
    }
    let mut flags = steady_flags(base.flags);
    let mut count = ran_down(base, age);
    if reader.bit() {
        flags = steady_flags(reader.take(FLAG_BITS) as u16);
        for value in &mut count {
            *value = reader.take(16) as u16;
        }
    }
    let touched = if reader.bit() { Some(reader.take(6)) } else { None };
    if touched == Some(0) {
        flags |= flag::TOUCHED as u16;
    }
    let state = OwnFast {
        x: at[0],
        y: at[1],
        z: at[2],
        vx: velocity[0],
        vy: velocity[1],
        vz: velocity[2],
        dash_left: count[0],
        dash_wait: count[1],
        weapon_wait: count[2],
        flags,
    };
    (state, touched)
}

/// Writes the slow values that changed after `reference`; all of them without one.
pub fn write_slow(out: &mut BitWriter, values: &[i32], changed: &[u32], reference: Option<u32>) {
    let newer = |tick: u32| reference.is_none_or(|r| tick > r);
    let newest = changed.iter().fold(0, |most, tick| (*tick).max(most));
    let any = newer(newest);
    out.bit(any);
    if !any {
        return;
    }
    for (value, tick) in values.iter().zip(changed) {
        out.bit(newer(*tick));
        if newer(*tick) {
            put_signed(out, *value, &OWN);
        }
    }
}

/// Reads what `write_slow` wrote into `values`, which hold those of the reference.
pub fn read_slow(reader: &mut BitReader, values: &mut [i32]) {
    if !reader.bit() {
        return;
    }
    for value in values {
        if reader.bit() {
            *value = take_signed(reader, &OWN);
        }
    }
}
