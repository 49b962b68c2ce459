//! First inputs of a corpus: what a real play sends, in the shape that each target reads.

use super::rooms::{self, SHAPES};
use super::stage::Stage;
use super::support::{input, join};
use bytemuck::bytes_of;
use fray_core::gen::*;
use fray_core::host::Records;
use fray_core::netchan::HEADER_BYTES;

/// Target and bytes of each.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut out = Vec::new();
    for dimensions in [2, 3] {
        let mut stage = Stage::new(dimensions);
        let first = (dimensions - 2) as u8;
        for packet in stage.to_client.clone() {
            out.push(("client_bytes", with_parts(first, &[(1, &packet)])));
            out.push(("client_bytes", with_parts(first, &[(0, &packet[HEADER_BYTES..])])));
        }
        let in_order: Vec<(u8, &[u8])> =
            stage.to_client.iter().take(4).map(|packet| (1, packet.as_slice())).collect();
        out.push(("client_bytes", with_parts(first, &in_order)));
        for records in records(&stage) {
            out.push(("room_bytes", two_parts(first, &records.bytes, &[])));
        }
        let player = stage.room.room().r.players[0];
        for (kind, bytes) in SHAPES {
            let mut payload = vec![0; bytes];
            payload[..4].copy_from_slice(&player.to_le_bytes());
            let mut commands = Records::new();
            commands.add_bytes(kind, 0, &payload, &[]);
            out.push(("room_bytes", two_parts(first, &[], &commands.bytes)));
        }
        for k in 0..8u8 {
            // Every operation once, with growing numbers behind it.
            let program: Vec<u8> = (0..48u8).map(|i| i.wrapping_mul(k + 1) ^ k).collect();
            out.push(("room_operations", [&[first], program.as_slice()].concat()));
            out.push(("client_operations", [&[first | 2], program.as_slice()].concat()));
        }
    }
    out
}

fn records(stage: &Stage) -> Vec<Records> {
    let mut out = Vec::new();
    let mut add = |fill: &dyn Fn(&mut Records)| {
        let mut records = Records::new();
        fill(&mut records);
        out.push(records);
    };
    add(&|r| {
        r.add(Join::KIND, 3, &join(3, false));
    });
    add(&|r| {
        r.add(Leave::KIND, 1, &Leave { code: 19, reserved: 0 });
    });
    add(&|r| {
        r.add(BotInput::KIND, 2, &input(100, -20, 3, 9000));
    });
    add(&|r| {
        r.add(Overload::KIND, 0, &2u32);
    });
    add(&|r| {
        r.add(Dilation::KIND, 0, &900u32);
    });
    for packet in &stage.to_room {
        let head = Packet { arrival_us: 1000 };
        add(&|r| {
            r.add_bytes(Packet::KIND, 0, bytes_of(&head), packet);
        });
    }
    out
}

fn with_parts(first: u8, parts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = vec![first];
    for (flag, bytes) in parts {
        out.push(*flag);
        part(&mut out, bytes);
    }
    out
}

fn two_parts(first: u8, records: &[u8], commands: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    part(&mut out, records);
    part(&mut out, commands);
    debug_assert!(out.len() < 3 * rooms::PART);
    out
}

fn part(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend(bytes);
}
