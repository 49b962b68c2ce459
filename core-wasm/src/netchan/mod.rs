//! The packet layer, both ends: sequence numbers, acknowledgements, and the reliable-ordered channel.
//!
//! A packet is 13 bytes of header and one bit stream. It is acknowledged only when every part of it was understood and
//! stored, so that one bit in the other end's ack field answers for fragments, input commands and snapshot alike. What
//! needs no repeating (snapshots, inputs) simply rides along: that is the `unreliable-sequenced` channel.
//!
//! Absent on purpose: sockets, time (ticks are parameters), encryption (the transport's), and how much a path takes (a room
//! sends one packet per client and tick; `budget.rs` says how large its snapshot may be).

pub mod pool;
mod receive;
mod send;

pub use receive::{FragmentSlot, Reliable};
pub use send::SendLimits;

use crate::gen;
use bytemuck::{Pod, Zeroable};
use pool::{Pool, CHUNK_NONE};

/// Bytes before the bit stream: kind and epoch 1, sequence 2, ack 2, ack bits 4, check 4.
pub const HEADER_BYTES: usize = 13;
/// Fragments in one packet at most: 3 bits of count.
pub const FRAGMENTS_PER_PACKET_MAX: usize = 8;
/// Packets whose content is remembered until it is known whether they arrived: 1 s at 128 Hz, 4 s at 30 Hz.
pub const SENT_RING: usize = 128;
/// Fragments of one channel in flight: the larger receive window.
pub const FLIGHT_RING: usize = gen::RECEIVE_WINDOW_TO_CLIENT as usize;
/// Messages waiting for one client.
pub const QUEUE: usize = gen::SEND_QUEUE_MESSAGES_MAX as usize;
/// Bytes of a full fragment.
pub const FRAGMENT: usize = gen::FRAGMENT_BYTES_MAX as usize;

/// Round trip assumed before the first sample, 1/256 tick.
const RTT_FIRST: u32 = 6 * 256;

/// A packet on its way. 20 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Sent {
    /// Tick in which it was sent.
    pub tick: u32,
    sequence: u16,
    /// 0 nothing, 1 on its way, 2 acknowledged.
    state: u8,
    /// Fragments in it.
    count: u8,
    first: u16,
    reserved: u16,
    /// Of each fragment: its id less the first.
    offsets: [u8; FRAGMENTS_PER_PACKET_MAX],
}

/// A fragment on its way. 12 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
struct Flight {
    sent_tick: u32,
    chunk: u16,
    length: u16,
    /// 0 nothing, 1 on its way, 2 acknowledged.
    state: u8,
    last: u8,
    reserved: u16,
}

/// One end of one packet layer: part of the region, all of it plain.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Channel {
    /// Sequence of the newest packet sent; the first one is 1.
    pub sequence: u16,
    /// Newest sequence received, 0 at the start.
    pub received: u16,
    /// Bit k: the packet `received - 1 - k` was received too.
    pub received_bits: u32,
    /// The two as the other end is told.
    told_bits: u32,
    told: u16,
    reserved: u16,
    /// Newest own sequence that the other end acknowledged.
    pub acked: u16,
    queue_first: u16,
    acked_bits: u32,
    /// Smoothed round trip in 1/256 tick; 0: no sample yet.
    pub rtt_ticks256: u32,
    /// Tick of the last acknowledgement of something new.
    pub ack_tick: u32,
    queue_count: u16,
    /// Messages of the queue that are wholly cut into fragments.
    cut_messages: u16,
    cut_chunk: u16,
    next_fragment: u16,
    cut_left: u32,
    base_fragment: u16,
    /// First fragment of the oldest message that is not wholly acknowledged.
    head_fragment: u16,
    /// Next fragment that the reader of messages waits for.
    pub expected: u16,
    /// Its place in the window.
    expected_slot: u16,
    /// Packets that never came (those that came late are taken back).
    pub lost: u32,
    /// Messages queued since the start.
    pub messages_sent: u32,
    /// Messages that count and that were handed out, in all epochs of the session.
    pub messages_received: u32,
    /// Messages that count and that the other end has acknowledged wholly, or has read: the number of the next one.
    pub messages_done: u32,
    /// 1: closed. Nothing reliable is sent any more.
    closed: u16,
    /// 1: some packet was received. Its number may be 0: they wrap.
    heard: u16,
    /// Fragments in the receive window.
    stored: u32,
    /// 1 + messages that waited when the first other owner since the channel began went on with the room; 0: none has.
    inherited_first: u16,
    /// The same of the newest.
    inherited: u16,
    queue: [u16; QUEUE],
    flight: [Flight; FLIGHT_RING],
    sent: [Sent; SENT_RING],
}

/// The fields of a packet's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number of this packet.
    pub sequence: u16,
    /// Newest packet its sender had received.
    pub ack: u16,
    /// Bit k: `ack - 1 - k` too.
    pub ack_bits: u32,
}

/// What the other end has read of a channel, and keeps over [`Channel::restart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Messages that count, of all epochs of the session (modulo 65,536).
    pub count: u16,
    /// It has heard of the owner before this one; else of none but the one with whom the channel began.
    pub recent: bool,
}

/// Whether a message of that kind has a number: what the game and the host say. What tells of the room's state is told anew
/// instead, to whoever begins anew.
pub fn counts(kind: u8) -> bool {
    matches!(kind, gen::message::CONTROL | gen::message::GAME)
}

/// What a sequence number says about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Newer than all before.
    Fresh,
    /// Overtaken, seen for the first time.
    Late,
    /// Seen before, or too old to tell.
    Stale,
}

/// Reads and checks the header of a packet of the client's epoch. Errors are codes of `gen::error`.
pub fn read_header(packet: &[u8], epoch: u32) -> Result<Header, i32> {
    if packet.len() < HEADER_BYTES || packet.len() > gen::PACKET_BYTES_MAX as usize {
        return Err(gen::error::E_MALFORMED);
    }
    if packet[0] != first_byte(epoch) || check(packet, epoch) != word(packet, 9) {
        return Err(gen::error::E_MALFORMED);
    }
    Ok(Header {
        sequence: u16::from_le_bytes([packet[1], packet[2]]),
        ack: u16::from_le_bytes([packet[3], packet[4]]),
        ack_bits: word(packet, 5),
    })
}

/// Writes header and check of a packet whose bit stream is in place already; its length is at least `HEADER_BYTES`.
pub fn write_header(packet: &mut [u8], header: Header, epoch: u32) {
    packet[0] = first_byte(epoch);
    packet[1..3].copy_from_slice(&header.sequence.to_le_bytes());
    packet[3..5].copy_from_slice(&header.ack.to_le_bytes());
    packet[5..9].copy_from_slice(&header.ack_bits.to_le_bytes());
    let sum = check(packet, epoch);
    packet[9..13].copy_from_slice(&sum.to_le_bytes());
}

fn first_byte(epoch: u32) -> u8 {
    gen::datagram::PACKET | ((epoch & 15) as u8) << 4
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// 32-bit check of a packet, its own four bytes read as zero, started from the whole epoch: damage below the transport's
/// own checks, and packets of another epoch with the same low bits, end here. Not a defence against forgers.
fn check(packet: &[u8], epoch: u32) -> u32 {
    let mut sum = epoch ^ (packet.len() as u32).wrapping_mul(CHECK_STEP);
    sum = check_word(sum, word(packet, 0));
    sum = check_word(sum, word(packet, 4));
    sum = check_word(sum, u32::from(packet[8]));
    let body = &packet[HEADER_BYTES..];
    for four in body.chunks_exact(4) {
        sum = check_word(sum, u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    }
    // What is left over, 0..3 bytes: the upper end of the last word of the packet.
    let over = 8 * (body.len() as u32 & 3);
    let tail = u64::from(word(packet, packet.len() - 4)) << over >> 32;
    sum = check_word(sum, tail as u32);
    sum ^ sum >> 13
}

const CHECK_STEP: u32 = 0x9e37_79b1;

#[inline(always)]
fn check_word(sum: u32, word: u32) -> u32 {
    let mixed = (sum ^ word).wrapping_mul(CHECK_STEP);
    mixed ^ mixed >> 15
}

impl Channel {
    /// A channel on which nothing has happened. `tick` counts as the last sign of life.
    pub fn open(&mut self, tick: u32) {
        *self = Zeroable::zeroed();
        self.ack_tick = tick;
        self.cut_chunk = CHUNK_NONE;
        self.next_fragment = 1;
        self.base_fragment = 1;
        self.head_fragment = 1;
        self.expected = 1;
    }

    /// Begins anew: packets and fragments start over, what was half received is forgotten (its window is the caller's), and each
    /// message that counts and is not wholly acknowledged waits again from its start, in order; the others are let go of. The
    /// numbers of messages go on, whoever is at the other end: a room that is taken back to a moment before this one knows by them what
    /// was read meanwhile.
    ///
    /// `read`: the other end has kept what it had of this channel. What it has read does not come again; what was queued after
    /// [`Channel::inherit`] it has not read, whatever the owner before, who is forgotten, had said under the same numbers. None: it holds
    /// nothing. Answers how many messages the other end had acknowledged and has not read by now: it has lost them.
    pub fn restart(&mut self, tick: u32, pool: &mut Pool, read: Option<Read>) -> u32 {
        let before = *self;
        let ahead = read.map_or(0, |read| {
            i32::from(read.count.wrapping_sub(before.messages_done as u16) as i16)
        });
        let recent = read.is_some_and(|read| read.recent);
        let inherited = if recent { before.inherited } else { before.inherited_first };
        let old = if inherited == 0 { u16::MAX } else { inherited - 1 };
        self.open(tick);
        self.lost = before.lost;
        self.closed = before.closed;
        self.messages_sent = before.messages_sent;
        self.messages_received = before.messages_received;
        let mut done = 0;
        for i in 0..before.queue_count {
            let message = before.queue[usize::from(before.queue_first.wrapping_add(i)) % QUEUE];
            let numbered = counts(pool.kind(message));
            if numbered && (i >= old || done >= ahead) {
                self.queue[usize::from(self.queue_count)] = message;
                self.queue_count += 1;
            } else {
                done += i32::from(numbered);
                pool.release(message);
            }
        }
        self.messages_done = before.messages_done.wrapping_add(done as u32);
        (-ahead).max(0) as u32
    }

    /// Another owner goes on as of a moment before, and with it [`Channel::restart`] comes.
    pub fn inherit(&mut self) {
        self.inherited = 1 + self.queue_count;
        if self.inherited_first == 0 {
            self.inherited_first = self.inherited;
        }
    }

    /// A message of that kind was handed out.
    pub fn note_read(&mut self, kind: u8) {
        self.messages_received = self.messages_received.wrapping_add(u32::from(counts(kind)));
    }

    /// Goes by the numbers of the other end: it has read `read` messages of this one and waits for the next, and this one waits for the
    /// message behind `before` (both modulo 65,536).
    pub fn number(&mut self, read: u16, before: u16) {
        self.messages_done = u32::from(read);
        self.messages_received = u32::from(before);
    }

    /// Lets go of every message that waits, for good: a stream with a gap would be worse than none. False: it was
    /// closed before.
    pub fn close(&mut self, pool: &mut Pool) -> bool {
        for i in 0..self.queue_count {
            pool.release(self.queue[usize::from(self.queue_first.wrapping_add(i)) % QUEUE]);
        }
        (self.queue_count, self.cut_messages, self.cut_left) = (0, 0, 0);
        self.cut_chunk = CHUNK_NONE;
        self.base_fragment = self.next_fragment;
        core::mem::replace(&mut self.closed, 1) == 0
    }

    /// The message that has waited longest.
    pub fn oldest(&self) -> Option<u16> {
        (self.queue_count > 0).then(|| self.queue[usize::from(self.queue_first) % QUEUE])
    }

    /// The other end is told of all that has been received so far: of the whole messages in it none waits.
    pub fn may_acknowledge(&mut self) {
        (self.told, self.told_bits) = (self.received, self.received_bits);
    }

    /// What the sequence number of an arriving packet says.
    pub fn age(&self, sequence: u16) -> Age {
        let ahead = sequence.wrapping_sub(self.received) as i16;
        if ahead > 0 {
            Age::Fresh
        } else if (-32..0).contains(&ahead) && self.received_bits >> (-ahead - 1) & 1 == 0 {
            if self.heard == 0 {
                return Age::Stale;
            }
            Age::Late
        } else {
            Age::Stale
        }
    }

    /// True when the header acknowledges nothing that was never sent.
    pub fn plausible(&self, header: &Header) -> bool {
        self.sequence.wrapping_sub(header.ack) < 0x8000
    }

    /// Remembers that the packet arrived and was understood, and tells the other end.
    pub fn mark_received(&mut self, sequence: u16) {
        self.hold_received(sequence);
        self.may_acknowledge();
    }

    /// The same, and the other end is told by [`Channel::may_acknowledge`].
    pub fn hold_received(&mut self, sequence: u16) {
        let ahead = sequence.wrapping_sub(self.received) as i16;
        if ahead > 0 {
            let shift = ahead as u32;
            let kept = if shift < 32 { self.received_bits << shift } else { 0 };
            let own = if self.heard != 0 && shift <= 32 { 1 << (shift - 1) } else { 0 };
            self.received_bits = kept | own;
            self.lost = self.lost.wrapping_add(shift - 1);
            (self.received, self.heard) = (sequence, 1);
        } else if (-32..0).contains(&ahead) {
            self.received_bits |= 1 << (-ahead - 1);
            self.lost = self.lost.wrapping_sub(1);
        }
    }

    /// Takes in the header's acknowledgements: frees acknowledged fragments, measures the round trip, and calls
    /// `arrived` with the sending tick of each packet that is newly known to have arrived, oldest first.
    pub fn acknowledge(
        &mut self,
        header: &Header,
        now: u32,
        pool: &mut Pool,
        mut arrived: impl FnMut(u32),
    ) {
        let ahead = header.ack.wrapping_sub(self.acked) as i16;
        let mut fresh = header.ack_bits;
        if ahead >= 0 {
            let shift = ahead as u32;
            let known = match shift {
                0..=32 => ((u64::from(self.acked_bits) << 1 | 1) << shift >> 1) as u32,
                _ => 0,
            };
            fresh &= !known;
            self.acked_bits = header.ack_bits | known;
            self.acked = header.ack;
        }
        while fresh != 0 {
            let k = 31 - fresh.leading_zeros();
            fresh &= !(1 << k);
            let sequence = header.ack.wrapping_sub(1 + k as u16);
            if let Some(tick) = self.confirm(sequence, now) {
                arrived(tick);
            }
        }
        if let Some(tick) = self.confirm(header.ack, now) {
            // The clock of a client may have been put back since: then it tells nothing.
            if now >= tick {
                self.sample_rtt(now - tick);
            }
            arrived(tick);
        }
        self.advance(pool);
    }

    fn confirm(&mut self, sequence: u16, now: u32) -> Option<u32> {
        let sent = &mut self.sent[usize::from(sequence) % SENT_RING];
        if sent.sequence != sequence || sent.state != 1 {
            return None;
        }
        sent.state = 2;
        self.ack_tick = now;
        let found = *sent;
        for offset in &found.offsets[..usize::from(found.count)] {
            let fragment = found.first.wrapping_add(u16::from(*offset));
            let offset = fragment.wrapping_sub(self.base_fragment);
            if offset < self.next_fragment.wrapping_sub(self.base_fragment) {
                self.flight[usize::from(fragment) % FLIGHT_RING].state = 2;
            }
        }
        Some(found.tick)
    }

    fn sample_rtt(&mut self, ticks: u32) {
        let sample = ticks.min(1 << 12) * 256;
        self.rtt_ticks256 = if self.rtt_ticks256 == 0 {
            sample.max(1)
        } else {
            (self.rtt_ticks256 * 7 + sample).div_ceil(8)
        };
    }

    /// Ticks after which a fragment without acknowledgement is sent again: 1.25 round trips and two ticks.
    fn resend_ticks(&self) -> u32 {
        let rtt = if self.rtt_ticks256 == 0 { RTT_FIRST } else { self.rtt_ticks256 };
        ((rtt * 5 / 4) >> 8) + 2
    }

    /// Messages waiting, cut or not.
    pub fn messages_waiting(&self) -> u32 {
        u32::from(self.queue_count)
    }
}
