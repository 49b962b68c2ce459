//! Memory of JavaScript: the rings of src/mailbox/ring.ts and the bell of src/mailbox/bell.ts.
//!
//! The rules of both stand there. Here: header words are atomics; the data between `head` and
//! `tail` belong to the consumer and the rest to the producer, so they are copied without one.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

const HEADER_BYTES: usize = 192;
const RECORD_HEADER_BYTES: u32 = 12;
const MAGIC: u32 = 0x474e_5246;
const VERSION: u32 = 1;
const LENGTH_MASK: u32 = 0x00ff_ffff;

mod word {
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = 1;
    pub const CAPACITY: usize = 2;
    pub const KEEPS: usize = 3;
    pub const TAIL: usize = 16;
    pub const WRITTEN: usize = 17;
    pub const REFUSED: usize = 18;
    pub const HEAD: usize = 32;
    pub const READ: usize = 33;
}
/// Payload bytes written, as a double.
const SUM_BYTES_AT: usize = 80;

/// A block of shared memory that outlives whoever holds this.
pub struct Memory {
    at: *mut u8,
    bytes: usize,
}

// SAFETY: the block is a SharedArrayBuffer's, made to be used by several threads; all access goes
// through the rules above.
unsafe impl Send for Memory {}

impl Memory {
    /// Names a block.
    ///
    /// # Safety
    /// `at` is aligned to 8, `bytes` bytes can be read and written there until this is dropped, and
    /// nobody uses them against the rules of the mailbox that lies in them.
    pub unsafe fn new(at: *mut u8, bytes: usize) -> Self {
        Self { at, bytes }
    }

    fn word(&self, index: usize) -> &AtomicU32 {
        assert!(index * 4 + 4 <= self.bytes, "a word outside of its memory");
        // SAFETY: inside the block (above), aligned to 4 since `at` is to 8; an atomic may be shared.
        unsafe { &*self.at.add(index * 4).cast::<AtomicU32>() }
    }

    fn double(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at + 8 <= self.bytes, "a double outside of its memory");
        // SAFETY: inside the block and aligned to 8 (above).
        unsafe { &*self.at.add(at).cast::<AtomicU64>() }
    }

    fn copy_out(&self, at: usize, into: &mut [u8]) {
        assert!(at <= self.bytes && into.len() <= self.bytes - at, "a read outside of its memory");
        // SAFETY: inside the block (above); `into` is private, so they do not overlap. By the rules
        // of the ring nobody writes there now.
        unsafe { std::ptr::copy_nonoverlapping(self.at.add(at), into.as_mut_ptr(), into.len()) }
    }

    fn copy_in(&self, at: usize, from: &[u8]) {
        assert!(at <= self.bytes && from.len() <= self.bytes - at, "a write outside of its memory");
        // SAFETY: as above; nobody reads there before `tail` says so.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), self.at.add(at), from.len()) }
    }
}

/// A record that stands in a ring.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// 1..=255.
    pub kind: u8,
    /// Session.
    pub id: u32,
    /// Place of the payload.
    at: usize,
    /// Its bytes.
    pub bytes: usize,
}

/// One end of a ring.
pub struct Ring {
    memory: Memory,
    capacity: u32,
    /// Own counter: tail of a writer, reading place of a reader.
    at: u32,
    other: u32,
    count: u32,
    payload: u64,
}

/// What does not fit.
#[derive(Debug, PartialEq, Eq)]
pub struct Damaged;

impl Ring {
    /// The writing end.
    pub fn writer(memory: Memory) -> Option<Self> {
        Self::new(memory, word::TAIL, word::HEAD)
    }

    /// The reading end.
    pub fn reader(memory: Memory) -> Option<Self> {
        Self::new(memory, word::HEAD, word::TAIL)
    }

    fn new(memory: Memory, own: usize, other: usize) -> Option<Self> {
        if memory.bytes < HEADER_BYTES + 64 {
            return None;
        }
        let capacity = memory.word(word::CAPACITY).load(SeqCst);
        let fits = memory.word(word::MAGIC).load(SeqCst) == MAGIC
            && memory.word(word::VERSION).load(SeqCst) == VERSION
            && memory.word(word::KEEPS).load(SeqCst) == 0
            && capacity.is_power_of_two()
            && capacity as usize + HEADER_BYTES == memory.bytes;
        let at = memory.word(own).load(SeqCst);
        let seen = memory.word(other).load(SeqCst);
        let both =
            memory.word(word::TAIL).load(SeqCst).wrapping_sub(memory.word(word::HEAD).load(SeqCst));
        (fits && at.is_multiple_of(4) && both <= capacity).then_some(Self {
            memory,
            capacity,
            at,
            other: seen,
            count: 0,
            payload: 0,
        })
    }

    /// Writer: a record, or false and counted where it does not fit. Seen after `publish`.
    pub fn write(&mut self, kind: u8, id: u32, arg: u32, payload: &[u8]) -> bool {
        let need = record_bytes(payload.len());
        if kind == 0 || need as usize > self.capacity as usize / 2 {
            return false;
        }
        let index = self.at & (self.capacity - 1);
        let rest = self.capacity - index;
        let total = if need > rest { rest + need } else { need };
        if total > self.capacity - self.at.wrapping_sub(self.other) {
            self.other = self.memory.word(word::HEAD).load(SeqCst);
            if total > self.capacity - self.at.wrapping_sub(self.other) {
                add(self.memory.word(word::REFUSED), 1);
                return false;
            }
        }
        let place = if need > rest {
            self.put(index, 0);
            self.at = self.at.wrapping_add(rest);
            0
        } else {
            index
        };
        self.put(place, u32::from(kind) << 24 | payload.len() as u32);
        self.put(place + 4, id);
        self.put(place + 8, arg);
        let data = HEADER_BYTES + (place + RECORD_HEADER_BYTES) as usize;
        self.memory.copy_in(data, payload);
        let padding = (4 - payload.len() % 4) % 4;
        self.memory.copy_in(data + payload.len(), &[0; 4][..padding]);
        self.at = self.at.wrapping_add(need);
        self.count += 1;
        self.payload += payload.len() as u64;
        true
    }

    /// Writer: shows all that was written.
    pub fn publish(&mut self) {
        if self.count == 0 {
            return;
        }
        add(self.memory.word(word::WRITTEN), self.count);
        let sum = self.memory.double(SUM_BYTES_AT);
        let bytes = f64::from_bits(sum.load(SeqCst)) + self.payload as f64;
        sum.store(bytes.to_bits(), SeqCst);
        self.count = 0;
        self.payload = 0;
        self.memory.word(word::TAIL).store(self.at, SeqCst);
    }

    /// Reader: the next record; none: there is none now.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record>, Damaged> {
        if self.at == self.other {
            self.other = self.memory.word(word::TAIL).load(SeqCst);
            if self.at == self.other {
                return Ok(None);
            }
        }
        let mut index = self.at & (self.capacity - 1);
        let mut head = self.get(index);
        if head >> 24 == 0 {
            let rest = self.capacity - index;
            if rest > self.other.wrapping_sub(self.at) {
                return Err(Damaged);
            }
            self.at = self.at.wrapping_add(rest);
            index = 0;
            head = self.get(0);
        }
        let bytes = (head & LENGTH_MASK) as usize;
        let need = record_bytes(bytes);
        if head >> 24 == 0
            || need > self.other.wrapping_sub(self.at)
            || need > self.capacity - index
        {
            return Err(Damaged);
        }
        let record = Record {
            kind: (head >> 24) as u8,
            id: self.get(index + 4),
            at: HEADER_BYTES + (index + RECORD_HEADER_BYTES) as usize,
            bytes,
        };
        self.at = self.at.wrapping_add(need);
        self.count += 1;
        Ok(Some(record))
    }

    /// Reader: the payload of a record that is not released yet; false: `into` is too short.
    pub fn copy(&self, record: Record, into: &mut [u8]) -> bool {
        match into.get_mut(..record.bytes) {
            Some(into) => {
                self.memory.copy_out(record.at, into);
                true
            }
            None => false,
        }
    }

    /// Reader: gives all records read so far back to the producer.
    pub fn release(&mut self) {
        if self.count == 0 {
            return;
        }
        add(self.memory.word(word::READ), self.count);
        self.count = 0;
        self.memory.word(word::HEAD).store(self.at, SeqCst);
    }

    /// Reader: a record waits.
    pub fn waits(&self) -> bool {
        self.at != self.memory.word(word::TAIL).load(SeqCst)
    }

    fn put(&self, index: u32, word: u32) {
        self.memory.copy_in(HEADER_BYTES + index as usize, &word.to_le_bytes());
    }

    fn get(&self, index: u32) -> u32 {
        let mut word = [0; 4];
        self.memory.copy_out(HEADER_BYTES + index as usize, &mut word);
        u32::from_le_bytes(word)
    }
}

/// The counter has one writer, which is the caller.
fn add(word: &AtomicU32, count: u32) {
    word.store(word.load(SeqCst).wrapping_add(count), SeqCst);
}

fn record_bytes(payload: usize) -> u32 {
    RECORD_HEADER_BYTES + ((payload.min(LENGTH_MASK as usize) as u32 + 3) & !3)
}

/// The consumer's side of a bell: see there why no wake is lost.
pub struct Bell(Memory);

impl Bell {
    /// `memory`: that of `createBell`.
    pub fn new(memory: Memory) -> Option<Self> {
        (memory.bytes >= HEADER_BYTES).then_some(Self(memory))
    }

    /// Says that the thread is about to sleep: look at the rings once more.
    pub fn sleeping(&self) {
        self.0.word(0).store(1, SeqCst);
    }

    /// It is awake. True: somebody has rung meanwhile.
    pub fn awake(&self) -> bool {
        self.0.word(0).swap(0, SeqCst) == 0
    }
}
