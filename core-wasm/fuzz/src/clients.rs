//! The client half under hostile packets, messages and callers.

use super::bytes::Bytes;
use super::stage::Stage;
use bytemuck::{bytes_of, Zeroable};
use fray_core::client::Client;
use fray_core::gen::*;
use fray_core::host::Records;
use fray_core::netchan::{Header, HEADER_BYTES};
use std::cell::RefCell;

thread_local! {
    static STAGES: RefCell<[Stage; 2]> = RefCell::new([Stage::new(2), Stage::new(3)]);
}

fn on_stage(high: bool, run: impl FnOnce(&mut Stage)) {
    STAGES.with_borrow_mut(|stages| {
        let stage = &mut stages[usize::from(high)];
        stage.reset_client();
        run(stage);
    });
}

/// The bytes are packets: two length bytes, then the packet; even first bytes have their header made to fit.
pub fn bytes(data: &[u8]) {
    let mut at = Bytes::new(data);
    on_stage(at.byte() & 1 != 0, |stage| {
        for _ in 0..16 {
            let fits = at.byte() & 1 == 0;
            let mut packet = at.part(1121).to_vec();
            if fits {
                packet.splice(0..0, [0; HEADER_BYTES]);
                let header = expected(&stage.client(), 1);
                packet.truncate(1120);
                fray_core::netchan::write_header(&mut packet, header, stage.epoch);
            }
            receive(stage, &packet);
            show(stage, 0, 0);
            if at.over() {
                break;
            }
        }
    });
}

/// The bytes are a program: real packets in any order and with edits, messages of the server with any content, commands,
/// views and messages of the host.
pub fn operations(data: &[u8]) {
    let mut at = Bytes::new(data);
    let first = at.byte();
    on_stage(first & 1 != 0, |stage| {
        let with_room = first & 2 != 0;
        if with_room {
            stage.reset_room();
        }
        let mut next = 0;
        for _ in 0..16 {
            let what = at.byte();
            match what % 8 {
                0 | 1 => {
                    let packet = stage.to_client[next % stage.to_client.len()].clone();
                    next += 1;
                    receive(stage, &packet);
                }
                2 | 3 => {
                    let k = usize::from(at.byte()) % stage.to_client.len();
                    let mut packet = stage.to_client[k].clone();
                    let own = u16::from_le_bytes([packet[1], packet[2]]);
                    let mut header = expected(&stage.client(), 1);
                    if what & 8 == 0 {
                        // Its own number: references keep their meaning.
                        header.sequence = own;
                    }
                    at.edit(&mut packet, header, stage.epoch);
                    receive(stage, &packet);
                }
                4 if with_room => server_tick(stage, &mut at),
                4 => show(stage, at.word(), at.word()),
                5 => sample(stage, &mut at, what),
                6 => {
                    let bytes = at.part(200);
                    let mut client = stage.client();
                    client.m.message[..bytes.len()].copy_from_slice(bytes);
                    let _ = client.send(bytes.len());
                }
                _ => {
                    let tick = at.word();
                    let mut client = stage.client();
                    client.predict(what & 8 == 0);
                    let length = client.packet(tick).expect("joined");
                    assert!((HEADER_BYTES..=1120).contains(&length));
                }
            }
            whole(&mut stage.client());
            if at.over() {
                break;
            }
        }
        show(stage, u32::from(first), u32::from(first) << 9);
    });
}

/// The room of the same moment sends a message of any content, as its plugin could; the packet reaches the client.
fn server_tick(stage: &mut Stage, at: &mut Bytes) {
    let kind = at.byte() % 6;
    let mut message = vec![kind];
    let bytes = usize::from(at.byte());
    message.extend(if kind & 1 == 0 { at.slice(bytes).to_vec() } else { at.fill(bytes) });
    let mut commands = Records::new();
    let all = Send { except: u32::MAX };
    commands.add_bytes(Send::KIND, 0xffff, bytes_of(&all), &message);
    stage.room.begin(&[]).expect("in order");
    for (slot, packet) in stage.room.end(&commands.bytes).expect("in order") {
        if slot == 0 {
            receive(stage, &packet);
        }
    }
}

fn sample(stage: &mut Stage, at: &mut Bytes, what: u8) {
    let mut client = stage.client();
    let local = client.m.head[0].local;
    let tick =
        if what & 8 == 0 { local.wrapping_add(1 + u32::from(at.byte() & 7)) } else { at.word() };
    client.m.command[0] = InputCommand {
        tick,
        buttons: u16::from(at.byte()),
        aim: at.word() as u16,
        move_x: at.byte() as i8,
        move_y: at.byte() as i8,
        view_tick: at.word(),
        ..InputCommand::zeroed()
    };
    let _ = client.sample();
}

/// The header of the next packet that this client waits for.
fn expected(client: &Client, ahead: u16) -> Header {
    let channel = &client.m.channel[0];
    Header {
        sequence: channel.received.wrapping_add(ahead),
        ack: channel.sequence,
        ack_bits: u32::MAX,
    }
}

/// Takes a packet in, and whatever waits then. A refused one changes nothing but a counter.
fn receive(stage: &mut Stage, packet: &[u8]) {
    let mut client = stage.client();
    client.m.packet[..packet.len()].copy_from_slice(packet);
    let before = standing(&client);
    let answer = client.receive(packet.len());
    if answer.is_err() {
        assert_eq!(before, standing(&client), "a refused packet left a trace");
    }
    while client.next_message().is_some() {}
    while client.next_event() {}
    whole(&mut client);
}

type Standing = (u32, u16, u32, u16, u16, u32, u32, u32, u32);

fn standing(client: &Client) -> Standing {
    let (channel, head, stats) = (&client.m.channel[0], &client.m.head[0], &client.m.stats[0]);
    (
        head.newest,
        channel.received,
        channel.received_bits,
        channel.acked,
        channel.expected,
        channel.messages_received,
        stats.snapshots,
        stats.visible,
        head.local,
    )
}

/// Everything is drawn, at any time.
fn show(stage: &mut Stage, tick: u32, local: u32) {
    let mut client = stage.client();
    let newest = client.m.head[0].newest;
    for (tick, local) in [(newest.wrapping_sub(3), newest), (tick, local)] {
        let shown = client.view(tick, local, local, tick) as usize;
        assert!(shown < client.m.view_list.len());
        let entities = client.m.head[0].sizes.entities;
        assert!(client.m.view_list[1..=shown].iter().all(|row| *row < entities));
    }
}

fn whole(client: &mut Client) {
    let (head, stats) = (&client.m.head[0], &client.m.stats[0]);
    assert!(stats.visible <= head.sizes.entities);
    assert!(head.newest == stats.snapshot_tick, "{} {}", head.newest, stats.snapshot_tick);
}
