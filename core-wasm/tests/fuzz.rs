//! The fuzz targets on any toolchain: every kept input, then some seeded ones. Repeats one with
//! `cargo run --release --manifest-path fuzz/Cargo.toml -- 0 SEED SEED`; how the corpus came about stands in
//! test/fuzz/RESULTS.md.

#[allow(dead_code)]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::panic::catch_unwind;
use std::path::Path;

/// Inputs per target beside the kept ones; FRAY_TEST_FUZZ_SEEDS asks for more.
const SEEDS: u64 = 2000;

#[test]
fn no_kept_input_breaks_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, fuzz) in targets::TARGETS {
        let packed =
            std::fs::read(corpus.join(format!("{name}.bin"))).expect("a corpus per target");
        let inputs = targets::unpack(&packed);
        for (k, data) in inputs.iter().enumerate() {
            assert!(catch_unwind(|| fuzz(data)).is_ok(), "{name}: input {k}, {data:?}");
        }
        let count = inputs.len();
        assert!(count > 100, "{name} keeps {count} inputs");
    }
}

#[test]
fn no_seeded_input_breaks_a_target() {
    let seeds = std::env::var("FRAY_TEST_FUZZ_SEEDS").ok().and_then(|n| n.parse().ok());
    for seed in 1..=seeds.unwrap_or(SEEDS) {
        let data = targets::of_seed(seed, 3000);
        for (name, fuzz) in targets::TARGETS {
            assert!(catch_unwind(|| fuzz(&data)).is_ok(), "{name}, seed {seed}");
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_mutations_within_their_limit() {
    let corpus = [vec![1, 2, 3], vec![7; 50]];
    let make = |seed| {
        let mut mutator = targets::mutate::Mutator::new(seed, &corpus, 60);
        (0..2000).map(|_| mutator.make().to_vec()).collect::<Vec<_>>()
    };
    let made = make(5);
    assert_eq!(made, make(5));
    assert_ne!(made, make(6));
    let longest = made.iter().map(Vec::len).max();
    assert_eq!(longest, Some(60), "up to the limit and not beyond");
    assert!(made.iter().any(Vec::is_empty), "down to nothing");
    assert!(made.iter().collect::<std::collections::BTreeSet<_>>().len() > 1500, "few alike");
}

#[test]
fn a_mutation_breaks_no_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, fuzz) in targets::TARGETS {
        let packed =
            std::fs::read(corpus.join(format!("{name}.bin"))).expect("a corpus per target");
        let kept: Vec<Vec<u8>> = targets::unpack(&packed).into_iter().map(<[u8]>::to_vec).collect();
        let mut mutator = targets::mutate::Mutator::new(1, &kept, 512);
        for _ in 0..SEEDS {
            let data = mutator.make();
            assert!(catch_unwind(|| fuzz(data)).is_ok(), "{name}: {data:?}");
        }
    }
}

#[test]
fn the_first_inputs_are_taken_in_by_their_targets() {
    for (name, data) in targets::seeds::all() {
        let (_, fuzz) = targets::TARGETS.iter().find(|(own, _)| *own == name).expect("a target");
        fuzz(&data);
    }
}
