//! Where the time of a tick goes, stage by stage, in a native build:
//! `cargo run --release --example profile -- FILE WARM_TICKS`. FILE is a journal (see workers/journal-format.ts), which
//! bench/profile-tick.sh records. Runs the stages of room.rs one by one with a clock between them and compares the hashes that
//! stand in the journal, so that what is timed is the tick that ships. Prints a table, its last line the sum, which `fray bench native` reads;
//! exit code 1 at the first difference.

mod journal;

use fray_core::host::Instance;
use fray_core::room::{close_tick, open_tick, Room};
use fray_core::{
    combat, command, harm, history, indices, ingest, input, interest, physics, roster, snapshot,
    timers,
};
use journal::{Entry, Journal, BEGIN, END, GAME, HASH};
use std::process::ExitCode;
use std::time::Instant;

/// The stages of `begin` and `end` in room.rs, in their order.
const STAGES: [&str; 14] = [
    "open", "deaths", "ingest", "apply", "simulate", "resolve", "timers", "handles", "command",
    "roster", "record", "select", "encode", "close",
];
const FIRST_OF_END: usize = 8;

/// What has been measured.
#[derive(Default)]
struct Profile {
    /// Nanoseconds of each timed tick.
    stages: [Vec<u64>; STAGES.len()],
    ticks: u64,
    players: u64,
    packets: u64,
    hashes: u64,
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(Ok(warm))) = (args.next(), args.next().map(|text| text.parse())) else {
        eprintln!("usage: profile FILE WARM_TICKS");
        return ExitCode::from(2);
    };
    let profiled = std::fs::read(&path)
        .map_err(|error| error.to_string())
        .and_then(|file| profile(&file, warm));
    match profiled {
        Ok(mut profile) => {
            print(&mut profile);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("Cannot profile {path}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn profile(file: &[u8], warm: u32) -> Result<Profile, String> {
    let mut journal = Journal::open(file)?;
    let mut instance =
        Instance::new(journal.config).map_err(|code| format!("configuration refused: {code}"))?;
    let mut profile = Profile::default();
    while let Some(Entry { stage, tick, payload }) = journal.next()? {
        let bytes = payload.len();
        if stage == HASH {
            let own = instance.state_hash();
            if own.to_le_bytes() != payload {
                return Err(format!("tick {tick}: another state hash than in the journal"));
            }
            profile.hashes += 1;
            continue;
        }
        if stage == GAME {
            continue;
        }
        let mut room = instance.room();
        room.s.input[..bytes].copy_from_slice(payload);
        let timed = tick > warm;
        match stage {
            BEGIN => run(&mut room, &mut profile, timed, bytes, &STAGES[..FIRST_OF_END]),
            END => run(&mut room, &mut profile, timed, bytes, &STAGES[FIRST_OF_END..]),
            _ => break,
        }
        .map_err(|code| format!("tick {tick}: the core answered {code}"))?;
        if stage == END && timed {
            profile.ticks += 1;
            profile.players += u64::from(room.r.head[0].players);
        }
    }
    Ok(profile)
}

fn run(
    room: &mut Room,
    profile: &mut Profile,
    timed: bool,
    bytes: usize,
    stages: &[&str],
) -> Result<(), i32> {
    let first = if stages.len() == FIRST_OF_END { 0 } else { FIRST_OF_END };
    let mut before = Instant::now();
    for (index, stage) in stages.iter().enumerate() {
        match *stage {
            "open" => open_tick(room)?,
            "deaths" => harm::tell_deaths(room),
            "ingest" => ingest::records(room, bytes),
            "apply" => input::apply(room),
            "simulate" => physics::simulate(room),
            "resolve" => combat::resolve(room),
            "timers" => timers::tell_timers(room),
            "handles" => indices::offer_handles(room),
            "command" => command::apply(room, bytes),
            "roster" => roster::refresh(room),
            "record" => history::record(room),
            "select" => interest::select(room),
            "encode" => profile.packets += u64::from(snapshot::encode(room)) * u64::from(timed),
            _ => close_tick(room),
        }
        let now = Instant::now();
        if timed {
            profile.stages[first + index].push((now - before).as_nanos() as u64);
        }
        before = now;
    }
    Ok(())
}

/// Medians of the ticks: what another program took from one tick or two does not count.
fn print(profile: &mut Profile) {
    let players = profile.players as f64 / profile.ticks.max(1) as f64;
    println!(
        "{} ticks of {players} players, {} packets, {} hashes compared",
        profile.ticks, profile.packets, profile.hashes
    );
    let medians = profile.stages.each_mut().map(|ticks| {
        ticks.sort_unstable();
        ticks.get(ticks.len() / 2).map_or(0.0, |median| *median as f64) / players
    });
    let all: f64 = medians.iter().sum();
    for (stage, ns) in STAGES.iter().zip(medians) {
        println!("{stage:<9} {ns:>8.1} ns per player and tick {:>6.1} %", 100.0 * ns / all);
    }
    println!("{:<9} {all:>8.1} ns per player and tick", "all");
}
