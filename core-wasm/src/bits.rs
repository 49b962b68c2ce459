//! Bit streams over byte slices: least significant bit first, little-endian, bounded, never panicking.
//!
//! A writer that runs out of room remembers that it did (`ok()` turns false) and writes nothing more; a reader that
//! runs past its end yields zeros and remembers it. Callers check once, at the end, instead of after every field.

/// Writes bits into a slice, through a 64-bit accumulator.
pub struct BitWriter<'a> {
    bytes: &'a mut [u8],
    at: usize,
    held: u64,
    used: u32,
    full: bool,
}

/// A place in a stream.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: usize,
    held: u64,
    used: u32,
    full: bool,
}

impl<'a> BitWriter<'a> {
    /// A writer that starts at the first bit of `bytes`.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: 0, held: 0, used: 0, full: false }
    }

    /// Bits written so far.
    #[inline(always)]
    pub fn bits(&self) -> u32 {
        self.at as u32 * 8 + self.used
    }

    /// Bits that still fit.
    #[inline(always)]
    pub fn bits_left(&self) -> u32 {
        (self.bytes.len() as u32 * 8).saturating_sub(self.bits())
    }

    /// False when something did not fit.
    pub fn ok(&self) -> bool {
        !self.full && self.bits() <= self.bytes.len() as u32 * 8
    }

    /// Where the stream stands, to come back to.
    pub fn mark(&self) -> Mark {
        Mark { at: self.at, held: self.held, used: self.used, full: self.full }
    }

    /// Forgets everything written after the mark was taken.
    pub fn back_to(&mut self, mark: Mark) {
        (self.at, self.held, self.used, self.full) = (mark.at, mark.held, mark.used, mark.full);
    }

    /// Appends the low `count` bits of `value`; `count` is 0..=32 and the bits above must be zero.
    #[inline(always)]
    pub fn put(&mut self, value: u32, count: u32) {
        debug_assert!(count <= 32 && (count == 32 || value >> count == 0));
        self.held |= u64::from(value) << self.used;
        self.used += count;
        if self.used >= 32 {
            self.flush();
        }
    }

    /// The same for 0..=64 bits.
    #[inline(always)]
    pub fn put_long(&mut self, value: u64, count: u32) {
        if count <= 32 {
            self.put(value as u32, count);
        } else {
            self.put(value as u32, 32);
            self.put((value >> 32) as u32, count - 32);
        }
    }

    /// Appends pieces of 0..=56 bits, values first. Stores eight bytes for each instead of asking whether four are
    /// full: where pieces are many and of unforeseeable length, that is cheaper than the wrong guesses.
    #[inline(always)]
    pub fn put_all(&mut self, pieces: impl Iterator<Item = (u64, u32)>) {
        let (mut at, mut held, mut used) = (self.at, self.held, self.used);
        // Nothing first: that leaves at most seven bits of what was held.
        for (value, count) in core::iter::once((0, 0)).chain(pieces) {
            debug_assert!(count <= 56 && value >> count == 0);
            held |= value << used;
            used += count;
            match self.bytes.get_mut(at..at + 8) {
                Some(place) => place.copy_from_slice(&held.to_le_bytes()),
                None => self.store_bytes(at, held, used / 8),
            }
            at += (used / 8) as usize;
            held >>= used & !7;
            used &= 7;
        }
        (self.at, self.held, self.used) = (at, held, used);
    }

    #[cold]
    fn store_bytes(&mut self, at: usize, held: u64, count: u32) {
        for i in 0..count as usize {
            match self.bytes.get_mut(at + i) {
                Some(place) => *place = (held >> (8 * i)) as u8,
                None => self.full = true,
            }
        }
    }

    /// Appends one bit.
    #[inline(always)]
    pub fn bit(&mut self, value: bool) {
        self.put(u32::from(value), 1);
    }

    #[inline(always)]
    fn flush(&mut self) {
        match self.bytes.get_mut(self.at..self.at + 4) {
            Some(place) => place.copy_from_slice(&(self.held as u32).to_le_bytes()),
            None => self.flush_tail(),
        }
        self.at += 4;
        self.held >>= 32;
        self.used -= 32;
    }

    #[cold]
    fn flush_tail(&mut self) {
        let word = (self.held as u32).to_le_bytes();
        for (i, byte) in word.iter().enumerate() {
            match self.bytes.get_mut(self.at + i) {
                Some(place) => *place = *byte,
                None => self.full = true,
            }
        }
    }

    /// Appends `count` bits that stand in `words`, 64 to a word.
    #[inline(always)]
    pub fn splice(&mut self, words: &[u64], count: u32) {
        let mut left = count;
        for word in words {
            if left == 0 {
                return;
            }
            let low = left.min(32);
            self.put(mask(*word as u32, low), low);
            let high = left.min(64) - low;
            self.put(mask((*word >> 32) as u32, high), high);
            left -= low + high;
        }
    }

    /// Appends whole bytes, wherever the stream stands.
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(4);
        for word in &mut words {
            self.put(u32::from_le_bytes([word[0], word[1], word[2], word[3]]), 32);
        }
        for byte in words.remainder() {
            self.put(u32::from(*byte), 8);
        }
    }

    /// Pads with zero bits to a whole byte and returns the length in bytes, or None if something did not fit.
    pub fn finish(mut self) -> Option<usize> {
        let bits = self.bits();
        let tail = (self.used as usize).div_ceil(8);
        for i in 0..tail {
            match self.bytes.get_mut(self.at + i) {
                Some(place) => *place = (self.held >> (8 * i)) as u8,
                None => self.full = true,
            }
        }
        if self.full {
            None
        } else {
            Some((bits as usize).div_ceil(8))
        }
    }
}

#[inline(always)]
fn mask(value: u32, count: u32) -> u32 {
    if count >= 32 {
        value
    } else {
        value & ((1 << count) - 1)
    }
}

/// Reads bits from a slice.
#[derive(Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    at: u32,
    over: bool,
}

impl<'a> BitReader<'a> {
    /// A reader that starts at the first bit of `bytes`, which is at most 256 MiB.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, over: false }
    }

    /// Bits read so far.
    #[inline(always)]
    pub fn position(&self) -> u32 {
        self.at
    }

    /// Stands at bit `position` from now on.
    pub fn seek(&mut self, position: u32) {
        self.at = position;
    }

    /// False when something was read past the end.
    #[inline(always)]
    pub fn ok(&self) -> bool {
        !self.over
    }

    /// Makes `ok()` false: the reader's way to say that what it read is not allowed.
    pub fn refuse(&mut self) {
        self.over = true;
    }

    /// The next `count` (0..=32) bits; 0 past the end.
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> u32 {
        let first = (self.at >> 3) as usize;
        let shift = self.at & 7;
        self.at += count;
        if self.at as usize > self.bytes.len() * 8 {
            self.over = true;
            self.at = self.bytes.len() as u32 * 8;
            return 0;
        }
        let held = match self.bytes.get(first..first + 8) {
            Some(place) => u64::from_le_bytes([
                place[0], place[1], place[2], place[3], place[4], place[5], place[6], place[7],
            ]),
            None => self.tail(first),
        };
        mask((held >> shift) as u32, count)
    }

    fn tail(&self, first: usize) -> u64 {
        let mut held = 0;
        for (i, byte) in self.bytes[first.min(self.bytes.len())..].iter().take(8).enumerate() {
            held |= u64::from(*byte) << (8 * i);
        }
        held
    }

    /// The next bit.
    #[inline(always)]
    pub fn bit(&mut self) -> bool {
        self.take(1) != 0
    }

    /// Fills `out` with whole bytes from wherever the stream stands.
    pub fn take_bytes(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.take(8) as u8;
        }
    }

    /// True when nothing but the zero bits that fill the last byte is left.
    pub fn at_end(&mut self) -> bool {
        let left = self.bytes.len() as u32 * 8 - self.at;
        left < 8 && self.take(left) == 0 && self.ok()
    }
}

/// Small numbers first: 0, -1, 1, -2, 2 ... become 0, 1, 2, 3, 4 ...
#[inline(always)]
pub fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// The way back from `zigzag`.
#[inline(always)]
pub fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// Bits that hold every number of 0..=`largest`.
pub const fn bits_for(largest: u32) -> u32 {
    32 - largest.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_writer_says_so_and_keeps_within_its_slice() {
        let mut bytes = [0u8; 3];
        let mut writer = BitWriter::new(&mut bytes);
        writer.put(0xabcdef, 24);
        assert!(writer.ok());
        writer.put(1, 1);
        assert!(!writer.ok());
        assert_eq!(writer.finish(), None);
        assert_eq!(bytes, [0xef, 0xcd, 0xab]);
    }

    #[test]
    fn a_reader_past_its_end_yields_zero_and_says_so() {
        let mut reader = BitReader::new(&[0xff]);
        assert_eq!(reader.take(8), 0xff);
        assert!(reader.ok());
        assert_eq!(reader.take(32), 0);
        assert!(!reader.ok());
    }

    proptest! {
        #[test]
        fn what_is_put_is_taken(fields in prop::collection::vec((any::<u32>(), 0u32..=32), 0..200)) {
            let mut bytes = vec![0u8; 1024];
            let mut writer = BitWriter::new(&mut bytes);
            for (value, count) in &fields {
                writer.put(mask(*value, *count), *count);
            }
            let bits = writer.bits();
            let length = writer.finish().unwrap();
            prop_assert_eq!(length, (bits as usize).div_ceil(8));
            let mut reader = BitReader::new(&bytes[..length]);
            for (value, count) in &fields {
                prop_assert_eq!(reader.take(*count), mask(*value, *count));
            }
            prop_assert!(reader.at_end());
        }

        #[test]
        fn a_splice_equals_its_bits(words in prop::collection::vec(any::<u64>(), 1..5), lead in 0u32..32, cut in 0u32..=64) {
            let count = words.len() as u32 * 64 - cut;
            let mut bytes = vec![0u8; 64];
            let mut writer = BitWriter::new(&mut bytes);
            writer.put(0, lead);
            writer.splice(&words, count);
            writer.finish().unwrap();
            let mut reader = BitReader::new(&bytes);
            reader.take(lead);
            for i in 0..count {
                prop_assert_eq!(u64::from(reader.take(1)), words[(i / 64) as usize] >> (i % 64) & 1);
            }
        }

        #[test]
        fn zigzag_returns(value in any::<i32>()) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
