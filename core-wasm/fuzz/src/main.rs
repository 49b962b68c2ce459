//! Fuzzing without libFuzzer: seeded random inputs, on any toolchain. `runner SECONDS [FIRST_SEED]
//! [LAST_SEED]` prints the seed under test when something panics; `runner 0 SEED SEED` repeats it.

use std::time::{Duration, Instant};

fn main() {
    let number = |n: usize, default: u64| {
        std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default)
    };
    let (seconds, first) = (number(1, 10), number(2, 1));
    let last = number(3, if seconds == 0 { first } else { u64::MAX });
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let start = Instant::now();
    let mut seed = first;
    while seed <= last && (seconds == 0 || start.elapsed() < Duration::from_secs(seconds)) {
        let data = data_of(seed);
        let run = |fuzz: fn(&[u8])| std::panic::catch_unwind(|| fuzz(&data)).is_ok();
        if !run(fray_core_fuzz::operations) || !run(fray_core_fuzz::bytes) {
            eprintln!("seed {seed}; again with: runner 0 {seed} {seed}");
            std::process::exit(1);
        }
        seed += 1;
    }
    println!("{} seeds from {first}, two targets each, 0 failed", seed - first);
}

fn data_of(seed: u64) -> Vec<u8> {
    let mut state = fray_core::rng::seeded(seed as u32, (seed >> 32) as u32);
    let length = fray_core::rng::below(&mut state, 3000) as usize;
    (0..length).map(|_| fray_core::rng::next(&mut state) as u8).collect()
}
