//! Hashes of state: fast, 64-bit, not cryptographic. Four lanes of multiply and rotate over 8-byte
//! words, little-endian.

const K: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0xff51_afd7_ed55_8ccd];

/// Hash of bytes; a short tail is padded with zeros and the length goes in at the end.
pub fn bytes(seed: u64, bytes: &[u8]) -> u64 {
    let mut lanes = [seed ^ K[0], seed ^ K[1], seed ^ K[2], seed ^ K[3]];
    let mut blocks = bytes.chunks_exact(32);
    for block in &mut blocks {
        for (lane, (word, k)) in lanes.iter_mut().zip(block.chunks_exact(8).zip(K)) {
            *lane = mix(*lane, word_of(word), k);
        }
    }
    let mut tail = [0u8; 32];
    if let Some(start) = tail.get_mut(..blocks.remainder().len()) {
        start.copy_from_slice(blocks.remainder());
    }
    for (lane, (word, k)) in lanes.iter_mut().zip(tail.chunks_exact(8).zip(K)) {
        *lane = mix(*lane, word_of(word), k);
    }
    let folded = lanes.iter().fold(bytes.len() as u64, |sum, lane| mix(sum, *lane, K[0]));
    finish(folded)
}

/// Adds one number to a hash.
#[inline]
pub fn mix(hash: u64, word: u64, k: u64) -> u64 {
    (hash ^ word).wrapping_mul(k).rotate_left(29)
}

fn word_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

fn finish(mut hash: u64) -> u64 {
    hash = (hash ^ hash >> 32).wrapping_mul(K[1]);
    hash = (hash ^ hash >> 29).wrapping_mul(K[3]);
    hash ^ hash >> 32
}
