//! What the fuzzers do with their bytes. Nothing may panic; a room must stay whole (its counts
//! agree with its rows), a client that refuses a packet must not move, and a restored copy must go
//! on alike. Each input starts from the same moment of the same play, and is short: some thousand
//! executions a second.

pub mod bytes;
pub mod clients;
pub mod mutate;
#[path = "../../tests/support/play.rs"]
mod play;
pub mod rooms;
pub mod seeds;
pub mod stage;
#[path = "../../tests/support/mod.rs"]
mod support;

// What `play` finds beside itself.
use support::{handle, join, place, Seeded, Setup};

/// What is done with the bytes of an input.
pub type Target = fn(&[u8]);

/// Name and entry of each target.
pub const TARGETS: [(&str, Target); 4] = [
    ("room_bytes", rooms::bytes),
    ("room_operations", rooms::operations),
    ("client_bytes", clients::bytes),
    ("client_operations", clients::operations),
];

/// Kept inputs in one file: two bytes of length before each.
pub fn unpack(mut packed: &[u8]) -> Vec<&[u8]> {
    let mut inputs = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk::<2>() {
        let Some((own, rest)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
        else {
            break;
        };
        inputs.push(own);
        packed = rest;
    }
    inputs
}

/// The other way round; short ones first.
pub fn pack(mut inputs: Vec<Vec<u8>>) -> Vec<u8> {
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let length = |input: &[u8]| (input.len() as u16).to_le_bytes();
    inputs.iter().flat_map(|input| [&length(input), input.as_slice()].concat()).collect()
}

/// The input of a seed, for runs without libFuzzer.
pub fn of_seed(seed: u64, most: u32) -> Vec<u8> {
    let mut state = fray_core::rng::seeded(seed as u32, (seed >> 32) as u32);
    let length = fray_core::rng::below(&mut state, most) as usize;
    (0..length).map(|_| fray_core::rng::next(&mut state) as u8).collect()
}
