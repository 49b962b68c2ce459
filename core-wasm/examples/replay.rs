//! Replays a journal file (see workers/journal-format.ts) in a native build and compares each hash that stands in it:
//! `cargo run --release --example replay -- FILE [RESTORE_EVERY]`. Every so many ticks the room is saved and goes on in a
//! fresh instance. A game's own step is that of `examples/own-step/rust`. Prints one line of JSON; exit code 1 for a file that is no journal. `differs`: the first tick whose
//! hash is another, or -1.

mod journal;
/// What stands in a journal as the step of a game's own is a module, which nothing here runs: it is taken for this one.
#[path = "../../examples/own-step/rust/src/lib.rs"]
mod own_step;

use fray_core::host::{link_step, Instance};
use journal::{Entry, Journal, BEGIN, END, GAME, HASH};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: replay FILE [RESTORE_EVERY]");
        return ExitCode::from(2);
    };
    let every = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(0);
    let file = std::fs::read(&path).map_err(|error| error.to_string());
    match file.and_then(|file| {
        let journal = Journal::open(&file)?;
        Replay::start(&journal)?.run(journal, every)
    }) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("Cannot replay {path}: {reason}");
            ExitCode::FAILURE
        }
    }
}

struct Replay {
    room: Instance,
    ticks: u32,
    hashes: u32,
    last: u64,
    differs: i64,
    restores: u32,
    regions: u32,
}

impl Replay {
    fn start(journal: &Journal) -> Result<Self, String> {
        link_step(|words| {
            // SAFETY: a body is as many integers, in the same order.
            own_step::step(unsafe { &mut *words.as_mut_ptr().cast::<own_step::Body>() });
            0
        });
        let room = Instance::new(journal.config)
            .map_err(|code| format!("configuration refused: {code}"))?;
        Ok(Self { room, ticks: 0, hashes: 0, last: 0, differs: -1, restores: 0, regions: 0 })
    }

    fn run(mut self, mut journal: Journal, every: u32) -> Result<String, String> {
        while let Some(Entry { stage, tick, payload }) = journal.next()? {
            match stage {
                BEGIN => self.room.begin(payload).map(|_| ()).map_err(refused)?,
                END => {
                    self.room.end(payload).map_err(refused)?;
                    self.ticks += 1;
                }
                HASH => {
                    self.compare(tick, payload)?;
                    if every > 0 && tick > 0 && tick.is_multiple_of(every) {
                        self.restore()?;
                    }
                }
                GAME => {}
                _ => break,
            }
        }
        let Self { ticks, hashes, last, differs, restores, regions, .. } = self;
        Ok(format!(
            "{{\"ticks\":{ticks},\"hashes\":{hashes},\"last\":\"{last:016x}\",\"differs\":{differs},\
             \"restores\":{restores},\"regions\":\"{regions:08x}\"}}"
        ))
    }

    fn compare(&mut self, tick: u32, payload: &[u8]) -> Result<(), String> {
        self.last = u64::from_le_bytes(payload.try_into().map_err(|_| "a hash of a wrong length")?);
        let halves = &self.room.room().r.hash;
        let own = u64::from(halves[0]) | u64::from(halves[1]) << 32;
        if own != self.last && self.differs < 0 {
            self.differs = i64::from(tick);
        }
        self.hashes += 1;
        Ok(())
    }

    /// What was not saved is lost: a fresh instance begins with other bytes there.
    fn restore(&mut self) -> Result<(), String> {
        self.regions = self.regions.wrapping_mul(31).wrapping_add(self.room.region_hash());
        self.restores += 1;
        self.room = Instance::restore(self.room.region()).map_err(refused)?;
        Ok(())
    }
}

fn refused(code: i32) -> String {
    format!("the core answered {code}")
}
