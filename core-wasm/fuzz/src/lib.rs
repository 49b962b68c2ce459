//! What the fuzzers do with their bytes. Nothing may panic; a room must stay whole (its counts
//! agree with its rows), and a restored copy must go on alike.

#[path = "../../tests/support/mod.rs"]
mod support;

use bytemuck::bytes_of;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::netchan::{write_header, Header, HEADER_BYTES};
use support::{input, join, wall, Setup, ONE};

/// A room with two clients and a bot.
fn start(dimensions: u32) -> Instance {
    let setup = Setup::at(6, 24, 30, dimensions);
    let mut room = setup.room(&[wall(4 * ONE, 0, ONE, 2 * ONE), wall(-3 * ONE, 3 * ONE, ONE, ONE)]);
    support::fill(&mut room, 1, |_| (0, 0));
    let mut records = Records::new();
    records.add(Join::KIND, 1, &join(1, false)).add(
        Join::KIND,
        2,
        &Join { flags: 2, ..join(2, false) },
    );
    room.begin(&records.bytes).expect("in order");
    room.end(&[]).expect("in order");
    room
}

/// The bytes are records, then commands, tick by tick: two length bytes before each part.
pub fn bytes(data: &[u8]) {
    let mut room = start(2 + u32::from(data.first().copied().unwrap_or(0) & 1));
    let mut rest = data.get(1..).unwrap_or(&[]);
    for _ in 0..16 {
        let records = part(&mut rest);
        let commands = part(&mut rest);
        room.begin(records).expect("in order");
        room.end(commands).expect("in order");
        whole(&mut room);
    }
}

fn part<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let Some((length, tail)) = rest.split_first_chunk::<2>() else { return &[] };
    let length = usize::from(u16::from_le_bytes(*length)) % 2048;
    let (own, tail) = tail.split_at(length.min(tail.len()));
    *rest = tail;
    own
}

/// The bytes are a program: records and commands of the right shape with hostile values, packets
/// with a right header.
pub fn operations(data: &[u8]) {
    let mut at = Bytes { data, at: 0 };
    let mut room = start(2 + at.word() % 2);
    let mut sequence = 1u16;
    for tick in 0..32 {
        let mut records = Records::new();
        for _ in 0..at.word() % 6 {
            record(&mut room, &mut at, &mut records, &mut sequence);
        }
        let mut commands = Records::new();
        let events = room.begin(&records.bytes).expect("in order");
        support::parse(&events);
        for _ in 0..at.word() % 8 {
            command(&mut room, &mut at, &mut commands);
        }
        if tick == 16 {
            // Between two ticks' halves the region is the whole state too.
            let saved = room.region().to_vec();
            let mut copy = Instance::restore(&saved).expect("a whole region");
            copy.end(&commands.bytes).expect("in order");
            room.end(&commands.bytes).expect("in order");
            assert_eq!(copy.region_hash(), room.region_hash(), "the copy went another way");
        } else {
            room.end(&commands.bytes).expect("in order");
        }
        whole(&mut room);
        if at.at >= data.len() {
            break;
        }
    }
}

struct Bytes<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.data.get(self.at - 1).copied().unwrap_or(0)
    }

    fn word(&mut self) -> u32 {
        let first = self.byte();
        match first & 7 {
            0 => u32::from(first >> 3),
            1 => u32::from(first >> 3) << 16,
            2 => u32::from(self.byte()) * ONE as u32,
            3 => (u32::from(self.byte()) * ONE as u32).wrapping_neg(),
            4 => u32::MAX - u32::from(first >> 3),
            5 => 0x7fff_ffff + u32::from(first >> 3),
            6 => u32::from(self.byte()) << 8 | u32::from(self.byte()),
            _ => u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
        }
    }

    fn fill(&mut self, bytes: usize) -> Vec<u8> {
        let mut out = vec![0; bytes.next_multiple_of(4)];
        for four in out.chunks_exact_mut(4) {
            four.copy_from_slice(&self.word().to_le_bytes());
        }
        out.truncate(bytes);
        out
    }
}

fn record(room: &mut Instance, at: &mut Bytes, records: &mut Records, sequence: &mut u16) {
    let slot = (at.byte() % 7) as u16;
    match at.byte() % 7 {
        0 => records.add(
            Join::KIND,
            slot,
            &Join { flags: u16::from(at.byte() & 3), ..join(slot, false) },
        ),
        1 => records.add(Leave::KIND, slot, &Leave { code: 19, reserved: 0 }),
        2 => {
            let (x, y, buttons) = (at.byte() as i8, at.byte() as i8, u16::from(at.byte()));
            records.add(BotInput::KIND, slot, &input(x, y, buttons, at.word() as u16))
        }
        3 => {
            let length = usize::from(at.byte()) * 5 % 1200;
            let raw = at.fill(length);
            records.add_bytes(Packet::KIND, slot, bytes_of(&Packet { arrival_us: at.word() }), &raw)
        }
        4 | 5 => {
            let mut packet = vec![0; HEADER_BYTES];
            let length = usize::from(at.byte());
            packet.extend(at.fill(length));
            *sequence = sequence.wrapping_add(1 + u16::from(at.byte() & 1));
            let channel = room.room().r.channels.get(usize::from(slot)).map_or(0, |c| c.sequence);
            let ack = channel.wrapping_sub(u16::from(at.byte() & 7));
            let header = Header { sequence: *sequence, ack, ack_bits: at.word() };
            write_header(&mut packet, header, 1);
            records.add_bytes(
                Packet::KIND,
                slot,
                bytes_of(&Packet { arrival_us: at.word() }),
                &packet,
            )
        }
        _ => records.add(5 + u16::from(at.byte() & 1), slot, &at.word()),
    };
}

fn command(room: &mut Instance, at: &mut Bytes, commands: &mut Records) {
    const SHAPES: [(u16, usize); 14] = [
        (SetField::KIND, SetField::BYTES),
        (SetRoomField::KIND, SetRoomField::BYTES),
        (SetText::KIND, SetText::BYTES + 5),
        (Place::KIND, Place::BYTES),
        (Spawn::KIND, Spawn::BYTES),
        (Remove::KIND, Remove::BYTES),
        (Damage::KIND, Damage::BYTES),
        (ScaleHit::KIND, ScaleHit::BYTES),
        (AddTimer::KIND, AddTimer::BYTES),
        (CancelTimer::KIND, CancelTimer::BYTES),
        (Send::KIND, Send::BYTES + 40),
        (SetRandom::KIND, SetRandom::BYTES),
        (AddWalls::KIND, WallBox::BYTES),
        (Impulse::KIND, Impulse::BYTES),
    ];
    let (kind, bytes) = SHAPES[usize::from(at.byte()) % SHAPES.len()];
    let mut payload = at.fill(bytes);
    // Most commands name something that is there.
    let choice = at.byte();
    if choice & 3 != 0 {
        let mut view = room.room();
        let handle = match choice & 3 {
            1 => view.r.players[usize::from(choice >> 2) % 6],
            2 => view.r.spawnable[1 + usize::from(choice >> 2) % 8],
            _ => view.world().handle(usize::from(choice >> 2) % 24),
        };
        payload[..4].copy_from_slice(&handle.to_le_bytes());
    }
    let slot = if choice & 4 == 0 { u16::from(at.byte() % 7) } else { 0xffff };
    commands.add_bytes(kind, slot, &payload, &[]);
}

/// Counts agree with what they count.
fn whole(room: &mut Instance) {
    let sizes = *room.sizes();
    let mut view = room.room();
    let head = view.r.head[0];
    let free: u32 = view.r.free.iter().map(|bits| bits.count_ones()).sum();
    let players = view.r.clients.iter().filter(|client| client.player_id != 0).count() as u32;
    let handles: Vec<u32> = view.r.players.to_vec();
    let world = view.world();
    let used = world.column(column::KIND).iter().filter(|kind| **kind != kind::FREE).count() as u32;
    assert_eq!((free, used, players), (head.free_count, head.entities, head.players));
    assert_eq!(free + used + head.resting, sizes.entities);
    assert!(handles.iter().all(|handle| *handle == 0 || world.find(*handle).is_some()));
    let half = 30 * ONE;
    for i in (0..sizes.entities as usize).filter(|i| world.alive(*i)) {
        let (x, y, z) = (world.get(column::X, i), world.get(column::Y, i), world.get(column::Z, i));
        assert!(x.abs() <= half && y.abs() <= half && z >= 0, "row {i} stands at {x} {y} {z}");
    }
}
