//! Clients that mean harm, or whose line is dead: what they cost is bounded, and the others do not notice.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::bytes_of;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::netchan::{write_header, Header, HEADER_BYTES};
use play::{Link, Play};
use support::*;

/// A broadcast to all.
fn broadcast(commands: &mut Records, number: u32, bytes: usize) {
    let mut message = vec![message::GAME];
    message.extend_from_slice(&number.to_le_bytes());
    message.resize(bytes, 7);
    let send = Send { except: u32::MAX };
    commands.add_bytes(Send::KIND, 0xffff, bytes_of(&send), &message);
}

/// Numbers of the broadcasts that a player has read.
fn heard(messages: &[Vec<u8>]) -> Vec<u32> {
    messages.iter().map(|m| u32::from_le_bytes(m[1..5].try_into().unwrap())).collect()
}

fn faults(events: &[u8]) -> Vec<u16> {
    let faults = parse(events).into_iter().filter(|(header, _)| header.kind == Fault::KIND);
    faults.map(|(header, _)| header.index).collect()
}

#[test]
fn a_silent_client_is_closed_before_it_fills_the_pool_for_the_others() {
    let link = Link { delay: 1, ..Link::default() };
    let mut play = Play::new(Setup::arena(4, 16), 3, 0, &[], link, 1);
    let (mut closed, mut sent) = (Vec::new(), 0);
    for t in 0..1200 {
        play.players[0].mute = t > 20;
        if t % 6 == 0 && t < 1170 {
            broadcast(&mut play.commands, sent, 4000);
            sent += 1;
        }
        closed.extend(faults(&play.tick()));
    }
    assert_eq!(closed, [0], "one fault, of the silent one");
    let stats = play.room.room().r.stats[0];
    assert_eq!((stats.pool_full, stats.commands_refused), (0, 0));
    for player in &play.players[1..] {
        assert_eq!(heard(&player.messages), (0..sent).collect::<Vec<_>>());
    }
}

/// Acknowledges every packet but those with fragments: never silent, and yet it holds what it is sent.
#[test]
fn a_client_that_acknowledges_all_but_its_messages_is_closed_too() {
    let setup = Setup::arena(4, 16);
    let mut room = setup.room(&[]);
    let mut records = Records::new();
    records.add(Join::KIND, 0, &join(0, false));
    let (mut sequence, mut refused, mut closed, mut acked) = (0u16, 0, Vec::new(), 0);
    for t in 0..1200 {
        closed.extend(faults(&room.begin(&records.bytes).unwrap()));
        let mut commands = Records::new();
        if t % 6 == 0 {
            broadcast(&mut commands, t, 4000);
        }
        let packets = room.end(&commands.bytes).unwrap();
        refused += room.room().r.stats[0].pool_full;
        records = Records::new();
        for (_, bytes) in packets.iter().filter(|(_, bytes)| bytes[HEADER_BYTES] & 1 == 0) {
            let ack = u16::from_le_bytes([bytes[1], bytes[2]]);
            sequence += 1;
            acked += 1;
            let mut packet = vec![0; HEADER_BYTES + 1];
            let header = Header { sequence, ack, ack_bits: 0 };
            write_header(&mut packet, header, setup.head.epoch);
            records.add_bytes(Packet::KIND, 0, bytes_of(&Packet { arrival_us: 0 }), &packet);
        }
    }
    assert!(acked > 200, "{acked}");
    assert_eq!((closed, refused), (vec![0], 0));
}

#[test]
fn a_flood_of_events_neither_empties_the_view_nor_hides_what_happens_to_oneself() {
    let mut setup = Setup::arena(8, 16);
    setup.head.snapshot_bytes_max = 100;
    let link = Link { delay: 1, ..Link::default() };
    let mut play = Play::new(setup, 1, 7, &[], link, 1);
    let all: Vec<u32> = (0..8).map(|slot| handle(&mut play.room, slot)).collect();
    for slot in 0..8 {
        play.commands.add(Place::KIND, 0, &place(all[slot as usize], slot * 2 * ONE, 0));
    }
    let (mut own_hits, mut told) = (0, 0);
    for t in 0..120 {
        for k in 0..60 {
            let (attacker, target) = (all[1 + k % 3], all[4 + k % 3]);
            play.commands.add(Damage::KIND, 0, &Damage { handle: target, attacker, amount: 1 });
            let handle = target;
            let field = SetField { handle, column: column::HEALTH as u32, value: 100 };
            play.commands.add(SetField::KIND, 0, &field);
            if t % 10 == 0 && k == 20 {
                let hit = Damage { handle: all[0], attacker: all[2], amount: 1 };
                play.commands.add(Damage::KIND, 0, &hit);
                own_hits += 1;
            }
        }
        play.tick();
        let stats = play.players[0].stats();
        if t > 10 {
            assert!(stats.snapshot_bits <= 807, "{}", stats.snapshot_bits);
            assert_eq!(stats.visible, 7, "tick {t}");
        }
    }
    let player = &mut play.players[0];
    for event in player.events.iter().filter(|e| e.kind == event::HIT) {
        told += u32::from(event.object == all[0]);
    }
    assert!(player.events.len() > 200 && told + 1 >= own_hits, "{told} of {own_hits}");
    let stats = player.stats();
    assert_eq!((stats.hash_mismatches, stats.snapshot_gap_max), (0, 1));
    assert!(play.room.room().r.stats[0].events_dropped > 1000);
}

/// Kinds with many fields in a small snapshot: refused at the start, or seen.
#[test]
fn an_entity_that_no_snapshot_could_hold_is_refused_at_the_start() {
    let mut setup = Setup::arena(4, 16);
    setup.fields.retain(|f| f.kind != 3);
    setup.head.columns = 64;
    for k in 0..32 {
        setup.fields.push(field(3, 32 + k, 31, audience::VISIBLE));
    }
    setup.head.snapshot_bytes_max = 150;
    assert_eq!(Instance::new(&setup.bytes()).err(), Some(error::E_CONFIG));
    setup.head.snapshot_bytes_max = 240;
    let mut play = Play::new(setup, 1, 3, &[], Link::default(), 1);
    let handle = play.room.room().r.spawnable[1];
    let zero: Spawn = bytemuck::Zeroable::zeroed();
    play.commands.add(Spawn::KIND, 0, &Spawn { handle, kind: 3, ..zero });
    let own = support::handle(&mut play.room, 0);
    play.commands.add(Place::KIND, 0, &place(own, 5 * ONE, 0));
    play.tick();
    for k in 0..32 {
        let set = SetField { handle, column: 32 + k, value: i32::MAX - k as i32 };
        play.commands.add(SetField::KIND, 0, &set);
    }
    for _ in 0..30 {
        play.tick();
    }
    let client = play.players[0].client();
    let newest = client.m.head[0].newest;
    let seen =
        (0..10).any(|back| client.held_row(newest - back, handle as usize & 0xffff).is_some());
    assert!(seen);
    assert_eq!(client.m.stats[0].hash_mismatches, 0);
}

#[test]
fn a_flood_of_messages_of_some_does_not_starve_the_others() {
    let mut play = Play::new(Setup::arena(32, 64), 21, 0, &[], Link::default(), 1);
    let (mut quiet, mut loud) = (0, 0);
    for t in 0..240 {
        for player in &mut play.players[..20] {
            let _ = player.send(&[message::GAME; 4096]);
        }
        if t % 30 == 0 {
            play.players[20].send(&[message::GAME, 9]).unwrap();
        }
        // Four packets a tick of each: as fast as fragments go.
        for player in &mut play.players[..20] {
            for _ in 0..3 {
                let length = player.client().packet(t).unwrap();
                let bytes = player.client().m.packet[..length].to_vec();
                player.up.push((0, bytes));
            }
        }
        for (header, _) in parse(&play.tick()) {
            if header.kind == Message::KIND {
                quiet += u32::from(header.index == 20);
                loud += u32::from(header.index < 20);
            }
        }
    }
    assert!(loud > 240 * 4, "the buffer is full: {loud}");
    assert_eq!(quiet, 8);
    // Whose messages wait is not told that they are there, and sends no more than there is a place for.
    assert_eq!(play.room.room().r.stats[0].packets_beyond, 0);
}

/// 210: what was acknowledged and not handed out counted for the room and not for the client.
#[test]
fn no_packet_of_a_client_that_keeps_to_the_window_is_beyond_it() {
    for seed in 0..8 {
        let link = Link { jitter: 2, loss: 200, ..Link::default() };
        let mut play = Play::new(Setup::arena(4, 16), 2, 0, &[], link, seed);
        let (mut said, mut heard) = (0u32, Vec::new());
        for t in 0..400 {
            // Four packets between two ticks of the room, whose worker has others to attend to.
            let player = &mut play.players[0];
            for _ in 0..24 {
                let mut line = vec![message::GAME];
                line.extend(said.to_le_bytes());
                said += u32::from(t < 300 && player.send(&line).is_ok());
            }
            for _ in 0..3 {
                let length = player.client().packet(t).unwrap();
                let bytes = player.client().m.packet[..length].to_vec();
                player.up.push((0, bytes));
            }
            let events = parse(&play.tick());
            heard.extend(events.into_iter().filter(|(header, _)| header.kind == Message::KIND));
        }
        let stats = play.room.room().r.stats[0];
        assert_eq!((stats.packets_beyond, stats.packets_malformed), (0, 0), "seed {seed}");
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes[1..5].try_into().unwrap());
        let heard: Vec<u32> = heard.iter().map(|(_, bytes)| number(bytes)).collect();
        assert!(heard.iter().copied().eq(0..said), "seed {seed}: {} of {said}", heard.len());
        assert!(said > 1500, "seed {seed}: {said}");
    }
}

#[test]
fn hits_are_told_however_much_is_touched() {
    let mut setup = Setup::arena(40, 512);
    setup.kinds[2].radius = 20 * ONE;
    setup.kinds[2].depth = 20 * ONE;
    let mut room = setup.room(&[]);
    fill(&mut room, 40, |slot| ((i32::from(slot) - 20) * ONE, 0));
    let crates = Spawn { kind: 3, ..bytemuck::Zeroable::zeroed() };
    for _ in 0..3 {
        room.begin(&[]).unwrap();
        let mut commands = Records::new();
        let offered = room.room().r.spawnable.to_vec();
        for handle in &offered[1..=offered[0] as usize] {
            commands.add(Spawn::KIND, 0, &Spawn { handle: *handle, ..crates });
        }
        room.end(&commands.bytes).unwrap();
    }
    let (mut hits, mut touches) = (0, 0);
    for _ in 0..30 {
        for (header, _) in tick(&mut room, &[(0, input(0, 0, button::FIRE, 0))]) {
            hits += u32::from(header.kind == Hit::KIND);
            touches += u32::from(header.kind == Touch::KIND);
        }
    }
    assert!(touches > 30 * 1500, "{touches}");
    assert!(hits >= 4, "{hits}");
    assert!(room.room().r.stats[0].events_dropped > 1000);
}

#[test]
fn whatever_message_a_server_sends_a_client_stays_whole() {
    let mut setup = Setup::arena(4, 16);
    setup.texts.clear();
    setup.head.text_bytes = 0;
    let mut play = Play::new(setup, 1, 0, &[], Link::default(), 1);
    let send = Send { except: u32::MAX };
    let mut random = Seeded::new(5);
    for t in 0..400u32 {
        // What the game says comes behind the others, and is counted.
        let kind = if t % 4 == 3 { message::GAME } else { 2 + (t % 3) as u8 };
        let mut message = vec![kind];
        if t > 0 {
            message.extend(
                (0..random.below(60)).map(|_| (random.below(256) & random.below(256)) as u8),
            );
        } else {
            message = vec![message::TEXT, 0xff, 0xff, 1, 0, 1];
        }
        play.commands.add_bytes(Send::KIND, 0xffff, bytes_of(&send), &message);
        play.tick();
    }
    let stats = play.players[0].stats();
    assert!(stats.messages_received >= 99 && stats.hash_mismatches == 0, "{stats:?}");
}
