//! Integer arithmetic of the simulation. **The one rounding rule**: a product or quotient is
//! rounded to the nearest integer, halves away from zero ([`div_round`], [`mul_shift`]); nothing
//! else rounds. Square roots are floors.

/// `a / b` rounded to nearest, halves away from zero. `b` must be > 0; for 0 or less the answer is
/// 0.
#[inline]
pub fn div_round(a: i64, b: i64) -> i64 {
    if b <= 0 {
        return 0;
    }
    let half = b / 2;
    // For odd b the remainder is never exactly half, so adding the floor of half is right for both.
    if a >= 0 {
        (a + half) / b
    } else {
        (a - half) / b
    }
}

/// `a * b / 2^shift` rounded to nearest, halves away from zero. Inputs are i32, so the product
/// fits.
#[inline]
pub fn mul_shift(a: i32, b: i32, shift: u32) -> i32 {
    shift_round(i64::from(a) * i64::from(b), shift) as i32
}

/// `a / 2^shift` rounded to nearest, halves away from zero.
#[inline]
pub fn shift_round(a: i64, shift: u32) -> i64 {
    if shift == 0 {
        return a;
    }
    // Without a branch: the sign cannot be foreseen.
    let (half, sign) = (1i64 << (shift - 1), a >> 63);
    let size = (a ^ sign) - sign;
    (((size + half) >> shift) ^ sign) - sign
}

/// Largest integer whose square is at most `value`.
#[inline]
pub fn isqrt(value: u64) -> u32 {
    value.isqrt() as u32
}

/// Length of a vector, rounded down.
#[inline]
pub fn length(x: i32, y: i32) -> i32 {
    let squared = i64::from(x) * i64::from(x) + i64::from(y) * i64::from(y);
    isqrt(squared as u64).min(i32::MAX as u32) as i32
}

/// True if a vector's [`length`] is more than `limit` (at least 0): without a square root.
#[inline]
pub fn longer(x: i32, y: i32, limit: i32) -> bool {
    let squared = i64::from(x) * i64::from(x) + i64::from(y) * i64::from(y);
    let next = i64::from(limit) + 1;
    squared >= next * next
}

/// Scales a vector to the length `to` (its own length `from` > 0 must be right).
#[inline]
pub fn scale(x: i32, y: i32, to: i32, from: i32) -> (i32, i32) {
    let (to, from) = (i64::from(to), i64::from(from));
    (div_round(i64::from(x) * to, from) as i32, div_round(i64::from(y) * to, from) as i32)
}

/// Cosine and sine of an angle in 1/65536 turn, in 1/32768 (1 is 32768). Error at most 2 units: a
/// table of 1,024 per quarter and linear interpolation.
#[inline]
pub fn cos_sin(angle: u16) -> (i32, i32) {
    (sine(angle.wrapping_add(16384)), sine(angle))
}

fn sine(angle: u16) -> i32 {
    let within = u32::from(angle & 0x3fff);
    let value = match angle >> 14 {
        0 | 2 => quarter(within),
        _ => quarter(16384 - within),
    };
    if angle & 0x8000 == 0 {
        value
    } else {
        -value
    }
}

fn quarter(at: u32) -> i32 {
    let index = (at >> 4) as usize;
    let low = i32::from(SINE[index.min(1024)]);
    let high = i32::from(SINE[(index + 1).min(1024)]);
    low + (((high - low) * (at & 15) as i32 + 8) >> 4)
}

/// sin(i / 1024 * 90 degrees) * 32768 for i in 0..=1024, made at compile time by integers only.
static SINE: [u16; 1025] = sine_table();

/// Repeated rotation would drift; so the Taylor series in 2^-60 fixed point, i128, at compile time.
const fn sine_table() -> [u16; 1025] {
    let mut table = [0u16; 1025];
    // pi / 2 in 2^-60.
    let half_pi: i128 = 1_811_004_865_169_214_976;
    let mut i = 0;
    while i <= 1024 {
        let x = half_pi * i as i128 / 1024;
        let square = (x * x) >> 60;
        let (mut term, mut sum, mut k) = (x, x, 1i128);
        while k < 13 {
            term = -(((term * square) >> 60) / ((2 * k) * (2 * k + 1)));
            sum += term;
            k += 1;
        }
        table[i] = ((sum + (1 << 44)) >> 45) as u16;
        i += 1;
    }
    table
}

/// Angle of a vector in 1/65536 turn (0 = +x, counter-clockwise), by bisection over [`cos_sin`];
/// (0, 0) gives 0.
pub fn angle_of(x: i32, y: i32) -> u16 {
    let (mut low, mut step) = (0u16, 0x8000u16);
    if (x, y) == (0, 0) {
        return 0;
    }
    // The sign of the cross product of (cos, sin) and (x, y) says on which side the vector lies.
    if y < 0 || (y == 0 && x < 0) {
        low = 0x8000;
    }
    while step > 1 {
        step >>= 1;
        let (c, s) = cos_sin(low + step);
        if i64::from(c) * i64::from(y) - i64::from(s) * i64::from(x) >= 0 && step < 0x8000 {
            low += step;
        }
    }
    low
}

/// `from` + (`to` - `from`) * `fraction` / 65536: the one interpolation that clients show and
/// rewind uses.
#[inline]
pub fn interpolate(from: i32, to: i32, fraction: u32) -> i32 {
    let way = i64::from(to) - i64::from(from);
    (i64::from(from) + shift_round(way * i64::from(fraction), 16)) as i32
}

/// The same for angles, along the shorter way; the exact half turns counter-clockwise.
#[inline]
pub fn interpolate_angle(from: u16, to: u16, fraction: u32) -> u16 {
    let mut way = i64::from(to.wrapping_sub(from) as i16);
    if way == -32768 {
        way = 32768;
    }
    from.wrapping_add(shift_round(way * i64::from(fraction), 16) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_table_ends_where_it_should() {
        assert_eq!(SINE[0], 0);
        assert_eq!(SINE[1024], 32768);
        assert_eq!(SINE[512], 23170);
        for i in 0..=65535u16 {
            let turn = f64::from(i) / 65536.0 * std::f64::consts::TAU;
            let (c, s) = cos_sin(i);
            assert!((f64::from(c) - turn.cos() * 32768.0).abs() < 2.0, "{i} {c}");
            assert!((f64::from(s) - turn.sin() * 32768.0).abs() < 2.0, "{i} {s}");
        }
    }

    #[test]
    fn angle_of_undoes_cos_sin() {
        for i in 0..=65535u16 {
            let (c, s) = cos_sin(i);
            let back = angle_of(c, s);
            assert!((back.wrapping_sub(i) as i16).abs() <= 6, "{i} {back}");
        }
    }
}
