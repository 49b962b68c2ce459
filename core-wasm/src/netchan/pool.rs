//! The send pool: reliable messages waiting in one room (or one client), in chunks of 64 bytes on a free list.
//!
//! A message stands here once however many clients it goes to; each client's queue holds its first chunk's index and one
//! reference. The pool lies in the region: a view of slices is made for each call.

use bytemuck::{Pod, Zeroable};

/// Bytes. Small enough that a chat line wastes little, large enough that a fragment is four of them.
pub const CHUNK_BYTES: usize = 64;
/// End of a chain; also "no message".
pub const CHUNK_NONE: u16 = 0xffff;

/// What the pool remembers beside its chunks.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct PoolHead {
    /// First free chunk.
    pub free: u16,
    /// Chunks in use.
    pub used: u16,
    /// Messages refused for want of room since the start.
    pub refused: u32,
}

/// One chunk: the chunk after it, and (first chunk of a message) what is known of the message.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Chunk {
    next: u16,
    references: u16,
    /// Bytes less one.
    length_less: u16,
    /// Low bits of the tick in which it was stored.
    born: u16,
}

/// A view of a pool's memory.
pub struct Pool<'a> {
    head: &'a mut PoolHead,
    chunks: &'a mut [Chunk],
    bytes: &'a mut [u8],
}

impl<'a> Pool<'a> {
    /// `bytes` is `chunks.len() * CHUNK_BYTES` long; at most 65,535 chunks.
    pub fn new(head: &'a mut PoolHead, chunks: &'a mut [Chunk], bytes: &'a mut [u8]) -> Self {
        debug_assert_eq!(chunks.len() * CHUNK_BYTES, bytes.len());
        Self { head, chunks, bytes }
    }

    /// Puts every chunk on the free list.
    pub fn clear(&mut self) {
        let count = self.chunks.len() as u16;
        for (i, chunk) in self.chunks.iter_mut().enumerate() {
            let next = if i as u16 + 1 < count { i as u16 + 1 } else { CHUNK_NONE };
            *chunk = Chunk { next, ..Zeroable::zeroed() };
        }
        *self.head = PoolHead { free: if count > 0 { 0 } else { CHUNK_NONE }, used: 0, refused: 0 };
    }

    /// Bytes in use, whole chunks counted.
    pub fn bytes_used(&self) -> u32 {
        u32::from(self.head.used) * CHUNK_BYTES as u32
    }

    /// True if a message of so many bytes fits.
    pub fn fits(&self, length: usize) -> bool {
        length.div_ceil(CHUNK_BYTES) <= self.chunks.len() - usize::from(self.head.used)
    }

    /// Stores a message of 1..=65,536 bytes in this tick, without a reference; None if it does not fit. Every store is
    /// followed by `retain`s and then one `settle`.
    pub fn store(&mut self, message: &[u8], tick: u32) -> Option<u16> {
        if !self.fits(message.len()) || message.is_empty() || message.len() > 1 << 16 {
            self.head.refused = self.head.refused.wrapping_add(1);
            return None;
        }
        let first = self.head.free;
        let (mut last, mut next) = (first, first);
        for piece in message.chunks(CHUNK_BYTES) {
            let place = &mut self.bytes[usize::from(next) * CHUNK_BYTES..][..CHUNK_BYTES];
            place[..piece.len()].copy_from_slice(piece);
            place[piece.len()..].fill(0);
            (last, next) = (next, self.chunks[usize::from(next)].next);
            self.head.used += 1;
        }
        self.chunks[usize::from(last)].next = CHUNK_NONE;
        self.head.free = next;
        let row = &mut self.chunks[usize::from(first)];
        (row.references, row.length_less, row.born) = (0, (message.len() - 1) as u16, tick as u16);
        Some(first)
    }

    /// Ticks since a message was stored, modulo 65,536.
    pub fn age(&self, message: u16, now: u32) -> u16 {
        self.chunks.get(usize::from(message)).map_or(0, |row| (now as u16).wrapping_sub(row.born))
    }

    /// Length of a message in bytes.
    pub fn length(&self, message: u16) -> u32 {
        self.chunks.get(usize::from(message)).map_or(0, |row| u32::from(row.length_less) + 1)
    }

    /// First byte of a message.
    pub fn kind(&self, message: u16) -> u8 {
        self.bytes.get(usize::from(message) * CHUNK_BYTES).copied().unwrap_or(0)
    }

    /// The chunk `count` places after `chunk`.
    pub fn after(&self, chunk: u16, count: usize) -> u16 {
        let mut at = chunk;
        for _ in 0..count {
            at = self.chunks.get(usize::from(at)).map_or(CHUNK_NONE, |row| row.next);
        }
        at
    }

    /// Calls `each` with the bytes of one chunk after another, from `chunk` on, `length` bytes in all.
    pub fn read(&self, chunk: u16, length: usize, mut each: impl FnMut(&[u8])) {
        let mut at = chunk;
        let mut left = length;
        while left > 0 {
            let Some(row) = self.chunks.get(usize::from(at)) else { return };
            let count = left.min(CHUNK_BYTES);
            each(&self.bytes[usize::from(at) * CHUNK_BYTES..][..count]);
            left -= count;
            at = row.next;
        }
    }

    /// One more client waits for the message.
    pub fn retain(&mut self, message: u16) {
        if let Some(chunk) = self.chunks.get_mut(usize::from(message)) {
            chunk.references += 1;
        }
    }

    /// One client less waits for the message; the last one frees it.
    pub fn release(&mut self, message: u16) {
        if let Some(chunk) = self.chunks.get_mut(usize::from(message)) {
            chunk.references = chunk.references.saturating_sub(1);
            self.settle(message);
        }
    }

    /// Frees the message if nobody waits for it.
    pub fn settle(&mut self, message: u16) {
        let Some(row) = self.chunks.get(usize::from(message)) else { return };
        if row.references != 0 {
            return;
        }
        let mut last = message;
        let mut count = 1;
        while self.chunks[usize::from(last)].next != CHUNK_NONE {
            last = self.chunks[usize::from(last)].next;
            count += 1;
        }
        self.chunks[usize::from(last)].next = self.head.free;
        self.head.free = message;
        self.head.used -= count;
    }
}
