//! One packet: RFC 8439, section 2.8.

use chacha20::cipher::{KeyIvInit, StreamCipher};
use chacha20::ChaCha20;
use poly1305::universal_hash::{KeyInit, UniversalHash};
use poly1305::{Block, Poly1305};

use crate::{ASSOCIATED_BYTES, KEY_BYTES};

/// Bytes that sealing adds.
pub const TAG_BYTES: usize = 16;

/// What is sealed with a packet besides its bytes.
pub struct Packet<'a> {
    /// Key of its direction.
    pub key: &'a [u8; KEY_BYTES],
    /// Its number, never used twice with one key.
    pub sequence: u64,
    /// Associated data: the shared part and the packet's own byte, or nothing.
    pub associated: Option<(&'a [u8; ASSOCIATED_BYTES], u8)>,
}

/// Encrypts in place and answers the tag.
pub fn seal(packet: &Packet, bytes: &mut [u8]) -> [u8; TAG_BYTES] {
    let (mut stream, mut mac) = start(packet);
    stream.apply_keystream(bytes);
    finish(packet, &mut mac, bytes);
    mac.finalize().into()
}

/// Decrypts in place; false, and the bytes are as they were: the tag does not fit.
pub fn open(packet: &Packet, bytes: &mut [u8], tag: &[u8; TAG_BYTES]) -> bool {
    let (mut stream, mut mac) = start(packet);
    finish(packet, &mut mac, bytes);
    let expected: [u8; TAG_BYTES] = mac.finalize().into();
    // All bytes are looked at, whatever the first difference: time tells nothing of the tag.
    let difference = expected.iter().zip(tag).fold(0, |sum, (a, b)| sum | (a ^ b));
    let fits = core::hint::black_box(difference) == 0;
    if fits {
        stream.apply_keystream(bytes);
    }
    fits
}

/// The key stream behind its first block, and the authenticator that this block keys.
fn start(packet: &Packet) -> (ChaCha20, Poly1305) {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&packet.sequence.to_le_bytes());
    let mut stream = ChaCha20::new(packet.key.into(), &nonce.into());
    let mut first = [0; 64];
    stream.apply_keystream(&mut first);
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(&first[..KEY_BYTES]);
    (stream, Poly1305::new(&key.into()))
}

/// Associated data and bytes, each filled up to whole blocks with zeros, then their lengths.
fn finish(packet: &Packet, mac: &mut Poly1305, bytes: &[u8]) {
    let mut associated_bytes = 0;
    if let Some((shared, own)) = packet.associated {
        let mut associated = [0; ASSOCIATED_BYTES + 1];
        associated[..ASSOCIATED_BYTES].copy_from_slice(shared);
        associated[ASSOCIATED_BYTES] = own;
        mac.update_padded(&associated);
        associated_bytes = associated.len() as u64;
    }
    mac.update_padded(bytes);
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&associated_bytes.to_le_bytes());
    lengths[8..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
    mac.update(&[Block::from(lengths)]);
}
