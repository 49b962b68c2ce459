//! A room and clients of it over lossy links, in one process and one thread, on simulated ticks.
#![allow(dead_code)]

use super::{join, place, Seeded, Setup};
use bytemuck::Zeroable;
use fray_core::client::{self, Client};
use fray_core::config::{Config, Sizes};
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use std::time::{Duration, Instant};

/// Faults of both directions, in ticks and permille.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    pub delay: u32,
    pub jitter: u32,
    pub loss: u32,
    pub duplicate: u32,
    pub corrupt: u32,
    /// Bytes that come down in a tick, the others in a queue of up to two seconds at 30 Hz; 0: all.
    pub carries: u32,
}

/// The end of a queue: when what is in it has gone, in 1/1024 tick.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue(u64);

impl Queue {
    /// Ticks that a packet waits; None: there is no room for it.
    fn take(&mut self, now: u32, bytes: usize, carries: u32) -> Option<u32> {
        if carries == 0 {
            return Some(0);
        }
        let from = self.0.max(u64::from(now) << 10);
        let end = from + ((bytes as u64) << 10) / u64::from(carries);
        let waits = (end >> 10) as u32 - now;
        if waits > 60 {
            return None;
        }
        self.0 = end;
        Some(waits)
    }
}

impl Link {
    /// Puts a packet on the way, as often as the faults say.
    pub fn carry(
        &self,
        now: u32,
        bytes: &[u8],
        random: &mut Seeded,
        way: &mut Vec<(u32, Vec<u8>)>,
    ) {
        let times = 1 + u32::from(random.below(1000) < self.duplicate);
        for _ in 0..times {
            if random.below(1000) < self.loss {
                continue;
            }
            let mut copy = bytes.to_vec();
            if random.below(1000) < self.corrupt {
                let bit = random.below(copy.len() as u32 * 8);
                copy[bit as usize / 8] ^= 1 << (bit % 8);
            }
            let jitter = if self.jitter == 0 { 0 } else { random.below(self.jitter + 1) };
            way.push((now + self.delay + jitter, copy));
        }
    }
}

/// What has arrived by now, in order of arrival.
pub fn arrived(now: u32, way: &mut Vec<(u32, Vec<u8>)>) -> Vec<Vec<u8>> {
    way.sort_by_key(|(when, _)| *when);
    let count = way.iter().take_while(|(when, _)| *when <= now).count();
    way.drain(..count).map(|(_, bytes)| bytes).collect()
}

/// One client with its memory and its two ways.
pub struct Player {
    memory: Vec<u64>,
    pub slot: u16,
    pub link: Link,
    pub random: Seeded,
    pub up: Vec<(u32, Vec<u8>)>,
    pub down: Vec<(u32, Vec<u8>)>,
    pub queue: Queue,
    pub lead: u32,
    pub control: InputCommand,
    pub messages: Vec<Vec<u8>>,
    pub events: Vec<ClientEvent>,
    pub mute: bool,
    /// It aims, and states a view with each command.
    pub looks: bool,
    /// It states none, and aims by it all the same.
    pub blind: bool,
    /// Who is aimed at, by row: where it is on the screen when the command is sampled.
    pub gaze: Option<usize>,
    /// Ticks by which it looks, and says that it looks, further back than the prescribed delay.
    pub back: u32,
}

impl Player {
    pub fn new(setup: &Setup, slot: u16, player_id: u32, handle: u32, link: Link) -> Self {
        Self::at_epoch(setup, slot, (player_id, handle, setup.head.epoch), link)
    }

    /// A page that was loaded again, in the place that the answer to it names.
    pub fn at_epoch(setup: &Setup, slot: u16, place: (u32, u32, u32), link: Link) -> Self {
        let config = setup.bytes();
        let mut aligned = vec![0u64; config.len().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut aligned)[..config.len()].copy_from_slice(&config);
        let sizes = Sizes::of(
            &Config::parse(&bytemuck::cast_slice(&aligned)[..config.len()]).unwrap(),
            config.len() as u32,
        );
        let mut memory = vec![0u64; client::memory_bytes(&sizes).max(config.len() + 8).div_ceil(8)];
        memory[..aligned.len()].copy_from_slice(&aligned);
        client::init(bytemuck::cast_slice_mut(&mut memory), 0, config.len()).unwrap();
        let lead = link.delay + link.jitter + 2;
        let mut player = Self {
            memory,
            slot,
            link,
            random: Seeded::new(u32::from(slot) + 77),
            up: Vec::new(),
            down: Vec::new(),
            queue: Queue::default(),
            lead,
            control: InputCommand::zeroed(),
            messages: Vec::new(),
            events: Vec::new(),
            mute: false,
            looks: false,
            blind: false,
            gaze: None,
            back: 0,
        };
        let numbers = client::Numbers::default();
        player.client().join(place.0, (place.1, place.2), true, numbers).unwrap();
        player
    }

    pub fn client(&mut self) -> Client<'_> {
        client::open(bytemuck::cast_slice_mut(&mut self.memory)).unwrap()
    }

    pub fn memory(&self) -> &[u64] {
        &self.memory
    }

    pub fn restore(&mut self, memory: &[u64]) {
        self.memory.copy_from_slice(memory);
    }

    pub fn stats(&mut self) -> ClientStats {
        self.client().m.stats[0]
    }

    pub fn receive(&mut self, bytes: &[u8]) -> Result<u32, i32> {
        let mut client = self.client();
        client.m.packet[..bytes.len()].copy_from_slice(bytes);
        client.receive(bytes.len())
    }

    pub fn send(&mut self, message: &[u8]) -> Result<(), i32> {
        let mut client = self.client();
        client.m.message[..message.len()].copy_from_slice(message);
        client.send(message.len())
    }

    /// Turns to whom it aims at, as the screen shows it a moment of up to one tick after the prescribed delay.
    fn look(&mut self, now: u32) {
        if !self.looks {
            return;
        }
        let (fraction, back) = (self.random.below(65536), self.back + self.link.delay);
        let gaze = self.gaze;
        let mut client = self.client();
        let tick = now.saturating_sub(back + client.config.head.interpolation_ticks);
        client.view(tick, fraction, now, 0);
        let n = client.m.head[0].sizes.entities as usize;
        let own = (client.m.head[0].handle & 0xffff) as usize;
        let at = |f: usize, r: usize| client.m.view[f * n + r];
        let way = |r: usize| {
            (at(column::X, r) - at(column::X, own), at(column::Y, r) - at(column::Y, own))
        };
        let aim = gaze.map(|row| fray_core::fixed::angle_of(way(row).0, way(row).1));
        self.control.aim = aim.unwrap_or(self.control.aim);
        let stated = if self.blind { (0, 0) } else { (tick, fraction as u16) };
        (self.control.view_tick, self.control.view_fraction) = stated;
    }

    /// Takes in what has arrived, then plays one tick.
    pub fn tick(&mut self, now: u32) {
        for bytes in arrived(now, &mut self.down) {
            let _ = self.receive(&bytes);
        }
        loop {
            let mut client = self.client();
            let Some(length) = client.next_message() else { break };
            let bytes = client.m.message[..length].to_vec();
            self.messages.push(bytes);
        }
        loop {
            let mut client = self.client();
            if !client.next_event() {
                break;
            }
            let event = client.m.event[0];
            self.events.push(event);
        }
        self.look(now);
        let command = InputCommand { tick: now + self.lead, ..self.control };
        let mut client = self.client();
        client.m.command[0] = command;
        client.sample().unwrap();
        let length = client.packet(now).unwrap();
        let bytes = client.m.packet[..length].to_vec();
        if !self.mute {
            self.link.carry(now, &bytes, &mut self.random, &mut self.up);
        }
    }
}

/// A room with some clients and some bots.
pub struct Play {
    pub room: Instance,
    pub setup: Setup,
    pub players: Vec<Player>,
    pub bots: Vec<(u16, BotInput)>,
    pub random: Seeded,
    pub commands: Records,
    /// Enter before all others in the next tick.
    pub records: Records,
    pub packet_bytes: u64,
}

impl Play {
    pub fn new(
        setup: Setup,
        players: u16,
        bots: u16,
        walls: &[WallBox],
        link: Link,
        seed: u32,
    ) -> Self {
        let mut room = setup.room(walls);
        let mut records = Records::new();
        for slot in 0..players + bots {
            let flags = if slot < players { 2 } else { 1 };
            records.add(Join::KIND, slot, &Join { flags, ..join(slot, false) });
        }
        room.begin(&records.bytes).unwrap();
        let mut random = Seeded::new(seed);
        let mut commands = Records::new();
        let (width, depth) = (setup.head.half_width, setup.head.half_depth);
        for slot in 0..players + bots {
            let at = |random: &mut Seeded, half: i32| random.below(2 * half as u32) as i32 - half;
            let handle = super::handle(&mut room, slot);
            commands.add(
                Place::KIND,
                0,
                &place(handle, at(&mut random, width), at(&mut random, depth)),
            );
        }
        room.end(&commands.bytes).unwrap();
        let made = (0..players)
            .map(|slot| {
                let client = room.room().r.clients[usize::from(slot)];
                Player::new(&setup, slot, client.player_id, client.handle, link)
            })
            .collect();
        let idle = BotInput::zeroed();
        let bots = (players..players + bots).map(|slot| (slot, idle)).collect();
        let (commands, records) = (Records::new(), Records::new());
        Self { room, setup, players: made, bots, random, commands, records, packet_bytes: 0 }
    }

    pub fn tick_number(&mut self) -> u32 {
        self.room.room().r.head[0].tick
    }

    /// New wishes now and then: a turn on 6 % of ticks, shots as asked for.
    pub fn wander(&mut self, fire: bool) {
        let random = &mut self.random;
        let mut turn = |x: &mut i8, y: &mut i8, aim: &mut u16| {
            if random.below(100) < 6 || (*x, *y) == (0, 0) {
                let angle = random.below(65536) as u16;
                let (c, s) = fray_core::fixed::cos_sin(angle);
                (*x, *y) = ((c * 127 / 32768) as i8, (s * 127 / 32768) as i8);
                *aim = angle;
            }
            random.below(10) == 0
        };
        for (_, bot) in &mut self.bots {
            let shoot = turn(&mut bot.move_x, &mut bot.move_y, &mut bot.aim);
            bot.buttons = u16::from(fire && shoot);
        }
        for player in &mut self.players {
            let c = &mut player.control;
            let shoot = turn(&mut c.move_x, &mut c.move_y, &mut c.aim);
            c.buttons = u16::from(fire && shoot);
        }
    }

    /// One tick of everything. Returns the hook events.
    pub fn tick(&mut self) -> Vec<u8> {
        self.tick_both().0
    }

    /// The same; returns how long the two halves of the room's tick took.
    pub fn timed_tick(&mut self) -> (Duration, Duration) {
        self.tick_both().1
    }

    fn tick_both(&mut self) -> (Vec<u8>, (Duration, Duration)) {
        let now = self.tick_number() + 1;
        let mut records = std::mem::take(&mut self.records);
        for (slot, bot) in &self.bots {
            records.add(BotInput::KIND, *slot, bot);
        }
        for player in &mut self.players {
            for bytes in arrived(now, &mut player.up) {
                let arrival = Packet { arrival_us: player.random.below(30_000) };
                records.add_bytes(Packet::KIND, player.slot, bytemuck::bytes_of(&arrival), &bytes);
            }
        }
        let start = Instant::now();
        let events = self.room.begin(&records.bytes).unwrap();
        let begin = start.elapsed();
        let commands = std::mem::take(&mut self.commands);
        let start = Instant::now();
        let packets = self.room.end(&commands.bytes).unwrap();
        let times = (begin, start.elapsed());
        for (slot, bytes) in packets {
            self.packet_bytes += bytes.len() as u64;
            let player = &mut self.players[slot];
            let Player { link, random, down, queue, .. } = player;
            if let Some(waits) = queue.take(now, bytes.len(), link.carries) {
                link.carry(now + waits, &bytes, random, down);
            }
        }
        for player in &mut self.players {
            player.tick(now);
        }
        (events, times)
    }
}
