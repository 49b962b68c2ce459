//! The moment each input starts from: a room in the middle of a play with two clients of it, made once per thread and
//! copied back before each input.

use super::play::{Link, Play, Player};
use super::support::{place, wall, Setup, ONE};
use bytemuck::Zeroable;
use fray_core::client::{self, Client};
use fray_core::gen::*;
use fray_core::host::Instance;
use std::ops::Range;

/// A room and one of its clients.
pub struct Stage {
    /// The room.
    pub room: Instance,
    /// The client of slot 0.
    pub client: Vec<u64>,
    /// Packets of the server that the client has not seen yet, in order: what follows in the play.
    pub to_client: Vec<Vec<u8>>,
    /// Packets of the client that the room has not seen yet.
    pub to_room: Vec<Vec<u8>>,
    /// Room epoch of the packets.
    pub epoch: u32,
    saved_room: Vec<u8>,
    saved_client: Vec<u64>,
    room_parts: Vec<Range<usize>>,
    client_parts: Vec<Range<usize>>,
}

/// Old bytes in these mean nothing once the heads beside them are reset.
const STALE: [&str; 6] = ["pool_bytes", "assembly", "inbox", "packet", "message", "enters"];

impl Stage {
    /// Plays for three seconds, then keeps the next twelve ticks' packets.
    pub fn new(dimensions: u32) -> Self {
        let setup = Setup::at(4, 12, 30, dimensions);
        let walls = [wall(4 * ONE, 0, ONE, 2 * ONE), wall(-3 * ONE, 3 * ONE, ONE, ONE)];
        let link = Link { delay: 1, jitter: 2, loss: 100, ..Link::default() };
        let mut play = Play::new(setup, 2, 1, &walls, link, 3);
        for slot in 0..3 {
            let handle = super::support::handle(&mut play.room, slot);
            play.commands.add(Place::KIND, 0, &place(handle, i32::from(slot) * 3 * ONE, 0));
        }
        let offered = play.room.room().r.spawnable.to_vec();
        for (k, handle) in offered[1..].iter().take(3).enumerate() {
            let (kind, x) = (3 + k as u32 % 2, k as i32 * 2 * ONE);
            let spawn = Spawn { handle: *handle, kind, x, y: 5 * ONE, ..Zeroable::zeroed() };
            play.commands.add(Spawn::KIND, 0, &spawn);
        }
        for tick in 0..90 {
            if tick % 20 == 7 {
                let _ = play.players[0].send(&[message::GAME, 1, 2, 3]);
                let all = Send { except: u32::MAX };
                let bytes = bytemuck::bytes_of(&all);
                play.commands.add_bytes(Send::KIND, 0xffff, bytes, &[message::GAME; 600]);
            }
            play.wander(true);
            play.tick();
        }
        let saved_room = play.room.region().to_vec();
        let saved_client = play.players[0].memory().to_vec();
        let (to_client, to_room) = following(&mut play);
        let mut room_parts = Vec::new();
        for row in play.room.layout().0.iter().filter(|row| !STALE.contains(&row.name)) {
            join(&mut room_parts, row.offset..row.offset + row.bytes);
        }
        let mut client_parts = Vec::new();
        let sizes = play.players[0].client().m.head[0].sizes;
        client::Memory::rows(&sizes, |row| {
            if !STALE.contains(&row.name) {
                join(&mut client_parts, row.offset..row.offset + row.bytes);
            }
        });
        Self {
            room: play.room,
            client: saved_client.clone(),
            to_client,
            to_room,
            epoch: play.setup.head.epoch,
            saved_room,
            saved_client,
            room_parts,
            client_parts,
        }
    }

    /// Back to the moment, the room.
    pub fn reset_room(&mut self) {
        let region = self.room.region_mut();
        for part in &self.room_parts {
            region[part.clone()].copy_from_slice(&self.saved_room[part.clone()]);
        }
    }

    /// Back to the moment, the client.
    pub fn reset_client(&mut self) {
        let memory: &mut [u8] = bytemuck::cast_slice_mut(&mut self.client);
        let saved: &[u8] = bytemuck::cast_slice(&self.saved_client);
        for part in &self.client_parts {
            memory[part.clone()].copy_from_slice(&saved[part.clone()]);
        }
    }

    /// The client.
    pub fn client(&mut self) -> Client<'_> {
        client::open(bytemuck::cast_slice_mut(&mut self.client)).expect("laid out")
    }
}

/// Lets the play go on and keeps what the first client and the room send each other.
fn following(play: &mut Play) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    play.players[0].link = Link { delay: 1, ..Link::default() };
    let (mut down, mut up) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        play.wander(true);
        play.tick();
        let Player { down: on_way, up: sent, .. } = &play.players[0];
        down.extend(on_way.last().map(|(_, bytes)| bytes.clone()));
        up.extend(sent.last().map(|(_, bytes)| bytes.clone()));
    }
    (down, up)
}

/// Adds a range, to the last one where they touch.
fn join(parts: &mut Vec<Range<usize>>, part: Range<usize>) {
    match parts.last_mut() {
        Some(last) if part.start - last.end < 8 => last.end = part.end,
        _ => parts.push(part),
    }
}
