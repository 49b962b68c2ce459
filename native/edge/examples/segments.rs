//! What UDP_SEGMENT gains: 64 datagrams of 55 bytes over loopback to one address, which go as one, and to two in turns, which cannot.
//!
//! `cargo run --release --example segments -- ROUNDS`. They are read meanwhile, which is not timed. Wall time, in turns,
//! medians.

use std::net::UdpSocket as Reader;
use std::time::Instant;

use fray_edge::socket::{Binding, Outbound, Target, UdpSocket, BATCH};

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000usize);
    let address = "127.0.0.1:0".parse().unwrap_or_else(|_| unreachable!("an address"));
    let binding = Binding { address, shared: false, buffer_bytes: 1 << 22 };
    let socket = UdpSocket::bind(binding).unwrap_or_else(|error| panic!("cannot bind: {error}"));
    let readers = [reader(), reader()];
    let targets = readers.each_ref().map(|(_, target)| *target);
    let mut out = Outbound::new();
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..rounds * 2 {
        let places = 1 + round % 2;
        let started = Instant::now();
        for index in 0..BATCH {
            out.put(&targets[index % places], |into| {
                into[..BYTES].fill(0x5a);
                Some(BYTES)
            });
        }
        let sent = out.flush(&socket);
        took[places - 1].push(started.elapsed().as_nanos() as u64);
        assert_eq!((sent.count, sent.errors), (BATCH as u64, 0), "all of them went");
        for (reader, _) in &readers {
            let mut bytes = [0; 2048];
            while reader.recv(&mut bytes).is_ok_and(|got| got == BYTES) {}
        }
    }
    for (name, mut took) in ["to one address", "to two in turns"].into_iter().zip(took) {
        took.sort_unstable();
        println!("{name}: {} ns a datagram", took[took.len() / 2] / BATCH as u64);
    }
}

fn reader() -> (Reader, Target) {
    let reader = Reader::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("cannot bind: {error}"));
    reader.set_nonblocking(true).unwrap_or_else(|error| panic!("cannot set: {error}"));
    let address = reader.local_addr().unwrap_or_else(|error| panic!("cannot ask: {error}"));
    (reader, Target::new(address))
}

const BYTES: usize = 55;
