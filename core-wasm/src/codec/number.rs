//! Numbers of unknown size: a bucket number, then as many bits as the bucket holds.

use crate::bits::{unzigzag, zigzag, BitReader, BitWriter};

/// Bits of the buckets 0..3 of a code; bucket b is said by 2 bits.
pub type Buckets = [u32; 4];

/// Distance from the predicted position, quanta: exact hits and near misses, turns, falls, teleports.
pub const RESIDUAL: Buckets = [2, 5, 9, 32];
/// Change of a wire velocity: friction, acceleration, a turn, anything.
pub const VELOCITY: Buckets = [5, 8, 11, 17];
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
