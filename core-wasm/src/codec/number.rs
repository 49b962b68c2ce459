//! Numbers of unknown size: a bucket number, then as many bits as the bucket holds.

use crate::bits::{unzigzag, zigzag, BitReader, BitWriter};

/// Bits of the buckets 0..3 of a code; bucket b is said by 2 bits.
pub type Buckets = [u32; 4];

/// Distance from the predicted position, quanta: exact hits and near misses, turns, falls, teleports.
pub const RESIDUAL: Buckets = [2, 5, 9, 32];
/// Low generations: how often an index was taken.
pub const GENERATION: Buckets = [1, 4, 8, 16];
/// Damage, distances of events.
pub const AMOUNT: Buckets = [6, 9, 14, 32];
/// Numbers of entities that enter, less one.
pub const COUNT: Buckets = [1, 3, 6, 12];
/// Exact own numbers.
pub const OWN: Buckets = [8, 14, 18, 32];

/// Writes a signed number.
#[inline]
pub fn put_signed(out: &mut BitWriter, value: i32, buckets: &Buckets) {
    put_unsigned(out, zigzag(value), buckets);
}

/// Writes an unsigned number.
#[inline]
pub fn put_unsigned(out: &mut BitWriter, value: u32, buckets: &Buckets) {
    let need = 32 - value.leading_zeros();
    let bucket =
        u32::from(need > buckets[0]) + u32::from(need > buckets[1]) + u32::from(need > buckets[2]);
    out.put_long(u64::from(bucket) | u64::from(value) << 2, 2 + buckets[bucket as usize]);
}

/// Reads a signed number.
#[inline]
pub fn take_signed(reader: &mut BitReader, buckets: &Buckets) -> i32 {
    unzigzag(take_unsigned(reader, buckets))
}

/// Reads an unsigned number.
#[inline]
pub fn take_unsigned(reader: &mut BitReader, buckets: &Buckets) -> u32 {
    let bucket = reader.take(2) as usize;
    reader.take(buckets[bucket])
}

/// Bits of each axis of a velocity by its bucket: two of a change, then two of the velocity itself.
pub const VELOCITY: Buckets = [4, 7, 11, 16];
/// Buckets that hold a change.
const CHANGES: usize = 2;

/// Writes a velocity, one bucket for all of its axes. A small change is told as that; after a larger one the velocity itself is the
/// smaller number.
pub fn put_velocity(out: &mut BitWriter, old: &[i32], new: &[i32]) {
    let (mut changes, mut whole) = (0, 0);
    for (old, new) in old.iter().zip(new) {
        changes |= zigzag(new - old);
        whole |= zigzag(*new);
    }
    let bucket = match () {
        () if changes >> VELOCITY[0] == 0 => 0,
        () if changes >> VELOCITY[1] == 0 => 1,
        () if whole >> VELOCITY[2] == 0 => 2,
        () => 3,
    };
    out.put(bucket as u32, 2);
    for (old, new) in old.iter().zip(new) {
        let value = if bucket < CHANGES { new - old } else { *new };
        out.put(zigzag(value), VELOCITY[bucket]);
    }
}

/// Reads what `put_velocity` wrote into `velocity`, which holds the old one.
pub fn take_velocity(reader: &mut BitReader, velocity: &mut [i32]) {
    let bucket = reader.take(2) as usize;
    for value in velocity {
        let read = unzigzag(reader.take(VELOCITY[bucket]));
        let new = if bucket < CHANGES { value.wrapping_add(read) } else { read };
        if i32::from(new as i16) != new {
            reader.refuse();
        }
        *value = i32::from(new as i16);
    }
}

/// The low bits of a number.
#[inline]
pub(crate) fn low_bits(value: i32, bits: u32) -> u32 {
    if bits >= 32 {
        value as u32
    } else {
        value as u32 & ((1 << bits) - 1)
    }
}

/// The number that low bits are in two's complement.
#[inline]
pub(crate) fn signed(value: u32, bits: u32) -> i32 {
    if bits == 0 || bits >= 32 {
        value as i32
    } else {
        ((value << (32 - bits)) as i32) >> (32 - bits)
    }
}

/// The value of a field's bits.
#[inline]
pub(crate) fn field_value(value: u32, bits: u8, is_signed: bool) -> i32 {
    if is_signed {
        signed(value, u32::from(bits))
    } else {
        value as i32
    }
}

/// True if a number is one of so many bits, in two's complement.
pub(crate) fn fits(value: i32, bits: u32) -> bool {
    signed(low_bits(value, bits), bits) == value
}
