//! Each shot that is judged by the past leaves a receipt: what it stated, what counted and why, and what stood there then.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::{cast_slice, pod_read_unaligned};
use fray_core::config::RULE_DEAD_STOP;
use fray_core::gen::*;
use play::{Link, Play};
use support::*;

const FAST: Link = Link { delay: 2, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };

/// One rifleman at (-8, 0) who shoots at bot 1 at the origin, and who looks there.
fn range(mut setup: Setup, bots: u16) -> Play {
    setup.weapons[1] = ConfigWeapon { wait_ticks: 1, damage: 1, knockback: 0, ..setup.weapons[1] };
    setup.head.rules &= !4;
    let mut play = Play::new(setup, 1, bots, &[], FAST, 5);
    play.players[0].looks = true;
    put(&mut play, 0, (-8, 0));
    put(&mut play, 1, (0, 0));
    set(&mut play, 0, column::WEAPON, 1);
    play.players[0].control.buttons = 1;
    play
}

fn set(play: &mut Play, slot: u16, column: usize, value: i32) {
    let handle = handle(&mut play.room, slot);
    play.commands.add(SetField::KIND, 0, &SetField { handle, column: column as u32, value });
}

fn put(play: &mut Play, slot: u16, at: (i32, i32)) {
    let handle = handle(&mut play.room, slot);
    play.commands.add(Place::KIND, 0, &place(handle, at.0 * ONE, at.1 * ONE));
}

/// Receipts of so many ticks, with their shapes; the newest tick's last.
fn receipts(play: &mut Play, ticks: u32) -> Vec<(Receipt, Vec<SeenShape>)> {
    let mut found = Vec::new();
    for _ in 0..ticks {
        for (header, bytes) in parse(&play.tick()) {
            if header.kind == Receipt::KIND {
                assert_eq!(header.index, 0);
                let (fixed, tail) = bytes.split_at(Receipt::BYTES);
                let words: Vec<u32> = tail.chunks_exact(4).map(pod_read_unaligned).collect();
                found.push((pod_read_unaligned(fixed), cast_slice(&words).to_vec()));
            }
        }
    }
    found
}

#[test]
fn a_receipt_says_where_the_target_was_shown_and_what_became_of_the_shot() {
    let mut play = range(Setup::arena(3, 8), 2);
    put(&mut play, 2, (3, 1));
    play.players[0].gaze = Some((handle(&mut play.room, 1) & 0xffff) as usize);
    play.bots[0].1.move_y = 127;
    play.tick();
    let places: Vec<i32> =
        (0..40).map(|_| (play.tick(), get(&mut play.room, 1, column::Y)).1).collect();
    let first = play.tick_number() - 40;
    let (shooter, target) = (handle(&mut play.room, 0), handle(&mut play.room, 1));
    let (shot, shapes) = receipts(&mut play, 1).pop().unwrap();
    assert_eq!((shot.shooter, shot.target, shot.weapon), (shooter, target, 1));
    assert_eq!((shot.result, shot.clamp), (result::HIT, clamp::NONE));
    assert_eq!(shot.command, play.tick_number());
    assert_eq!((shot.stated_tick, shot.stated_fraction), (shot.view_tick, shot.view_fraction));
    assert_eq!((shot.x, shot.y), (-8 * ONE, 0));
    let seen = shapes.iter().find(|s| s.handle == target).unwrap();
    assert_eq!(seen.marks, mark::IN_WAY);
    let at = (shot.view_tick - first - 1) as usize;
    let between =
        fray_core::fixed::interpolate(places[at], places[at + 1], u32::from(shot.view_fraction));
    assert!((seen.y - between).abs() <= 1 << 9, "{} {between}", seen.y);
    assert_ne!(seen.y, get(&mut play.room, 1, column::Y));
    assert_eq!(seen.radius, ONE / 2);
    let entry = (i64::from(seen.part) * i64::from(play.setup.weapons[1].range)) >> 30;
    assert!((entry - i64::from(shot.distance)).abs() <= 1, "{entry} {}", shot.distance);
}

#[test]
fn who_was_passed_closely_is_told_and_who_stands_far_off_is_not() {
    let mut play = range(Setup::arena(4, 8), 3);
    for (slot, y) in [(1, 5), (2, 1), (3, -3)] {
        put(&mut play, slot, (3, y));
    }
    let (shot, shapes) = receipts(&mut play, 40).pop().unwrap();
    assert_eq!((shot.target, shot.result), (0, result::NONE));
    let near = handle(&mut play.room, 2);
    assert_eq!(shapes.iter().map(|s| (s.handle, s.marks)).collect::<Vec<_>>(), [(near, 0)]);
}

#[test]
fn a_view_that_does_not_count_is_told_beside_the_one_that_does() {
    for (back, delay, clamps) in [(20, 2, clamp::DELAY), (20, 8, clamp::MOST)] {
        let mut setup = Setup::arena(2, 8);
        setup.weapons[1].wait_ticks = 1;
        let mut play = range(setup, 1);
        play.players[0] = {
            let client = play.room.room().r.clients[0];
            let link = Link { delay, ..FAST };
            play::Player::new(&play.setup, 0, client.player_id, client.handle, link)
        };
        (play.players[0].looks, play.players[0].back) = (true, back);
        play.players[0].control.buttons = 1;
        let (shot, shapes) = receipts(&mut play, 80).pop().unwrap();
        assert_eq!(shot.clamp, clamps, "{back} {delay}");
        assert!(shot.view_tick > shot.stated_tick + 5);
        assert_eq!(shapes.len(), 1);
    }
}

#[test]
fn who_takes_no_harm_is_told_as_such() {
    let mut play = range(Setup::arena(2, 8), 1);
    receipts(&mut play, 40);
    set(&mut play, 1, column::PROTECTED_UNTIL, i32::MAX);
    play.tick();
    let (shot, _) = receipts(&mut play, 1).pop().unwrap();
    assert_eq!((shot.target, shot.result), (handle(&mut play.room, 1), result::HARMLESS));
    let mut setup = Setup::arena(2, 8);
    setup.head.rules |= RULE_DEAD_STOP;
    let mut play = range(setup, 1);
    receipts(&mut play, 40);
    set(&mut play, 1, column::HEALTH, 0);
    play.tick();
    let (shot, shapes) = receipts(&mut play, 1).pop().unwrap();
    assert_eq!((shot.result, shapes[0].marks), (result::HARMLESS, mark::IN_WAY | mark::DEAD));
}

#[test]
fn nobody_is_named_whom_the_shooter_was_not_sent() {
    let mut setup = Setup::arena(2, 8);
    setup.kinds[0].view_radius = 5 * ONE;
    let all = receipts(&mut range(setup, 1), 60);
    assert!(all.len() > 20, "{}", all.len());
    assert!(all.iter().all(|(shot, shapes)| shot.target == 0 && shapes.is_empty()));
}

#[test]
fn of_a_crowd_the_first_in_the_way_are_told() {
    let mut play = range(Setup::arena(14, 16), 13);
    for slot in 1..14 {
        let y = if slot % 2 == 0 { 0 } else { 1 };
        put(&mut play, slot, (12 - i32::from(slot), y));
    }
    let (shot, shapes) = receipts(&mut play, 40).pop().unwrap();
    assert_eq!(shapes.len(), 8);
    let in_way = shapes.iter().filter(|s| s.marks & mark::IN_WAY != 0).count();
    assert_eq!(in_way, 6);
    assert!(shapes.iter().any(|s| s.handle == shot.target));
}

#[test]
fn a_shot_that_states_no_view_is_judged_by_the_present_and_leaves_none() {
    let mut play = range(Setup::arena(2, 8), 1);
    play.players[0].blind = true;
    assert!(receipts(&mut play, 60).is_empty());
}
