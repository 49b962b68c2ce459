//! What a client is sent depends on nothing that it may not know: a room beside its twin, in which only hidden things
//! differ, sends the same bytes.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::bytes_of;
use fray_core::gen::*;
use fray_core::sight::RULE_HIDE;
use play::{Link, Play};
use support::*;

/// Columns of the arena's player fields: what all see, what the owner sees, what nobody sees.
const VISIBLE: u32 = 34;
const OWNER: u32 = 35;
const HIDDEN: u32 = 36;

/// Slots of the east.
fn is_far(slot: u16) -> bool {
    slot == 1 || slot > 5
}

/// What keeps the east out of sight of the west.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Between {
    /// It is out of the view radius.
    Distance,
    /// It is within, behind a wall.
    Wall,
    /// It is within, behind a wall of a game in which walls hide nobody.
    Nothing,
}

/// A client in the west with four bots around it; another one with six bots in the east.
fn room(between: Between) -> Play {
    let mut setup = Setup::arena(12, 64);
    setup.kinds[0].view_radius = if between == Between::Distance { 12 } else { 60 } * ONE;
    setup.head.rules |= if between == Between::Wall { RULE_HIDE } else { 0 };
    // In pieces, so that they have to hide as one.
    let pieces: Vec<WallBox> = (-5..=5).map(|k| wall(0, 6 * k * ONE, ONE / 2, 3 * ONE)).collect();
    let walls = if between == Between::Distance { &[] } else { &pieces[..] };
    setup.room_fields.push(field(0, 2, 16, audience::NONE));
    let mut play = Play::new(setup, 2, 10, walls, Link { delay: 1, ..Link::default() }, 4);
    for slot in 0..12u16 {
        let handle = handle(&mut play.room, slot);
        let x = if is_far(slot) { 22 } else { -18 } + i32::from(slot % 3) * 2;
        play.commands.add(Place::KIND, 0, &place(handle, x * ONE, i32::from(slot % 6) * ONE));
        let (column, value) = (column::WEAPON as u32, i32::from(is_far(slot)));
        play.commands.add(SetField::KIND, 0, &SetField { handle, column, value });
    }
    play
}

fn set(play: &mut Play, slot: u16, column: u32, value: i32) {
    let handle = handle(&mut play.room, slot);
    play.commands.add(SetField::KIND, 0, &SetField { handle, column, value });
}

/// Everything in here is out of sight of the client, or not for it.
fn live_in_secret(play: &mut Play, t: u32, between: Between) {
    let near = if between == Between::Distance { 22 * ONE } else { 5 * ONE / 4 };
    for (slot, bot) in play.bots.iter_mut().filter(|(slot, _)| is_far(*slot)) {
        bot.move_y = if (t / 20 + u32::from(*slot)).is_multiple_of(2) { 100 } else { -100 };
        bot.aim = (t * 1500) as u16;
        bot.buttons = button::FIRE;
    }
    // The client's own doing, once nobody there can be one whom it has seen of late.
    let attacker = if t > 120 { handle(&mut play.room, 0) } else { 0 };
    for slot in 1..12u16 {
        set(play, slot, OWNER, (t % 200) as i32);
        set(play, slot, HIDDEN, (t % 100) as i32);
        if is_far(slot) {
            set(play, slot, VISIBLE, (t % 16) as i32);
            let handle = handle(&mut play.room, slot);
            let text = [b'a' + (t % 26) as u8; 5];
            let named = SetText { handle, field: 0 };
            play.commands.add_bytes(SetText::KIND, 0, bytes_of(&named), &text);
            let amount = if t % 20 == 19 { 1000 } else { (t % 3) as i32 };
            let hurt = Damage { handle, attacker, amount };
            play.commands.add(Damage::KIND, 0, &hurt);
            if t.is_multiple_of(20) {
                let y = i32::from(slot % 6) * ONE;
                // Some of them hard behind the wall.
                let x = if slot % 2 == 0 { 24 * ONE } else { near };
                play.commands.add(Place::KIND, 0, &place(handle, x, y));
            }
            let wind = Impulse { handle, vx: 0, vy: 300, vz: 0 };
            play.commands.add(Impulse::KIND, 0, &wind);
        }
    }
    let value = (t % 1000) as i32;
    play.commands.add(SetRoomField::KIND, 0, &SetRoomField { field: 2, value });
    play.commands.add(SetRandom::KIND, 0, &SetRandom { state: [t + 1, 2, 3, 4] });
    let timer = AddTimer { id: t, due: t + 9, timer: 0, args: [t as i32; 4] };
    play.commands.add(AddTimer::KIND, 0, &timer);
}

/// One tick of the near ones, the same in both rooms.
fn live_in_sight(play: &mut Play, t: u32) {
    for (slot, bot) in play.bots.iter_mut().filter(|(slot, _)| !is_far(*slot)) {
        let turn = t / 7 + u32::from(*slot);
        (bot.move_x, bot.move_y) = ([90, 0, -90, 0][turn as usize % 4], (turn % 3) as i8 * 40 - 40);
        bot.aim = (t * 900) as u16;
        bot.buttons = if t.is_multiple_of(13) { button::FIRE } else { 0 };
    }
    if t.is_multiple_of(5) {
        set(play, 2 + (t % 4) as u16, VISIBLE, (t % 16) as i32);
    }
}

/// Plays twins of which one lives in secret, and counts the ticks in which the client is sent other bytes.
fn play_twins(between: Between) -> u32 {
    let (mut quiet, mut busy) = (room(between), room(between));
    let (mut bytes, mut differ) = (0, 0);
    for t in 0..400 {
        for play in [&mut quiet, &mut busy] {
            live_in_sight(play, t);
        }
        // Until then everybody comes to his place, and whoever was seen on the way is forgotten.
        if t > 30 {
            live_in_secret(&mut busy, t, between);
        }
        quiet.tick();
        busy.tick();
        differ += u32::from(quiet.players[0].down != busy.players[0].down);
        bytes += quiet.players[0].down.iter().map(|(_, packet)| packet.len()).sum::<usize>();
    }
    assert!(bytes > 400 * 20, "{bytes}");
    let (quiet_stats, stats) = (quiet.room.room().r.stats[0], busy.room.room().r.stats[0]);
    for (slot, column, value) in [(1, OWNER, 399 % 200), (2, HIDDEN, 99), (8, VISIBLE, 399 % 16)] {
        assert_eq!(get(&mut busy.room, slot, column as usize), value);
    }
    assert_eq!(busy.room.room().r.room_fields[2], 399);
    assert!(stats.hits > quiet_stats.hits + 50, "something did happen in the east");
    assert!(stats.deaths > 50, "and many died of it");
    assert_ne!(quiet.room.state_hash(), busy.room.state_hash());
    differ
}

#[test]
fn no_byte_depends_on_what_is_out_of_sight_or_for_others() {
    assert_eq!(play_twins(Between::Distance), 0);
}

#[test]
fn no_byte_depends_on_what_is_behind_walls_where_they_hide() {
    assert_eq!(play_twins(Between::Wall), 0);
    // So that it can fail: the same where nothing is hidden.
    assert!(play_twins(Between::Nothing) > 300);
}

/// Whom the client hears of as the one who hurt it, and as whom it hurt, when the other one stands behind the wall or beside it.
#[test]
fn who_is_hidden_is_named_in_no_event_unless_he_was_seen_of_late() {
    for (between, hidden) in [(Between::Wall, true), (Between::Nothing, false)] {
        let mut play = room(between);
        let [own, near, far] = [0, 2, 8].map(|slot| handle(&mut play.room, slot));
        let hurt = |play: &mut Play, who: u32, attacker: u32, amount: i32| {
            play.commands.add(Damage::KIND, 0, &Damage { handle: who, attacker, amount });
        };
        for t in 0..260 {
            // Silent, so that it is sent little and old snapshots stay in the ring: they do not count.
            play.players[0].mute = (150..238).contains(&t);
            play.bots[0].1.buttons = if t == 110 { button::FIRE } else { 0 };
            match t {
                // He comes out, and goes back: for a second more he may be named.
                140 | 144 => {
                    let x = if t == 140 { -4 } else { 24 };
                    play.commands.add(Place::KIND, 0, &place(far, x * ONE, 0));
                }
                120 | 160 | 240 => {
                    for (k, who) in [(1, near), (3, far)] {
                        hurt(&mut play, own, who, t / 10 - 12 + k);
                        hurt(&mut play, who, own, t / 10 - 12 + k + 1);
                    }
                }
                _ => {}
            }
            play.tick();
        }
        let shot = play.players[0].events.iter().find(|e| e.kind == event::SHOT).unwrap();
        assert!(shot.subject == near && shot.object != 0, "what he fired is named at once");
        let told = |amount: i32| {
            let hit = |e: &&ClientEvent| (e.kind, e.amount) == (event::HIT, amount);
            let event = play.players[0].events.iter().find(hit);
            event.map(|e| (e.subject, e.object))
        };
        for t in [120, 160, 240] {
            let secret = hidden && t != 160;
            let heard = [1, 2, 3, 4].map(|k| told(t / 10 - 12 + k));
            let by = if secret { 0 } else { far };
            let of_far = (!secret).then_some((own, far));
            assert_eq!(
                heard,
                [Some((near, own)), Some((own, near)), Some((by, own)), of_far],
                "{t}"
            );
        }
    }
}

/// A projectile that comes into view says who shot it, if that one is.
#[test]
fn what_flies_does_not_say_who_shot_it_from_behind_a_wall() {
    for (between, hidden) in [(Between::Wall, true), (Between::Nothing, false)] {
        let mut play = room(between);
        set(&mut play, 8, column::WEAPON as u32, 0);
        for t in 0..122 {
            play.bots[6].1.buttons = if t == 120 { button::FIRE } else { 0 };
            play.tick();
        }
        // As if it had come over the wall.
        let mut view = play.room.room();
        let mut world = view.world();
        let row = (0..64).find(|e| world.get(column::KIND, *e) == kind::PROJECTILE).unwrap();
        let at = [(column::X, -14 * ONE), (column::Y, -6 * ONE), (column::VX, 0), (column::VY, 0)];
        for (column, value) in at {
            world.set(column, row, value);
        }
        for _ in 0..10 {
            play.tick();
        }
        let far = handle(&mut play.room, 8);
        let client = play.players[0].client();
        assert_ne!(client.m.handles[row], 0, "it is known");
        assert_eq!(client.m.owners[row], if hidden { 0 } else { far });
    }
}

/// So that the test above can fail: the same rooms, and one thing in sight that differs.
#[test]
fn what_is_in_sight_shows_in_the_bytes() {
    for what in 0..4 {
        let (mut one, mut other) = (room(Between::Distance), room(Between::Distance));
        let mut differ = false;
        for t in 0..60 {
            for play in [&mut one, &mut other] {
                live_in_sight(play, t);
            }
            if t == 30 {
                let near = handle(&mut other.room, 2);
                match what {
                    0 => set(&mut other, 2, VISIBLE, 15),
                    1 => set(&mut other, 0, OWNER, 15),
                    2 => {
                        let named = SetText { handle: near, field: 0 };
                        other.commands.add_bytes(SetText::KIND, 0, bytes_of(&named), b"new");
                    }
                    _ => {
                        let push = Impulse { handle: near, vx: 9000, vy: 0, vz: 0 };
                        other.commands.add(Impulse::KIND, 0, &push);
                    }
                }
            }
            one.tick();
            other.tick();
            differ |= one.players[0].down != other.players[0].down;
        }
        assert!(differ, "{what}");
    }
}

#[test]
fn the_view_ends_at_its_radius_and_not_a_step_before_or_after() {
    let radius = 13 * ONE;
    // The axes, and 5-12-13: distances that are whole.
    for (x, y) in [(13, 0), (0, -13), (-13, 0), (5, 12), (-12, -5)] {
        for (off, seen) in [(0, true), (1, false)] {
            let mut setup = Setup::arena(2, 16);
            setup.kinds[0].view_radius = radius;
            let mut room = setup.room(&[]);
            let beyond = |v: i32| v * ONE + v.signum() * off;
            fill(&mut room, 2, |slot| (beyond(x) * i32::from(slot), beyond(y) * i32::from(slot)));
            let other = (handle(&mut room, 1) & 0xffff) as usize;
            let visible = room.room().r.visible[other / 32] >> (other % 32) & 1 != 0;
            assert_eq!(visible, seen, "{x} {y} {off}");
        }
    }
}
