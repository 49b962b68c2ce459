//! Another owner goes on with a room that has lost its last moments: its clients come back under another epoch, keep what they know of
//! the game, and lose and repeat no message but those of the moments that are lost.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::bytes_of;
use fray_core::client::Numbers;
use fray_core::gen::*;
use fray_core::host::Instance;
use play::{Link, Play};
use support::*;

const BAD: Link = Link { delay: 2, jitter: 3, loss: 150, duplicate: 30, corrupt: 10, carries: 0 };
const PLAYERS: usize = 3;

fn setup() -> Setup {
    let mut setup = Setup::arena(8, 40);
    setup.kinds[0].view_radius = 90 * ONE;
    setup
}

fn numbered(number: u32) -> Vec<u8> {
    let mut message = vec![message::GAME];
    message.extend(number.to_le_bytes());
    message.resize(if number.is_multiple_of(4) { 900 } else { 20 }, number as u8);
    message
}

fn numbers(messages: &[Vec<u8>]) -> Vec<u32> {
    let game = messages.iter().filter(|message| message[0] == message::GAME);
    game.map(|message| u32::from_le_bytes(message[1..5].try_into().unwrap())).collect()
}

/// Numbers that the game was told, by slot.
fn told(events: &[u8], all: &mut [Vec<u32>]) {
    for (header, bytes) in parse(events) {
        if header.kind == Message::KIND {
            let at = bytes.len().min(5);
            let number = u32::from_le_bytes(bytes[at - 4..at].try_into().unwrap());
            all[usize::from(header.index)].push(number);
        }
    }
}

struct Talk {
    play: Play,
    said_down: u32,
    said_up: u32,
    up: Vec<Vec<u32>>,
}

impl Talk {
    fn run(&mut self, ticks: u32) {
        for tick in 0..ticks {
            if tick % 3 == 0 {
                self.said_down += 1;
                let all = Send { except: u32::MAX };
                let message = numbered(self.said_down);
                self.play.commands.add_bytes(Send::KIND, 0xffff, bytes_of(&all), &message);
            }
            if tick % 4 == 0 {
                self.said_up += 1;
                for player in &mut self.play.players {
                    let mut message = vec![message::GAME];
                    message.extend(self.said_up.to_le_bytes());
                    player.send(&message).unwrap();
                }
            }
            self.play.wander(true);
            let events = self.play.tick();
            told(&events, &mut self.up);
        }
    }
}

#[test]
fn clients_go_on_with_a_room_that_has_lost_its_last_moments() {
    for seed in 0..8 {
        let play = Play::new(setup(), PLAYERS as u16, 3, &[], BAD, seed);
        let up = vec![Vec::new(); PLAYERS];
        let mut talk = Talk { play, said_down: 0, said_up: 0, up };
        let mut epoch = 1;
        // Messages that clients had been told were read, and that are lost.
        let mut gone = [0; PLAYERS];
        for lost in [1, 4, 9, 30] {
            talk.run(90);
            let saved = talk.play.room.region().to_vec();
            let (down_then, up_then) = (talk.said_down, talk.up.clone());
            talk.run(lost);
            let old = talk.play.tick_number();
            let mut room = Instance::restore(&saved).unwrap();
            epoch += 1;
            let tick = room.adopt(epoch, old + 1).unwrap();
            assert!(tick > old && room.room().r.head[0].tick == tick);
            assert_eq!((tick - (old - lost)) % room.sizes().history, 0);
            talk.play.room = room;
            talk.up = up_then;
            // What was on its way is of an epoch of before.
            for slot in 0..PLAYERS as u16 {
                talk.play.records.add(Drop::KIND, slot, &Drop {});
            }
            let malformed = talk.play.room.room().r.stats[0].packets_malformed;
            let heard: Vec<_> =
                talk.play.players.iter().map(|player| numbers(&player.messages)).collect();
            // Said while nobody is back: under numbers that the owner before may have used for what they have read.
            talk.said_down += 1;
            let meanwhile = talk.said_down;
            let all = Send { except: u32::MAX };
            let message = numbered(meanwhile);
            talk.play.commands.add_bytes(Send::KIND, 0xffff, bytes_of(&all), &message);
            talk.play.tick();
            assert!(talk.play.room.room().r.stats[0].packets_malformed > malformed);
            for slot in 0..PLAYERS {
                let read = talk.play.players[slot].stats().messages_received;
                let flags = 15 | read << 16;
                talk.play.records.add(Resume::KIND, slot as u16, &Resume { flags });
            }
            for player in &mut talk.play.players {
                player.mute = true;
            }
            let events = talk.play.tick();
            told(&events, &mut talk.up);
            let rows: Vec<Resumed> = parse(&events)
                .iter()
                .filter(|(header, _)| header.kind == Resumed::KIND)
                .map(|(_, bytes)| bytemuck::pod_read_unaligned(bytes))
                .collect();
            assert_eq!(rows.len(), PLAYERS);
            assert!(rows.iter().all(|row| row.flags == 0), "the game hears of no page that is new");
            for (slot, gone) in gone.iter_mut().enumerate() {
                let room = talk.play.room.room();
                let (client, epoch) = (room.r.clients[slot], room.r.epochs[slot]);
                let channel = &room.r.channels[slot];
                let numbers = Numbers {
                    read: channel.messages_received as u16,
                    before: channel.messages_done as u16,
                };
                let player = &mut talk.play.players[slot];
                player.mute = false;
                *gone += player.client().rejoin(client.handle, epoch, numbers).unwrap();
            }
            let marks: Vec<_> = talk.play.players.iter_mut().map(|player| player.stats()).collect();
            talk.run(150);
            for (slot, mark) in marks.iter().enumerate() {
                let now = talk.play.players[slot].stats();
                assert_eq!((now.hash_mismatches, now.undecodable), (0, 0), "{now:?}");
                assert!(now.hash_checks > mark.hash_checks + 60, "{now:?}");
                // Whole and in order: what it had heard, what the room had said by then, what it said after.
                let all = numbers(&talk.play.players[slot].messages);
                let (before, after) = all.split_at(heard[slot].len());
                let resent = after.iter().take_while(|number| **number <= down_then).count();
                let mut expected: Vec<u32> = (1..=down_then).collect();
                let already = before.iter().filter(|number| **number <= down_then).count();
                expected.drain(..already.min(down_then as usize));
                assert_eq!(after[..resent], expected, "seed {seed}, lost {lost}, slot {slot}");
                assert!(after.windows(2).all(|two| two[0] < two[1]));
                assert!(after.contains(&meanwhile), "seed {seed}, lost {lost}, slot {slot}");
            }
            // The rest of the test counts from here.
            let said = talk.said_down;
            for player in &mut talk.play.players {
                player.messages.clear();
            }
            for (slot, up) in talk.up.iter_mut().enumerate() {
                assert!(up.windows(2).all(|two| two[0] < two[1]), "slot {slot}: {up:?}");
            }
            settle(&mut talk, said);
            for (up, gone) in talk.up.iter().zip(gone) {
                assert_eq!(up.len() as u32 + gone, talk.said_up, "seed {seed}, lost {lost}");
            }
        }
    }
}

/// Everything that was said has been heard, so that the next round begins with clean counts.
fn settle(talk: &mut Talk, said: u32) {
    for _ in 0..200 {
        talk.play.wander(false);
        let events = talk.play.tick();
        told(&events, &mut talk.up);
    }
    for player in &mut talk.play.players {
        let rest = numbers(&player.messages);
        assert!(rest.last().is_none_or(|last| *last <= said));
        // As if nothing had been said to it before: numbers go on, lists begin anew.
        player.messages = (1..=said).map(numbered).collect();
    }
}

#[test]
fn a_room_is_taken_over_at_the_end_of_a_tick_alone() {
    let mut room = setup().room(&[]);
    let before = room.region().to_vec();
    room.begin(&[]).unwrap();
    assert_eq!(room.adopt(2, 5), Err(error::E_CORE), "in the middle of a tick");
    let mut room = Instance::restore(&before).unwrap();
    assert_eq!(room.adopt(2, u32::MAX), Err(error::E_CORE), "beyond the last tick");
    let mut room = Instance::restore(&before).unwrap();
    let (tick, history) = (room.room().r.head[0].tick, room.sizes().history);
    assert_eq!(room.adopt(2, 0), Ok(tick + history), "never where it was");
    assert_eq!(room.adopt(3, tick + history + 1), Ok(tick + 2 * history));
    assert_eq!(room.room().r.stats[0].tick, tick + 2 * history);
    assert_eq!(room.room().config.head.epoch, 3);
}
