//! Clients that mean harm, or whose line is dead: what they cost is bounded, and the others do not notice.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::bytes_of;
use fray_core::gen::*;
use fray_core::host::Records;
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
