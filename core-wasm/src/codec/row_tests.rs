//! Round trips of rows and differences.

use super::*;
use crate::config::{WireField, WireKind, ROW_HALVES_FLAT, ROW_HALVES_HIGH};
use proptest::prelude::*;

const KINDS: [ConfigKind; 2] = {
    let mut kind: ConfigKind = nothing();
    kind.radius = 32768;
    kind.health = 100;
    (kind.top_speed, kind.acceleration, kind.friction) = (15292, 5097, 3641);
    [kind, kind]
};

const fn nothing() -> ConfigKind {
    ConfigKind {
        radius: 0,
        depth: 0,
        head: 0,
        height: 0,
        flags: 0,
        health: 0,
        top_speed: 0,
        acceleration: 0,
        friction: 0,
        view_radius: 0,
        moves: 0,
        seen_within: 0,
        relevance: 0,
    }
}

fn any_row(high: bool) -> impl Strategy<Value = Words> {
    let small = prop_oneof![Just(0i32), -3..=3i32, -600..=600i32, -32768..=32767i32];
    let place = prop_oneof![-20000..=20000i32, any::<i32>()];
    (
        (0..256i32, 1..=2i32, 0..4i32),
        prop::array::uniform3(place),
        prop::array::uniform3(small),
        (0..1024i32, -512..512i32, 0..=100i32, 0..256i32, 0..256i32, 0..65536i32),
        (any::<i32>(), 0..16i32, -8..8i32),
    )
        .prop_map(move |(head, at, speed, rest, fields)| {
            let mut words = [0; WIRE_WORDS];
            words[W_HEAD] = head.0 | head.1 << 8 | HEAD_ALIVE | head.2 << 14;
            let axes = if high { 3 } else { 2 };
            words[W_X..W_X + axes].copy_from_slice(&at[..axes]);
            words[W_VX..W_VX + axes].copy_from_slice(&speed[..axes]);
            (words[W_AIM], words[W_HEALTH]) = (rest.0, rest.2);
            words[W_PITCH] = if high { rest.1 } else { 0 };
            (words[W_TEAM], words[W_WEAPON], words[W_RADIUS]) = (rest.3, rest.4, rest.5);
            (words[W_FIELDS], words[W_FIELDS + 1], words[W_FIELDS + 2]) = fields;
            words
        })
}

fn with_code(high: bool, run: impl FnOnce(&RowCode)) {
    let first = if high { ROW_HALVES_HIGH } else { ROW_HALVES_FLAT } as u16;
    let field = |at, bits, signed| {
        let half = first + at;
        WireField { column: 32, half, bits, signed, reserved: [0; 2] }
    };
    let fields = [field(0, 32, 1), field(2, 4, 0), field(3, 4, 1)];
    let kinds = [WireKind { first: 0, count: 3 }, WireKind { first: 0, count: 3 }];
    let shape = Shape {
        kinds: &kinds,
        fields: &fields,
        high,
        heads: false,
        shift: 9,
        aim_bits: 10,
        health_max: 100,
    };
    let stride = Stride::of(&KINDS[0], 9, !high);
    run(&RowCode { shape: &shape, health_bits: 7, kind_bits: 2, kinds: &KINDS, stride });
}

fn pack(shape: &Shape, words: &Words) -> [u16; 32] {
    let mut row = [0; 32];
    shape.store(words, &mut row);
    assert_eq!(shape.load(&row), *words);
    row
}

fn round(code: &RowCode, base: &Words, now: &Words, age: i32) -> Words {
    let mut bytes = [0u8; 512];
    let mut out = BitWriter::new(&mut bytes);
    let (before, after) = (pack(code.shape, base), pack(code.shape, now));
    let high = code.shape.high;
    code.write_delta(&mut out, &Packed::of(&before, high), &Packed::of(&after, high), age);
    let bits = out.bits();
    out.finish().unwrap();
    let mut reader = BitReader::new(&bytes);
    let back = code.read_delta(&mut reader, base, age);
    assert!(reader.ok() && reader.position() == bits);
    back
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_difference_returns(high in any::<bool>(), base in any_row(true), now in any_row(true), mask in any::<u16>(), off in prop::array::uniform3(-2..=2i32), age in 1..200i32) {
        with_code(high, |code| {
            let (mut base, mut now) = (base, now);
            if !high {
                for at in [W_Z, W_VZ, W_PITCH] {
                    (base[at], now[at]) = (0, 0);
                }
            }
            // Same entity; only what the mask says differs from the prediction.
            let mut guess = base;
            guess[W_X..=W_Z]
                .copy_from_slice(&led_all(place_of(&base), velocity_of(&base), age));
            now[W_HEAD] = base[W_HEAD] & !(3 << 14) | now[W_HEAD] & 3 << 14;
            for at in 0..W_FIELDS + 3 {
                if mask >> at & 1 == 0 {
                    now[at] = guess[at];
                }
            }
            for (axis, value) in off.iter().enumerate().take(if high { 3 } else { 2 }) {
                now[W_X + axis] = now[W_X + axis].wrapping_add(*value);
            }
            assert_eq!(round(code, &base, &now, age), now);
        });
    }

    #[test]
    fn any_full_state_returns(high in any::<bool>(), now in any_row(true), generation in 1..65536u32, x in -20000..20000i32, bits in 8u32..14) {
        with_code(high, |code| {
            let mut now = now;
            if !high {
                for at in [W_Z, W_VZ, W_PITCH] {
                    now[at] = 0;
                }
            }
            now[W_HEAD] = now[W_HEAD] & !0xff | generation as i32 & 0xff;
            let origin = Origin { x, y: -x, bits };
            let mut bytes = [0u8; 512];
            let mut out = BitWriter::new(&mut bytes);
            let row = pack(code.shape, &now);
            code.write_full(&mut out, &Packed::of(&row, high), generation, &origin);
            let written = out.bits();
            out.finish().unwrap();
            let mut reader = BitReader::new(&bytes);
            assert_eq!(code.read_full(&mut reader, &origin), (now, generation));
            assert!(reader.ok() && reader.position() == written);
        });
    }
}

#[test]
fn no_entity_takes_more_than_is_kept_for_it() {
    const LOW_BIT: i32 = 0x5555_5555;
    for high in [false, true] {
        with_code(high, |code| {
            let mut words = [0; WIRE_WORDS];
            words[W_HEAD] = 255 | 1 << 8 | HEAD_ALIVE | 3 << 14;
            (words[W_X], words[W_Y], words[W_VX], words[W_VY]) =
                (i32::MIN, i32::MAX, -32768, 32767);
            (words[W_AIM], words[W_HEALTH], words[W_TEAM]) = (1, 99, 255);
            (words[W_WEAPON], words[W_RADIUS]) = (255, 0xffff);
            (words[W_FIELDS], words[W_FIELDS + 1], words[W_FIELDS + 2]) = (LOW_BIT, 15, -8);
            if high {
                (words[W_Z], words[W_VZ], words[W_PITCH]) = (i32::MIN, -32768, -1);
            }
            let row = pack(code.shape, &words);
            let mut bytes = [0u8; 512];
            let mut out = BitWriter::new(&mut bytes);
            code.write_full(&mut out, &Packed::of(&row, high), 0xffff, &Origin::default());
            let fields =
                [(1, 32), (1, 4), (1, 4)].map(|(said, bits)| said + bits).iter().sum::<u32>();
            let head = ConfigHead {
                dimensions: if high { 3 } else { 2 },
                aim_bits: code.shape.aim_bits,
                health_bits: code.health_bits,
                ..bytemuck::Zeroable::zeroed()
            };
            // A kind number of 5 bits; beside it owner, command, index and age.
            let most = entity_bits_most(&head, fields) - 3 - 44 - 22;
            assert_eq!(out.bits(), most - u32::from(high), "players of this one tell no strides");
        });
    }
}
