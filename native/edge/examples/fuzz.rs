//! Any bytes, from anybody, against a thread that runs: it must not end, and must accept nothing that was not sealed.
//!
//! `cargo run --release --example fuzz -- SECONDS`. Datagrams are packets of a client, whole or with bits, bytes and lengths changed, and
//! plain noise; heads are read by themselves besides, many more of them. `FUZZ_SEED` repeats a run.

#[path = "../tests/house/mod.rs"]
mod house;

use std::time::{Duration, Instant};

use fray_edge::edge::Command;
use fray_edge::packet::{read_head, Key, Sealer, ASSOCIATED_BYTES, PACKET_BYTES_MAX};
use house::{House, SESSION};

/// xorshift64*.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let given = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| u64::from(std::process::id()) << 20 | 1);
    println!("FUZZ_SEED={seed}");
    let mut chance = Chance(seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut house = House::new(0);
    let mut client = house.connect(3, 1);
    let stranger = house.stranger();
    house.edge.command(Command::Route(3, Some(house.route())));
    house.edge.command(Command::Takes(3, Some(SESSION)));
    let (mut sent, mut whole, mut heads) = (0u64, 0u64, 0u64);
    let mut into = vec![0; 1 << 20];
    while Instant::now() < end {
        for _ in 0..64 {
            let kind = [4, 5, 5, 5, 5, 0, 1, 2, 3, 7, 15][chance.below(11)];
            let body: Vec<u8> = (0..chance.below(1300)).map(|_| chance.next() as u8).collect();
            let Some(mut packet) = client.try_seal(kind, &body) else { continue };
            let is_whole = chance.below(3) == 0;
            if !is_whole {
                change(&mut packet, &mut chance);
            }
            whole += u64::from(is_whole && (kind == 4 || kind == 5));
            let from = if chance.below(8) == 0 { &stranger } else { &client };
            from.try_send(&packet);
            sent += 1;
        }
        for _ in 0..20_000 {
            heads += 1;
            head(&mut chance);
        }
        house.edge.fetch(&mut into);
        house.drain();
        assert!(!house.edge.failed(), "the thread has ended");
    }
    // What is whole still goes through.
    house.edge.fetch(&mut into);
    house.settle();
    let [opened, sealed] = house.figures(["payloadsIn", "dropSealed"]);
    assert!(opened <= whole, "{opened} payloads opened, {whole} packets were whole");
    assert!(opened > 0 && sealed > 0, "{opened} opened, {sealed} did not");
    house.say(&[(SESSION, b"still there")]);
    while client.hear_payload() != b"still there" {}
    println!("{sent} datagrams ({whole} whole, {opened} opened), {heads} heads: no crash, nothing forged accepted");
}

fn change(packet: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(3) {
        let at = chance.below(packet.len());
        match chance.below(5) {
            0 => packet[at] ^= 1 << chance.below(8),
            1 => packet[at] = chance.next() as u8,
            2 => packet.truncate(at.max(1)),
            3 => packet.extend((0..chance.below(200)).map(|i| i as u8)),
            _ => packet[0] = chance.next() as u8,
        }
    }
}

/// A head, and an opening with a key that it was not sealed with.
fn head(chance: &mut Chance) {
    let mut bytes = [0u8; PACKET_BYTES_MAX + 8];
    let length = if chance.below(2) == 0 { chance.below(40) } else { chance.below(bytes.len()) };
    for byte in bytes.iter_mut().take(length.min(32)) {
        *byte = chance.next() as u8;
    }
    if let Ok(head) = read_head(&bytes[..length]) {
        assert!(head.bytes <= 9 && head.bytes + 16 <= length && (1..=6).contains(&head.kind));
        if chance.below(64) == 0 {
            let key = Key::new(&[8; 32]).expect("a key");
            let sealer = Sealer::new([1; ASSOCIATED_BYTES]);
            assert!(sealer.open(&key, head, &mut bytes[..length]).is_none());
        }
    }
}
