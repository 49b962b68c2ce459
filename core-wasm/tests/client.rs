//! The client half by itself: hostile bytes, narrow limits, silence, own shots, messages.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::gen::*;
use fray_core::netchan::{read_header, write_header};
use play::{Link, Play};
use support::*;

const CLEAN: Link = Link { delay: 1, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };

/// The memory without counters, the packet buffer and scratch, which may change on a refusal.
fn essence(play: &mut Play, slot: usize) -> Vec<u8> {
    let client = play.players[slot].client();
    let m = &client.m;
    let s = m.head[0].sizes;
    let (h, n, words, halves) =
        (s.history as usize, s.entities as usize, s.set_words as usize, s.row_halves as usize);
    let mut out = bytemuck::bytes_of(&m.head[0]).to_vec();
    out.extend_from_slice(bytemuck::bytes_of(&m.channel[0]));
    out.extend_from_slice(bytemuck::cast_slice(&m.held[..h]));
    out.extend_from_slice(bytemuck::cast_slice(&m.sets[..h * words]));
    out.extend_from_slice(bytemuck::cast_slice(&m.updates[..h * words]));
    out.extend_from_slice(bytemuck::cast_slice(&m.rows[..h * n * halves]));
    out.extend_from_slice(bytemuck::cast_slice(&m.own_fast[..h]));
    out.extend_from_slice(bytemuck::cast_slice(m.poses));
    out.extend_from_slice(bytemuck::cast_slice(m.handles));
    out.extend_from_slice(bytemuck::cast_slice(m.fragments));
    out.extend_from_slice(m.roster);
    out
}

#[test]
fn hostile_packets_never_trap_and_a_refused_one_changes_nothing() {
    for (dimensions, seed) in [(2, 1), (3, 2)] {
        let mut play = Play::new(
            Setup::at(12, 64, 30, dimensions),
            2,
            10,
            &[wall(0, 0, ONE, ONE)],
            CLEAN,
            seed,
        );
        let (mut refused, mut taken) = (0, 0);
        for _ in 0..150 {
            play.wander(true);
            play.tick();
            let Some((_, real)) = play.players[0].down.last().cloned() else { continue };
            let header = read_header(&real, 1).unwrap();
            for round in 0..12 {
                let mut packet = real.clone();
                let random = &mut play.random;
                match round % 4 {
                    0 => packet.truncate(13 + random.below(packet.len() as u32 - 12) as usize),
                    1 => packet.iter_mut().skip(13).for_each(|b| *b = random.below(256) as u8),
                    _ => {
                        for _ in 0..1 + random.below(4) {
                            let bit = 13 * 8 + random.below(packet.len() as u32 * 8 - 13 * 8);
                            packet[bit as usize / 8] ^= 1 << (bit % 8);
                        }
                    }
                }
                if packet.len() < 13 {
                    continue;
                }
                write_header(&mut packet, header, 1);
                let before = essence(&mut play, 0);
                let memory = play.players[0].memory().to_vec();
                match play.players[0].receive(&packet) {
                    Err(_) => {
                        refused += 1;
                        assert!(before == essence(&mut play, 0));
                    }
                    Ok(_) => {
                        taken += 1;
                        let player = &mut play.players[0];
                        let newest = player.stats().snapshot_tick;
                        player.client().view(newest, 7, newest + 3, 9);
                    }
                }
                play.players[0].restore(&memory);
            }
        }
        assert!(refused > 300 && taken > 20, "{refused} {taken}");
        println!("refused {refused}, taken {taken}");
    }
}

#[test]
fn with_few_bytes_nobody_starves_and_nothing_is_wrong() {
    let mut setup = Setup::arena(40, 128);
    setup.head.snapshot_bytes_max = 100;
    setup.head.rules = 8;
    setup.kinds[0].view_radius = 80 * ONE;
    let link = Link { delay: 1, jitter: 2, loss: 30, duplicate: 10, corrupt: 0, carries: 0 };
    let mut play = Play::new(setup, 3, 37, &[], link, 3);
    let mut oldest = 0;
    for t in 0..600 {
        play.wander(false);
        play.tick();
        for player in &mut play.players {
            assert!(player.stats().snapshot_bits <= 832 + 7, "{}", player.stats().snapshot_bits);
            let client = player.client();
            let newest = client.m.head[0].newest;
            if t < 150 {
                continue;
            }
            let own = client.m.head[0].handle & 0xffff;
            for e in (0..40).filter(|e| *e != own as usize) {
                let age = (0..60).find(|back| client.held_row(newest - back, e).is_some());
                oldest = oldest.max(age.expect("every entity has a row that is held"));
            }
        }
    }
    println!("oldest row {oldest} ticks");
    assert!(play.room.room().r.stats[0].entities_deferred > 1000);
    for player in &mut play.players {
        let stats = player.stats();
        assert_eq!((stats.hash_mismatches, stats.malformed), (0, 0));
        assert!(stats.visible >= 20, "{}", stats.visible);
    }
}

#[test]
fn a_silent_client_gets_two_small_snapshots_a_second_and_comes_back() {
    let mut play = Play::new(Setup::arena(12, 64), 2, 10, &[], CLEAN, 4);
    let sent = |play: &mut Play, ticks: u32, mute: bool| {
        play.players[0].mute = mute;
        let mut packets = 0;
        for _ in 0..ticks {
            play.wander(false);
            let before = play.players[0].stats().snapshots;
            play.tick();
            packets += play.players[0].stats().snapshots - before;
        }
        packets
    };
    assert!(sent(&mut play, 90, false) > 80);
    sent(&mut play, 40, true);
    let quiet = sent(&mut play, 300, true);
    assert!((18..=21).contains(&quiet), "{quiet}");
    assert_eq!(play.room.room().r.stats[0].silent_clients, 1);
    sent(&mut play, 10, false);
    assert!(sent(&mut play, 90, false) >= 89);
    let stats = play.players[0].stats();
    assert_eq!((stats.hash_mismatches, stats.correction_free_max), (0, 0));
}

#[test]
fn an_own_shot_shows_at_once_and_is_matched_by_its_command() {
    let mut play = Play::new(Setup::arena(4, 64), 1, 0, &[], Link { delay: 3, ..CLEAN }, 5);
    for _ in 0..40 {
        play.tick();
    }
    let handle = handle(&mut play.room, 0);
    play.commands.add(Place::KIND, 0, &place(handle, -20 * ONE, 0));
    for _ in 0..20 {
        play.tick();
    }
    play.players[0].control.buttons = button::FIRE;
    play.tick();
    play.players[0].control.buttons = 0;
    let mut most = 0;
    for step in 0..40 {
        let player = &mut play.players[0];
        let newest = player.stats().snapshot_tick;
        let mut client = player.client();
        let local = client.m.head[0].local;
        client.view(newest - 2, 0, local, 0);
        let n = client.m.head[0].sizes.entities as usize;
        let list = client.m.view_list[1..=client.m.view_list[0] as usize].to_vec();
        let flying: Vec<_> = list
            .iter()
            .filter(|e| client.m.view[column::KIND * n + **e as usize] == kind::PROJECTILE)
            .collect();
        assert!(flying.len() <= 1, "the server's projectile is hidden behind the predicted one");
        if step < 20 {
            assert_eq!(flying.len(), 1, "step {step}");
            let slot = client.m.view[column::SLOT * n + *flying[0] as usize];
            assert_eq!(slot, 0xfffe);
        }
        if client.m.shots.iter().all(|s| s.state != 1) {
            assert_eq!(flying.len(), 0, "step {step}: it is not shown again when it has ended");
        }
        most = most.max(flying.len());
        if step == 15 {
            let shot = client.m.shots.iter().find(|s| s.command != 0).unwrap();
            assert_ne!(shot.handle, 0, "matched");
        }
        play.tick();
    }
    assert_eq!(most, 1);
    for _ in 0..120 {
        play.tick();
    }
    assert!(play.players[0].client().m.shots.iter().all(|s| s.command == 0));
}

#[test]
fn messages_roster_walls_and_fields_arrive_under_loss() {
    let link = Link { delay: 1, jitter: 3, loss: 150, duplicate: 30, corrupt: 10, carries: 0 };
    let boxes: Vec<WallBox> = (0..300)
        .map(|i| wall(-25 * ONE + (i % 50) * ONE, -25 * ONE + (i / 50) * ONE, ONE / 8, ONE / 8))
        .collect();
    let mut play = Play::new(Setup::arena(8, 64), 4, 4, &boxes, link, 6);
    let mut said = Vec::new();
    for t in 0..500u32 {
        play.wander(false);
        if t % 3 == 0 {
            let mut message = vec![message::GAME, 0];
            message.extend_from_slice(&t.to_le_bytes());
            message.resize(6 + (t as usize * 7) % 700, t as u8);
            play.commands.add_bytes(
                Send::KIND,
                0xffff,
                bytemuck::bytes_of(&Send { except: 0xffff }),
                &message,
            );
            said.push(message);
        }
        if t % 5 == 0 {
            play.commands.add(SetRoomField::KIND, 0, &SetRoomField { field: 0, value: t as i32 });
        }
        play.tick();
    }
    for _ in 0..200 {
        play.tick();
    }
    let walls_hash = fray_core::walls::hash(&boxes);
    for slot in 0..4 {
        let player = &mut play.players[slot];
        assert!(player.messages == said, "slot {slot}");
        let stats = player.stats();
        assert_eq!((stats.walls_hash, stats.walls_count), (walls_hash, 300));
        let client = player.client();
        assert_eq!(client.m.room_fields[0], 495);
        let bytes = client.m.head[0].sizes.roster_row_bytes as usize;
        let roster = client.m.roster.to_vec();
        let rows = roster.chunks_exact(bytes).filter(|row| row[..4] != [0; 4]).count();
        assert_eq!(rows, 8);
        assert_eq!(roster, play.room.room().r.roster.to_vec());
    }
    assert_eq!(play.room.room().r.pool_head[0].used, 0);
}

#[test]
fn a_client_says_messages_to_the_plugin_once_and_in_order() {
    let link = Link { delay: 1, jitter: 3, loss: 150, duplicate: 30, corrupt: 10, carries: 0 };
    let mut play = Play::new(Setup::arena(8, 64), 2, 2, &[], link, 7);
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    for t in 0..3000u32 {
        if t > 700 && heard.len() == said.len() {
            break;
        }
        if t % 4 == 0 && t < 500 {
            let mut message = vec![message::GAME, 0];
            message.extend_from_slice(&t.to_le_bytes());
            message.resize(6 + (t as usize * 13) % 4090, t as u8);
            if play.players[1].send(&message).is_ok() {
                said.push(message);
            }
        }
        let events = play.tick();
        for (header, payload) in parse(&events) {
            if header.kind == Message::KIND {
                assert_eq!(header.index, 1);
                heard.push(payload);
            }
        }
    }
    assert!(said.len() > 40, "{}", said.len());
    assert!(heard == said, "{} of {}", heard.len(), said.len());
}

/// Commands that were lost for good, while the player turned: the server had to put others in their place.
#[test]
fn what_the_server_did_for_a_lost_command_is_no_fault_of_prediction() {
    let mut play = Play::new(Setup::arena(4, 64), 1, 0, &[], CLEAN, 9);
    let own = handle(&mut play.room, 0);
    play.commands.add(Place::KIND, 0, &place(own, -20 * ONE, -20 * ONE));
    let mut lost = 0;
    for t in 0..240 {
        let turn = t % 80 >= 40;
        let control = &mut play.players[0].control;
        (control.move_x, control.move_y) = if turn { (0, 127) } else { (127, 0) };
        play.players[0].mute = (38..65).contains(&(t % 80));
        play.tick();
        lost += u32::from(play.players[0].mute);
    }
    let (room, stats) = (play.room.room().r.stats[0], play.players[0].stats());
    assert!(room.inputs_missing > lost / 2, "{room:?}");
    assert!(stats.corrections > 0 && stats.touched_ticks > 0, "{stats:?}");
    assert_eq!(stats.correction_free_max, 0, "{stats:?}");
}

/// Rows that had to wait lie several snapshots apart: between them an entity is shown where its way has it.
#[test]
fn who_runs_straight_is_shown_on_his_way_however_far_apart_his_rows_are() {
    let mut setup = Setup::arena(31, 64);
    setup.head.snapshot_bytes_max = 90;
    setup.kinds[0].view_radius = 80 * ONE;
    let mut play = Play::new(setup, 1, 30, &[], CLEAN, 2);
    for slot in 0..31 {
        let (x, y) = (-22 * ONE, (i32::from(slot) - 15) * 3 * ONE / 2);
        let handle = handle(&mut play.room, slot);
        play.commands.add(Place::KIND, 0, &place(handle, x, y));
    }
    let rows: Vec<usize> =
        (1..31).map(|slot| (handle(&mut play.room, slot) & 0xffff) as usize).collect();
    let mut places = std::collections::HashMap::new();
    let mut compared = 0;
    for t in 0..120u32 {
        play.bots.iter_mut().for_each(|(_, bot)| bot.move_x = 127);
        // Something that costs bits, of everybody in every tick.
        for slot in 1..31 {
            let handle = handle(&mut play.room, slot);
            let value = play.random.below(16) as i32;
            play.commands.add(SetField::KIND, 0, &SetField { handle, column: 34, value });
        }
        play.tick();
        let now = play.tick_number();
        for row in &rows {
            places.insert((now, *row), play.room.room().world().get(column::X, *row));
        }
        let newest = play.players[0].stats().snapshot_tick;
        if t < 40 {
            continue;
        }
        let mut client = play.players[0].client();
        client.view(newest - 9, 0, newest, 0);
        let n = client.m.head[0].sizes.entities as usize;
        let list = &client.m.view_list[1..=client.m.view_list[0] as usize];
        for row in rows.iter().filter(|row| list.contains(&(**row as u32))) {
            let shown = client.m.view[column::X * n + row];
            let truth = places[&(newest - 9, *row)];
            assert!((shown - truth).abs() <= 1024, "tick {t}, row {row}: {shown}, not {truth}");
            compared += 1;
        }
    }
    assert!(compared > 2000 && play.room.room().r.stats[0].entities_deferred > 500);
}
