//! Flat tables that a host fills: jobs, packets, keys.
//!
//! A job is 8 words of 32 bits, little-endian: number of the key, sequence low and high, offset of
//! the bytes in the packets, number of bytes without tag, associated byte (0..=255, above: no
//! associated data), answer (see [`status`]), 0. The tag stands behind the bytes.

use crate::aead::{open, seal, Packet, TAG_BYTES};
use crate::{ASSOCIATED_BYTES, KEY_BYTES};

/// Jobs of one call.
pub const JOBS_MAX: usize = 64;
/// Bytes of a job.
pub const JOB_BYTES: usize = 32;
/// Bytes for packets: as many as jobs, each of at most 1,280 bytes.
pub const PACKETS_BYTES: usize = JOBS_MAX * 1280;

/// Answers of a job.
pub mod status {
    /// Sealed, or opened.
    pub const DONE: u32 = 0;
    /// The tag does not fit: forged, damaged, or for another key. The bytes are as they were.
    pub const FORGED: u32 = 1;
    /// A key that is not there, or bytes outside the packets: the host is mistaken.
    pub const OUTSIDE: u32 = 2;
}

/// Views of the tables.
pub struct Tables<'a> {
    /// What the associated data of all packets begin with.
    pub associated: &'a [u8; ASSOCIATED_BYTES],
    /// Jobs, [`JOB_BYTES`] each.
    pub jobs: &'a mut [u8],
    /// Packets, laid out as the jobs say.
    pub packets: &'a mut [u8],
    /// Keys, [`KEY_BYTES`] each.
    pub keys: &'a [u8],
}

impl Tables<'_> {
    /// Seals the packets of the first `count` jobs; answers how many were done.
    pub fn seal(&mut self, count: usize) -> u32 {
        self.each(count, |packet, bytes, tag| {
            *tag = seal(packet, bytes);
            true
        })
    }

    /// Opens the packets of the first `count` jobs; answers how many were done.
    pub fn open(&mut self, count: usize) -> u32 {
        self.each(count, |packet, bytes, tag| open(packet, bytes, tag))
    }

    fn each(
        &mut self,
        count: usize,
        run: impl Fn(&Packet, &mut [u8], &mut [u8; TAG_BYTES]) -> bool,
    ) -> u32 {
        let mut done = 0;
        for job in self.jobs.chunks_exact_mut(JOB_BYTES).take(count) {
            let word = |index: usize| {
                job.get(index * 4..)
                    .and_then(<[u8]>::first_chunk)
                    .map_or(0, |w| u32::from_le_bytes(*w))
            };
            let sequence = u64::from(word(1)) | u64::from(word(2)) << 32;
            let (key, place, bytes) = (word(0) as usize, word(3) as usize, word(4) as usize);
            let own = u8::try_from(word(5)).ok();
            let associated = own.map(|own| (self.associated, own));
            let key = self.keys.get(key.saturating_mul(KEY_BYTES)..).and_then(<[u8]>::first_chunk);
            let packet =
                self.packets.get_mut(place..).and_then(|rest| rest.split_at_mut_checked(bytes));
            let answer = match (key, packet.and_then(with_tag)) {
                (Some(key), Some((bytes, tag))) => {
                    let fits = run(&Packet { key, sequence, associated }, bytes, tag);
                    if fits {
                        status::DONE
                    } else {
                        status::FORGED
                    }
                }
                _ => status::OUTSIDE,
            };
            done += u32::from(answer == status::DONE);
            if let Some(place) = job.get_mut(24..28) {
                place.copy_from_slice(&answer.to_le_bytes());
            }
        }
        done
    }
}

/// The bytes, and the tag at the start of what is behind them.
fn with_tag<'a>(
    (bytes, rest): (&'a mut [u8], &'a mut [u8]),
) -> Option<(&'a mut [u8], &'a mut [u8; TAG_BYTES])> {
    Some((bytes, rest.first_chunk_mut()?))
}
