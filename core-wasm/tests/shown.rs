//! What a client shows and is told: corrections fade on the display and nowhere else, a teleport is not drawn as a way,
//! bodies that commands change are predicted as they are, events come once to those in sight of them.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::gen::*;
use play::{Link, Play};
use support::*;

/// Where the client of a slot shows the entity in a row.
fn shown(
    play: &mut Play,
    slot: usize,
    row: usize,
    at: (u32, u32),
    local: (u32, u32),
) -> (i32, i32) {
    let mut client = play.players[slot].client();
    client.view(at.0, at.1, local.0, local.1);
    let n = client.m.head[0].sizes.entities as usize;
    (client.m.view[column::X * n + row], client.m.view[column::Y * n + row])
}

fn row_of(play: &mut Play, slot: u16) -> usize {
    (handle(&mut play.room, slot) & 0xffff) as usize
}

#[test]
fn a_correction_fades_on_the_display_within_100_ms_and_changes_the_state_at_once() {
    let mut play =
        Play::new(Setup::arena(2, 16), 1, 0, &[], Link { delay: 2, ..Link::default() }, 1);
    let own = row_of(&mut play, 0);
    let handle = handle(&mut play.room, 0);
    play.commands.add(Place::KIND, 0, &place(handle, 0, 0));
    for _ in 0..30 {
        play.tick();
    }
    play.commands.add(Impulse::KIND, 0, &Impulse { handle, vx: ONE / 8, vy: 0, vz: 0 });
    // A moment of local time at fraction 0 shows the state one tick before it.
    let state = |play: &mut Play, local: u32| {
        let pose = play.players[0].client().m.poses[(local - 1) as usize % 128];
        assert_eq!(pose.tick, local - 1);
        (pose.motion[0], pose.motion[1])
    };
    let mut left: Vec<i32> = Vec::new();
    for _ in 0..30 {
        let local = play.players[0].client().m.head[0].local;
        let (before, state_before) =
            (shown(&mut play, 0, own, (0, 0), (local, 0)), state(&mut play, local));
        play.tick();
        let (after, state_after) =
            (shown(&mut play, 0, own, (0, 0), (local, 0)), state(&mut play, local));
        assert_eq!(before, after, "one moment is shown at one place, whatever has come");
        if state_after != state_before {
            assert!(left.is_empty(), "one correction");
            assert!(state_after.0 - state_before.0 > ONE / 16, "{state_before:?} {state_after:?}");
        }
        if state_after != state_before || !left.is_empty() {
            left.push((after.0 - state_after.0).abs());
        }
    }
    println!("off by {left:?}");
    let whole = left[0];
    assert!(whole > ONE / 16 && left.len() > 10, "{left:?}");
    // 100 ms are 3 ticks.
    assert!((left[1] - whole * 2 / 3).abs() <= 1 && (left[2] - whole / 3).abs() <= 1, "{left:?}");
    assert!(left[3..].iter().all(|off| *off == 0), "{left:?}");
}

#[test]
fn a_teleport_is_shown_at_either_end_and_nowhere_between() {
    let mut play = Play::new(Setup::arena(3, 16), 1, 1, &[], Link::default(), 2);
    let other = row_of(&mut play, 1);
    let (watcher, walker) = (handle(&mut play.room, 0), handle(&mut play.room, 1));
    play.commands.add(Place::KIND, 0, &place(watcher, 0, 0));
    play.commands.add(Place::KIND, 0, &place(walker, -9 * ONE, 0));
    let mut places = Vec::new();
    for t in 0..60 {
        if t == 30 {
            play.commands.add(Place::KIND, 0, &place(walker, 9 * ONE, 0));
        }
        play.tick();
        let newest = play.players[0].stats().snapshot_tick;
        for eighth in 0..8 {
            let at = (newest.saturating_sub(3), eighth << 13);
            let local = play.players[0].client().m.head[0].local;
            places.push(shown(&mut play, 0, other, at, (local, 0)).0);
        }
    }
    let places = &places[20 * 8..];
    assert!(places.iter().all(|x| x.abs() == 9 * ONE), "{places:?}");
    assert_eq!(places.windows(2).filter(|two| two[0] != two[1]).count(), 1);
}

#[test]
fn bodies_that_grow_and_change_their_speed_are_predicted_exactly() {
    let boxes = [wall(0, 0, 4 * ONE, ONE), wall(-10 * ONE, 8 * ONE, ONE, 6 * ONE)];
    let link = Link { delay: 2, jitter: 2, loss: 50, duplicate: 0, corrupt: 0, carries: 0 };
    let mut play = Play::new(Setup::arena(4, 32), 4, 0, &boxes, link, 3);
    let rate = 30;
    for t in 0..1800u32 {
        play.wander(false);
        for player in &mut play.players {
            player.control.buttons = if t % 50 == 7 { button::DASH } else { 0 };
            if t % 60 > 45 {
                (player.control.move_x, player.control.move_y) = (0, 0);
            }
        }
        if t % 20 == 0 {
            let who = (t / 20 % 4) as u16;
            let handle = handle(&mut play.room, who);
            let part = 0.5 + f64::from(play.random.below(200)) / 100.0;
            let (column, value) = [
                (column::RADIUS, (part * f64::from(ONE) / 2.0) as i32),
                (column::TOP_SPEED, per_tick(7.0 * part, rate)),
                (column::ACCELERATION, per_tick2(70.0 * part, rate)),
                (column::FRICTION, per_tick2(50.0 * part, rate)),
            ][t as usize / 80 % 4];
            play.commands.add(
                SetField::KIND,
                0,
                &SetField { handle, column: column as u32, value },
            );
        }
        play.tick();
    }
    let (mut free, mut touched, mut fastest) = (0, 0, 0);
    for slot in 0..4 {
        let stats = play.players[slot].stats();
        assert_eq!((stats.correction_free_max, stats.hash_mismatches), (0, 0), "slot {slot}");
        free += stats.free_ticks;
        touched += stats.touched_ticks;
        fastest = fastest.max(get(&mut play.room, slot as u16, column::TOP_SPEED));
    }
    println!("{free} free ticks, {touched} touched, top speed {fastest}");
    assert!(free > 5000 && touched * 10 < 3 * (free + touched), "{free} free, {touched} touched");
    assert!(fastest != per_tick(7.0, rate));
}

#[test]
fn an_event_is_told_once_to_those_in_sight_and_to_nobody_else() {
    let mut setup = Setup::arena(6, 32);
    setup.kinds[0].view_radius = 12 * ONE;
    setup.weapons[1].wait_ticks = 5;
    let link = Link { delay: 1, jitter: 2, loss: 200, duplicate: 20, corrupt: 0, carries: 0 };
    let mut play = Play::new(setup, 2, 2, &[], link, 4);
    let handles: Vec<u32> = (0..4).map(|slot| handle(&mut play.room, slot)).collect();
    // The first client stands beside the two that fight, the second at the other end of the world.
    let homes = [(-20, -6), (25, 25), (-20, 0), (-14, 0)];
    for (handle, (x, y)) in handles.iter().zip(homes) {
        play.commands.add(Place::KIND, 0, &place(*handle, x * ONE, y * ONE));
    }
    let rail = SetField { handle: handles[2], column: column::WEAPON as u32, value: 1 };
    play.commands.add(SetField::KIND, 0, &rail);
    play.bots[0].1.buttons = button::FIRE;
    let (mut made, mut next) = (Vec::new(), 0);
    for t in 0..1200 {
        // The last events have time to arrive.
        if t == 1100 {
            play.bots[0].1.buttons = 0;
        }
        if t == 60 {
            play.players.iter_mut().for_each(|player| player.events.clear());
            next = play.room.room().r.head[0].events_next;
        }
        play.tick();
        let dead = get(&mut play.room, 3, column::FLAGS) & flag::ALIVE == 0;
        if dead {
            play.commands.add(Place::KIND, 0, &place(handles[3], -14 * ONE, 0));
        }
        let room = play.room.room();
        while t >= 60 && next != room.r.head[0].events_next {
            let e = room.r.events[(next % EVENTS_MAX) as usize];
            made.push((e.tick, e.kind, e.subject, e.object, e.amount));
            next += 1;
        }
    }
    let told = |slot: usize| -> Vec<_> {
        let events = play.players[slot].events.iter().filter(|e| e.kind <= event::DEATH);
        events.map(|e| (e.tick, e.kind, e.subject, e.object, e.amount)).collect()
    };
    let (near, far) = (told(0), told(1));
    let kinds = |kind: u16| made.iter().filter(|e| e.1 == kind).count();
    println!(
        "{} shots, {} hits, {} deaths; {} told",
        kinds(event::SHOT),
        kinds(event::HIT),
        kinds(event::DEATH),
        near.len()
    );
    assert!(kinds(event::SHOT) > 150 && kinds(event::HIT) > 100 && kinds(event::DEATH) > 40);
    assert!(near.windows(2).all(|two| two[0].0 <= two[1].0), "in the order of ticks");
    let (mut one, mut other) = (near, made);
    one.sort_unstable();
    other.sort_unstable();
    for (told, made) in one.iter().zip(&other) {
        assert_eq!((told.0, told.1, told.2, told.3), (made.0, made.1, made.2, made.3));
    }
    assert_eq!(one.len(), other.len());
    assert_eq!(far, []);
}

#[test]
fn what_a_client_has_acknowledged_is_never_sent_whole_again_whatever_gets_lost() {
    for loss in [0, 200] {
        let mut setup = Setup::arena(12, 64);
        setup.kinds[0].view_radius = 100 * ONE;
        let link = Link { delay: 2, jitter: 2, loss, duplicate: 20, corrupt: 0, carries: 0 };
        let mut play = Play::new(setup, 4, 8, &[], link, 7);
        let mut whole = 0;
        for t in 0..600 {
            if t == 60 {
                whole = play.room.room().r.stats[0].full_states;
            }
            play.wander(false);
            play.tick();
        }
        let stats = play.room.room().r.stats[0];
        assert!(whole >= 4 * 11, "{whole} when they came into sight");
        assert_eq!(stats.full_states, whole, "loss {loss}");
        for player in &mut play.players {
            let stats = player.stats();
            assert_eq!((stats.visible, stats.undecodable, stats.hash_mismatches), (11, 0, 0));
        }
    }
}

#[test]
fn after_a_silence_that_outlasts_the_references_nobody_counts_as_untouched() {
    for silence in [5, 20, 31, 32, 33, 40, 70] {
        let link = Link { delay: 1, ..Link::default() };
        let mut play = Play::new(Setup::arena(4, 32), 4, 0, &[], link, 9);
        for t in 0..300 {
            let cut = (100..100 + silence).contains(&t);
            for player in &mut play.players {
                player.link.loss = if cut { 1000 } else { 0 };
            }
            play.wander(true);
            play.tick();
        }
        for player in &mut play.players {
            let stats = player.stats();
            assert_eq!(stats.correction_free_max, 0, "{silence} ticks of silence");
            assert!(stats.snapshot_gap_max > silence, "{} {silence}", stats.snapshot_gap_max);
            assert!(stats.free_ticks > 150, "{}", stats.free_ticks);
        }
    }
}
