//! Replays a journal file (see workers/journal.ts) and tells what each stage of the tick costs, in nanoseconds per packet sent:
//! `cargo run --release --example profile -- FILE [ROUNDS] [WARM_TICKS]`. Of each stage and tick the quickest of all rounds
//! counts, so that what else the machine does is left out.

use fray_core::host::Instance;
use fray_core::room::{begin_timed, end_timed};
use std::process::ExitCode;
use std::time::Instant;

const BEGIN: usize = 1;
const END: usize = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, usual| arguments.get(at).map_or(Some(usual), |text: &String| text.parse().ok());
    let (Some(path), Some(rounds), Some(warm)) = (arguments.first(), number(1, 40), number(2, 160))
    else {
        eprintln!("usage: profile FILE [ROUNDS] [WARM_TICKS]");
        return ExitCode::from(2);
    };
    match std::fs::read(path) {
        Ok(file) => profile(&file, rounds, warm),
        Err(error) => {
            eprintln!("Cannot profile {path}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Quickest time of one stage in each tick.
struct Cost {
    stage: &'static str,
    nanos: Vec<u64>,
}

fn profile(file: &[u8], rounds: usize, warm: usize) {
    let mut costs: Vec<Cost> = Vec::new();
    let mut packets = 0;
    for _ in 0..rounds {
        packets = replay(file, warm, &mut costs);
    }
    let packets = packets.max(1) as f64;
    let mut sum = 0.0;
    for Cost { stage, nanos } in &costs {
        let each = nanos.iter().skip(warm).sum::<u64>() as f64 / packets;
        sum += each;
        println!("{stage:>10} {each:8.1}");
    }
    println!("{:>10} {sum:8.1} ns per packet sent, {packets} packets", "all");
}

/// One pass over the journal; the packets sent after the warm-up.
fn replay(file: &[u8], warm: usize, costs: &mut Vec<Cost>) -> usize {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let config = word(8);
    let mut room = Instance::new(&file[12..12 + config]).expect("the configuration is refused");
    let (mut at, mut tick, mut packets) = (12 + config.next_multiple_of(4), 0, 0);
    while at + 12 <= file.len() {
        let (stage, bytes) = (word(at), word(at + 8));
        let payload = &file[at + 12..at + 12 + bytes];
        at += 12 + bytes.next_multiple_of(4);
        let mut room = room.room();
        room.s.input[..bytes].copy_from_slice(payload);
        let mut from = Instant::now();
        let done = |stage: &'static str| {
            let now = Instant::now();
            keep(costs, (stage, tick), (now - from).as_nanos() as u64);
            from = Instant::now();
        };
        if stage == BEGIN {
            begin_timed(&mut room, bytes, done).expect("begin");
        } else if stage == END {
            let rows = end_timed(&mut room, bytes, done).expect("end");
            packets += if tick >= warm { rows as usize } else { 0 };
            tick += 1;
        }
    }
    packets
}

fn keep(costs: &mut Vec<Cost>, (stage, tick): (&'static str, usize), nanos: u64) {
    if !costs.iter().any(|cost| cost.stage == stage) {
        costs.push(Cost { stage, nanos: Vec::new() });
    }
    if let Some(cost) = costs.iter_mut().find(|cost| cost.stage == stage) {
        if cost.nanos.len() <= tick {
            cost.nanos.resize(tick + 1, u64::MAX);
        }
        cost.nanos[tick] = cost.nanos[tick].min(nanos);
    }
}
