//! Where a velocity points, and aims that follow it: who faced where it went most likely faces where it goes now. Vehicles
//! and .io games face their way always, shooters seldom: so it counts only for one whose baseline did.
//!
//! | bits | what, where the baseline faced its way |
//! |---|---|
//! | `0` | aim is the heading of the velocity |
//! | `1 0`, 1 | a step beside it: `0` less, `1` more |
//! | `1 1`, aimBits | anything |

use super::number::signed;
use crate::bits::{BitReader, BitWriter};
use crate::rows::quantise_aim;

/// Steps of aim by which one that faces its way may be off it.
const BESIDE: i32 = 1;

/// Direction of a velocity in 1/65536 turn, 0 = +x, counter-clockwise; to about 16 of them. Not of (0, 0).
fn direction(x: i32, y: i32) -> i32 {
    let (a, b) = (x.unsigned_abs(), y.unsigned_abs());
    let (low, high) = (a.min(b), a.max(b).max(1));
    // How far along the eighth, in 1/32768; then what the arc tangent bends away from the straight line.
    let way = (low << 15) / high;
    let bend = (way * (32768 - way)) >> 15;
    let eighth = ((8192 * way + bend * (2552 + ((692 * way) >> 15))) >> 15) as i32;
    let quarter = if b > a { 16384 - eighth } else { eighth };
    let half = if x < 0 { 32768 - quarter } else { quarter };
    if y < 0 {
        -half
    } else {
        half
    }
}

/// The same in bits of aim; None for one that stands.
pub fn heading(velocity: [i32; 3], aim_bits: u32) -> Option<u32> {
    let [x, y, _] = velocity;
    (x != 0 || y != 0).then(|| quantise_aim(direction(x, y), aim_bits) as u32)
}

/// Steps of aim from one to the other, the shorter way.
fn steps(from: u32, to: u32, aim_bits: u32) -> i32 {
    signed(to.wrapping_sub(from) & ((1 << aim_bits) - 1), aim_bits)
}

/// The aim to expect of one that turns: the heading of its new velocity, if it has faced its old one. None: what it was.
pub fn expected(aim: u32, (old, new): ([i32; 3], [i32; 3]), aim_bits: u32) -> Option<u32> {
    let faced = heading(old, aim_bits).is_some_and(|way| steps(way, aim, aim_bits).abs() <= BESIDE);
    heading(new, aim_bits).filter(|_| faced)
}

/// Writes an aim where a heading is expected.
pub fn put_near(out: &mut BitWriter, aim: u32, expected: u32, aim_bits: u32) {
    match steps(expected, aim, aim_bits) {
        0 => out.bit(false),
        off @ (-1 | 1) => out.put(0b01 | u32::from(off > 0) << 2, 3),
        _ => {
            out.put(0b11, 2);
            out.put(aim, aim_bits);
        }
    }
}

/// Reads what `put_near` wrote.
pub fn take_near(reader: &mut BitReader, expected: u32, aim_bits: u32) -> u32 {
    if !reader.bit() {
        return expected;
    }
    if reader.bit() {
        return reader.take(aim_bits);
    }
    let off = if reader.bit() { 1 } else { u32::MAX };
    expected.wrapping_add(off) & ((1 << aim_bits) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_right_to_a_sixteenth_of_a_step_of_eight_bits() {
        for i in 0..20_000 {
            let turn = f64::from(i) / 20_000.0 * std::f64::consts::TAU;
            let (x, y) = ((turn.cos() * 30_000.0) as i32, (turn.sin() * 30_000.0) as i32);
            let true_turn = f64::from(y).atan2(f64::from(x)) / std::f64::consts::TAU * 65536.0;
            let off = f64::from(direction(x, y)) - true_turn;
            let off = off.abs().min(65536.0 - off.abs());
            assert!(off < 20.0, "{x} {y}: {off}");
        }
        for (x, y) in [(1, 0), (-32768, 32767), (-32768, -32768), (0, -1), (0, 32767)] {
            direction(x, y);
        }
        let quarters = [(1, 0), (0, 1), (-1, 0), (0, -1)].map(|(x, y)| heading([x, y, 9], 2));
        assert_eq!(quarters, [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(heading([0, 0, 5], 8), None);
    }
}
