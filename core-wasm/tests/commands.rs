//! `command`: what a plugin writes is marked where a client predicts, kept within what the wire can say, and let go of.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::{bytes_of, Zeroable};
use fray_core::gen::*;
use fray_core::host::Records;
use fray_core::room::next_generation;
use play::{Link, Play};
use support::*;

/// Every column that the client's prediction starts from, or steps with.
#[test]
fn a_write_to_the_own_state_is_marked_as_a_touch() {
    let mut room = Setup::at(1, 8, 30, 3).room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    let handle = handle(&mut room, 0);
    for column in [
        column::FLAGS,
        column::X,
        column::Y,
        column::Z,
        column::VX,
        column::VY,
        column::VZ,
        column::HEALTH,
        column::TEAM,
        column::RADIUS,
        column::HEIGHT,
        column::TOP_SPEED,
        column::ACCELERATION,
        column::FRICTION,
        column::DASH_LEFT,
        column::DASH_WAIT,
        column::DASH_X,
        column::DASH_Y,
        column::WEAPON,
        column::WEAPON_WAIT,
        column::PROTECTED_UNTIL,
        column::VIEW_RADIUS,
        // Fields of the game that the player or all who see him get.
        34,
        35,
    ] {
        tick(&mut room, &[]);
        tick(&mut room, &[(0, input(0, 0, 0, 0))]);
        assert_eq!(get(&mut room, 0, column::FLAGS) & flag::TOUCHED, 0);
        let mut commands = Records::new();
        let column = column as u32;
        commands.add(SetField::KIND, 0, &SetField { handle, column, value: 1 });
        tick_with(&mut room, &[(0, input(0, 0, 0, 0))], &commands);
        assert_eq!(room.room().r.stats[0].commands_refused, 0, "column {column}");
        let mark = get(&mut room, 0, column::FLAGS) & flag::TOUCHED;
        assert_ne!(mark, 0, "column {column}");
        let mut commands = Records::new();
        commands.add(Place::KIND, 0, &place(handle, 0, 0));
        tick_with(&mut room, &[], &commands);
    }
}

#[test]
fn an_index_that_was_not_offered_is_not_taken() {
    let mut room = Setup::arena(4, 16).room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    room.begin(&[]).unwrap();
    let mut view = room.room();
    let offered = view.r.spawnable[1..=view.r.spawnable[0] as usize].to_vec();
    let free = view.r.free[0];
    let world = view.world();
    let kept: Vec<u32> = (0..16u32)
        .filter(|i| free >> i & 1 != 0 && !offered.iter().any(|h| h & 0xffff == *i))
        .map(|i| {
            let generation = world.get(column::GENERATION, i as usize);
            (next_generation(generation) as u32) << 16 | i
        })
        .collect();
    assert_eq!(kept.len(), 3, "one for each player who may come");
    let mut commands = Records::new();
    let wrong = [offered[0] + (1 << 16), offered[0] ^ (1 << 31)];
    for handle in kept.into_iter().chain(wrong) {
        commands.add(Spawn::KIND, 0, &Spawn { handle, kind: 3, ..Spawn::zeroed() });
    }
    room.end(&commands.bytes).unwrap();
    let stats = room.room().r.stats[0];
    assert_eq!((stats.commands_refused, stats.entities), (5, 1));
}

#[test]
fn nobody_is_healed_over_the_most_or_hurt_below_nothing() {
    let mut room = Setup::arena(1, 8).room(&[]);
    fill(&mut room, 1, |_| (0, 0));
    let handle = handle(&mut room, 0);
    for (amount, health) in
        [(30, 70), (-20, 90), (-20, 100), (i32::MIN + 1, 100), (500, 0), (-50, 0)]
    {
        let mut commands = Records::new();
        commands.add(Damage::KIND, 0, &Damage { handle, attacker: 0, amount });
        tick_with(&mut room, &[], &commands);
        assert_eq!(get(&mut room, 0, column::HEALTH), health, "after {amount}");
    }
}

#[test]
fn a_hit_is_scaled_in_thousandths() {
    for (permille, amount) in [(1000, 18), (500, 9), (2500, 45), (1, 0), (28, 1), (27, 0)] {
        let mut room = Setup::arena(2, 32).room(&[]);
        fill(&mut room, 2, |slot| (i32::from(slot) * 3 * ONE, 0));
        for t in 0..20 {
            let mut records = Records::new();
            let buttons = if t == 0 { button::FIRE } else { 0 };
            records.add(BotInput::KIND, 0, &input(0, 0, buttons, 0));
            let events = parse(&room.begin(&records.bytes).unwrap());
            let mut commands = Records::new();
            for (header, _) in events.iter().filter(|(header, _)| header.kind == Hit::KIND) {
                let hit = u32::from(header.index);
                commands.add(ScaleHit::KIND, 0, &ScaleHit { hit, permille });
            }
            room.end(&commands.bytes).unwrap();
        }
        assert_eq!(get(&mut room, 1, column::HEALTH), 100 - amount, "{permille} of 1000");
    }
}

#[test]
fn who_left_holds_no_message_and_stands_in_no_roster() {
    let mut play = Play::new(Setup::arena(4, 16), 2, 0, &[], Link::default(), 1);
    for t in 0..30 {
        play.players[1].mute = t > 5;
        if t == 20 {
            let send = Send { except: u32::MAX };
            play.commands.add_bytes(Send::KIND, 0xffff, bytes_of(&send), &[message::GAME; 3000]);
        }
        play.tick();
    }
    assert_ne!(play.room.room().r.pool_head[0].used, 0, "the silent one has not got it");
    let mut records = Records::new();
    records.add(Leave::KIND, 1, &Leave { code: 19, reserved: 0 });
    play.room.begin(&records.bytes).unwrap();
    play.room.end(&[]).unwrap();
    for _ in 0..20 {
        play.tick();
    }
    assert_eq!(play.room.room().r.pool_head[0].used, 0);
    let row = play.room.sizes().roster_row_bytes as usize;
    assert!(play.room.room().r.roster[row..2 * row].iter().all(|byte| *byte == 0));
    assert!(play.players[0].client().m.roster[row..2 * row].iter().all(|byte| *byte == 0));
}
