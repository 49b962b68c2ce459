//! The room's tick through its two calls, as a host drives it.

mod support;

use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use support::*;

#[test]
fn a_room_of_fifty_fits_two_megabytes() {
    let mut setup = Setup::arena(50, 256);
    // 12 wire words per entity, as the issue counts them.
    setup.fields.push(field(3, 33, 8, audience::VISIBLE));
    let room = setup.room(&[]);
    let (region, scratch) = room.layout();
    let mut total = 0;
    for row in region.iter().chain(&scratch) {
        total += row.bytes.next_multiple_of(8);
        println!("{:>9} {:>8} x{:<4} {}", row.offset, row.bytes, row.element, row.name);
    }
    // Stack and static data come before: 46,352 bytes in the wasm build. Memory comes in pages of 64 KiB.
    let whole = (total + 48 * 1024).next_multiple_of(65_536);
    println!("{total} bytes of region and scratch, {whole} of memory");
    assert!(whole <= 2_000_000, "{whole}");
}

#[test]
fn the_layout_table_names_every_byte_of_the_region_in_order() {
    let room = Setup::arena(8, 64).room(&[]);
    let (region, _) = room.layout();
    let mut at = 0;
    for row in &region {
        assert_eq!(row.offset, at, "{}", row.name);
        assert_eq!(row.bytes % row.element, 0);
        at += row.bytes.next_multiple_of(8);
    }
    assert_eq!(at, room.region().len());
}

#[test]
fn a_player_joins_is_placed_moves_and_leaves() {
    let mut room = Setup::arena(4, 32).room(&[]);
    let mut records = Records::new();
    records.add(Join::KIND, 2, &join(2, true));
    let events = parse(&room.begin(&records.bytes).unwrap());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0.kind, Joined::KIND);
    let joined: Joined = bytemuck::pod_read_unaligned(&events[0].1);
    assert_eq!(joined.player_id, 1 << 16 | 2);
    assert_eq!(joined.handle, handle(&mut room, 2));
    let mut commands = Records::new();
    commands.add(Place::KIND, 0, &place(joined.handle, 5 * ONE, 0));
    room.end(&commands.bytes).unwrap();
    for _ in 0..30 {
        tick(&mut room, &[(2, input(127, 0, 0, 0))]);
    }
    assert!(get(&mut room, 2, column::X) > 11 * ONE);
    assert_eq!(get(&mut room, 2, column::VX), per_tick(7.0, 30));
    let mut records = Records::new();
    records.add(Leave::KIND, 2, &Leave { code: 19, reserved: 0 });
    let events = parse(&room.begin(&records.bytes).unwrap());
    assert_eq!(events[0].0.kind, Left::KIND);
    assert_ne!(handle(&mut room, 2), 0, "the entity lives until the tick ends");
    room.end(&[]).unwrap();
    assert_eq!(handle(&mut room, 2), 0);
    assert_eq!(room.room().r.stats[0].players, 0);
}

#[test]
fn a_repeated_slot_gets_a_new_player_id_and_handle() {
    let mut room = Setup::arena(2, 8).room(&[]);
    let mut seen = Vec::new();
    for _ in 0..5 {
        let mut records = Records::new();
        records.add(Join::KIND, 0, &join(0, true));
        let events = parse(&room.begin(&records.bytes).unwrap());
        let joined: Joined = bytemuck::pod_read_unaligned(&events[0].1);
        assert!(!seen.contains(&joined.handle));
        seen.push(joined.handle);
        room.end(&[]).unwrap();
        let mut records = Records::new();
        records.add(Leave::KIND, 0, &Leave { code: 19, reserved: 0 });
        room.begin(&records.bytes).unwrap();
        room.end(&[]).unwrap();
        for _ in 0..8 {
            tick(&mut room, &[]);
        }
    }
}

#[test]
fn a_projectile_hits_once_and_the_hit_can_be_scaled_away() {
    let mut room = Setup::arena(2, 32).room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 8 * ONE, 0));
    let mut cancelled = 0;
    for t in 0..60 {
        let buttons = if t % 20 == 0 { button::FIRE } else { 0 };
        let mut records = Records::new();
        records.add(BotInput::KIND, 0, &input(0, 0, buttons, 0));
        let events = parse(&room.begin(&records.bytes).unwrap());
        let mut commands = Records::new();
        for (header, _) in events.iter().filter(|(header, _)| header.kind == Hit::KIND) {
            if cancelled == 0 {
                commands.add(
                    ScaleHit::KIND,
                    0,
                    &ScaleHit { hit: u32::from(header.index), permille: 0 },
                );
            }
            cancelled += 1;
        }
        room.end(&commands.bytes).unwrap();
        if cancelled == 1 {
            let flags = get(&mut room, 1, column::FLAGS);
            assert_eq!(flags & flag::TOUCHED, 0, "a cancelled hit does not push");
        }
    }
    assert_eq!(cancelled, 3);
    assert_eq!(get(&mut room, 1, column::HEALTH), 100 - 2 * 18);
    let stats = room.room().r.stats[0];
    assert_eq!((stats.hits, stats.deaths), (2, 0));
    assert_eq!(stats.entities, 2, "projectiles that hit are gone");
}

#[test]
fn death_is_told_in_the_next_tick_and_place_gives_life_back() {
    let mut room = Setup::arena(2, 32).room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 4 * ONE, 0));
    let (victim, attacker) = (handle(&mut room, 1), handle(&mut room, 0));
    let mut commands = Records::new();
    commands.add(Damage::KIND, 0, &Damage { handle: victim, attacker, amount: 120 });
    let now = tick_with(&mut room, &[], &commands);
    assert!(now.iter().all(|(header, _)| header.kind != Death::KIND));
    assert_eq!(get(&mut room, 1, column::FLAGS) & flag::ALIVE, 0);
    let next = tick(&mut room, &[(1, input(127, 0, button::FIRE, 0))]);
    let deaths: Vec<Death> = next
        .iter()
        .filter(|(h, _)| h.kind == Death::KIND)
        .map(|(_, p)| bytemuck::pod_read_unaligned(p))
        .collect();
    assert_eq!(deaths, [Death { victim, attacker, assists: [0; 3] }]);
    assert_eq!(get(&mut room, 1, column::X), 4 * ONE, "the dead neither move");
    assert_eq!(room.room().r.head[0].events_next, 2, "nor shoot: one hit, one death");
    let mut commands = Records::new();
    commands.add(Place::KIND, 0, &place(victim, 0, 9 * ONE));
    tick_with(&mut room, &[], &commands);
    assert_eq!(get(&mut room, 1, column::HEALTH), 100);
    assert_ne!(get(&mut room, 1, column::FLAGS) & flag::ALIVE, 0);
    assert_ne!(get(&mut room, 1, column::FLAGS) & flag::TOUCHED, 0);
    assert_eq!(get(&mut room, 1, column::TELEPORT), 2);
}

#[test]
fn teams_do_not_hurt_each_other_and_the_protected_are_not_hurt() {
    let mut room = Setup::arena(3, 32).room(&[]);
    fill(&mut room, 3, |slot| (i32::from(slot) * 3 * ONE, 0));
    let mut commands = Records::new();
    for slot in 0..2 {
        let handle = handle(&mut room, slot);
        commands.add(
            SetField::KIND,
            0,
            &SetField { handle, column: column::TEAM as u32, value: 1 },
        );
        commands.add(
            SetField::KIND,
            0,
            &SetField { handle, column: column::WEAPON as u32, value: 1 },
        );
    }
    tick_with(&mut room, &[], &commands);
    tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]);
    assert_eq!(get(&mut room, 1, column::HEALTH), 100, "the ray passes a friend");
    assert_eq!(get(&mut room, 2, column::HEALTH), 45, "and hits the other");
    let handle = handle(&mut room, 2);
    let mut commands = Records::new();
    commands.add(
        SetField::KIND,
        0,
        &SetField { handle, column: column::PROTECTED_UNTIL as u32, value: 1 << 20 },
    );
    tick_with(&mut room, &[], &commands);
    for _ in 0..30 {
        tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]);
    }
    assert_eq!(get(&mut room, 2, column::HEALTH), 45);
}

#[test]
fn walls_stop_shots_and_shots_do_not_tunnel() {
    // A wall of a tenth of a unit, a bullet of 10 units per tick.
    let mut setup = Setup::arena(2, 32);
    setup.weapons[0].speed = 10 * ONE;
    setup.weapons[0].radius = 0;
    let mut room = setup.room(&[wall(4 * ONE, 0, ONE / 20, 3 * ONE)]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 8 * ONE, 0));
    for _ in 0..60 {
        tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]);
    }
    assert_eq!(get(&mut room, 1, column::HEALTH), 100);
    assert_eq!(room.room().r.stats[0].hits, 0);
}

#[test]
fn touches_and_timers_and_spawns_come_as_events() {
    let mut room = Setup::arena(1, 32).room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    room.begin(&[]).unwrap();
    let spawnable = room.room().r.spawnable[1];
    let mut commands = Records::new();
    let crate_at = Spawn {
        handle: spawnable,
        kind: 3,
        x: 2 * ONE,
        y: 0,
        z: 0,
        vx: 0,
        vy: 0,
        vz: 0,
        aim: 0,
        owner: 0,
        life_ticks: 0,
    };
    commands.add(Spawn::KIND, 0, &crate_at);
    commands.add(Spawn::KIND, 0, &crate_at);
    let due = room.room().r.head[0].tick + 3;
    for (id, due) in [(9, due + 1), (8, due), (5, due), (7, due)] {
        commands.add(AddTimer::KIND, 0, &AddTimer { id, due, timer: 5, args: [1, 2, 3, 4] });
    }
    room.end(&commands.bytes).unwrap();
    assert_eq!(room.room().r.stats[0].commands_refused, 1, "a handle serves once");
    let (mut touched, mut timers) = (0, Vec::new());
    for _ in 0..30 {
        for (header, payload) in tick(&mut room, &[(0, input(127, 0, 0, 0))]) {
            match header.kind {
                Touch::KIND => {
                    touched += 1;
                    assert_eq!(bytemuck::pod_read_unaligned::<Touch>(&payload).other, spawnable);
                }
                Timer::KIND => timers.push(bytemuck::pod_read_unaligned::<Timer>(&payload).id),
                _ => {}
            }
        }
    }
    assert!(touched > 3);
    assert_eq!(timers, [5, 7, 8, 9]);
}

#[test]
fn missing_input_repeats_movement_for_250_ms_and_never_fires() {
    let mut room = Setup::arena(1, 32).room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    for _ in 0..10 {
        tick(&mut room, &[(0, input(127, 0, button::FIRE, 0))]);
    }
    let shots = room.room().r.head[0].events_next;
    let mut moving = 0;
    for _ in 0..30 {
        tick(&mut room, &[]);
        moving += i32::from(get(&mut room, 0, column::VX) == per_tick(7.0, 30));
    }
    assert_eq!(moving, 8, "250 ms at 30 Hz, rounded up");
    assert_eq!(get(&mut room, 0, column::VX), 0);
    assert_eq!(room.room().r.head[0].events_next, shots);
}

#[test]
fn bad_records_and_commands_are_counted_and_do_nothing() {
    let mut room = Setup::arena(2, 16).room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    let before = room.state_hash();
    let mut records = Records::new();
    records.add(Join::KIND, 7, &join(7, true));
    records.add(Join::KIND, 0, &join(0, true));
    records.add(Leave::KIND, 1, &Leave { code: 0, reserved: 0 });
    records.add(BotInput::KIND, 1, &input(1, 1, 0, 0));
    records.add(Packet::KIND, 0, &Packet { arrival_us: 0 });
    records.add(99, 0, &0u32);
    records.add_bytes(Overload::KIND, 0, &[1, 2], &[]);
    room.begin(&records.bytes).unwrap();
    assert_eq!(room.room().r.stats[0].records_refused, 7);
    let mut commands = Records::new();
    let own = handle(&mut room, 0);
    for (handle, column, value) in [
        (own + 1, 3, 0),
        (own, 0, 5),
        (own, 1, 5),
        (own, 28, 5),
        (own, 37, 0),
        (own, 34, 16),
        (own, 99, 1),
    ] {
        commands.add(SetField::KIND, 0, &SetField { handle, column, value });
    }
    commands.add(SetRoomField::KIND, 0, &SetRoomField { field: 2, value: 0 });
    commands.add(Remove::KIND, 0, &Remove { handle: own });
    commands.add_bytes(AddWalls::KIND, 0, &[], bytemuck::bytes_of(&wall(0, 0, ONE, ONE)));
    commands.add(ScaleHit::KIND, 0, &ScaleHit { hit: 0, permille: 5 });
    commands.add(CancelTimer::KIND, 0, &CancelTimer { id: 1 });
    commands.add_bytes(
        SetText::KIND,
        0,
        bytemuck::bytes_of(&SetText { handle: own, field: 0 }),
        &[0xff, 0xfe],
    );
    commands.add_bytes(
        SetText::KIND,
        0,
        bytemuck::bytes_of(&SetText { handle: own, field: 0 }),
        &[b'a'; 16],
    );
    room.end(&commands.bytes).unwrap();
    assert_eq!(room.room().r.stats[0].commands_refused, 14);
    let _ = before;
    assert_eq!(get(&mut room, 0, column::X), 0);
}

#[test]
fn calls_out_of_order_are_refused() {
    let mut room = Instance::new(&Setup::arena(2, 16).bytes()).unwrap();
    assert_eq!(room.begin(&[]), Err(error::E_CORE), "onCreate's end comes first");
    room.end(&[]).unwrap();
    room.begin(&[]).unwrap();
    assert_eq!(room.begin(&[]), Err(error::E_CORE));
    room.end(&[]).unwrap();
}

#[test]
fn roster_rows_follow_team_fields_and_name() {
    let mut room = Setup::arena(2, 16).room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 5 * ONE, 0));
    room.room().r.roster_dirty.fill(0);
    let own = handle(&mut room, 1);
    // The wire clears the mark when it has told it: so look between the two.
    let row = (own & 0xffff) as usize;
    room.room().world().set(32, row, 5);
    fray_core::roster::refresh(&mut room.room());
    assert_eq!(room.room().r.roster_dirty[..], [0, 1], "a field to: room changed");
    room.room().r.roster_dirty.fill(0);
    fray_core::roster::refresh(&mut room.room());
    assert_eq!(room.room().r.roster_dirty[..], [0, 0], "and nothing since");
    let mut commands = Records::new();
    commands.add(SetField::KIND, 0, &SetField { handle: own, column: 33, value: 77 });
    commands.add_bytes(
        SetText::KIND,
        0,
        bytemuck::bytes_of(&SetText { handle: own, field: 255 }),
        "Zoë".as_bytes(),
    );
    room.begin(&[]).unwrap();
    room.end(&commands.bytes).unwrap();
    let row = room.sizes().roster_row_bytes as usize;
    let view = room.room();
    assert_eq!(&view.r.roster[row + 12..row + 16], "Zoë".as_bytes());
    assert_eq!(view.r.roster[row + 10], 4);
    assert_eq!(view.r.roster[row + 48..row + 52], 77i32.to_le_bytes());
}

#[test]
fn of_two_in_line_the_nearer_is_hit_whichever_row_it_has() {
    for near in [1, 2] {
        let mut room = Setup::arena(3, 32).room(&[]);
        fill(&mut room, 3, |slot| {
            (
                if slot == 0 {
                    0
                } else if slot == near {
                    3 * ONE
                } else {
                    6 * ONE
                },
                0,
            )
        });
        let handle = handle(&mut room, 0);
        let mut commands = Records::new();
        let column = column::WEAPON as u32;
        commands.add(SetField::KIND, 0, &SetField { handle, column, value: 1 });
        tick_with(&mut room, &[], &commands);
        tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]);
        assert_eq!(get(&mut room, near, column::HEALTH), 45);
        assert_eq!(get(&mut room, 3 - near, column::HEALTH), 100);
    }
}

#[test]
fn every_part_of_the_live_world_is_in_the_state_hash() {
    let mut room = Setup::arena(2, 16).room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 5 * ONE, 0));
    let before = room.state_hash();
    let cells = room.room().r.columns.len();
    for cell in 0..cells {
        room.room().r.columns[cell] ^= 1 << 20;
        assert_ne!(room.state_hash(), before, "cell {cell}");
        room.room().r.columns[cell] ^= 1 << 20;
    }
    room.room().r.room_fields[1] ^= 1;
    assert_ne!(room.state_hash(), before);
    room.room().r.room_fields[1] ^= 1;
    room.room().r.plugin_random[3] ^= 1;
    assert_ne!(room.state_hash(), before);
    room.room().r.plugin_random[3] ^= 1;
    room.room().r.head[0].random[1] ^= 1;
    assert_ne!(room.state_hash(), before);
    room.room().r.head[0].random[1] ^= 1;
    room.room().r.players[1] ^= 1 << 16;
    assert_ne!(room.state_hash(), before);
    room.room().r.players[1] ^= 1 << 16;
    assert_eq!(room.state_hash(), before);
    room.room().r.head[0].timers = 1;
    let idle = room.state_hash();
    room.room().r.timers[0].due ^= 1;
    assert_ne!(room.state_hash(), idle, "a timer that waits is part of the world");
}

#[test]
fn who_crouches_goes_at_half_the_speed() {
    let mut room = Setup::arena(1, 8).room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    for _ in 0..30 {
        tick(&mut room, &[(0, input(127, 0, button::CROUCH, 0))]);
    }
    assert_eq!(get(&mut room, 0, column::VX), per_tick(7.0, 30) / 2);
}

#[test]
fn what_drifts_stays_above_the_ground() {
    let mut room = Setup::at(1, 8, 30, 3).room(&[]);
    room.begin(&[]).unwrap();
    let handle = room.room().r.spawnable[1];
    let zero: Spawn = bytemuck::Zeroable::zeroed();
    let mut commands = Records::new();
    commands.add(Spawn::KIND, 0, &Spawn { handle, kind: 3, z: 2 * ONE, vz: -ONE, ..zero });
    room.end(&commands.bytes).unwrap();
    for z in [1, 0, 0] {
        tick(&mut room, &[]);
        assert_eq!(room.room().world().get(column::Z, handle as usize & 0xffff), z * ONE);
    }
}
