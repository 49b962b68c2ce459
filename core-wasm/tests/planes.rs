//! What the encoder keeps between clients, ticks and calls, against an encoder that keeps nothing: the leaves, members and
//! enters of each packet are written anew with `RowCode` from rows that hold nothing but what their kind has, and stand
//! at the end of the packet bit by bit. A twin that goes on from a copy of the region, with other scratch, makes the
//! same packets and the same region each tick.

#[path = "support/play.rs"]
mod play;
#[path = "support/planes.rs"]
mod rig;
mod support;

use fray_core::bits::BitWriter;
use fray_core::codec::row::RowCode;
use fray_core::fixed::{length, longer, shift_round};
use fray_core::gen::*;
use fray_core::host::Records;
use play::Link;
use proptest::prelude::*;
use rig::{setup, Case, Seen};
use support::*;

fn links(count: usize) -> Vec<Link> {
    let link = |k: u32| Link {
        delay: 1 + k * 3 % 19,
        jitter: k % 4,
        loss: 40 * (k % 5),
        ..Link::default()
    };
    (0..count as u32).map(link).collect()
}

#[test]
fn packets_hold_what_an_encoder_without_memory_writes() {
    for (seed, dimensions, rate, entities) in
        [(1, 2, 30, 64), (2, 3, 30, 95), (3, 2, 128, 33), (4, 3, 60, 130), (5, 2, 10, 31)]
    {
        let mut setup = setup(14, entities, rate, dimensions);
        setup.head.snapshot_bytes_max = 400;
        let mut case = Case::new(setup, seed);
        case.turnover = 8;
        case.seat(&links(12));
        case.run(500);
        println!("{:?}", case.seen);
        let Seen { members, short, long, too_long, .. } = case.seen;
        assert!(members > 10_000 && short > 5_000, "{:?}", case.seen);
        assert!(long > 20 && too_long > 20, "{:?}", case.seen);
    }
}

#[test]
fn more_ages_than_planes_are_the_same() {
    let mut setup = setup(20, 120, 128, 3);
    setup.head.snapshot_bytes_max = 240;
    let mut case = Case::new(setup, 9);
    case.lines_dead = true;
    case.turnover = 2;
    case.busy = 5;
    case.seat(&links(20));
    case.run(800);
    println!("{:?}", case.seen);
    assert!(case.seen.ages.len() > 100 && case.seen.mixed > 500, "{:?}", case.seen);
}

#[test]
fn baselines_as_old_as_the_history_are_the_same() {
    let mut setup = setup(3, 140, 30, 3);
    setup.head.history_ticks = 64;
    setup.head.snapshot_bytes_max = 225;
    setup.kinds[0].view_radius = 80 * ONE;
    let mut case = Case::new(setup, 4);
    (case.large, case.busy) = (true, 400);
    case.seat(&[1, 2, 3].map(|delay| Link { delay, jitter: 3, loss: 500, ..Link::default() }));
    case.run(1500);
    println!("{:?}", case.seen);
    let oldest = case.seen.ages.iter().max().copied().unwrap_or(0);
    assert!(oldest == 63 && case.seen.anew > 0, "{oldest} {:?}", case.seen);
}

#[test]
fn a_pool_of_long_differences_that_is_full_changes_nothing() {
    let mut case = Case::new(setup(24, 60, 60, 2), 11);
    case.busy = 1000;
    case.seat(&links(24));
    case.run(200);
    println!("{:?}", case.seen);
    assert!(case.seen.long > 500 && case.seen.too_long > 500, "{:?}", case.seen);
}

#[test]
fn a_room_of_one_entity_and_one_of_the_most_are_the_same() {
    let mut alone = Case::new(setup(1, 1, 30, 3), 3);
    alone.turnover = 5;
    alone.seat(&links(1));
    alone.run(200);
    // Everybody sees everything: more than one packet holds, and a plane is filled at once.
    let mut large = setup(4, ENTITIES_MAX, 30, 2);
    large.head.history_ticks = 64;
    large.kinds[0].view_radius = 80 * ONE;
    let mut most = Case::new(large, 5);
    most.busy = 2;
    most.fill = 2 * ENTITIES_MAX / SPAWNABLE_MAX;
    most.seat(&links(4));
    most.run(30 + 2 * ENTITIES_MAX / SPAWNABLE_MAX);
    println!("{:?}", most.seen);
    assert!(most.room.room().r.head[0].entities > 3000 && most.seen.members > 2_000);
}

#[test]
fn fields_of_the_entity_that_had_the_index_before_cost_nothing() {
    let mut setup = setup(1, 4, 30, 2);
    setup.head.history_ticks = 64;
    let mut case = Case::new(setup, 1);
    case.busy = 0;
    case.seat(&[Link { delay: 1, ..Link::default() }]);
    let spawn = |case: &mut Case, kind: u32| {
        let handle = case.room.room().r.spawnable[1];
        let at = Spawn { kind, handle, x: ONE, ..bytemuck::Zeroable::zeroed() };
        let mut commands = Records::new();
        commands.add(Spawn::KIND, 0, &at);
        case.tick(&Records::new(), &commands);
        handle
    };
    let handle = spawn(&mut case, 5);
    for value in 0..100 {
        let mut commands = Records::new();
        let field = SetField { handle, column: 40, value };
        commands.add(SetField::KIND, 0, &field);
        case.tick(&Records::new(), &commands);
    }
    let mut commands = Records::new();
    commands.add(Remove::KIND, 0, &Remove { handle });
    case.tick(&Records::new(), &commands);
    while case.room.room().r.free[0] >> (handle & 0xffff) & 1 == 0 {
        case.tick(&Records::new(), &Records::new());
    }
    let next = spawn(&mut case, 3);
    assert_eq!(next & 0xffff, handle & 0xffff, "the index is taken again");
    for _ in 0..200 {
        case.tick(&Records::new(), &Records::new());
        let r = case.room.room().r;
        assert!(r.steady_since[(next & 0xffff) as usize] <= r.born[(next & 0xffff) as usize] + 1);
    }
}

/// A piece of a stream.
#[derive(Clone, Debug)]
enum Piece {
    Put(u32, u32),
    Long(u64, u32),
    All(Vec<(u64, u32)>),
    Splice([u64; 2], u32),
}

fn low(value: u64, count: u32) -> u64 {
    value & if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

fn piece() -> impl Strategy<Value = Piece> {
    let short = (any::<u64>(), 0u32..=56).prop_map(|(v, n)| (low(v, n), n));
    prop_oneof![
        (any::<u32>(), 0u32..=32).prop_map(|(v, n)| Piece::Put(low(v.into(), n) as u32, n)),
        (any::<u64>(), 0u32..=64).prop_map(|(v, n)| Piece::Long(low(v, n), n)),
        prop::collection::vec(short, 0..12).prop_map(Piece::All),
        (any::<[u64; 2]>(), 0u32..=128).prop_map(|(v, n)| Piece::Splice(v, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_is_the_bits_put_into_it_however_short_its_slice(
        pieces in prop::collection::vec(piece(), 0..20),
        room in 0usize..96,
        kept in 0usize..20,
    ) {
        let mut bytes = vec![0xeeu8; room];
        let mut out = BitWriter::new(&mut bytes);
        let mut bits: Vec<bool> = Vec::new();
        let add = |bits: &mut Vec<bool>, v: u64, n: u32| bits.extend((0..n).map(|k| v >> k & 1 != 0));
        for (k, piece) in pieces.iter().enumerate() {
            let mark = out.mark();
            let before = bits.len();
            // What is taken back leaves no trace, even if it did not fit.
            for again in 0..1 + u32::from(k == kept) {
                if again > 0 {
                    out.back_to(mark);
                    bits.truncate(before);
                }
                match piece {
                    Piece::Put(v, n) => {
                        out.put(*v, *n);
                        add(&mut bits, (*v).into(), *n);
                    }
                    Piece::Long(v, n) => {
                        out.put_long(*v, *n);
                        add(&mut bits, *v, *n);
                    }
                    Piece::All(all) => {
                        out.put_all(all.iter().copied());
                        all.iter().for_each(|(v, n)| add(&mut bits, *v, *n));
                    }
                    Piece::Splice(v, n) => {
                        out.splice(v, *n);
                        add(&mut bits, v[0], (*n).min(64));
                        add(&mut bits, v[1], n.saturating_sub(64));
                    }
                }
            }
            prop_assert_eq!(out.bits() as usize, bits.len());
            prop_assert_eq!(out.ok(), bits.len() <= room * 8);
        }
        let fits = bits.len() <= room * 8;
        let length = out.finish();
        prop_assert_eq!(length, fits.then_some(bits.len().div_ceil(8)));
        for (k, byte) in bytes.iter().enumerate().take(bits.len().div_ceil(8)) {
            let whole = (0..8).map(|b| u8::from(bits.get(k * 8 + b) == Some(&true)) << b).sum::<u8>();
            if fits || (k + 1) * 8 <= bits.len() {
                prop_assert_eq!(*byte, whole, "byte {}", k);
            }
        }
    }

    #[test]
    fn rounding_and_lengths_are_what_they_were(a in any::<i32>(), b in any::<i32>(), shift in 0u32..40, limit in 0..i32::MAX, near in -2i32..=2) {
        for value in [i64::from(a) * i64::from(b), i64::from(a), i64::from(near)] {
            let half = if shift == 0 { 0 } else { 1i64 << (shift - 1) };
            let plain = if value >= 0 { (value + half) >> shift } else { -((half - value) >> shift) };
            prop_assert_eq!(shift_round(value, shift), plain);
        }
        let (x, y) = (a >> 1, b >> 1);
        let long = length(x, y);
        for limit in [limit, long.saturating_add(near).max(0)] {
            prop_assert_eq!(longer(x, y, limit), long > limit);
        }
    }
}

#[test]
fn a_near_code_is_said_exactly_for_offsets_of_a_quantum() {
    for dimensions in [2, 3] {
        let mut room = setup(1, 1, 30, dimensions).room(&[]);
        let room = room.room();
        let shape = room.shape();
        let code = RowCode::new(&room.config, &shape);
        let odd = [-2, -1, 0, 1, 2, i32::MIN, i32::MAX, i32::MIN + 1, 0x5555_5555, -0x5555_5556];
        for (x, y, z) in
            odd.iter().flat_map(|x| odd.iter().flat_map(move |y| odd.map(|z| (*x, *y, z))))
        {
            let z = if dimensions == 3 { z } else { 0 };
            let found = code.near([x, y, z]);
            if ![x, y, z].iter().all(|v| (-1..=1).contains(v)) {
                assert_eq!(found, 0, "{x} {y} {z}");
            } else if (x, y, z) == (0, 0, 0) {
                assert_eq!(found, 1);
            } else {
                let (middle, bits) = if dimensions == 3 { (13, 7) } else { (4, 5) };
                let all = x + 1 + 3 * (y + 1) + if dimensions == 3 { 9 * (z + 1) } else { 0 };
                let number = (all - i32::from(all > middle)) as u64;
                assert_eq!(found, bits | (1 | number << 2) << 8, "{x} {y} {z}");
            }
        }
    }
}
