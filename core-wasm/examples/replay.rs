//! Replays a journal file (see workers/journal.ts) in a native build and compares each hash that stands in it:
//! `cargo run --release --example replay -- FILE`. Prints one line of JSON; exit code 1 at the first difference.

use fray_core::host::Instance;
use std::process::ExitCode;

const MAGIC: u32 = 0x444a_5246;
const BEGIN: u32 = 1;
const END: u32 = 2;
const HASH: u32 = 3;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: replay FILE");
        return ExitCode::from(2);
    };
    match std::fs::read(&path).map_err(|error| error.to_string()).and_then(|file| replay(&file)) {
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

fn replay(file: &[u8]) -> Result<String, String> {
    let (magic, config_bytes) = (word(file, 0)?, word(file, 8)? as usize);
    if magic != MAGIC {
        return Err("not a journal".into());
    }
    let config = slice(file, 12, config_bytes)?;
    let mut room =
        Instance::new(config).map_err(|code| format!("configuration refused: {code}"))?;
    let mut at = 12 + config_bytes.next_multiple_of(4);
    let (mut ticks, mut hashes, mut last) = (0u32, 0u32, 0u64);
    while at + 12 <= file.len() {
        let (stage, tick, bytes) =
            (word(file, at)?, word(file, at + 4)?, word(file, at + 8)? as usize);
        let Ok(payload) = slice(file, at + 12, bytes) else { break };
        at += 12 + bytes.next_multiple_of(4);
        match stage {
            BEGIN => room.begin(payload).map(|_| ()).map_err(refused)?,
            END => {
                room.end(payload).map_err(refused)?;
                ticks += 1;
            }
            HASH => {
                last =
                    u64::from_le_bytes(payload.try_into().map_err(|_| "a hash of a wrong length")?);
                let halves = &room.room().r.hash;
                let own = u64::from(halves[0]) | u64::from(halves[1]) << 32;
                if own != last {
                    return Err(format!(
                        "tick {tick}: hash {own:016x} here, {last:016x} in the journal"
                    ));
                }
                hashes += 1;
            }
            other => return Err(format!("stage {other} at byte {at}")),
        }
    }
    Ok(format!("{{\"ticks\":{ticks},\"hashes\":{hashes},\"last\":\"{last:016x}\"}}"))
}

fn refused(code: i32) -> String {
    format!("the core answered {code}")
}

fn word(file: &[u8], at: usize) -> Result<u32, String> {
    slice(file, at, 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn slice(file: &[u8], at: usize, bytes: usize) -> Result<&[u8], String> {
    file.get(at..at + bytes).ok_or_else(|| "the file ends early".into())
}
