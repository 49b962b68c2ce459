//! Packets of netcode 1.02 (protocol/SPEC.md, section 3): their heads, sealing and opening, and
//! which numbers have come.

use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, CHACHA20_POLY1305};

/// Kinds, the low half of the first byte.
pub mod kind {
    /// Connection request: not sealed, 1,078 bytes.
    pub const REQUEST: u8 = 0;
    /// Answer to a challenge.
    pub const RESPONSE: u8 = 3;
    /// Sign of life.
    pub const KEEP_ALIVE: u8 = 4;
    /// Carries a datagram of ours.
    pub const PAYLOAD: u8 = 5;
    /// The other end goes.
    pub const DISCONNECT: u8 = 6;
}

/// Bytes that sealing adds.
pub const TAG_BYTES: usize = 16;
/// Length of a connection request.
pub const REQUEST_BYTES: usize = 1078;
/// The standard's limit for a payload.
pub const PAYLOAD_BYTES_MAX: usize = 1200;
/// First byte, 8 bytes of number, payload, tag.
pub const PACKET_BYTES_MAX: usize = 1 + 8 + PAYLOAD_BYTES_MAX + TAG_BYTES;
/// What is sealed with every packet before its first byte.
pub const ASSOCIATED_BYTES: usize = 21;
/// u32 client index, u32 most clients.
pub const KEEP_ALIVE_BYTES: usize = 8;
/// Packets behind the newest that are still known.
pub const REPLAY_WINDOW: u64 = 256;
/// Above it the JavaScript end knows no number apart, so nobody is heard there either.
const SEQUENCE_MAX: u64 = (1 << 53) - 1;
const PACKET_BYTES_MIN: usize = 2 + TAG_BYTES;

/// What the head of a sealed packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// 1..=6.
    pub kind: u8,
    /// Number of the packet.
    pub sequence: u64,
    /// Bytes before the sealed body.
    pub bytes: usize,
}

/// Why a packet is not looked at any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Too short or too long.
    Size,
    /// A kind, or a length of the number, that does not exist.
    Kind,
}

/// Reads the head of anything but a request. Never panics.
pub fn read_head(bytes: &[u8]) -> Result<Head, Unread> {
    if bytes.len() < PACKET_BYTES_MIN || bytes.len() > PACKET_BYTES_MAX {
        return Err(Unread::Size);
    }
    let first = bytes.first().copied().unwrap_or(0);
    let (kind, count) = (first & 15, usize::from(first >> 4));
    if kind == kind::REQUEST || kind > kind::DISCONNECT || !(1..=8).contains(&count) {
        return Err(Unread::Kind);
    }
    let Some(number) = bytes.get(1..1 + count) else { return Err(Unread::Size) };
    if bytes.len() < 1 + count + TAG_BYTES {
        return Err(Unread::Size);
    }
    let sequence = number.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Ok(Head { kind, sequence, bytes: 1 + count })
}

/// Whether an opened body is of the length that its kind has.
pub fn body_fits(kind: u8, bytes: usize) -> bool {
    match kind {
        kind::PAYLOAD => (1..=PAYLOAD_BYTES_MAX).contains(&bytes),
        kind::KEEP_ALIVE => bytes == KEEP_ALIVE_BYTES,
        kind::DISCONNECT => bytes == 0,
        _ => false,
    }
}

/// The key of one direction.
pub struct Key(LessSafeKey);

impl Key {
    /// From its 32 bytes.
    pub fn new(bytes: &[u8; 32]) -> Option<Self> {
        Some(Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes).ok()?)))
    }
}

/// Seals and opens packets of one protocol.
#[derive(Clone, Copy)]
pub struct Sealer {
    associated: [u8; ASSOCIATED_BYTES],
}

impl Sealer {
    /// `associated`: version and protocol id.
    pub fn new(associated: [u8; ASSOCIATED_BYTES]) -> Self {
        Self { associated }
    }

    /// Opens a packet whose head was read, in place; answers where its body lies.
    pub fn open<'a>(&self, key: &Key, head: Head, bytes: &'a mut [u8]) -> Option<&'a mut [u8]> {
        let aad = self.aad(bytes.first().copied()?);
        let sealed = bytes.get_mut(head.bytes..)?;
        key.0.open_in_place(nonce(head.sequence), Aad::from(aad), sealed).ok()
    }

    /// Writes a packet with `body` into `into`; answers its length. None: it does not fit.
    pub fn seal(
        &self,
        key: &Key,
        kind: u8,
        sequence: u64,
        body: &[u8],
        into: &mut [u8],
    ) -> Option<usize> {
        let count = (8 - sequence.leading_zeros() as usize / 8).max(1);
        let first = kind | (count as u8) << 4;
        let end = 1 + count + body.len();
        let (packet, _) = into.split_at_mut_checked(end + TAG_BYTES)?;
        let (head, sealed) = packet.split_at_mut_checked(1 + count)?;
        let (own, number) = head.split_first_mut()?;
        *own = first;
        number.copy_from_slice(sequence.to_le_bytes().get(..count)?);
        let (plain, tag) = sealed.split_at_mut_checked(body.len())?;
        plain.copy_from_slice(body);
        let made = key
            .0
            .seal_in_place_separate_tag(nonce(sequence), Aad::from(self.aad(first)), plain)
            .ok()?;
        tag.copy_from_slice(made.as_ref());
        Some(end + TAG_BYTES)
    }

    fn aad(&self, first: u8) -> [u8; ASSOCIATED_BYTES + 1] {
        let mut aad = [first; ASSOCIATED_BYTES + 1];
        aad[..ASSOCIATED_BYTES].copy_from_slice(&self.associated);
        aad
    }
}

fn nonce(sequence: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&sequence.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// Which numbers have come: the newest and the 255 before it.
#[derive(Default)]
pub struct ReplayWindow {
    /// The newest and one; 0: nothing has come.
    next: u64,
    seen: [u64; (REPLAY_WINDOW / 64) as usize],
}

impl ReplayWindow {
    /// Not seen before, and not too old to know.
    pub fn is_fresh(&self, sequence: u64) -> bool {
        if sequence > SEQUENCE_MAX {
            return false;
        }
        if sequence >= self.next {
            return true;
        }
        if sequence + REPLAY_WINDOW < self.next {
            return false;
        }
        self.seen[word(sequence)] & bit(sequence) == 0
    }

    /// It has come, and was opened.
    pub fn mark(&mut self, sequence: u64) {
        let from = self.next.max(sequence.saturating_sub(REPLAY_WINDOW - 1));
        for passed in from..sequence {
            self.seen[word(passed)] &= !bit(passed);
        }
        self.seen[word(sequence)] |= bit(sequence);
        self.next = self.next.max(sequence.saturating_add(1));
    }
}

fn word(sequence: u64) -> usize {
    (sequence % REPLAY_WINDOW / 64) as usize
}

fn bit(sequence: u64) -> u64 {
    1 << (sequence % 64)
}
