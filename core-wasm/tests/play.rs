//! A room and its clients over lossy links: what a client holds is what the server meant, prediction is exact, messages
//! arrive once and in order.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::gen::*;
use play::{Link, Play, Player};
use support::*;

fn walls() -> Vec<WallBox> {
    vec![
        wall(0, 0, 4 * ONE, ONE),
        wall(-10 * ONE, 8 * ONE, ONE, 6 * ONE),
        wall(15 * ONE, -12 * ONE, 2 * ONE, 2 * ONE),
    ]
}

/// Every row a client holds equals the server's history.
fn check_rows(play: &mut Play) -> u32 {
    let mut checked = 0;
    let Play { room, players, .. } = play;
    let room = room.room();
    let sizes = room.r.head[0].sizes;
    let (n, halves) = (sizes.entities as usize, sizes.row_halves as usize);
    for player in players {
        let client = player.client();
        let tick = client.m.head[0].newest;
        if tick == u32::MAX {
            continue;
        }
        for e in 0..n {
            if let Some(row) = client.held_row(tick, e) {
                let at = ((tick & (sizes.history - 1)) as usize * n + e) * halves;
                assert_eq!(row, &room.r.history[at..at + halves], "tick {tick} entity {e}");
                checked += 1;
            }
        }
    }
    checked
}

fn run(setup: Setup, link: Link, ticks: u32, fire: bool, seed: u32) -> Play {
    let mut play = Play::new(setup, 6, 14, &walls(), link, seed);
    let mut rows = 0;
    for _ in 0..ticks {
        play.wander(fire);
        play.tick();
        rows += check_rows(&mut play);
    }
    assert!(rows > ticks * 6, "{rows}");
    for player in &mut play.players {
        let slot = player.slot;
        let stats = player.stats();
        assert_eq!(stats.hash_mismatches, 0, "slot {slot} {link:?}");
        assert!(stats.hash_checks > ticks / 3, "slot {slot} {link:?} {stats:?}");
        assert_eq!(stats.correction_free_max, 0, "slot {slot} {link:?} {stats:?}");
        assert_eq!(stats.malformed, 0);
        assert!(stats.walls_count == 3);
    }
    play
}

#[test]
fn clients_hold_what_the_server_meant_on_a_clean_link() {
    let mut play = run(Setup::arena(20, 96), Link { delay: 2, ..Link::default() }, 900, true, 1);
    for player in &mut play.players {
        let stats = player.stats();
        assert!(stats.free_ticks > 600, "{stats:?}");
        assert_eq!(stats.undecodable, 0);
        println!(
            "slot {} visible {} bytes {:.1} free {} touched {} corrections {} events {}",
            player.slot,
            stats.visible,
            f64::from(stats.snapshot_bytes_sum) / f64::from(stats.snapshots),
            stats.free_ticks,
            stats.touched_ticks,
            stats.corrections,
            stats.events_seen
        );
    }
}

#[test]
fn clients_hold_what_the_server_meant_under_loss_jitter_and_duplicates() {
    let link = Link { delay: 1, jitter: 3, loss: 50, duplicate: 10, corrupt: 0, carries: 0 };
    run(Setup::arena(20, 96), link, 900, true, 2);
    let link = Link { delay: 3, jitter: 6, loss: 200, duplicate: 50, corrupt: 0, carries: 0 };
    run(Setup::arena(20, 96), link, 900, true, 3);
}

#[test]
fn a_game_with_height_is_decoded_and_predicted_the_same() {
    let link = Link { delay: 1, jitter: 2, loss: 50, duplicate: 10, corrupt: 0, carries: 0 };
    run(Setup::at(20, 96, 60, 3), link, 900, true, 4);
}

#[test]
fn damaged_packets_count_as_lost() {
    let link = Link { delay: 1, jitter: 1, loss: 0, duplicate: 0, corrupt: 100, carries: 0 };
    let mut play = Play::new(Setup::arena(20, 96), 6, 14, &walls(), link, 5);
    for _ in 0..600 {
        play.wander(true);
        play.tick();
        check_rows(&mut play);
    }
    let mut malformed = 0;
    for player in &mut play.players {
        let stats = player.stats();
        assert_eq!((stats.hash_mismatches, stats.correction_free_max), (0, 0), "{stats:?}");
        malformed += stats.malformed;
    }
    assert!(malformed > 100);
    assert!(play.room.room().r.stats[0].packets_malformed > 100);
}

/// Baselines of 3 to 29 ticks side by side: ages that are 16 apart share a place among the differences of a tick.
#[test]
fn clients_with_round_trips_far_apart_each_get_their_own_differences() {
    let setup = Setup::arena(20, 96);
    let mut play = Play::new(setup.clone(), 12, 8, &walls(), Link::default(), 6);
    for slot in 0..12u16 {
        let link = Link { delay: 1 + u32::from(slot), ..Link::default() };
        let client = play.room.room().r.clients[usize::from(slot)];
        let player = Player::new(&setup, slot, client.player_id, client.handle, link);
        play.players[usize::from(slot)] = player;
    }
    let mut rows = 0;
    for _ in 0..400 {
        play.wander(true);
        play.tick();
        rows += check_rows(&mut play);
    }
    assert!(rows > 400 * 12, "{rows}");
    for player in &mut play.players {
        let stats = player.stats();
        assert_eq!((stats.hash_mismatches, stats.malformed), (0, 0), "slot {}", player.slot);
        assert!(stats.hash_checks > 300, "slot {}: {stats:?}", player.slot);
    }
}
