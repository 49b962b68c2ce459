//! The receiving half of the reliable channel: a window of fragments, read in order.

use super::{Channel, FRAGMENT, FRAGMENTS_PER_PACKET_MAX};
use crate::bits::BitReader;
use crate::gen::{self, error};
use bytemuck::{Pod, Zeroable};

/// A place for one fragment. 260 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct FragmentSlot {
    length: u16,
    present: u8,
    last: u8,
    bytes: [u8; FRAGMENT],
}

/// The reliable part of a packet, parsed but not stored: where each fragment's bytes stand in the stream.
#[derive(Clone, Copy, Debug)]
pub struct Reliable {
    count: usize,
    fragments: [Found; FRAGMENTS_PER_PACKET_MAX],
}

/// A fragment in a packet. 8 bytes, so that a whole part is copied in a few instructions.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Bit at which its bytes begin.
    at: u16,
    id: u16,
    /// Bytes, 1..256.
    length: u16,
    last: bool,
}
const _: () = assert!(gen::PACKET_BYTES_MAX * 8 <= u16::MAX as u32);

impl Reliable {
    /// No fragments.
    pub fn none() -> Self {
        Self { count: 0, fragments: [Found::default(); FRAGMENTS_PER_PACKET_MAX] }
    }

    /// Reads the reliable part and steps over its bytes; what stood here before does not matter. What is wrong shows in
    /// `reader.ok()`.
    #[inline]
    pub fn read(&mut self, reader: &mut BitReader) {
        self.count = 0;
        if reader.bit() {
            self.read_fragments(reader);
        }
    }

    fn read_fragments(&mut self, reader: &mut BitReader) {
        let count = reader.take(3) as usize + 1;
        let first = reader.take(16) as u16;
        let mut before = 0;
        for (i, found) in self.fragments[..count].iter_mut().enumerate() {
            let offset = reader.take(6) as u16;
            if (i == 0) != (offset == 0) || (i > 0 && offset <= before) {
                reader.refuse();
                return;
            }
            before = offset;
            found.id = first.wrapping_add(offset);
            found.length = reader.take(8) as u16 + 1;
            found.last = reader.bit();
            found.at = reader.position() as u16;
            for _ in 0..found.length / 4 {
                reader.take(32);
            }
            reader.take(u32::from(found.length % 4) * 8);
            if !reader.ok() {
                return;
            }
        }
        self.count = count;
    }

    /// True when there are fragments.
    #[inline]
    pub fn any(&self) -> bool {
        self.count > 0
    }

    #[inline]
    fn fragments(&self) -> &[Found] {
        &self.fragments[..self.count]
    }
}

impl Channel {
    /// True when each fragment is old or has its place in the window of `slots` fragments.
    #[inline]
    pub fn fits(&self, part: &Reliable, slots: usize) -> bool {
        part.fragments().iter().all(|found| {
            let ahead = found.id.wrapping_sub(self.expected) as i16;
            ahead < slots as i16
        })
    }

    /// Stores the fragments of a packet for which `fits` holds. `stream` is the packet's bit stream.
    #[inline]
    pub fn store(&mut self, part: &Reliable, stream: &BitReader, slots: &mut [FragmentSlot]) {
        for found in part.fragments() {
            let ahead = found.id.wrapping_sub(self.expected) as i16;
            if ahead < 0 {
                continue;
            }
            let place = (usize::from(self.expected_slot) + ahead as usize) % slots.len();
            let slot = &mut slots[place];
            if slot.present != 0 {
                continue;
            }
            let mut reader = stream.clone();
            reader.seek(u32::from(found.at));
            let length = usize::from(found.length);
            reader.take_bytes(&mut slot.bytes[..length]);
            slot.length = found.length;
            slot.last = u8::from(found.last);
            slot.present = 1;
            self.stored += 1;
        }
    }

    /// True when the next fragment in order is here.
    pub fn waiting(&self, slots: &[FragmentSlot]) -> bool {
        self.stored != 0 && slots[usize::from(self.expected_slot)].present != 0
    }

    /// True when the next message in order is here to its end.
    pub fn whole_waits(&self, slots: &[FragmentSlot]) -> bool {
        if !self.waiting(slots) {
            return false;
        }
        let place = |k| (usize::from(self.expected_slot) + k) % slots.len();
        (0..slots.len())
            .map(|k| &slots[place(k)])
            .take_while(|slot| slot.present != 0)
            .any(|slot| slot.last != 0)
    }

    /// Takes the next message in order, if all of it is here, into `out`; the server's way to read, which needs no
    /// buffer beside the window. `Err(E_OVERSIZE)`: the message is longer than `out`, or than the window; the client is
    /// to be closed.
    pub fn take_message(
        &mut self,
        slots: &mut [FragmentSlot],
        out: &mut [u8],
    ) -> Result<Option<usize>, i32> {
        let mut length = 0;
        let mut place = usize::from(self.expected_slot);
        for count in 1..=slots.len() {
            let slot = &slots[place];
            if slot.present == 0 {
                return Ok(None);
            }
            length += usize::from(slot.length);
            if length > out.len() {
                return Err(error::E_OVERSIZE);
            }
            if slot.last != 0 {
                let mut at = 0;
                for _ in 0..count {
                    at += self.take_slot(slots, &mut out[at..]).0;
                }
                self.note_read(out[0]);
                return Ok(Some(length));
            }
            place = (place + 1) % slots.len();
        }
        Err(error::E_OVERSIZE)
    }

    /// Takes the next fragment in order into the start of `out`, which holds at least a fragment: its length, and
    /// whether it ends a message, of which the caller is to tell [`Channel::note_read`]. The client's way to read, whose messages may be
    /// longer than its window.
    pub fn take_fragment(
        &mut self,
        slots: &mut [FragmentSlot],
        out: &mut [u8],
    ) -> Option<(usize, bool)> {
        if slots[usize::from(self.expected_slot)].present == 0 {
            return None;
        }
        Some(self.take_slot(slots, out))
    }

    fn take_slot(&mut self, slots: &mut [FragmentSlot], out: &mut [u8]) -> (usize, bool) {
        let slot = &mut slots[usize::from(self.expected_slot)];
        let length = usize::from(slot.length);
        out[..length].copy_from_slice(&slot.bytes[..length]);
        let last = slot.last != 0;
        *slot = Zeroable::zeroed();
        self.stored -= 1;
        self.expected = self.expected.wrapping_add(1);
        self.expected_slot = ((usize::from(self.expected_slot) + 1) % slots.len()) as u16;
        (length, last)
    }
}
