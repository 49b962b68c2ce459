//! The sending half of the reliable channel: queue, cutting into fragments, choice of what rides in the next packet.

use super::pool::{Pool, CHUNK_BYTES, CHUNK_NONE};
use super::{counts, Channel, Flight, Header, Sent};
use super::{FLIGHT_RING, FRAGMENT, FRAGMENTS_PER_PACKET_MAX, QUEUE, SENT_RING};
use crate::bits::BitWriter;
use crate::gen;

/// Bits of a fragment beside its bytes: id offset 6, length 8, last 1.
const FRAGMENT_HEAD_BITS: u32 = 15;
/// Bits of the reliable part beside its fragments: present 1, count 3, first id 16.
const PART_HEAD_BITS: u32 = 20;

/// How much one end may have under way.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// Receive window of the other end, in fragments.
    pub window: u16,
    /// True when the other end frees its window message by message, not fragment by fragment.
    pub whole_messages: bool,
}

impl SendLimits {
    /// Server to client.
    pub const TO_CLIENT: Self =
        Self { window: gen::RECEIVE_WINDOW_TO_CLIENT as u16, whole_messages: false };
    /// Client to server.
    pub const TO_SERVER: Self =
        Self { window: gen::RECEIVE_WINDOW_TO_SERVER as u16, whole_messages: true };
}

impl Channel {
    /// Queues a message of the pool (one more reference). False: the queue is full or the channel closed, nothing was
    /// done.
    pub fn enqueue(&mut self, pool: &mut Pool, message: u16) -> bool {
        if usize::from(self.queue_count) == QUEUE || self.closed != 0 {
            return false;
        }
        pool.retain(message);
        self.queue[usize::from(self.queue_first.wrapping_add(self.queue_count)) % QUEUE] = message;
        self.queue_count += 1;
        self.messages_sent = self.messages_sent.wrapping_add(1);
        true
    }

    /// Takes the next sequence number and opens its record; `write_reliable` then fills it.
    pub fn next_packet(&mut self, tick: u32) -> Header {
        self.sequence = self.sequence.wrapping_add(1);
        self.sent[usize::from(self.sequence) % SENT_RING] =
            Sent { tick, sequence: self.sequence, state: 1, ..bytemuck::Zeroable::zeroed() };
        Header { sequence: self.sequence, ack: self.told, ack_bits: self.told_bits }
    }

    /// Forgets the packet just opened: it does not count as sent.
    pub fn cancel_packet(&mut self) {
        self.sent[usize::from(self.sequence) % SENT_RING].state = 0;
        self.sequence = self.sequence.wrapping_sub(1);
    }

    /// Writes the reliable part of the packet opened last, at most `bits_max` bits of it (1 bit when nothing is due).
    /// Returns the number of fragments.
    pub fn write_reliable(
        &mut self,
        pool: &Pool,
        out: &mut BitWriter,
        bits_max: u32,
        limits: SendLimits,
    ) -> usize {
        if self.base_fragment == self.next_fragment && self.queue_count == self.cut_messages {
            out.bit(false);
            return 0;
        }
        let tick = self.sent[usize::from(self.sequence) % SENT_RING].tick;
        let mut chosen = [0u16; FRAGMENTS_PER_PACKET_MAX];
        let count = self.choose(pool, tick, bits_max, limits, &mut chosen);
        out.bit(count > 0);
        if count == 0 {
            return 0;
        }
        out.put(count as u32 - 1, 3);
        out.put(u32::from(chosen[0]), 16);
        for id in &chosen[..count] {
            let flight = &mut self.flight[usize::from(*id) % FLIGHT_RING];
            flight.sent_tick = tick;
            out.put(u32::from(id.wrapping_sub(chosen[0])), 6);
            out.put(u32::from(flight.length) - 1, 8);
            out.put(u32::from(flight.last), 1);
            pool.read(flight.chunk, usize::from(flight.length), |bytes| out.put_bytes(bytes));
        }
        let sent = &mut self.sent[usize::from(self.sequence) % SENT_RING];
        (sent.first, sent.count) = (chosen[0], count as u8);
        for (offset, id) in sent.offsets.iter_mut().zip(&chosen[..count]) {
            *offset = id.wrapping_sub(chosen[0]) as u8;
        }
        count
    }

    /// Fills `chosen` with fragments that are due, oldest first, then new ones while the window is open.
    fn choose(
        &mut self,
        pool: &Pool,
        tick: u32,
        bits_max: u32,
        limits: SendLimits,
        chosen: &mut [u16; FRAGMENTS_PER_PACKET_MAX],
    ) -> usize {
        let patience = self.resend_ticks();
        let mut count = 0;
        let mut bits = PART_HEAD_BITS;
        let mut id = self.base_fragment;
        while count < FRAGMENTS_PER_PACKET_MAX {
            let fresh = id == self.next_fragment;
            if fresh && !self.cut(pool, limits) {
                break;
            }
            let flight = &self.flight[usize::from(id) % FLIGHT_RING];
            let due =
                flight.state == 1 && (fresh || tick.wrapping_sub(flight.sent_tick) >= patience);
            if due {
                let size = FRAGMENT_HEAD_BITS + u32::from(flight.length) * 8;
                if bits + size > bits_max {
                    if fresh {
                        // Cut but without a place in this packet: due at once in the next one.
                        self.flight[usize::from(id) % FLIGHT_RING].sent_tick =
                            tick.wrapping_sub(1 << 16);
                    }
                    break;
                }
                bits += size;
                chosen[count] = id;
                count += 1;
            }
            id = id.wrapping_add(1);
        }
        count
    }

    /// Cuts the next fragment off the queue. False: nothing to cut, or the other end's window is full.
    fn cut(&mut self, pool: &Pool, limits: SendLimits) -> bool {
        let from = if limits.whole_messages { self.head_fragment } else { self.base_fragment };
        if self.next_fragment.wrapping_sub(from) >= limits.window {
            return false;
        }
        if self.cut_chunk == CHUNK_NONE {
            if self.cut_messages == self.queue_count {
                return false;
            }
            let message =
                self.queue[usize::from(self.queue_first.wrapping_add(self.cut_messages)) % QUEUE];
            self.cut_chunk = message;
            self.cut_left = pool.length(message);
        }
        let length = (self.cut_left as usize).min(FRAGMENT);
        let last = length == self.cut_left as usize;
        self.flight[usize::from(self.next_fragment) % FLIGHT_RING] = Flight {
            sent_tick: 0,
            chunk: self.cut_chunk,
            length: length as u16,
            state: 1,
            last: u8::from(last),
            reserved: 0,
        };
        self.next_fragment = self.next_fragment.wrapping_add(1);
        self.cut_left -= length as u32;
        if last {
            self.cut_chunk = CHUNK_NONE;
            self.cut_messages += 1;
        } else {
            self.cut_chunk = pool.after(self.cut_chunk, FRAGMENT / CHUNK_BYTES);
        }
        true
    }

    /// Moves past what is acknowledged; messages that are wholly so leave the queue.
    pub(super) fn advance(&mut self, pool: &mut Pool) {
        while self.base_fragment != self.next_fragment {
            let flight = &mut self.flight[usize::from(self.base_fragment) % FLIGHT_RING];
            if flight.state != 2 {
                return;
            }
            let last = flight.last == 1;
            *flight = bytemuck::Zeroable::zeroed();
            self.base_fragment = self.base_fragment.wrapping_add(1);
            if last {
                let message = self.queue[usize::from(self.queue_first) % QUEUE];
                let number = u32::from(counts(pool.kind(message)));
                self.messages_done = self.messages_done.wrapping_add(number);
                pool.release(message);
                self.queue_first = self.queue_first.wrapping_add(1);
                self.queue_count -= 1;
                self.cut_messages -= 1;
                self.head_fragment = self.base_fragment;
            }
        }
    }
}
