//! Lifts, platforms and doors: where they are, whom they carry, push and stop; and areas of the schema.

mod support;

use bytemuck::Zeroable;
use fray_core::gen::*;
use fray_core::movement::{step, Body};
use fray_core::movers::{at, set, Moved};
use fray_core::walls::Walls;
use support::*;

fn mover(way: (i32, i32, i32), go_ticks: u32, stay_ticks: u32) -> ConfigMover {
    ConfigMover {
        half_x: 2 * ONE,
        half_y: 2 * ONE,
        height: ONE / 2,
        way_x: way.0,
        way_y: way.1,
        way_z: way.2,
        go_ticks,
        stay_ticks,
        ..ConfigMover::zeroed()
    }
}

/// One body among movers; each tick is looked at.
fn ride(
    movers: &[ConfigMover],
    mut body: Body,
    commands: impl Fn(u32) -> InputCommand,
    ticks: u32,
    mut look: impl FnMut(u32, &Body, &[Moved]),
) {
    let setup = Setup::at(1, 8, 30, 3);
    let mut moved = vec![Moved::zeroed(); movers.len()];
    for tick in 1..=ticks {
        set(movers, tick, &mut moved);
        let walls = Walls { movers: &moved, ..Walls::NONE };
        step(&mut body, &commands(tick), &setup.head, &walls);
        look(tick, &body, &moved);
    }
}

fn still(_: u32) -> InputCommand {
    InputCommand::zeroed()
}

#[test]
fn a_mover_stays_goes_stays_and_comes_back_by_the_tick_alone() {
    let lift = ConfigMover { start_tick: 3, ..mover((0, 7, 100), 10, 5) };
    let z: Vec<i32> = (0..32).map(|tick| at(&lift, tick).z).collect();
    assert_eq!(z[..3], [0, 0, 0], "it began three ticks ago");
    assert_eq!(z[2..13], [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    assert_eq!(z[12..18], [100; 6]);
    assert_eq!(z[17..28], [100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0]);
    assert_eq!(z[30..], z[..2], "a round later the same");
    assert_eq!(at(&lift, 7).y, 4, "7 * 5 / 10, to the nearest");
    assert_eq!(at(&lift, u32::MAX), at(&lift, 29), "also before the first tick");
    let mut moved = [Moved::zeroed()];
    set(&[lift], 3, &mut moved);
    assert_eq!(moved[0].way, [0, 1, 10]);
}

#[test]
fn who_stands_on_a_lift_is_on_it_in_every_tick() {
    let lift = mover((ONE * 3, -ONE, 4 * ONE), 60, 20);
    let start = Body { z: ONE / 2, x: ONE / 4, ..body(&Setup::at(1, 8, 30, 3)) };
    ride(&[lift], start, still, 400, |tick, body, moved| {
        let wall = moved[0].wall;
        assert_eq!(body.z, wall.z + wall.height, "tick {tick}");
        assert_eq!((body.x - wall.x, body.y - wall.y), (ONE / 4, 0), "tick {tick}");
        assert_ne!(body.flags & flag::GROUNDED, 0);
        assert_eq!((body.vx, body.vy, body.vz, body.landed), (0, 0, 0, 0));
    });
}

#[test]
fn a_lift_takes_up_who_falls_onto_it_and_a_jump_takes_its_speed_along() {
    let lift = mover((0, 0, 6 * ONE), 60, 0);
    let setup = Setup::at(1, 8, 30, 3);
    let start = Body { z: 3 * ONE, flags: flag::ALIVE, ..body(&setup) };
    let mut met = None;
    ride(&[lift], start, still, 60, |tick, body, moved| {
        let top = moved[0].wall.z + moved[0].wall.height;
        assert!(body.z >= top, "never in it: tick {tick}, {} {top}", body.z);
        if met.is_none() && body.z == top {
            met = Some(tick);
        }
        assert!(met.is_none() || body.z == top, "and then with it");
    });
    assert!(met.is_some_and(|tick| tick > 5 && tick < 30), "{met:?}");
    let train = mover((8 * ONE, 0, 0), 80, 0);
    let start = Body { z: ONE / 2, ..body(&setup) };
    let jump = |tick| InputCommand {
        buttons: if tick == 10 { button::JUMP } else { 0 },
        ..InputCommand::zeroed()
    };
    ride(&[train], start, jump, 40, |_, body, moved| {
        // Its way is rounded in each tick, that of who left it is not any more.
        let off = body.x - moved[0].wall.x;
        assert!(off.abs() < 40, "above the same place of it all the time: {off}");
    });
}

#[test]
fn a_door_pushes_who_stands_in_its_way_and_stops_who_runs_into_it() {
    let door = ConfigMover {
        half_x: ONE / 4,
        x: -4 * ONE,
        height: 3 * ONE,
        ..mover((3 * ONE, 0, 0), 30, 10)
    };
    let start = Body { x: -2 * ONE, ..body(&Setup::at(1, 8, 30, 3)) };
    ride(&[door], start, still, 45, |tick, body, moved| {
        let edge = moved[0].wall.x + moved[0].wall.half_x + body.radius;
        assert!(body.x >= edge, "tick {tick}: {} {edge}", body.x);
        if tick > 40 {
            assert_eq!(body.x, -ONE + ONE / 4 + body.radius, "pushed as far as it goes");
        }
    });
    let run = |_| InputCommand { move_x: -127, ..InputCommand::zeroed() };
    let start = Body { x: 4 * ONE, ..body(&Setup::at(1, 8, 30, 3)) };
    ride(&[door], start, run, 45, |_, body, moved| {
        assert!(body.x >= moved[0].wall.x + moved[0].wall.half_x + body.radius);
    });
}

#[test]
fn a_configuration_of_movers_that_jump_over_somebody_is_refused() {
    let accepted = |mover: ConfigMover| {
        let mut setup = Setup::at(1, 8, 30, 3);
        setup.movers = vec![mover];
        fray_core::host::Instance::new(&setup.bytes()).is_ok()
    };
    let good = mover((2 * ONE, 0, 0), 4, 0);
    assert!(accepted(good));
    assert!(!accepted(ConfigMover { go_ticks: 3, ..good }), "further than a radius in a tick");
    let lift = mover((0, 0, 4 * ONE), 4, 0);
    assert!(accepted(lift));
    assert!(!accepted(ConfigMover { go_ticks: 3, ..lift }), "more than a unit a tick");
    assert!(!accepted(ConfigMover { z: 16_382 * ONE, ..lift }), "out of every world");
    assert!(!accepted(ConfigMover { go_ticks: 0, ..good }));
    assert!(!accepted(ConfigMover { x: i32::MAX, ..good }));
    assert!(!accepted(ConfigMover { half_x: -1, ..good }));
}

/// Areas of a room of two: what was told, as (slot, area, inside).
fn told(events: &[(RecordHeader, Vec<u8>)], handles: &[u32]) -> Vec<(usize, u32, u32)> {
    let areas = events.iter().filter(|(header, _)| header.kind == Area::KIND);
    areas
        .map(|(_, payload)| bytemuck::pod_read_unaligned::<Area>(payload))
        .map(|e| (handles.iter().position(|h| *h == e.player).unwrap_or(9), e.area, e.inside))
        .collect()
}

#[test]
fn an_area_is_entered_and_left_once_each_also_by_death_and_by_going() {
    let mut setup = Setup::at(2, 16, 30, 3);
    let square = ConfigArea { half_x: 3 * ONE, half_y: ONE, ..ConfigArea::zeroed() };
    let round =
        ConfigArea { x: 5 * ONE, half_x: 2 * ONE, height: ONE, round: 1, ..ConfigArea::zeroed() };
    setup.areas = vec![square, round];
    let mut room = setup.room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 20 * ONE, 0));
    let handles = [handle(&mut room, 0), handle(&mut room, 1)];
    assert_eq!(told(&tick(&mut room, &[]), &handles), [(0, 0, 1)]);
    assert_eq!(told(&tick(&mut room, &[]), &handles), [], "once");
    let mut seen = Vec::new();
    for _ in 0..60 {
        seen.extend(told(&tick(&mut room, &[(0, input(127, 0, 0, 0))]), &handles));
    }
    assert_eq!(seen, [(0, 0, 0), (0, 1, 1), (0, 1, 0)], "through both, one after the other");
    let mut commands = fray_core::host::Records::new();
    commands.add(Place::KIND, 0, &place(handles[0], 5 * ONE, 0));
    commands.add(Place::KIND, 0, &place(handles[1], 4 * ONE, 3 * ONE / 2));
    tick_with(&mut room, &[], &commands);
    assert_eq!(told(&tick(&mut room, &[]), &handles), [(0, 1, 1), (1, 1, 1)]);
    let mut commands = fray_core::host::Records::new();
    commands.add(Damage::KIND, 0, &Damage { handle: handles[0], attacker: 0, amount: 1000 });
    tick_with(&mut room, &[], &commands);
    assert_eq!(told(&tick(&mut room, &[]), &handles), [(0, 1, 0)], "the dead are nowhere");
    let mut records = fray_core::host::Records::new();
    records.add(Leave::KIND, 1, &Leave { code: 19, reserved: 0 });
    let events = room.begin(&records.bytes).unwrap();
    assert_eq!(told(&parse(&events), &handles), [(1, 1, 0)]);
    room.end(&[]).unwrap();
    assert_eq!(room.room().r.clients[1].areas, 0);
}
