//! Shots that hit at once are judged by what their shooter saw: as far back as the measured delay explains and the cap
//! allows, and never across what breaks the way of a target.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::config::RULE_DEAD_STOP;
use fray_core::gen::*;
use fray_core::host::Instance;
use play::{Link, Play};
use support::*;

const FAST: Link = Link { delay: 2, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };

/// One rifleman at (-8, 0), and bots. Nobody pushes anybody.
fn range(mut setup: Setup, bots: u16, walls: &[WallBox], link: Link) -> Play {
    setup.weapons[1] = ConfigWeapon { wait_ticks: 1, damage: 1, knockback: 0, ..setup.weapons[1] };
    setup.head.rules &= !4;
    let mut play = Play::new(setup, 1, bots, walls, link, 5);
    play.players[0].looks = true;
    put(&mut play, 0, (-8, 0));
    set(&mut play, 0, column::WEAPON, 1);
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

fn hits(play: &mut Play) -> u32 {
    play.room.room().r.stats[0].hits
}

/// Bot 1 walks up and down in front of the rifleman, who aims at it and shoots now and then: hits of 100 shots.
fn gallery(play: &mut Play) -> f64 {
    put(play, 1, (0, 0));
    play.players[0].gaze = Some((handle(&mut play.room, 1) & 0xffff) as usize);
    for t in 0..1500 {
        if t % 11 == 0 {
            set(play, 1, column::HEALTH, 100);
        }
        play.bots[0].1.move_y = if t / 25 % 2 == 0 { 127 } else { -127 };
        play.players[0].control.buttons = u16::from(t > 60 && t % 7 == 0);
        play.tick();
    }
    let own = play.players[0].events.iter().filter(|e| e.kind == event::SHOT);
    let shots = own.count() as u32;
    assert!(shots > 150, "{shots}");
    100.0 * f64::from(hits(play)) / f64::from(shots)
}

/// Fires in each tick at a target that stands before the rifleman; `change` happens to it after a while. How many of the
/// shots after that hit it, the other bot beside it.
fn after(play: &mut Play, change: impl Fn(&mut Play)) -> (u32, u32) {
    put(play, 1, (0, 0));
    play.players[0].control = InputCommand { buttons: 1, ..bytemuck::Zeroable::zeroed() };
    let bots = play.bots.len() as u16;
    for _ in 0..60 {
        (1..=bots).for_each(|slot| set(play, slot, column::HEALTH, 100));
        play.tick();
    }
    change(play);
    play.tick();
    let now = play.tick_number();
    for _ in 0..30 {
        play.tick();
    }
    let handles: Vec<u32> = (1..=bots).map(|slot| handle(&mut play.room, slot)).collect();
    let room = play.room.room();
    let at = |handle: u32| {
        let hit = |e: &&ClientEvent| e.kind == event::HIT && e.object == handle && e.tick > now;
        room.r.events.iter().filter(hit).count() as u32
    };
    (at(handles[0]), handles.get(1).map_or(0, |other| at(*other)))
}

#[test]
fn what_was_on_the_screen_is_hit() {
    for (delay, jitter, loss) in [(0, 0, 0), (1, 0, 0), (2, 1, 50), (2, 0, 100), (1, 1, 200)] {
        let link = Link { delay, jitter, loss, ..Link::default() };
        let hits = gallery(&mut range(Setup::arena(2, 8), 1, &[], link));
        println!("delay {delay} jitter {jitter} loss {loss}: {hits}");
        assert!(hits >= 99.5, "{hits}: {link:?}");
    }
}

#[test]
fn who_aims_past_an_edge_is_judged_to_the_fraction() {
    // More than its width in a tick.
    let mut setup = Setup::arena(2, 8);
    let speed = per_tick(40.0, 30);
    let quick = ConfigKind { top_speed: speed, acceleration: speed, ..setup.kinds[0] };
    setup.kinds[0] = ConfigKind { view_radius: 60 * ONE, ..quick };
    setup.weapons[1].range = 60 * ONE;
    let hits = gallery(&mut range(setup, 1, &[], FAST));
    assert!(hits >= 99.5, "{hits}");
}

#[test]
fn who_states_no_view_is_judged_by_the_present() {
    let mut play = range(Setup::arena(2, 8), 1, &[], FAST);
    // It aims by its screen all the same.
    play.players[0].blind = true;
    let hits = gallery(&mut play);
    assert!(hits < 30.0, "{hits}");
}

#[test]
fn a_view_that_is_older_than_the_delay_explains_gains_nothing() {
    for back in [4, 6, 20, 500] {
        let mut play = range(Setup::arena(2, 8), 1, &[], FAST);
        play.players[0].back = back;
        let hits = gallery(&mut play);
        println!("{back} ticks further back: {hits}");
        assert!(hits < 50.0, "{back} ticks further back: {hits}");
    }
}

#[test]
fn delay_counts_up_to_the_cap_and_no_further() {
    let link = Link { delay: 7, ..Link::default() };
    let hits = [200, 1000].map(|most| {
        let mut setup = Setup::arena(2, 8);
        setup.head.rewind_ms_max = most;
        gallery(&mut range(setup, 1, &[], link))
    });
    println!("{hits:?}");
    assert!(hits[0] < 30.0 && hits[1] >= 99.5, "{hits:?}");
}

#[test]
fn nobody_is_hit_where_it_stood_before_a_teleport() {
    let walked = |play: &mut Play| set(play, 1, column::Y, 6 * ONE);
    let teleported = |play: &mut Play| put(play, 1, (0, 6));
    // The counter has two bits: as often as this in one tick, it would be the same again.
    let often = |play: &mut Play| (0..4).for_each(|_| put(play, 1, (0, 6)));
    let run =
        |change: &dyn Fn(&mut Play)| after(&mut range(Setup::arena(2, 8), 1, &[], FAST), change).0;
    let found = [run(&walked), run(&teleported), run(&often)];
    println!("{found:?}");
    // Both ways, the lead and the interpolation delay are nine ticks; in two of them the way to the new place is shown.
    assert_eq!(found, [7, 0, 0]);
}

#[test]
fn nobody_is_hit_who_was_not_sent() {
    for (radius, blind, struck) in [(22, false, true), (5, true, true), (5, false, false)] {
        let mut setup = Setup::arena(2, 8);
        setup.kinds[0].view_radius = radius * ONE;
        let mut play = range(setup, 1, &[], FAST);
        play.players[0].blind = blind;
        let (found, _) = after(&mut play, |_| {});
        assert_eq!(found > 0, struck, "radius {radius}, blind {blind}: {found}");
    }
}

#[test]
fn the_dead_are_shot_through_unless_the_game_says_that_they_stop_shots() {
    for (rules, behind) in [(0, 30), (RULE_DEAD_STOP, 22)] {
        let mut setup = Setup::arena(3, 8);
        setup.head.rules |= rules;
        let mut play = range(setup, 2, &[], FAST);
        put(&mut play, 2, (6, 0));
        let found = after(&mut play, |play| set(play, 1, column::HEALTH, 0));
        assert_eq!(found, (0, behind), "rules {rules}");
    }
}

#[test]
fn who_has_reached_cover_is_hit_only_as_long_as_the_game_says() {
    // Between the rifleman and where the target has gone, not where it came from.
    let cover = [wall(-4 * ONE, 3 * ONE, ONE, ONE)];
    let found = [200, 100, 0].map(|most| {
        let mut setup = Setup::arena(2, 8);
        setup.head.rewind_cover_ms_max = most;
        let gone = |play: &mut Play| set(play, 1, column::Y, 6 * ONE);
        after(&mut range(setup, 1, &cover, FAST), gone).0
    });
    assert_eq!(found, [7, 5, 2]);
}

#[test]
fn a_cap_that_is_none_is_refused() {
    let mut setup = Setup::arena(2, 8);
    (setup.head.rewind_ms_max, setup.head.rewind_cover_ms_max) = (200, 201);
    assert!(Instance::new(&setup.bytes()).is_err());
}

#[test]
fn a_second_of_history_for_fifty_players_at_sixty_ticks_takes_at_most_a_megabyte() {
    let instance = Instance::new(&Setup::at(50, 256, 60, 3).bytes()).unwrap();
    let kept = ["history", "flights", "flight_sets", "flight_updates"];
    let (region, _) = instance.layout();
    let rows: Vec<_> = region.iter().filter(|row| kept.contains(&row.name)).collect();
    assert_eq!(rows.len(), kept.len());
    let bytes: usize = rows.iter().map(|row| row.bytes).sum();
    println!("{bytes} bytes");
    assert!(bytes <= 1_000_000, "{bytes}");
}
