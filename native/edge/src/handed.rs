//! What the thread hands up to JavaScript: records one after the other in memory of fixed size.

/// A record is six words (kind, client or socket, generation, port, bytes of the address as
/// text, bytes), then both, padded to a multiple of 4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Kind {
    /// A request, or the answer to a challenge.
    Datagram = 1,
    /// A datagram of a client.
    Payload = 2,
    /// A client has said that it goes.
    Gone = 3,
}

/// What waits to be fetched.
#[derive(Default)]
pub struct Handed(Vec<u8>);

impl Handed {
    /// Adds a record; false: too much waits. Strangers leave clients room.
    pub fn add(&mut self, kind: Kind, words: [u32; 3], text: &str, bytes: &[u8]) -> bool {
        let handed = &mut self.0;
        let most = if kind == Kind::Datagram { STRANGERS_BYTES_MAX } else { HANDED_BYTES_MAX };
        if handed.len() + HEAD_BYTES + text.len() + bytes.len() + 4 > most {
            return false;
        }
        let [one, two, three] = words;
        for word in [kind as u32, one, two, three, text.len() as u32, bytes.len() as u32] {
            handed.extend_from_slice(&word.to_le_bytes());
        }
        handed.extend_from_slice(text.as_bytes());
        handed.extend_from_slice(bytes);
        while !handed.len().is_multiple_of(4) {
            handed.push(0);
        }
        true
    }

    /// Whole records, as many as fit; answers their bytes.
    pub fn fetch(&mut self, into: &mut [u8]) -> usize {
        let mut end = 0;
        while let Some(bytes) = self.record_at(end) {
            if end + bytes > into.len() {
                break;
            }
            end += bytes;
        }
        if let (Some(into), Some(from)) = (into.get_mut(..end), self.0.get(..end)) {
            into.copy_from_slice(from);
            self.0.drain(..end);
        }
        end
    }

    /// Bytes of the record at `at`, its head included.
    fn record_at(&self, at: usize) -> Option<usize> {
        let word = |index: usize| {
            let bytes = self.0.get(at + index * 4..)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes) as usize)
        };
        Some((HEAD_BYTES + word(4)? + word(5)?).next_multiple_of(4))
    }
}

const HEAD_BYTES: usize = 24;
/// Of connection requests that wait to be looked at: some 230.
const STRANGERS_BYTES_MAX: usize = 256 << 10;
/// Of all that waits.
const HANDED_BYTES_MAX: usize = 1 << 20;
