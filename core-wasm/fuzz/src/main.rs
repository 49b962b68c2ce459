//! Fuzzing without libFuzzer: seeded random inputs, on any toolchain. `runner SECONDS [FIRST_SEED]
//! [LAST_SEED]` prints the seed under test when something panics; `runner 0 SEED SEED` repeats it;
//! `runner TARGET FILE...` runs kept inputs; `runner corpus DIR` writes first ones for libFuzzer.

use std::time::{Duration, Instant};

fn main() {
    std::panic::set_hook(Box::new(|info| {
        eprintln!("{info}\n{}", std::backtrace::Backtrace::capture());
    }));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("", String::as_str);
    match fray_core_fuzz::TARGETS.iter().find(|(own, _)| *own == name) {
        Some((_, fuzz)) => files(*fuzz, &arguments[1..]),
        None if name == "corpus" => corpus(arguments.get(1).expect("a folder")),
        None => seeds(&arguments),
    }
}

fn files(fuzz: fn(&[u8]), paths: &[String]) {
    for path in paths {
        let data = std::fs::read(path).expect("a readable file");
        if std::panic::catch_unwind(|| fuzz(&data)).is_err() {
            eprintln!("{path} failed");
            std::process::exit(1);
        }
    }
    println!("{} files, 0 failed", paths.len());
}

fn corpus(folder: &str) {
    for (k, (name, data)) in fray_core_fuzz::seeds::all().iter().enumerate() {
        let place = std::path::Path::new(folder).join(name);
        std::fs::create_dir_all(&place).expect("a folder");
        std::fs::write(place.join(format!("seed-{k}")), data).expect("written");
    }
}

fn seeds(arguments: &[String]) {
    let number =
        |n: usize, default: u64| arguments.get(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (seconds, first) = (number(0, 10), number(1, 1));
    let last = number(2, if seconds == 0 { first } else { u64::MAX });
    let start = Instant::now();
    let mut seed = first;
    while seed <= last && (seconds == 0 || start.elapsed() < Duration::from_secs(seconds)) {
        let data = fray_core_fuzz::of_seed(seed, 3000);
        for (name, fuzz) in fray_core_fuzz::TARGETS {
            if std::panic::catch_unwind(|| fuzz(&data)).is_err() {
                eprintln!("{name}, seed {seed}; again with: runner 0 {seed} {seed}");
                std::process::exit(1);
            }
        }
        seed += 1;
    }
    let count = fray_core_fuzz::TARGETS.len();
    println!("{} seeds from {first}, {count} targets each, 0 failed", seed - first);
}
