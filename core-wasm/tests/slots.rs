//! A slot has one owner after the other: what the one before left behind is nothing to the next.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::bytes_of;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::input;
use play::{Link, Play, Player};
use support::*;

const CLEAN: Link = Link { delay: 1, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };

/// A leave and the tick with it, then a join and the tick with that. Nobody hears of the two ticks.
fn change_owner(room: &mut Instance, slot: u16, flags: u16) {
    let mut records = Records::new();
    records.add(Leave::KIND, slot, &Leave { code: 19, reserved: 0 });
    room.begin(&records.bytes).unwrap();
    room.end(&[]).unwrap();
    let mut records = Records::new();
    records.add(Join::KIND, slot, &Join { flags, ..join(slot, false) });
    room.begin(&records.bytes).unwrap();
    let mut commands = Records::new();
    commands.add(Place::KIND, 0, &place(handle(room, slot), 0, 0));
    room.end(&commands.bytes).unwrap();
}

#[test]
fn two_leaves_of_one_tick_are_one_departure() {
    let mut room = Setup::arena(2, 8).room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 5 * ONE, 0));
    let mut records = Records::new();
    for code in [19, 18] {
        records.add(Leave::KIND, 0, &Leave { code, reserved: 0 });
    }
    let events = parse(&room.begin(&records.bytes).unwrap());
    let left: Vec<Left> = events
        .iter()
        .filter(|(header, _)| header.kind == Left::KIND)
        .map(|(_, payload)| bytemuck::pod_read_unaligned(payload))
        .collect();
    assert_eq!(left.iter().map(|row| row.code).collect::<Vec<_>>(), [19]);
    room.end(&[]).unwrap();
    let stats = room.room().r.stats[0];
    assert_eq!((stats.players, stats.records_refused), (1, 1));
}

#[test]
fn commands_of_the_owner_before_move_nobody() {
    let mut room = Setup::arena(2, 8).room(&[]);
    let mut records = Records::new();
    records.add(Join::KIND, 0, &join(0, false));
    room.begin(&records.bytes).unwrap();
    room.end(&[]).unwrap();
    let now = room.room().r.head[0].tick;
    for tick in now + 1..now + 40 {
        let run = InputCommand {
            tick,
            move_x: 127,
            buttons: button::FIRE,
            ..bytemuck::Zeroable::zeroed()
        };
        assert!(input::accept(&mut room.room(), 0, &run));
    }
    change_owner(&mut room, 0, 0);
    let before = room.room().r.head[0].events_next;
    for _ in 0..40 {
        tick(&mut room, &[]);
        assert_eq!(get(&mut room, 0, column::X), 0);
    }
    assert_eq!(room.room().r.head[0].events_next, before, "nor does it shoot");
}

/// So few bytes that most rows have to wait: baselines of one entity then differ from those of another.
#[test]
fn the_next_client_of_a_slot_is_sent_nothing_that_only_the_one_before_held() {
    let mut setup = Setup::arena(40, 96);
    setup.head.snapshot_bytes_max = 100;
    setup.kinds[0].view_radius = 80 * ONE;
    let mut play = Play::new(setup, 2, 30, &[], CLEAN, 3);
    let row = (handle(&mut play.room, 1) & 0xffff) as usize;
    let named = SetText { handle: handle(&mut play.room, 1), field: 0 };
    play.commands.add_bytes(SetText::KIND, 0, bytes_of(&named), b"seen");
    for life in 0..4 {
        for _ in 0..40 {
            play.wander(true);
            play.tick();
        }
        let player = &mut play.players[0];
        let stats = player.stats();
        assert_eq!(
            (stats.hash_mismatches, stats.undecodable, stats.malformed),
            (0, 0, 0),
            "{life}"
        );
        assert!(stats.hash_checks > 30, "life {life}: {stats:?}");
        let bytes = play.setup.head.text_bytes as usize;
        assert_eq!(&player.client().m.texts[row * bytes..][..5], b"\x04seen", "life {life}");
        change_owner(&mut play.room, 0, 2);
        let client = play.room.room().r.clients[0];
        play.players[0] = Player::new(&play.setup, 0, client.player_id, client.handle, CLEAN);
    }
}

#[test]
fn half_a_message_of_the_owner_before_is_no_part_of_the_next_ones() {
    let mut play = Play::new(Setup::arena(4, 16), 2, 0, &[], CLEAN, 1);
    for _ in 0..5 {
        play.tick();
    }
    play.players[0].send(&[message::GAME; 4096]).unwrap();
    for _ in 0..2 {
        play.tick();
    }
    change_owner(&mut play.room, 0, 2);
    let client = play.room.room().r.clients[0];
    play.players[0] = Player::new(&play.setup, 0, client.player_id, client.handle, CLEAN);
    let said: Vec<u8> = (0..700u32).map(|i| if i == 0 { message::GAME } else { i as u8 }).collect();
    play.players[0].send(&said).unwrap();
    let mut heard = Vec::new();
    for _ in 0..20 {
        let events = parse(&play.tick());
        heard.extend(events.into_iter().filter(|(header, _)| header.kind == Message::KIND));
    }
    assert_eq!(heard.len(), 1);
    assert!(heard[0].1 == said);
}
