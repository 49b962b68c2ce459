//! What fuzzing and random schemas found, one test each.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::gen::*;
use fray_core::host::Records;
use play::{Link, Play};
use support::*;

/// Two players at one place, one of them as wide as the world allows, behind walls that let neither out: pushed apart
/// by a hundred units and wedged, they stay where that left them, and that is inside the world.
#[test]
fn players_pushed_apart_between_walls_stay_in_the_world() {
    let setup = Setup::arena(2, 8);
    let walls: Vec<WallBox> = (-7..=7)
        .flat_map(|i| (-7..=7).map(move |k| wall(i * 4 * ONE, k * 4 * ONE, ONE, ONE)))
        .collect();
    let mut room = setup.room(&walls);
    fill(&mut room, 2, |slot| (i32::from(slot) * ONE, 0));
    let mut commands = Records::new();
    for slot in 0..2 {
        let handle = handle(&mut room, slot);
        let value = 250 * ONE;
        commands.add(SetField::KIND, 0, &SetField { handle, column: column::RADIUS as u32, value });
    }
    tick_with(&mut room, &[], &commands);
    for _ in 0..5 {
        tick(&mut room, &[]);
        for slot in 0..2 {
            let (x, y) = (get(&mut room, slot, column::X), get(&mut room, slot, column::Y));
            assert!(x.abs() <= 30 * ONE && y.abs() <= 30 * ONE, "slot {slot} at {x} {y}");
        }
    }
}

/// What no room can hold would break the sums of the movement step: the client takes nothing of it in.
#[test]
fn an_own_player_that_no_room_can_hold_is_refused() {
    for (column, value) in [
        (column::RADIUS, -1),
        (column::RADIUS, i32::MAX),
        (column::HEIGHT, -1),
        (column::TOP_SPEED, i32::MAX),
        (column::ACCELERATION, i32::MIN),
        (column::FRICTION, -1),
        (column::VIEW_RADIUS, i32::MAX),
        (column::X, i32::MIN),
        (column::Y, POSITION_MAX as i32 + 1),
    ] {
        let mut play = Play::new(Setup::arena(1, 8), 1, 0, &[], Link::default(), 1);
        for _ in 0..5 {
            play.tick();
        }
        let before = play.players[0].stats();
        play.room.begin(&[]).unwrap();
        let row = (handle(&mut play.room, 0) & 0xffff) as usize;
        play.room.room().world().set(column, row, value);
        let packets = play.room.end(&[]).unwrap();
        let answer = play.players[0].receive(&packets[0].1);
        assert_eq!(answer, Err(error::E_MALFORMED), "column {column} at {value}");
        let after = play.players[0].stats();
        assert_eq!((after.snapshot_tick, after.malformed), (before.snapshot_tick, 1));
    }
}

/// Found by the test of random schemas: the room said 0, the client hashed nothing.
#[test]
fn both_ends_hash_no_walls_alike() {
    let mut play = Play::new(Setup::arena(1, 8), 1, 0, &[], Link::default(), 1);
    for _ in 0..10 {
        play.tick();
    }
    let (said, found) = (play.room.room().r.stats[0].walls_hash, play.players[0].stats());
    assert_eq!((found.walls_hash, found.walls_count), (said, 0));
    assert_ne!(said, 0);
}
