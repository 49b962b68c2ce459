//! Bits per snapshot on a world like W1: 100 players on 100 x 100 m, ~10 visible, baselines 3-6 ticks old.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::gen::*;
use play::{Link, Play};
use support::*;

fn w1() -> Setup {
    let mut setup = Setup::arena(100, 128);
    setup.head.half_width = 50 * ONE;
    setup.head.half_depth = 50 * ONE;
    setup.head.aim_bits = 8;
    setup.head.health_bits = 8;
    setup.head.rules = 0;
    setup.head.dash_speed = 0;
    setup.kinds[0].view_radius = 208 * ONE / 10;
    setup.kinds[0].acceleration = 16 * ONE;
    setup.kinds[0].friction = 16 * ONE;
    setup.fields.retain(|f| f.kind != 1);
    setup.texts.clear();
    setup
}

#[test]
fn a_snapshot_of_w1_takes_at_most_twenty_two_bytes() {
    let mut play =
        Play::new(w1(), 16, 84, &[], Link { delay: 1, jitter: 2, ..Link::default() }, 11);
    for slot in 0..100u16 {
        let speed = per_tick(4.0 + f64::from(slot % 41) / 10.0, 30);
        let handle = handle(&mut play.room, slot);
        play.commands.add(
            SetField::KIND,
            0,
            &SetField { handle, column: column::TOP_SPEED as u32, value: speed },
        );
    }
    let (mut bits, mut snapshots, mut visible, mut packets, mut worst) = (0u64, 0u64, 0u64, 0, 0);
    for t in 0..1300 {
        play.wander(false);
        for slot in 0..100u16 {
            if play.random.below(100) < 2 {
                let handle = handle(&mut play.room, slot);
                let value = 20 + play.random.below(80) as i32;
                play.commands.add(
                    SetField::KIND,
                    0,
                    &SetField { handle, column: column::HEALTH as u32, value },
                );
            }
        }
        if t == 300 {
            let stats = play.room.room().r.stats[0];
            (bits, snapshots, packets) =
                (u64::from(stats.snapshot_bits), u64::from(stats.snapshots), play.packet_bytes);
        }
        play.tick();
        if t >= 300 {
            for player in &mut play.players {
                let stats = player.stats();
                visible += u64::from(stats.visible);
                worst = worst.max(stats.snapshot_bits);
            }
        }
    }
    let stats = play.room.room().r.stats[0];
    let (bits, snapshots) =
        (u64::from(stats.snapshot_bits) - bits, u64::from(stats.snapshots) - snapshots);
    // The witness of 32 bits is not part of the body.
    let body = bits as f64 / snapshots as f64 - 32.0;
    println!(
        "body {:.1} bits = {:.2} bytes, visible {:.2}, packet {:.1} bytes, largest {} bits",
        body,
        body / 8.0,
        visible as f64 / (16.0 * 1000.0),
        (play.packet_bytes - packets) as f64 / snapshots as f64,
        worst
    );
    for player in &mut play.players {
        let stats = player.stats();
        assert_eq!((stats.hash_mismatches, stats.correction_free_max), (0, 0));
    }
    assert!(body <= 176.0, "{body}");
}

/// Not a test of anything: `cargo test --release --test w1 cost -- --ignored --nocapture`.
#[test]
#[ignore = "prints a time"]
fn cost_of_a_tick() {
    let link = Link { delay: 1, jitter: 2, ..Link::default() };
    let mut play = Play::new(w1(), 100, 0, &[], link, 11);
    let (mut begin, mut end) = (Vec::new(), Vec::new());
    for player in 0..100 {
        play.room.room().r.clients[player].flags &= !fray_core::region::CLIENT_VERIFY;
        play.players[player].client().m.head[0].verify = 0;
    }
    let ticks = std::env::var("TICKS").map_or(1300, |t| t.parse().unwrap_or(1300));
    for t in 0..ticks {
        play.wander(false);
        let (a, b) = play.timed_tick();
        if t >= 300 {
            begin.push(a);
            end.push(b);
        }
    }
    // The quickest tenth: the machine is shared.
    let quick = |times: &mut Vec<std::time::Duration>| {
        times.sort();
        times[times.len() / 10].as_nanos() as f64 / 100.0
    };
    println!(
        "begin {:.0} ns, end {:.0} ns per player and tick",
        quick(&mut begin),
        quick(&mut end)
    );
}
