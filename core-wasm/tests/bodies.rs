//! `simulate` and `resolve`: bodies push each other apart, things end in their time, shots hit what they pass.

mod support;

use bytemuck::Zeroable;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use support::*;

/// Sets a column of a slot's player.
fn set(commands: &mut Records, handle: u32, column: usize, value: i32) {
    commands.add(SetField::KIND, 0, &SetField { handle, column: column as u32, value });
}

/// Bots of the arena with the rail in their hands.
fn riflemen(setup: &Setup, count: u16, at: impl Fn(u16) -> (i32, i32)) -> Instance {
    let mut room = setup.room(&[]);
    fill(&mut room, count, at);
    let mut commands = Records::new();
    for slot in 0..count {
        let handle = handle(&mut room, slot);
        set(&mut commands, handle, column::WEAPON, 1);
    }
    tick_with(&mut room, &[], &commands);
    room
}

#[test]
fn players_in_each_other_part_by_half_each_and_no_further() {
    let mut room = Setup::arena(2, 8).room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * ONE / 2, 0));
    for _ in 0..60 {
        tick(&mut room, &[]);
    }
    let x = [0, 1].map(|slot| get(&mut room, slot, column::X));
    assert!((x[0] + ONE / 4).abs() <= 2 && (x[1] - 3 * ONE / 4).abs() <= 2, "{x:?}");
}

#[test]
fn who_stands_on_another_is_not_pushed() {
    for (z, pushed) in [(2 * ONE, false), (2 * ONE - 1, true), (0, true)] {
        let mut setup = Setup::at(2, 8, 30, 3);
        setup.head.gravity = 0;
        let mut room = setup.room(&[]);
        fill(&mut room, 2, |slot| (i32::from(slot) * ONE / 2, 0));
        for upper in [0, 1] {
            let mut commands = Records::new();
            for slot in [0, 1] {
                let x = i32::from(slot) * ONE / 2;
                let z = if slot == upper { z } else { 0 };
                commands.add(Place::KIND, 0, &Place { z, ..place(handle(&mut room, slot), x, 0) });
            }
            tick_with(&mut room, &[], &commands);
            tick(&mut room, &[]);
            assert_eq!(get(&mut room, 0, column::X) != 0, pushed, "{upper} stands at {z}");
        }
    }
}

#[test]
fn a_crowd_pushes_nobody_into_a_wall() {
    let half = 2 * ONE;
    let mut room = Setup::arena(12, 32).room(&[wall(0, 0, half, half)]);
    let at = |slot: u16| {
        (-half - ONE / 2 - i32::from(slot % 3) * ONE / 8, i32::from(slot / 3) * ONE / 8)
    };
    fill(&mut room, 12, at);
    for _ in 0..30 {
        tick(&mut room, &[]);
        for slot in 0..12 {
            let (x, y) = (get(&mut room, slot, column::X), get(&mut room, slot, column::Y));
            let (dx, dy) = ((x.abs() - half).max(0), (y.abs() - half).max(0));
            let far = i64::from(dx).pow(2) + i64::from(dy).pow(2);
            assert!(far >= i64::from(ONE / 2).pow(2), "slot {slot} at {x} {y}");
        }
    }
}

#[test]
fn what_lives_five_ticks_is_there_for_five() {
    let mut room = Setup::arena(1, 8).room(&[]);
    room.begin(&[]).unwrap();
    let handle = room.room().r.spawnable[1];
    let spawn = Spawn { handle, kind: 3, life_ticks: 5, ..Spawn::zeroed() };
    room.end(&Records::new().add(Spawn::KIND, 0, &spawn).bytes).unwrap();
    let mut there = 0;
    while room.room().world().find(handle).is_some() && there < 20 {
        there += 1;
        tick(&mut room, &[]);
    }
    assert_eq!(there, 5);
}

#[test]
fn protection_for_seven_ticks_is_over_in_the_seventh_after() {
    let mut room = riflemen(&Setup::arena(2, 16), 2, |slot| (i32::from(slot) * 5 * ONE, 0));
    let target = handle(&mut room, 1);
    for ticks in 1..9 {
        let mut commands = Records::new();
        commands.add(Place::KIND, 0, &Place { protect_ticks: 7, ..place(target, 5 * ONE, 0) });
        set(&mut commands, handle(&mut room, 0), column::WEAPON_WAIT, 0);
        tick_with(&mut room, &[], &commands);
        for _ in 1..ticks {
            tick(&mut room, &[]);
        }
        tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]);
        let health = if ticks < 7 { 100 } else { 45 };
        assert_eq!(get(&mut room, 1, column::HEALTH), health, "{ticks} ticks after");
    }
}

#[test]
fn a_weapon_that_is_held_down_fires_once_in_its_wait() {
    let setup = Setup::arena(1, 64);
    let mut room = setup.room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    let mut fired = Vec::new();
    for t in 0..40 {
        let before = room.room().r.head[0].events_next;
        tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]);
        if room.room().r.head[0].events_next != before {
            fired.push(t);
        }
    }
    assert_eq!(setup.weapons[0].wait_ticks, 6);
    assert_eq!(fired, [0, 6, 12, 18, 24, 30, 36]);
}

/// Radii of 1/2 and 1/6 unit: what passes at less than their sum is hit.
#[test]
fn a_projectile_hits_what_its_edge_touches() {
    for (off, hit) in [(ONE / 2, true), (ONE * 64 / 100, true), (ONE * 68 / 100, false)] {
        for side in [-1, 1] {
            let mut room = Setup::arena(2, 32).room(&[]);
            fill(&mut room, 2, |slot| (i32::from(slot) * 5 * ONE, i32::from(slot) * side * off));
            tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]);
            for _ in 0..15 {
                tick(&mut room, &[]);
            }
            let health = get(&mut room, 1, column::HEALTH);
            assert_eq!(health < 100, hit, "{off} to the side {side}");
        }
    }
}

/// Cells are 8 units wide: somewhere on this way the centre of the target lies in the cell beside the ray's.
#[test]
fn a_ray_hits_across_the_borders_of_cells() {
    for aim in [0u16, 0x4000, 0x8000, 0xc000] {
        let mut room = riflemen(&Setup::arena(2, 16), 2, |slot| (i32::from(slot) * 9 * ONE, 0));
        for step in -28..=20 {
            let along = step * ONE + ONE / 5;
            for side in [-1, 1] {
                let off = along + side * ONE * 2 / 5;
                let (from, to) = match aim {
                    0 => ((-20 * ONE, along), (10 * ONE - 1, off)),
                    0x8000 => ((20 * ONE, along), (-6 * ONE, off)),
                    0x4000 => ((along, -20 * ONE), (off, 10 * ONE - 1)),
                    _ => ((along, 20 * ONE), (off, -6 * ONE)),
                };
                let mut commands = Records::new();
                for (slot, (x, y)) in [(0, from), (1, to)] {
                    commands.add(Place::KIND, 0, &place(handle(&mut room, slot), x, y));
                }
                set(&mut commands, handle(&mut room, 0), column::WEAPON_WAIT, 0);
                tick_with(&mut room, &[], &commands);
                tick(&mut room, &[(0, input(0, 0, button::FIRE, aim))]);
                let health = get(&mut room, 1, column::HEALTH);
                assert_eq!(health, 45, "aim {aim}, from {from:?} to {to:?}");
            }
        }
    }
}

#[test]
fn shots_leave_a_place_for_each_player_who_may_come() {
    let mut setup = Setup::arena(6, 12);
    setup.weapons[0].wait_ticks = 1;
    setup.weapons[0].life_ticks = 1000;
    setup.weapons[0].speed = 1;
    setup.weapons[0].radius = 1;
    let mut room = setup.room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 10 * ONE, 0));
    for t in 0..30u16 {
        tick(
            &mut room,
            &[(0, input(0, 0, button::FIRE, t * 2000)), (1, input(0, 0, button::FIRE, t * 2000))],
        );
    }
    assert_eq!(room.room().r.stats[0].entities, 12 - 4, "the others are kept free");
    let mut records = Records::new();
    for slot in 2..6 {
        records.add(Join::KIND, slot, &join(slot, true));
    }
    let events = parse(&room.begin(&records.bytes).unwrap());
    room.end(&[]).unwrap();
    assert_eq!(events.iter().filter(|(header, _)| header.kind == Joined::KIND).count(), 4);
}
