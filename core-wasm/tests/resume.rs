//! A client that is away and comes back, as it was or with nothing left of its state.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::{bytes_of, Zeroable};
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::input;
use play::{Link, Play, Player};
use support::*;

const CLEAN: Link = Link { delay: 1, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };
const BAD: Link = Link { delay: 2, jitter: 3, loss: 150, duplicate: 30, corrupt: 10, carries: 0 };

fn walls() -> Vec<WallBox> {
    (0..100)
        .map(|k| wall((k % 10 - 5) * 5 * ONE, (k / 10 - 5) * 5 * ONE, ONE / 4, ONE / 4))
        .collect()
}

/// Everybody sees everybody.
fn far_sighted(players: u32, entities: u32) -> Setup {
    let mut setup = Setup::arena(players, entities);
    setup.kinds[0].view_radius = 90 * ONE;
    setup
}

fn say_to_all(play: &mut Play, message: &[u8]) {
    let all = Send { except: u32::MAX };
    play.commands.add_bytes(Send::KIND, 0xffff, bytes_of(&all), message);
}

/// A game message with a number.
fn numbered(number: u32, length: usize) -> Vec<u8> {
    let mut message = vec![message::GAME];
    message.extend(number.to_le_bytes());
    message.resize(length.max(5), number as u8);
    message
}

fn numbers(messages: &[Vec<u8>]) -> Vec<u32> {
    let game = messages.iter().filter(|message| message[0] == message::GAME);
    game.map(|message| u32::from_le_bytes(message[1..5].try_into().unwrap())).collect()
}

fn kinds(events: &[(RecordHeader, Vec<u8>)]) -> Vec<u16> {
    events.iter().map(|(header, _)| header.kind).collect()
}

fn resumed(events: &[(RecordHeader, Vec<u8>)]) -> Option<Resumed> {
    let found = events.iter().find(|(header, _)| header.kind == Resumed::KIND)?;
    Some(bytemuck::pod_read_unaligned(&found.1))
}

/// A page loaded again in the place of the one before.
fn page(play: &mut Play, slot: u16, link: Link) -> Player {
    let room = play.room.room();
    let client = room.r.clients[usize::from(slot)];
    let epoch = room.r.epochs[usize::from(slot)];
    Player::at_epoch(&play.setup, slot, (client.player_id, client.handle, epoch), link)
}

fn whole(play: &mut Play, slot: usize) {
    let stats = play.players[slot].stats();
    assert_eq!((stats.hash_mismatches, stats.undecodable), (0, 0), "{stats:?}");
    assert!(stats.hash_checks > 30, "{stats:?}");
    let room = play.room.room();
    let (walls_hash, roster) = (room.r.stats[0].walls_hash, room.r.roster.to_vec());
    let client = play.players[slot].client();
    assert_eq!(client.m.stats[0].walls_hash, walls_hash);
    assert!(client.m.roster == roster, "the roster is the room's");
}

#[test]
fn a_page_loaded_again_is_the_same_player_and_hears_again_what_it_had_not_acknowledged() {
    for seed in 0..6 {
        let mut play = Play::new(far_sighted(8, 40), 2, 4, &walls(), BAD, seed);
        let named = SetText { handle: handle(&mut play.room, 1), field: 0 };
        play.commands.add_bytes(SetText::KIND, 0, bytes_of(&named), b"seen");
        let (mut said, mut heard, mut epochs) = (0, Vec::new(), vec![1]);
        for life in 0..4 {
            for tick in 0..60 {
                if tick % 5 == 0 {
                    said += 1;
                    let message = numbered(said, if said % 4 == 0 { 900 } else { 20 });
                    say_to_all(&mut play, &message);
                }
                play.wander(true);
                play.tick();
            }
            let before = play.room.room().r.clients[0];
            let waiting = play.room.room().r.channels[0].messages_waiting();
            let old = std::mem::take(&mut play.players[0].messages);
            // Loaded again at once, or after an absence.
            if life % 2 == 0 {
                play.records.add(Drop::KIND, 0, &Drop {});
                assert!(kinds(&parse(&play.tick())).contains(&Dropped::KIND));
            }
            play.records.add(Resume::KIND, 0, &Resume { flags: 3 });
            let on_way = play.players[0].up.len();
            let malformed = play.room.room().r.stats[0].packets_malformed;
            let events = parse(&play.tick());
            let row = resumed(&events).expect("told in the same tick");
            assert_eq!(
                (row.handle, row.player_id, row.flags),
                (before.handle, before.player_id, 1)
            );
            let epoch = play.room.room().r.epochs[0];
            assert!(epochs.iter().all(|old| old & 15 != epoch & 15), "{epoch:x} after {epochs:x?}");
            epochs.push(epoch);
            let mut next = page(&mut play, 0, BAD);
            // What the page before had sent still comes, and is nothing.
            next.up = std::mem::take(&mut play.players[0].up);
            let mut last = std::mem::take(&mut play.players[0].messages);
            play.players[0] = next;
            assert!(on_way > 0 && waiting > 0, "{on_way} {waiting}");
            for _ in 0..60 {
                play.wander(true);
                play.tick();
            }
            assert!(play.room.room().r.stats[0].packets_malformed > malformed);
            let mut one = numbers(&old);
            one.extend(numbers(&last));
            last.clear();
            if life == 0 {
                assert_eq!(one, (1..=one.len() as u32).collect::<Vec<_>>());
            }
            heard.push(one);
            whole(&mut play, 0);
            let row = (handle(&mut play.room, 1) & 0xffff) as usize;
            let bytes = play.setup.head.text_bytes as usize;
            let texts = &play.players[0].client().m.texts[row * bytes..][..5];
            assert_eq!(texts, b"\x04seen", "seed {seed}, life {life}");
        }
        heard.push(numbers(&play.players[0].messages));
        for (life, pair) in heard.windows(2).enumerate() {
            let (first, last) = (pair[1][0], *pair[0].last().unwrap());
            assert!(first <= last + 1, "seed {seed}, life {life}: {last}, then {first}");
            assert!(pair[1].windows(2).all(|two| two[1] == two[0] + 1), "{:?}", pair[1]);
        }
        assert_eq!(heard.last().unwrap().last(), Some(&said));
        // The other player noticed nothing.
        assert_eq!(numbers(&play.players[1].messages), (1..=said).collect::<Vec<_>>());
        whole(&mut play, 1);
    }
}

#[test]
fn half_a_message_is_forgotten_and_whole_ones_are_handed_out_first() {
    let mut play = Play::new(Setup::arena(4, 16), 2, 0, &[], CLEAN, 1);
    for _ in 0..5 {
        play.tick();
    }
    // Three packets in one tick, 24 messages: more than the plugin is given at once. Then half of a long one.
    let player = &mut play.players[0];
    for number in 0..23 {
        player.send(&numbered(number, 5)).unwrap();
    }
    player.send(&[message::GAME; 2000]).unwrap();
    let now = play.tick_number();
    let mut packets = Vec::new();
    for k in 0..3 {
        let mut client = play.players[0].client();
        let length = client.packet(now + k).unwrap();
        packets.push(client.m.packet[..length].to_vec());
    }
    let arrival = Packet { arrival_us: 0 };
    for packet in &packets {
        play.records.add_bytes(Packet::KIND, 0, bytes_of(&arrival), packet);
    }
    play.records.add(Resume::KIND, 0, &Resume { flags: 3 });
    let (mut heard, mut ticks) = (Vec::new(), 0);
    play.players[0].mute = true;
    play.players[0].up.clear();
    loop {
        let events = parse(&play.tick());
        ticks += 1;
        let messages: Vec<Vec<u8>> = events
            .iter()
            .filter(|(header, _)| header.kind == Message::KIND)
            .map(|(_, bytes)| bytes.clone())
            .collect();
        heard.extend(numbers(&messages));
        if resumed(&events).is_some() {
            assert_eq!(kinds(&events).last(), Some(&Resumed::KIND), "after the messages");
            break;
        }
        // The page before is not heard any more.
        assert_eq!(play.room.room().r.epochs[0], 1);
        assert!(ticks < 5);
    }
    assert_eq!(heard, (0..23).collect::<Vec<_>>());
    assert!(ticks > 1, "more than fits one tick");
    let next = page(&mut play, 0, CLEAN);
    play.players[0] = next;
    let said = numbered(77, 700);
    play.players[0].send(&said).unwrap();
    let mut heard = Vec::new();
    for _ in 0..20 {
        let events = parse(&play.tick());
        heard.extend(events.into_iter().filter(|(header, _)| header.kind == Message::KIND));
    }
    assert_eq!(heard.len(), 1);
    assert!(heard[0].1 == said);
}

#[test]
fn a_client_that_is_heard_again_is_sent_what_it_would_have_been_sent_anyway() {
    let run = |away: bool| {
        let mut play = Play::new(Setup::arena(8, 40), 2, 4, &walls(), CLEAN, 9);
        let mut packets = Vec::new();
        for tick in 0..150 {
            if away && tick == 40 {
                play.records.add(Drop::KIND, 0, &Drop {});
            }
            if away && tick == 100 {
                play.records.add(Resume::KIND, 0, &Resume { flags: 0 });
            }
            play.players[0].mute = (10..100).contains(&tick);
            if tick % 7 == 0 {
                say_to_all(&mut play, &numbered(tick, 300));
            }
            play.wander(false);
            play.tick();
            packets.push(play.players[0].down.clone());
        }
        (packets, numbers(&play.players[0].messages), play.room.state_hash())
    };
    let (plain, away) = (run(false), run(true));
    assert!(plain.0 == away.0, "not a byte differs");
    assert_eq!(plain.1, (0..150).step_by(7).collect::<Vec<_>>());
    assert_eq!((plain.1, plain.2), (away.1, away.2));
}

#[test]
fn the_input_that_stands_in_moves_the_player_until_it_is_back() {
    let mut play = Play::new(Setup::arena(4, 16), 2, 0, &[], CLEAN, 4);
    play.commands.add(Place::KIND, 0, &place(handle(&mut play.room, 0), 0, 0));
    for _ in 0..20 {
        play.tick();
    }
    let refused = |play: &mut Play| play.room.room().r.stats[0].records_refused;
    play.records.add(BotInput::KIND, 0, &input(127, 0, 0, 0));
    play.tick();
    assert_eq!(refused(&mut play), 1, "not while it is there");
    play.players[0].mute = true;
    play.records.add(Drop::KIND, 0, &Drop {});
    for _ in 0..30 {
        play.records.add(BotInput::KIND, 0, &input(0, 127, 0, 9000));
        play.tick();
    }
    assert_eq!(refused(&mut play), 1);
    let (y, aim) = (get(&mut play.room, 0, column::Y), get(&mut play.room, 0, column::AIM));
    assert!(y > 3 * ONE, "{y}");
    assert_eq!(aim, 9000);
    let client = play.room.room().r.clients[0];
    assert!(play.tick_number() - client.applied_tick > 25, "these were not the client's commands");
    play.players[0].mute = false;
    play.records.add(Resume::KIND, 0, &Resume { flags: 0 });
    for _ in 0..60 {
        play.tick();
    }
    play.records.add(BotInput::KIND, 0, &input(0, 127, 0, 9000));
    play.tick();
    assert_eq!(refused(&mut play), 2);
    let stats = play.players[0].stats();
    assert_eq!((stats.hash_mismatches, stats.undecodable), (0, 0));
    let now = play.tick_number();
    assert_eq!(play.room.room().r.clients[0].applied_tick, now, "its own commands count again");
}

#[test]
fn commands_of_the_page_before_are_not_applied() {
    let mut room = Setup::arena(2, 8).room(&[]);
    let mut records = Records::new();
    records.add(Join::KIND, 0, &join(0, false));
    room.begin(&records.bytes).unwrap();
    room.end(&[]).unwrap();
    let own = handle(&mut room, 0);
    tick_with(&mut room, &[], Records::new().add(Place::KIND, 0, &place(own, 0, 0)));
    let now = room.room().r.head[0].tick;
    for tick in now + 1..now + 40 {
        let run = InputCommand { tick, move_x: 127, aim: 70, ..Zeroable::zeroed() };
        assert!(input::accept(&mut room.room(), 0, &run));
    }
    tick(&mut room, &[]);
    let mut records = Records::new();
    records.add(Resume::KIND, 0, &Resume { flags: 1 });
    room.begin(&records.bytes).unwrap();
    room.end(&[]).unwrap();
    let place = |room: &mut Instance| get(room, 0, column::X);
    for _ in 0..10 {
        tick(&mut room, &[]);
    }
    let before = place(&mut room);
    for _ in 0..10 {
        tick(&mut room, &[]);
    }
    assert_eq!(place(&mut room), before, "it stands still");
    assert_eq!(get(&mut room, 0, column::AIM), 70, "and looks where it looked");
}

#[test]
fn what_changed_for_everybody_does_not_fill_the_queue_of_one_who_is_away() {
    let mut play = Play::new(far_sighted(6, 40), 3, 1, &walls(), CLEAN, 2);
    for _ in 0..30 {
        play.tick();
    }
    play.players[0].mute = true;
    play.records.add(Drop::KIND, 0, &Drop {});
    let kills = |play: &mut Play, value: i32| {
        let handle = handle(&mut play.room, 1);
        play.commands.add(SetField::KIND, 0, &SetField { handle, column: 32, value });
        play.commands.add(SetRoomField::KIND, 0, &SetRoomField { field: 0, value });
        let named = SetText { handle, field: 0 };
        play.commands.add_bytes(SetText::KIND, 0, bytes_of(&named), format!("n{value}").as_bytes());
    };
    // 20 s in which something is told each tick; the player of slot 2 leaves meanwhile.
    for value in 1..=600 {
        kills(&mut play, value);
        if value == 300 {
            play.records.add(Leave::KIND, 2, &Leave { code: 19, reserved: 0 });
            play.players[2].mute = true;
        }
        play.players[2].up.clear();
        play.tick();
    }
    assert!(play.room.room().r.channels[0].messages_waiting() < 4);
    play.players[0].mute = false;
    play.records.add(Resume::KIND, 0, &Resume { flags: 0 });
    for _ in 0..60 {
        play.players[2].up.clear();
        play.tick();
    }
    whole(&mut play, 0);
    assert_eq!(play.players[0].client().m.room_fields[0], 600);
    let row = (handle(&mut play.room, 1) & 0xffff) as usize;
    let bytes = play.setup.head.text_bytes as usize;
    assert_eq!(&play.players[0].client().m.texts[row * bytes..][..5], b"\x04n600");
    assert_eq!(play.room.room().r.clients[0].wire[1], 0, "no fault");
}

#[test]
fn a_drop_or_return_of_nobody_is_refused_and_a_second_one_is_nothing() {
    let mut room = Setup::arena(4, 16).room(&[]);
    let mut records = Records::new();
    records.add(Join::KIND, 0, &join(0, true)).add(Join::KIND, 1, &join(1, false));
    room.begin(&records.bytes).unwrap();
    room.end(&[]).unwrap();
    let mut records = Records::new();
    for slot in [0, 2, 40, 0xffff] {
        records.add(Drop::KIND, slot, &Drop {});
        records.add(Resume::KIND, slot, &Resume { flags: 1 });
    }
    records.add(Resume::KIND, 1, &Resume { flags: 0 });
    let mut told = Vec::new();
    for _ in 0..2 {
        records.add(Drop::KIND, 1, &Drop {});
    }
    told.extend(kinds(&parse(&room.begin(&records.bytes).unwrap())));
    room.end(&[]).unwrap();
    let stats = room.room().r.stats[0];
    assert_eq!((stats.records_refused, stats.away_clients), (8, 1));
    let mut records = Records::new();
    records.add(Resume::KIND, 1, &Resume { flags: 0 });
    records.add(Resume::KIND, 1, &Resume { flags: 0 });
    records.add(Leave::KIND, 1, &Leave { code: 17, reserved: 0 });
    records.add(Drop::KIND, 1, &Drop {});
    told.extend(kinds(&parse(&room.begin(&records.bytes).unwrap())));
    room.end(&[]).unwrap();
    assert_eq!(told, [Dropped::KIND, Resumed::KIND, Left::KIND]);
    let stats = room.room().r.stats[0];
    assert_eq!((stats.records_refused, stats.away_clients), (9, 0));
}
