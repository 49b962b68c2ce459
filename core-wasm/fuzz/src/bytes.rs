//! Fuzz bytes read as a program: single bytes, words that love limits, edits of real packets.

use super::support::ONE;
use fray_core::netchan::{write_header, Header, HEADER_BYTES};

/// Reads bytes off the front; zeros once they have run out.
pub struct Bytes<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    /// From the start.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// True once all were read.
    pub fn over(&self) -> bool {
        self.at >= self.data.len()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.at += 1;
        self.data.get(self.at - 1).copied().unwrap_or(0)
    }

    /// A number near a limit, a coordinate, a tick, or any.
    pub fn word(&mut self) -> u32 {
        let first = self.byte();
        match first & 7 {
            0 => u32::from(first >> 3),
            1 => u32::from(first >> 3) << 16,
            2 => u32::from(self.byte()) * ONE as u32,
            3 => (u32::from(self.byte()) * ONE as u32).wrapping_neg(),
            4 => u32::MAX - u32::from(first >> 3),
            5 => 0x7fff_ffff + u32::from(first >> 3),
            6 => u32::from(self.byte()) << 8 | u32::from(self.byte()),
            _ => u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
        }
    }

    /// So many bytes, made of words.
    pub fn fill(&mut self, bytes: usize) -> Vec<u8> {
        let mut out = vec![0; bytes.next_multiple_of(4)];
        for four in out.chunks_exact_mut(4) {
            four.copy_from_slice(&self.word().to_le_bytes());
        }
        out.truncate(bytes);
        out
    }

    /// The next `length` bytes as they are, fewer at the end.
    pub fn slice(&mut self, length: usize) -> &'a [u8] {
        let rest = self.data.get(self.at..).unwrap_or(&[]);
        let own = &rest[..length.min(rest.len())];
        self.at += own.len();
        own
    }

    /// A part with two bytes of length before it.
    pub fn part(&mut self, most: usize) -> &'a [u8] {
        let length = usize::from(self.byte()) | usize::from(self.byte()) << 8;
        self.slice(length % most)
    }

    /// Edits a packet: bits flipped, bytes set, the end cut or grown; its header is then made to fit, so that the rest
    /// is looked at, unless a byte says otherwise.
    pub fn edit(&mut self, packet: &mut Vec<u8>, expected: Header, epoch: u32) {
        let control = self.byte();
        for _ in 0..control & 3 {
            let at = usize::from(self.byte()) | usize::from(self.byte()) << 8;
            let value = self.byte();
            let body = packet.len() - HEADER_BYTES;
            if body == 0 {
                break;
            }
            let place = &mut packet[HEADER_BYTES + at % body];
            match value & 3 {
                0 => *place = at as u8,
                1 => *place = 0xff,
                _ => *place ^= 1 << (value >> 5),
            }
        }
        match control >> 2 & 7 {
            1 => packet.truncate(
                HEADER_BYTES.max(packet.len() - packet.len().min(usize::from(self.byte()))),
            ),
            2 => packet.extend(self.part(300)),
            3 => {
                packet.truncate(HEADER_BYTES);
                packet.extend(self.part(300));
            }
            _ => {}
        }
        packet.truncate(1120);
        let mut header = expected;
        match control >> 5 {
            0..=3 => {}
            4 => header.sequence = header.sequence.wrapping_add(u16::from(self.byte())),
            5 => header.ack = header.ack.wrapping_sub(u16::from(self.byte())),
            6 => (header.sequence, header.ack) = (self.word() as u16, self.word() as u16),
            _ => header.ack_bits = self.word(),
        }
        write_header(packet, header, epoch);
    }
}
