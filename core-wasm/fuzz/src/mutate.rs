//! Seeded mutations of kept inputs, without libFuzzer: flips, limits of integers, cuts, copies, two inputs crossed. No
//! instrumentation, so some four times as many executions a second as with it, once a guided run has found what there is
//! to reach.

use fray_core::rng;

/// Makes inputs from a corpus: the same seed makes the same ones.
pub struct Mutator<'a> {
    state: [u32; 4],
    corpus: &'a [Vec<u8>],
    most: usize,
    data: Vec<u8>,
}

const LIMITS: [u32; 12] =
    [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX];

impl<'a> Mutator<'a> {
    /// `most`: bytes of the longest input.
    pub fn new(seed: u64, corpus: &'a [Vec<u8>], most: usize) -> Self {
        let state = rng::seeded(seed as u32, (seed >> 32) as u32);
        Self { state, corpus, most, data: Vec::with_capacity(2 * most) }
    }

    /// The next input. Valid until the following call.
    pub fn make(&mut self) -> &[u8] {
        self.data.clear();
        let base = self.kept();
        self.data.extend_from_slice(base);
        if self.below(40) == 0 {
            self.data.clear();
            let bytes = self.below(64);
            self.random(bytes);
        }
        if self.below(6) == 0 {
            let other = self.kept();
            let from = self.below(other.len() + 1);
            let to = from + self.below(other.len() - from + 1);
            let at = self.below(self.data.len() + 1);
            self.data.splice(at..at, other[from..to].iter().copied());
        }
        for _ in 0..1 << self.below(5) {
            self.change();
        }
        self.data.truncate(self.most);
        &self.data
    }

    fn change(&mut self) {
        let length = self.data.len();
        let at = self.below(length + 1);
        let what = self.below(9);
        if what > 3 && length >= self.most || what <= 3 && at == length {
            return;
        }
        match what {
            0 => self.data[at] ^= 1 << self.below(8),
            1 => self.data[at] = self.below(256) as u8,
            2 => self.data[at] = self.data[at].wrapping_add(self.below(17) as u8).wrapping_sub(8),
            3 => {
                let value = LIMITS[self.below(LIMITS.len())].to_le_bytes();
                let bytes = (1 << self.below(3)).min(length - at);
                self.data[at..at + bytes].copy_from_slice(&value[..bytes]);
            }
            4 | 5 => {
                let end = length.min(at + self.part(length));
                self.data.drain(at..end);
            }
            6 => {
                let bytes = self.part(64);
                self.random(bytes);
                self.data[at..].rotate_right(bytes);
            }
            7 => {
                let end = length.min(at + self.part(64));
                self.data.extend_from_within(at..end);
                self.data[at..].rotate_right(end - at);
            }
            _ => {
                let bytes = self.below(8);
                self.data.splice(at..at, std::iter::repeat_n(0, bytes));
            }
        }
    }

    /// Mostly some bytes, now and then many.
    fn part(&mut self, most: usize) -> usize {
        let many = self.below(4) == 0;
        1 + self.below(if many { most + 1 } else { 4 })
    }

    fn random(&mut self, bytes: usize) {
        for _ in 0..bytes {
            let byte = self.below(256) as u8;
            self.data.push(byte);
        }
    }

    fn kept(&mut self) -> &'a [u8] {
        let at = self.below(self.corpus.len());
        self.corpus.get(at).map_or(&[], Vec::as_slice)
    }

    fn below(&mut self, n: usize) -> usize {
        rng::below(&mut self.state, n as u32) as usize
    }
}
