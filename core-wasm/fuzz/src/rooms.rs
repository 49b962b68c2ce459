//! The room under hostile records and commands.

use super::bytes::Bytes;
use super::stage::Stage;
use super::support::{self, input, join, ONE};
use bytemuck::bytes_of;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::netchan::{Header, HEADER_BYTES};
use std::cell::RefCell;

/// Ticks of one input.
const TICKS: usize = 8;

/// Most bytes of one part.
pub const PART: usize = 2048;

/// Kind and bytes of each command.
pub const SHAPES: [(u16, usize); 14] = [
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

thread_local! {
    static STAGES: RefCell<[Stage; 2]> = RefCell::new([Stage::new(2), Stage::new(3)]);
}

fn on_stage(high: bool, run: impl FnOnce(&mut Stage)) {
    STAGES.with_borrow_mut(|stages| {
        let stage = &mut stages[usize::from(high)];
        stage.reset_room();
        run(stage);
    });
}

/// The bytes are records, then commands, tick by tick: two length bytes before each part.
pub fn bytes(data: &[u8]) {
    let mut at = Bytes::new(data);
    on_stage(at.byte() & 1 != 0, |stage| {
        for _ in 0..TICKS {
            stage.room.begin(at.part(PART)).expect("in order");
            stage.room.end(at.part(PART)).expect("in order");
            whole(&mut stage.room);
            if at.over() {
                break;
            }
        }
    });
}

/// The bytes are a program: records and commands of the right shape with hostile values, packets
/// with a right header, real packets with edits.
pub fn operations(data: &[u8]) {
    let mut at = Bytes::new(data);
    let first = at.byte();
    on_stage(first & 1 != 0, |stage| {
        let mut next = 0;
        for tick in 0..TICKS {
            let mut records = Records::new();
            for _ in 0..at.byte() % 6 {
                record(stage, &mut at, &mut records, &mut next);
            }
            let mut commands = Records::new();
            let events = stage.room.begin(&records.bytes).expect("in order");
            support::parse(&events);
            for _ in 0..at.byte() % 8 {
                command(&mut stage.room, &mut at, &mut commands);
            }
            if tick == 1 && first == 0x5a {
                // Between two ticks' halves the region is the whole state too.
                let saved = stage.room.region().to_vec();
                let mut copy = Instance::restore(&saved).expect("a whole region");
                copy.end(&commands.bytes).expect("in order");
                stage.room.end(&commands.bytes).expect("in order");
                assert_eq!(
                    copy.region_hash(),
                    stage.room.region_hash(),
                    "the copy went another way"
                );
            } else {
                stage.room.end(&commands.bytes).expect("in order");
            }
            whole(&mut stage.room);
            if at.over() {
                break;
            }
        }
    });
}

fn record(stage: &mut Stage, at: &mut Bytes, records: &mut Records, next: &mut usize) {
    let slot = u16::from(at.byte() % 5);
    let arrival = |at: &mut Bytes| Packet { arrival_us: at.word() };
    match at.byte() % 8 {
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
            let length = usize::from(at.byte());
            let raw = at.fill(length);
            records.add_bytes(Packet::KIND, slot, bytes_of(&arrival(at)), &raw)
        }
        4 | 5 => {
            let mut packet = vec![0; HEADER_BYTES];
            let length = usize::from(at.byte()) % 96;
            packet.extend(at.fill(length));
            let header = expected(&mut stage.room, slot, next);
            at.edit(&mut packet, header, epoch(stage, slot));
            records.add_bytes(Packet::KIND, slot, bytes_of(&arrival(at)), &packet)
        }
        6 => {
            let mut packet = stage.to_room[usize::from(at.byte()) % stage.to_room.len()].clone();
            let header = expected(&mut stage.room, slot, next);
            at.edit(&mut packet, header, epoch(stage, slot));
            records.add_bytes(Packet::KIND, slot, bytes_of(&arrival(at)), &packet)
        }
        _ => match at.byte() & 3 {
            2 => records.add(Drop::KIND, slot, &Drop {}),
            3 => records.add(Resume::KIND, slot, &Resume { flags: u32::from(at.byte() & 3) }),
            kind => records.add(5 + u16::from(kind), slot, &at.word()),
        },
    };
}

/// The epoch of a slot's packets.
fn epoch(stage: &mut Stage, slot: u16) -> u32 {
    stage.room.room().r.epochs.get(usize::from(slot)).copied().unwrap_or(stage.epoch)
}

/// The header that the room waits for from a slot.
fn expected(room: &mut Instance, slot: u16, next: &mut usize) -> Header {
    *next += 1;
    let view = room.room();
    let Some(channel) = view.r.channels.get(usize::from(slot)) else {
        return Header { sequence: *next as u16, ack: 0, ack_bits: 0 };
    };
    let sequence = channel.received.wrapping_add(*next as u16);
    Header { sequence, ack: channel.sequence, ack_bits: u32::MAX }
}

fn command(room: &mut Instance, at: &mut Bytes, commands: &mut Records) {
    let (kind, bytes) = SHAPES[usize::from(at.byte()) % SHAPES.len()];
    let mut payload = at.fill(bytes);
    // Most commands name something that is there.
    let choice = at.byte();
    if choice & 3 != 0 {
        let entities = room.sizes().entities as usize;
        let mut view = room.room();
        let players = view.r.players.len();
        let handle = match choice & 3 {
            1 => view.r.players[usize::from(choice >> 2) % players],
            2 => view.r.spawnable[1 + usize::from(choice >> 2) % 8],
            _ => view.world().handle(usize::from(choice >> 2) % entities),
        };
        payload[..4].copy_from_slice(&handle.to_le_bytes());
    }
    let slot = if choice & 4 == 0 { u16::from(at.byte() % 5) } else { 0xffff };
    commands.add_bytes(kind, slot, &payload, &[]);
}

/// Counts agree with what they count.
fn whole(room: &mut Instance) {
    let sizes = *room.sizes();
    let mut view = room.room();
    let head = view.r.head[0];
    let free: u32 = view.r.free.iter().map(|bits| bits.count_ones()).sum();
    let players = view.r.clients.iter().filter(|client| client.player_id != 0).count() as u32;
    let mut handles = [0; 8];
    handles[..view.r.players.len()].copy_from_slice(view.r.players);
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
