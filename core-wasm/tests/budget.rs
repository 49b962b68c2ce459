//! A client whose path is too slow for what it would be sent: no queue stays, nobody is left out for long, and all that it holds is right.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::region::flight_at;
use play::{Link, Play};
use support::*;

/// What came of a minute on a path of so many bytes a tick, its second half.
struct Outcome {
    /// Ticks from a packet to its acknowledgement, at most; smoothed.
    round_trip: u32,
    /// Ticks for which somebody in sight was not told of, at most.
    oldest: u32,
    held_back: u32,
    body_bytes: u32,
    mismatches: u32,
    in_sight: u32,
}

fn minute(carries: u32) -> Outcome {
    const TICKS: u32 = 1800;
    let mut setup = Setup::arena(240, 256);
    setup.kinds[0].view_radius = 30 * ONE;
    let mut play = Play::new(setup, 1, 239, &[], Link { delay: 2, ..Link::default() }, 5);
    play.players[0].link.carries = carries;
    let words = play.room.room().r.head[0].sizes.set_words as usize;
    let mut told = vec![0u32; words * 32];
    let mut seen_since = vec![0u32; words * 32];
    let mut outcome = Outcome {
        round_trip: 0,
        oldest: 0,
        held_back: 0,
        body_bytes: 0,
        mismatches: 0,
        in_sight: 0,
    };
    let mut before = (0, 0);
    for t in 1..=TICKS {
        play.wander(false);
        play.tick();
        let room = play.room.room();
        let tick = room.r.head[0].tick;
        let place = flight_at(&room.r.head[0].sizes, 0, tick);
        let updates = &room.r.flight_updates[place * words..][..words];
        let visible = &room.r.visible[..words];
        for e in 0..words * 32 {
            let bit = |set: &[u32]| set[e / 32] >> (e % 32) & 1 != 0;
            if bit(updates) {
                told[e] = tick;
            }
            if !bit(visible) {
                seen_since[e] = tick;
            }
            if t > TICKS / 2 && bit(visible) {
                outcome.in_sight += 1;
                outcome.oldest = outcome.oldest.max(tick - told[e].max(seen_since[e]));
            }
        }
        if t == TICKS / 2 {
            before = (room.r.stats[0].snapshots, room.r.stats[0].snapshot_bits);
        }
        if t > TICKS / 2 {
            outcome.round_trip = outcome.round_trip.max(room.r.channels[0].rtt_ticks256 / 256);
        }
    }
    let stats = play.room.room().r.stats[0];
    outcome.held_back = stats.snapshots_held_back;
    outcome.body_bytes = (stats.snapshot_bits - before.1) / 8 / (stats.snapshots - before.0);
    outcome.mismatches = play.players[0].stats().hash_mismatches;
    outcome.in_sight /= TICKS / 2;
    println!(
        "{carries} bytes a tick: {} of body, round trip at most {} ticks, {} in sight, oldest {} ticks, {} held back",
        outcome.body_bytes, outcome.round_trip, outcome.in_sight, outcome.oldest, outcome.held_back
    );
    outcome
}

#[test]
fn a_path_that_takes_all_is_sent_all() {
    let all = minute(0);
    assert!(all.held_back == 0 && all.oldest == 0 && all.in_sight > 100, "{}", all.in_sight);
    assert!(all.mismatches == 0 && all.round_trip <= 6);
}

#[test]
fn a_slow_path_gets_what_it_takes_without_a_queue() {
    let all = minute(0).body_bytes;
    for share in [3, 2] {
        let slow = minute(all * share / 4 + 13);
        assert!(slow.held_back > 100, "{} held back", slow.held_back);
        assert!(slow.round_trip <= 5 + 15, "half a second more at most: {}", slow.round_trip);
        assert!(slow.oldest <= 90, "nobody waits longer than three seconds: {}", slow.oldest);
        assert_eq!(slow.mismatches, 0);
    }
}

#[test]
fn with_the_smallest_budget_nobody_waits_for_more_than_four_seconds() {
    let least = minute(120);
    assert!(least.body_bytes <= 200, "{}", least.body_bytes);
    assert!(least.oldest <= 120, "{} ticks", least.oldest);
    assert_eq!(least.mismatches, 0);
}
