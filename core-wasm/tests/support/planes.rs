//! A room whose packets are compared with those of an encoder that keeps nothing, while its world changes by chance.
#![allow(dead_code)]

use super::play::{arrived, Link, Player};
use super::support::*;
use fray_core::bits::{bits_for, BitReader, BitWriter};
use fray_core::codec::number;
use fray_core::codec::row::{Origin, RowCode};
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::netchan::{Channel, HEADER_BYTES};
use fray_core::region::{flight_at, Flight, TICK_NONE};
use fray_core::rows::{Packed, Shape};
use std::collections::HashSet;

/// The witness at the end of a snapshot.
const TAIL: u32 = 32;

/// What a run has seen, so that one that tries nothing is noticed.
#[derive(Default, Debug)]
pub struct Seen {
    pub packets: u64,
    pub members: u64,
    pub mixed: u64,
    pub anew: u64,
    pub short: u64,
    pub long: u64,
    pub too_long: u64,
    pub ages: HashSet<u32>,
}

/// A room, its clients, and what is done to them.
pub struct Case {
    pub setup: Setup,
    pub room: Instance,
    pub players: Vec<Player>,
    pub random: Seeded,
    pub seen: Seen,
    /// Of 100 ticks: a client comes or goes.
    pub turnover: u32,
    /// Of 1000: a field of an entity is another than before.
    pub busy: u32,
    /// Ticks at the start in which every free index is taken.
    pub fill: u32,
    pub lines_dead: bool,
    /// All entities are of the kind with the most fields.
    pub large: bool,
}

/// Kinds of 0, 1, 3 and 29 visible fields.
pub fn setup(players: u32, entities: u32, rate: u32, dimensions: u32) -> Setup {
    let mut setup = Setup::at(players, entities, rate, dimensions);
    setup.weapons.clear();
    setup.texts.clear();
    setup.room_fields.clear();
    let kind = ConfigKind { radius: ONE / 2, health: 30, moves: 1, ..setup.kinds[3] };
    setup.kinds = vec![setup.kinds[0], kind, kind, kind, kind, kind];
    setup.fields = vec![field(1, 32, 4, audience::VISIBLE)];
    setup.fields.extend((0..3).map(|k| field(4, 33 + k, 32 - 8 * k as u8, audience::VISIBLE)));
    setup.fields.extend((0..29).map(|k| ConfigField {
        signed: 1,
        min: i32::MIN,
        ..field(5, 32 + k, 32, audience::VISIBLE)
    }));
    setup.fields.push(field(6, 34, 9, audience::VISIBLE));
    setup.head.columns = BUILTIN_COLUMNS as u32 + FIELDS_PER_KIND_MAX;
    setup.head.history_ticks = 256;
    setup.head.snapshot_bytes_max = PACKET_BYTES_MAX - 64;
    setup.head.rules = 0;
    setup
}

impl Case {
    pub fn new(setup: Setup, seed: u32) -> Self {
        let room = setup.room(&[]);
        Self {
            setup,
            room,
            players: Vec::new(),
            random: Seeded::new(seed),
            seen: Seen::default(),
            turnover: 0,
            busy: 20,
            fill: 8,
            lines_dead: false,
            large: false,
        }
    }

    pub fn seat(&mut self, links: &[Link]) {
        let mut records = Records::new();
        for slot in 0..links.len() as u16 {
            records.add(Join::KIND, slot, &Join { flags: 2, ..join(slot, false) });
        }
        self.tick(&records, &Records::new());
        for (slot, link) in links.iter().enumerate() {
            self.newcomer(slot, *link);
        }
    }

    fn newcomer(&mut self, slot: usize, link: Link) {
        let client = self.room.room().r.clients[slot];
        if client.player_id == 0 {
            // No index was free.
            return;
        }
        let player = Player::new(&self.setup, slot as u16, client.player_id, client.handle, link);
        self.players.push(player);
    }

    pub fn run(&mut self, ticks: u32) {
        for t in 0..ticks {
            let mut records = Records::new();
            let mut commands = Records::new();
            let back = self.come_and_go(&mut records);
            self.change(&mut commands, t);
            self.tick(&records, &commands);
            for (slot, link) in back {
                self.newcomer(slot, link);
            }
        }
        for player in &mut self.players {
            let stats = player.stats();
            assert_eq!(stats.hash_mismatches, 0, "a client holds something else");
        }
    }

    /// A client leaves, or another one takes its slot.
    fn come_and_go(&mut self, records: &mut Records) -> Vec<(usize, Link)> {
        if self.lines_dead {
            for player in &mut self.players {
                let dead = player.link.loss == 1000;
                if self.random.below(if dead { 60 } else { 80 }) == 0 {
                    player.link.loss = if dead { 50 } else { 1000 };
                }
            }
        }
        if self.random.below(100) >= self.turnover {
            return Vec::new();
        }
        let slots = self.setup.head.players_max;
        let slot = self.random.below(slots) as usize;
        if let Some(k) = self.players.iter().position(|p| usize::from(p.slot) == slot) {
            records.add(Leave::KIND, slot as u16, &Leave { code: 19, reserved: 0 });
            self.players.swap_remove(k);
            return Vec::new();
        }
        records.add(Join::KIND, slot as u16, &Join { flags: 2, ..join(slot as u16, false) });
        let (delay, jitter) = (self.random.below(5), self.random.below(4));
        vec![(slot, Link { delay, jitter, loss: 50, ..Link::default() })]
    }

    /// Entities come, change and go.
    fn change(&mut self, commands: &mut Records, t: u32) {
        let n = self.setup.head.entities_max as usize;
        let half = self.setup.head.half_width;
        let mut room = self.room.room();
        let random = &mut self.random;
        let spawnable: Vec<u32> = room.r.spawnable[1..=room.r.spawnable[0] as usize].to_vec();
        let most = if t < self.fill { SPAWNABLE_MAX } else { random.below(4) };
        for handle in spawnable.into_iter().take(most as usize) {
            let mut speed = || if random.below(3) == 0 { random.between(-ONE, ONE) } else { 0 };
            let (vx, vy, vz) = (speed(), speed(), 0);
            let (x, y) = (random.between(-half, half), random.between(-half, half));
            let kind = if self.large { 5 } else { 3 + random.below(4) };
            let spawn = Spawn {
                handle,
                kind,
                x,
                y,
                z: 0,
                vx,
                vy,
                vz,
                aim: 0,
                owner: 0,
                life_ticks: if t >= self.fill && random.below(4) == 0 { 30 } else { 0 },
            };
            commands.add(Spawn::KIND, 0, &spawn);
        }
        let fields = self.setup.fields.clone();
        for e in 0..n {
            let number = room.world().get(column::KIND, e);
            if number == kind::FREE || random.below(1000) >= self.busy {
                continue;
            }
            let handle = room.world().handle(e);
            let mut set = |column: usize, value: i32| {
                let column = column as u32;
                commands.add(SetField::KIND, 0, &SetField { handle, column, value });
            };
            match random.below(12) {
                0 if number != kind::PLAYER => {
                    commands.add(Remove::KIND, 0, &Remove { handle });
                }
                1 => {
                    let (x, y) = (random.between(-half, half), random.between(-half, half));
                    commands.add(Place::KIND, 0, &place(handle, x, y));
                }
                2 => set(column::HEALTH, random.below(40) as i32 + 1),
                3 => set(column::AIM, random.below(65536) as i32),
                4 => set(column::VX, random.between(-4 * ONE, 4 * ONE)),
                5 => set(column::TEAM, random.below(256) as i32),
                6 => set(column::RADIUS, random.below(ONE as u32 * 4) as i32),
                7 => set(column::PITCH, random.between(-32768, 32767)),
                8 => set(column::X, room.world().get(column::X, e).wrapping_add(512)),
                all => {
                    for field in fields.iter().filter(|f| i32::from(f.kind) == number) {
                        if all == 9 || random.below(6) == 0 {
                            let any = random.between(i32::MIN, i32::MAX - 1);
                            set(usize::from(field.column), any & field.max);
                        }
                    }
                }
            }
        }
    }

    /// One tick of the room and of a twin with other scratch; every packet is looked at.
    pub fn tick(&mut self, records: &Records, commands: &Records) {
        let now = self.room.room().r.head[0].tick + 1;
        let mut records = records.clone();
        for player in &mut self.players {
            for bytes in arrived(now, &mut player.up) {
                let arrival = Packet { arrival_us: 500 };
                let row = bytemuck::bytes_of(&arrival);
                records.add_bytes(Packet::KIND, player.slot, row, &bytes);
            }
        }
        let mut twin = Instance::restore(self.room.region()).unwrap();
        self.room.begin(&records.bytes).unwrap();
        let before = Before::of(&mut self.room);
        let packets = self.room.end(&commands.bytes).unwrap();
        twin.begin(&records.bytes).unwrap();
        assert_eq!(twin.end(&commands.bytes).unwrap(), packets, "tick {now}: the twin's packets");
        assert!(twin.region() == self.room.region(), "tick {now}: the twin's region");
        for (slot, bytes) in &packets {
            self.seen.packets += 1;
            let wanted = before.sets(&mut self.room, *slot, &mut self.seen);
            assert_ends(bytes, &wanted, &format!("tick {now}, slot {slot}"));
        }
        for (slot, bytes) in packets {
            if let Some(player) = self.players.iter_mut().find(|p| usize::from(p.slot) == slot) {
                player.link.carry(now, &bytes, &mut player.random, &mut player.down);
            }
        }
        for player in &mut self.players {
            player.tick(now);
        }
    }
}

/// What stood in the region before packets were made.
struct Before {
    flights: Vec<Flight>,
    sets: Vec<u32>,
    updates: Vec<u32>,
    sequences: Vec<u16>,
}

fn bits_of(set: &[u32]) -> Vec<usize> {
    (0..set.len() * 32).filter(|e| set[e / 32] >> (e % 32) & 1 != 0).collect()
}

impl Before {
    fn of(room: &mut Instance) -> Self {
        let r = room.room().r;
        Self {
            flights: r.flights.to_vec(),
            sets: r.flight_sets.to_vec(),
            updates: r.flight_updates.to_vec(),
            sequences: r.channels.iter().map(|c: &Channel| c.sequence).collect(),
        }
    }

    /// The reference tick of a slot.
    fn reference(&self, room: &mut Instance, slot: usize) -> Option<u32> {
        let r = room.room().r;
        let (tick, sizes) = (r.head[0].tick, r.head[0].sizes);
        let base = r.clients[slot].reference_tick;
        if base == TICK_NONE || tick - base >= sizes.flights {
            return None;
        }
        let flight = self.flights[flight_at(&sizes, slot, base)];
        let back = self.sequences[slot].wrapping_add(1).wrapping_sub(flight.sequence);
        (flight.tick == base && (1..=255).contains(&back)).then_some(base)
    }

    /// Leaves, members and enters of the packet just made, as bits; what it was to hold stands in its flight.
    fn sets(&self, room: &mut Instance, slot: usize, seen: &mut Seen) -> Vec<bool> {
        let base = self.reference(room, slot);
        let room = room.room();
        let (r, config) = (&room.r, &room.config);
        let (tick, sizes) = (r.head[0].tick, r.head[0].sizes);
        let (n, words) = (sizes.entities as usize, sizes.set_words as usize);
        let shape = Shape::new(config, r.wire_kinds, r.wire_fields);
        let code = RowCode::new(config, &shape);
        let clean = |tick: u32, e: usize| {
            let at = ((tick & (sizes.history - 1)) as usize * n + e) * sizes.row_halves as usize;
            let mut row = vec![0; sizes.row_halves as usize];
            shape.store(&shape.load(&r.history[at..][..row.len()]), &mut row);
            row
        };
        let set =
            |all: &[u32], tick: u32| all[flight_at(&sizes, slot, tick) * words..][..words].to_vec();
        let old = base.map_or(vec![0; words], |b| set(&self.sets, b));
        let fresh = base.map_or(vec![0; words], |b| set(&self.updates, b));
        let (now, sent) = (set(r.flight_sets, tick), set(r.flight_updates, tick));
        let has = |set: &[u32], e: usize| set[e / 32] >> (e % 32) & 1 != 0;
        let age = base.map_or(0, |b| tick - b);
        let own = (r.clients[slot].handle & 0xffff) as usize;
        let column = |f: usize, e: usize| r.columns[f * n + e];
        let origin = Origin::of(
            column(column::X, own),
            column(column::Y, own),
            column(column::VIEW_RADIUS, own),
            shape.shift,
        );
        let mut bytes = vec![0; 8192];
        let mut out = BitWriter::new(&mut bytes);
        let gone: Vec<usize> = bits_of(&old).into_iter().filter(|e| !has(&now, *e)).collect();
        out.bit(!gone.is_empty());
        if !gone.is_empty() {
            let members = bits_of(&old);
            let rank_bits = bits_for(members.len() as u32 - 1);
            let ranked = gone.len() * (rank_bits as usize + 1) < members.len();
            out.bit(ranked);
            if ranked {
                for (k, e) in gone.iter().enumerate() {
                    out.put(members.binary_search(e).unwrap() as u32, rank_bits);
                    out.bit(k + 1 < gone.len());
                }
            } else {
                members.iter().for_each(|e| out.bit(!has(&now, *e)));
            }
        }
        let stay: Vec<usize> = bits_of(&old).into_iter().filter(|e| has(&now, *e)).collect();
        let deferring = r.clients[slot].wire[fray_core::packet::WIRE_DEFERRED] != 0;
        let mixed = deferring || stay.iter().any(|e| !has(&fresh, *e));
        out.bit(mixed);
        seen.mixed += u64::from(mixed);
        let full = |out: &mut BitWriter, e: usize| {
            let generation = column(column::GENERATION, e) as u32;
            code.write_full(out, &Packed::of(&clean(tick, e), shape.high), generation, &origin);
        };
        for e in stay {
            let baseline = r.base_tick[slot * n + e];
            let held = baseline != TICK_NONE && baseline >= r.born[e];
            let own_age = match () {
                () if has(&fresh, e) => age,
                () if held && tick - baseline < sizes.history => tick - baseline,
                () => 0,
            };
            if mixed {
                out.bit(!has(&sent, e));
                out.bit(own_age != age);
                if own_age != age {
                    out.put(own_age, 8);
                }
            }
            if !has(&sent, e) {
                continue;
            }
            if own_age == 0 {
                seen.anew += 1;
                full(&mut out, e);
                continue;
            }
            seen.ages.insert(own_age);
            seen.members += 1;
            let start = out.bits();
            let (then, here) = (clean(tick - own_age, e), clean(tick, e));
            let (then, here) = (Packed::of(&then, shape.high), Packed::of(&here, shape.high));
            code.write_delta(&mut out, &then, &here, own_age as i32);
            match out.bits() - start {
                0..=56 => seen.short += 1,
                57..=128 => seen.long += 1,
                _ => seen.too_long += 1,
            }
        }
        let enters: Vec<usize> = bits_of(&now).into_iter().filter(|e| !has(&old, *e)).collect();
        out.bit(!enters.is_empty());
        if !enters.is_empty() {
            number::put_unsigned(&mut out, enters.len() as u32 - 1, &number::COUNT);
        }
        for e in enters {
            out.put(e as u32, bits_for(sizes.entities - 1));
            full(&mut out, e);
        }
        let count = out.bits();
        out.finish().unwrap();
        let mut reader = BitReader::new(&bytes);
        (0..count).map(|_| reader.bit()).collect()
    }
}

/// The bits stand before the witness and less than a byte of zeros at the end of a packet.
fn assert_ends(packet: &[u8], wanted: &[bool], what: &str) {
    let bits: Vec<bool> =
        packet[HEADER_BYTES..].iter().flat_map(|b| (0..8).map(move |k| b >> k & 1 != 0)).collect();
    let found = (0..8).any(|pad| {
        let Some(end) = bits.len().checked_sub(pad + TAIL as usize) else { return false };
        let zeros = bits[bits.len() - pad..].iter().all(|bit| !bit);
        zeros && bits[..end].ends_with(wanted)
    });
    assert!(found, "{what}: {} bits of sets do not end {} of a packet", wanted.len(), bits.len());
}
