//! A client with the whole client core: it decodes every snapshot and compares the server's hashes.

use crate::lean::{chance, Taken, LEAD, PACKET_BYTES_MAX, TURNS_PER_MILLE};
use fray_core::client::{self, Client, Numbers};
use fray_core::config::{Config, Sizes};

/// What the handshake has said beside where the room was.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The schema's, of the room's sizes.
    pub config: Vec<u8>,
    /// Its own number.
    pub player_id: u32,
    /// Its own entity.
    pub handle: u32,
    /// Hashes are compared.
    pub verify: bool,
}

/// A client.
pub struct Whole {
    /// Words, for their alignment.
    memory: Vec<u64>,
    random: u32,
    command: u32,
}

impl Whole {
    /// None: the configuration or the seat is none.
    pub fn new(seat: &Seat, epoch: u32, tick: u32, seed: u32) -> Option<Self> {
        let config = Config::parse(&seat.config).ok()?;
        let bytes = client::memory_bytes(&Sizes::of(&config, seat.config.len() as u32));
        let mut memory = vec![0u64; bytes.max(seat.config.len()).div_ceil(8)];
        let room: &mut [u8] = bytemuck::cast_slice_mut(&mut memory);
        room[..seat.config.len()].copy_from_slice(&seat.config);
        client::init(room, 0, seat.config.len()).ok()?;
        let mut whole = Self { memory, random: seed | 1, command: tick };
        whole
            .with(|client| {
                // Nobody looks at it: what others cost is the decoding.
                client.predict(false);
                let place = (seat.handle, epoch);
                client.join(seat.player_id, place, seat.verify, Numbers::default())
            })?
            .ok()?;
        Some(whole)
    }

    /// Hashes that were compared, and that were wrong.
    pub fn checks(&mut self) -> [u32; 2] {
        let stats = self.with(|client| client.m.stats[0]);
        stats.map_or([0; 2], |stats| [stats.hash_checks, stats.hash_mismatches])
    }

    /// Takes a packet of the server.
    pub fn receive(&mut self, bytes: &[u8]) -> Taken {
        self.with(|client| {
            let Some(buffer) = client.m.packet.get_mut(..bytes.len()) else { return Taken::Broken };
            buffer.copy_from_slice(bytes);
            let late = client.m.stats[0].stale;
            let Ok(got) = client.receive(bytes.len()) else {
                return match client.m.stats[0].stale == late {
                    true => Taken::Broken,
                    false => Taken::Late,
                };
            };
            while client.next_event() {}
            while client.next_message().is_some() {}
            match got & GOT_SNAPSHOT {
                0 => Taken::Nothing,
                _ => Taken::Snapshot(client.m.stats[0].snapshot_tick),
            }
        })
        .unwrap_or(Taken::Broken)
    }

    /// Writes the packet of this tick; answers its length.
    pub fn packet(&mut self, into: &mut [u8; PACKET_BYTES_MAX]) -> usize {
        let chances = [(); 3].map(|()| chance(&mut self.random));
        let mut command = self.command;
        let length = self.with(|client| {
            let newest = client.m.stats[0].snapshot_tick;
            let next = (command + 1).max(newest.wrapping_add(LEAD[0]));
            if next <= newest.wrapping_add(LEAD[1]) {
                command = next;
                let wish = &mut client.m.command[0];
                wish.tick = next;
                if chances[0] % 1000 < TURNS_PER_MILLE || (wish.move_x == 0 && wish.move_y == 0) {
                    wish.aim = chances[1] as u16;
                    wish.move_x = (chances[2] as u8 as i8).max(-127);
                    wish.move_y = ((chances[2] >> 8) as u8 as i8).max(-127);
                }
                client.sample().ok()?;
            }
            let length = client.packet(command).ok()?;
            into.get_mut(..length)?.copy_from_slice(&client.m.packet[..length]);
            Some(length)
        });
        self.command = command;
        length.flatten().unwrap_or(0)
    }

    fn with<T>(&mut self, run: impl FnOnce(&mut Client) -> T) -> Option<T> {
        Some(run(&mut client::open(bytemuck::cast_slice_mut(&mut self.memory))?))
    }
}

/// Of the answer of `receive`: a new snapshot.
const GOT_SNAPSHOT: u32 = 1;
