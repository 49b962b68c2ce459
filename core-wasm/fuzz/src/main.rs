//! Fuzzing without libFuzzer: seeded random inputs, on any toolchain. `runner SECONDS [FIRST_SEED]
//! [LAST_SEED]` prints the seed under test when something panics; `runner 0 SEED SEED` repeats it;
//! `runner TARGET FILE...` runs inputs; `runner mutate TARGET COUNT [SEED]` runs mutations of the kept ones and leaves the
//! one that panics in `failed-TARGET`; `runner unpack DIR` writes the kept and the first ones of all
//! targets where libFuzzer looks for them, `runner pack DIR` keeps what stands there.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn main() {
    std::panic::set_hook(Box::new(|info| {
        eprintln!("{info}\n{}", std::backtrace::Backtrace::capture());
    }));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("", String::as_str);
    match fray_core_fuzz::TARGETS.iter().find(|(own, _)| *own == name) {
        Some((_, fuzz)) => files(*fuzz, &arguments[1..]),
        None if name == "mutate" => mutate(&arguments[1..]),
        None if name == "unpack" => unpack(Path::new(&arguments[1])),
        None if name == "pack" => pack(Path::new(&arguments[1])),
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

/// Most bytes of a mutated input: some ticks or packets. Longer ones take longer and reach the same.
const MUTATED_BYTES_MAX: usize = 512;

fn mutate(arguments: &[String]) {
    let name = arguments.first().map_or("", String::as_str);
    let number = |n: usize, default| arguments.get(n).map_or(Ok(default), |text| text.parse());
    let (Ok(count), Ok(seed)) = (number(1, 1_000_000u64), number(2, 1)) else {
        panic!("runner mutate TARGET COUNT [SEED]");
    };
    let target = fray_core_fuzz::TARGETS.iter().find(|(own, _)| *own == name);
    let (name, fuzz) = target.expect("a target");
    let packed = std::fs::read(kept(name)).expect("kept inputs");
    let corpus: Vec<Vec<u8>> =
        fray_core_fuzz::unpack(&packed).into_iter().map(<[u8]>::to_vec).collect();
    let mut mutator = fray_core_fuzz::mutate::Mutator::new(seed, &corpus, MUTATED_BYTES_MAX);
    let (start, mut bytes) = (Instant::now(), 0);
    for done in 0..count {
        let input = mutator.make();
        bytes += input.len();
        if std::panic::catch_unwind(|| fuzz(input)).is_err() {
            let file = format!("failed-{name}");
            std::fs::write(&file, input).expect("written");
            eprintln!("execution {done} of seed {seed}; again with: runner {name} {file}");
            std::process::exit(1);
        }
        if done % 1_000_000 == 999_999 {
            eprintln!("{} of {count}, {:.0} s", done + 1, start.elapsed().as_secs_f64());
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: {count} executions, seed {seed}, {} kept, {} bytes each, {:.0}/s, 0 failed",
        corpus.len(),
        bytes / (count.max(1) as usize),
        count as f64 / seconds
    );
}

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(format!("{name}.bin"))
}

fn unpack(folder: &Path) {
    for (name, _) in fray_core_fuzz::TARGETS {
        let place = folder.join(name);
        std::fs::create_dir_all(&place).expect("a folder");
        let packed = std::fs::read(kept(name)).unwrap_or_default();
        let first = fray_core_fuzz::seeds::all().into_iter().filter(|(own, _)| *own == name);
        let all = fray_core_fuzz::unpack(&packed).into_iter().map(<[u8]>::to_vec);
        for (k, data) in all.chain(first.map(|(_, data)| data)).enumerate() {
            std::fs::write(place.join(format!("kept-{k}")), data).expect("written");
        }
    }
}

fn pack(folder: &Path) {
    for (name, _) in fray_core_fuzz::TARGETS {
        let files = std::fs::read_dir(folder.join(name)).expect("a folder per target");
        let inputs: Vec<Vec<u8>> = files
            .map(|file| std::fs::read(file.expect("readable").path()).expect("read"))
            .collect();
        println!("{name}: {} inputs", inputs.len());
        std::fs::write(kept(name), fray_core_fuzz::pack(inputs)).expect("written");
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
