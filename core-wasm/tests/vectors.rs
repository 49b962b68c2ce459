//! Golden bytes of the protocol, made by the core: `protocol/vectors/*.json`. This test compares them;
//! `FRAY_VECTORS=write cargo test --test vectors` writes them anew.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::Zeroable;
use fray_core::bits::{BitReader, BitWriter};
use fray_core::client::Client;
use fray_core::codec::heading::heading;
use fray_core::codec::input;
use fray_core::codec::number::{put_signed, put_velocity, AMOUNT, OWN, RESIDUAL};
use fray_core::codec::row::{Origin, RowCode};
use fray_core::codec::stride::Stride;
use fray_core::config::{plan_wire, Config, WireField, WireKind};
use fray_core::gen::*;

use fray_core::netchan::{write_header, Header};
use fray_core::rows::{Packed, Shape, Words, WIRE_WORDS};
use play::{Link, Play};
use std::fmt::Write;
use support::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Bits and bytes of what `write` puts.
fn stream(write: impl FnOnce(&mut BitWriter)) -> (u32, String) {
    let mut bytes = vec![0u8; 2048];
    let mut out = BitWriter::new(&mut bytes);
    write(&mut out);
    let bits = out.bits();
    let length = out.finish().unwrap();
    (bits, hex(&bytes[..length]))
}

fn keep(name: &str, text: &str) {
    let path = format!("{}/../protocol/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var("FRAY_VECTORS").as_deref() == Ok("write") {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{path} is stale: run FRAY_VECTORS=write cargo test --test vectors");
}

fn list(rows: &[String]) -> String {
    format!("[\n  {}\n]\n", rows.join(",\n  "))
}

#[test]
fn numbers() {
    let mut rows = Vec::new();
    for (name, set) in [("RESIDUAL", RESIDUAL), ("OWN", OWN), ("AMOUNT", AMOUNT)] {
        for value in [0, -1, 1, -3, 7, 100, -1000, 65535, -65535] {
            let (bits, hex) = stream(|out| put_signed(out, value, &set));
            rows.push(format!(
                r#"{{ "set": "{name}", "value": {value}, "bits": {bits}, "hex": "{hex}" }}"#
            ));
        }
    }
    keep("numbers", &list(&rows));
}

/// Velocities after others, and where they point in steps of 8 bits.
#[test]
fn velocities() {
    let mut rows = Vec::new();
    for (old, new) in [
        ([0, 0], [0, 7]),
        ([500, -250], [507, -258]),
        ([500, -250], [452, -187]),
        ([500, -250], [-500, 500]),
        ([500, -250], [1023, -1024]),
        ([500, -250], [1024, 3]),
        ([0, 0], [-32768, 32767]),
        ([-32768, 32767], [-32768, -1]),
    ] {
        let (bits, hex) = stream(|out| put_velocity(out, &old, &new));
        let way = heading([new[0], new[1], 0], 8).unwrap_or(0);
        rows.push(format!(
            r#"{{ "old": {old:?}, "new": {new:?}, "heading": {way}, "bits": {bits}, "hex": "{hex}" }}"#
        ));
    }
    keep("velocities", &list(&rows));
}

/// Velocities that players' controls ask for, and what a change of velocity falls behind a sudden one: exact, and of the wire.
#[test]
fn strides() {
    let setup = Setup::arena(4, 32);
    let stride = Stride::of(&setup.kinds[0], setup.head.position_shift, true);
    let mut rows = Vec::new();
    let mut old = ([0; 2], [0; 2]);
    for (x, y, age) in
        [(127, 0, 4), (-5, 90, 1), (-127, -127, 6), (90, -90, 15), (0, 0, 3), (1, -1, 40)]
    {
        let codes = [x, y].map(|control: i32| control as u32 & 255);
        let bytes = (1 | codes[0] << 1 | codes[1] << 9).to_le_bytes();
        let exact = stride.take_exact(&mut BitReader::new(&bytes)).unwrap();
        let wire = stride.take_wire(&mut BitReader::new(&bytes)).unwrap();
        rows.push(format!(
            r#"{{ "hex": "{}", "exact": {exact:?}, "wire": {wire:?}, "age": {age}, "lag": {:?}, "wireLag": {:?} }}"#,
            hex(&bytes[..3]),
            stride.lag(old.0, exact, age),
            stride.lag_wire(old.1, wire, age)
        ));
        old = (exact, wire);
    }
    keep("strides", &list(&rows));
}

#[test]
fn packets() {
    let mut rows = Vec::new();
    for (epoch, sequence, ack, ack_bits, stream) in [
        (1u32, 1u16, 0u16, 0u32, vec![0u8]),
        (0x1234_5678, 0xffff, 41, 0x8000_0001, vec![1, 2, 3]),
        (7, 300, 299, 0xffff_ffff, (0..40).collect()),
    ] {
        let mut packet = vec![0u8; 13];
        packet.extend_from_slice(&stream);
        write_header(&mut packet, Header { sequence, ack, ack_bits }, epoch);
        rows.push(format!(
            r#"{{ "epoch": {epoch}, "sequence": {sequence}, "ack": {ack}, "ackBits": {ack_bits}, "stream": "{}", "hex": "{}" }}"#,
            hex(&stream),
            hex(&packet)
        ));
    }
    keep("packets", &list(&rows));
}

#[test]
fn inputs() {
    let setup = Setup::arena(4, 32);
    let mut head = setup.head;
    let mut rows = Vec::new();
    let base = InputCommand {
        tick: 1000,
        buttons: 0,
        aim: 16384,
        move_x: 127,
        move_y: -5,
        ..InputCommand::zeroed()
    };
    let shot =
        InputCommand { buttons: 1, view_tick: 990, view_fraction: 32768, view_held: 3, ..base };
    for (name, aux, pitch, commands) in [
        ("none", 0, 0, vec![]),
        ("one", 0, 0, vec![base]),
        (
            "same twice, then a shot",
            0,
            0,
            vec![InputCommand { tick: 1002, ..base }, InputCommand { tick: 1001, ..base }, shot],
        ),
        ("pitch and aux", 2, 1, vec![InputCommand { pitch: -300, aux: [5, -6, 0, 0], ..base }]),
    ] {
        (head.input_aux, head.input_pitch) = (aux, pitch);
        let (bits, hex) = stream(|out| input::write(out, &head, commands.len(), |i| commands[i]));
        let said: Vec<String> = commands
            .iter()
            .map(|c| {
                format!(
                    r#"{{ "tick": {}, "buttons": {}, "moveX": {}, "moveY": {}, "aim": {}, "pitch": {}, "aux": [{}, {}], "viewTick": {}, "viewFraction": {}, "viewHeld": {} }}"#,
                    c.tick, c.buttons, c.move_x, c.move_y, c.aim, c.pitch, c.aux[0], c.aux[1], c.view_tick, c.view_fraction, c.view_held
                )
            })
            .collect();
        rows.push(format!(
            r#"{{ "name": "{name}", "inputButtons": {}, "inputPitch": {pitch}, "inputAux": {aux}, "commands": [{}], "bits": {bits}, "hex": "{hex}" }}"#,
            head.input_buttons,
            said.join(", ")
        ));
    }
    keep("inputs", &list(&rows));
}

fn words(row: &[(usize, i32)]) -> Words {
    let mut words = [0; WIRE_WORDS];
    // Generation 5, a living player, full health, the usual radius of 64 quanta.
    (words[0], words[9], words[12]) = (5 | 1 << 8 | 1 << 13, 100, 64);
    for (at, value) in row {
        words[*at] = *value;
    }
    words
}

#[test]
fn rows() {
    let setup = Setup::arena(4, 32);
    let bytes = setup.bytes();
    let mut aligned = vec![0u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut aligned)[..bytes.len()].copy_from_slice(&bytes);
    let config = Config::parse(&bytemuck::cast_slice(&aligned)[..bytes.len()]).unwrap();
    let (mut kinds, mut fields) = (vec![WireKind::default(); 4], vec![WireField::default(); 8]);
    plan_wire(&config, &mut kinds, &mut fields);
    let shape = Shape::new(&config, &kinds, &fields);
    let code = RowCode::new(&config, &shape);
    let base = words(&[(1, 1000), (2, -2000), (4, 500), (5, -250), (7, 300)]);
    let mut rows = Vec::new();
    // Of 10 bits: where (500, -250) points to.
    let facing = words(&[(1, 1000), (2, -2000), (4, 500), (5, -250), (7, 948)]);
    for (name, age, base, changes) in [
        ("as predicted", 4, &base, vec![(1, 1125), (2, -2062)]),
        ("one off in x", 4, &base, vec![(1, 1124), (2, -2062)]),
        ("far off", 4, &base, vec![(1, 1300), (2, -2062)]),
        (
            "turned 1 tick after the baseline",
            4,
            &base,
            vec![(1, 1031 - 94), (2, -2016 + 94), (4, -500), (5, 500)],
        ),
        (
            "turned, faces its way",
            4,
            &facing,
            vec![(1, 937), (2, -1922), (4, -500), (5, 500), (7, 384)],
        ),
        (
            "turned, beside its way",
            4,
            &facing,
            vec![(1, 937), (2, -1922), (4, -500), (5, 500), (7, 385)],
        ),
        (
            "turned, looks elsewhere",
            4,
            &facing,
            vec![(1, 937), (2, -1922), (4, -500), (5, 500), (7, 12)],
        ),
        ("new aim, hurt", 6, &base, vec![(1, 1188), (2, -2094), (7, 12), (9, 82)]),
        ("only hurt", 6, &base, vec![(1, 1188), (2, -2094), (9, 82)]),
        (
            "team, teleport, field",
            1,
            &base,
            vec![
                (0, 5 | 1 << 8 | 1 << 13 | 2 << 14),
                (1, 0),
                (2, 0),
                (4, 0),
                (5, 0),
                (10, 3),
                (13, 9),
            ],
        ),
    ] {
        let mut now = *base;
        for (at, value) in changes {
            now[at] = value;
        }
        let (bits, hex) = stream(|out| {
            let (base, now) = (packed(&shape, base), packed(&shape, &now));
            code.write_delta(out, &Packed::of(&base, false), &Packed::of(&now, false), age);
        });
        rows.push(format!(
            r#"{{ "name": "{name}", "age": {age}, "base": {:?}, "now": {:?}, "bits": {bits}, "hex": "{hex}" }}"#,
            &base[..14],
            &now[..14]
        ));
    }
    for (name, generation, at) in
        [("enters near", 5, 1000), ("enters far, old index", 0x305, 900_000)]
    {
        let now = words(&[(1, at), (2, -2000), (4, 500), (5, -250), (7, 300), (13, 9)]);
        let origin = Origin::of(1100 << 9, -(1900 << 9), 22 * ONE, 9);
        let (bits, hex) = stream(|out| {
            let now = packed(&shape, &now);
            code.write_full(out, &Packed::of(&now, false), generation, &origin);
        });
        rows.push(format!(
            r#"{{ "name": "{name}", "generation": {generation}, "origin": [{}, {}, {}], "now": {:?}, "bits": {bits}, "hex": "{hex}" }}"#,
            origin.x,
            origin.y,
            origin.bits,
            &now[..14]
        ));
    }
    keep("rows", &list(&rows));
}

fn packed(shape: &Shape, words: &Words) -> Vec<u16> {
    let mut row = vec![0; 64];
    shape.store(words, &mut row);
    row
}

/// What a client holds after a packet.
fn held(client: &mut Client) -> String {
    let m = &client.m;
    let (head, stats) = (m.head[0], m.stats[0]);
    let sizes = head.sizes;
    let place = (head.newest & (sizes.history - 1)) as usize;
    let own = m.own_fast[place];
    let slow = &m.own_slow[place * sizes.own_values as usize..][..sizes.own_values as usize];
    let words = sizes.set_words as usize;
    let set: Vec<usize> = (0..sizes.entities as usize)
        .filter(|e| m.sets[place * words + e / 32] >> (e % 32) & 1 != 0)
        .collect();
    let rows: Vec<String> = set
        .iter()
        .filter_map(|e| {
            client
                .held_row(head.newest, *e)
                .map(|row| format!(r#"[{e}, "{}"]"#, hex(bytemuck::cast_slice(row))))
        })
        .collect();
    let handles: Vec<u32> = set.iter().map(|e| m.handles[*e]).collect();
    format!(
        r#""tick": {}, "bodyBits": {}, "own": [{}, {}, {}, {}, {}, {}], "counters": [{}, {}, {}], "flags": {}, "slow": {slow:?}, "set": {set:?}, "handles": {handles:?}, "rows": [{}], "hashMismatches": {}"#,
        head.newest,
        stats.snapshot_bits,
        own.x,
        own.y,
        own.z,
        own.vx,
        own.vy,
        own.vz,
        own.dash_left,
        own.dash_wait,
        own.weapon_wait,
        own.flags & !4,
        rows.join(", "),
        stats.hash_mismatches
    )
}

#[test]
fn a_session() {
    let link = Link { delay: 1, jitter: 2, loss: 60, duplicate: 20, corrupt: 0, carries: 0 };
    let mut setup = Setup::arena(12, 64);
    setup.head.rules = 4;
    let walls = [wall(0, 0, 4 * ONE, ONE), wall(-10 * ONE, 8 * ONE, ONE, 6 * ONE)];
    let mut play = Play::new(setup.clone(), 2, 10, &walls, link, 21);
    let (player_id, handle) = {
        let client = play.room.room().r.clients[0];
        (client.player_id, client.handle)
    };
    let mut rows = Vec::new();
    for t in 0..120u32 {
        play.wander(true);
        if t % 40 == 7 {
            let message = [message::GAME, 0, t as u8];
            play.commands.add_bytes(
                Send::KIND,
                0xffff,
                bytemuck::bytes_of(&Send { except: 0xffff }),
                &message,
            );
        }
        let before = play.players[0].up.len();
        play.tick();
        if let Some((_, packet)) = play.players[0].up.get(before) {
            rows.push(format!(r#"{{ "to": "server", "hex": "{}" }}"#, hex(packet)));
        }
        // The client's packets of the next tick are taken in here, one by one, so that the state after each is kept.
        let now = play.tick_number() + 1;
        for packet in play::arrived(now, &mut play.players[0].down) {
            let player = &mut play.players[0];
            let taken = player.receive(&packet).map_or(-1, |bits| i64::from(bits & 1));
            let state = held(&mut player.client());
            rows.push(format!(
                r#"{{ "to": "client", "hex": "{}", "taken": {taken}, {state} }}"#,
                hex(&packet)
            ));
        }
        while let Some(length) = play.players[0].client().next_message() {
            let message = hex(&play.players[0].client().m.message[..length]);
            rows.push(format!(r#"{{ "message": "{message}" }}"#));
        }
    }
    let stats = play.players[0].stats();
    assert_eq!((stats.hash_mismatches, stats.correction_free_max), (0, 0));
    assert!(stats.events_seen > 5 && stats.stale > 0, "{stats:?}");
    // The table hash is of this tree's tables, not of the protocol.
    setup.head.table_hash = 0;
    let text = format!(
        "{{\n\"config\": \"{}\",\n\"epoch\": {}, \"playerId\": {player_id}, \"handle\": {handle}, \"verify\": true, \"wallsHash\": {}, \"wallsCount\": {},\n\"eventsSeen\": {},\n\"steps\": {}}}\n",
        hex(&setup.bytes()),
        setup.head.epoch,
        stats.walls_hash,
        stats.walls_count,
        stats.events_seen,
        list(&rows)
    );
    keep("session", &text);
}
