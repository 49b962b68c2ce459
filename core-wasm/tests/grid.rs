//! The grid over entities against brute force, for worlds and cells of any size, and points anywhere.

mod support;

use fray_core::config::{Config, Sizes};
use fray_core::gen::*;
use fray_core::grid::build;
use fray_core::world::World;
use proptest::prelude::*;
use support::*;

/// Coordinates near zero, near the edges of the world, beyond them, and at the ends of what an i32 holds.
fn coordinate(random: &mut Seeded, half: i32) -> i32 {
    match random.below(8) {
        0 => half,
        1 => -half,
        2 => random.between(-half / 64 - 1, half / 64 + 1),
        3 => random.between(i32::MIN / 2, i32::MAX / 2),
        _ => random.between(-half, half),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_a_rectangle_is_told_once(
        seed in any::<u32>(), width in 17u32..=30, depth in 17u32..=30, cell in 13u32..=30, odd in 0i32..999,
        entities in 1u32..200,
    ) {
        let mut random = Seeded::new(seed);
        let mut setup = Setup::arena(1, entities);
        setup.head.half_width = ((1i64 << width) - i64::from(odd)) as i32;
        setup.head.half_depth = (1 << depth) - odd / 2;
        setup.head.cell = (1 << cell) - odd;
        let bytes = setup.bytes();
        let mut aligned = vec![0u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut aligned)[..bytes.len()].copy_from_slice(&bytes);
        let config = Config::parse(&bytemuck::cast_slice(&aligned)[..bytes.len()]).unwrap();
        let sizes = Sizes::of(&config, bytes.len() as u32);
        let n = entities as usize;
        let mut columns = vec![0; setup.head.columns as usize * n];
        let mut world = World::new(&mut columns, n);
        for i in 0..n {
            // What stands outside is kept in the cells at the edge; nothing in a room does.
            world.set(column::X, i, random.between(-setup.head.half_width, setup.head.half_width));
            world.set(column::Y, i, random.between(-setup.head.half_depth, setup.head.half_depth));
            world.set(column::KIND, i, random.below(3) as i32);
        }
        let mut starts = vec![7; (sizes.cells_x * sizes.cells_y + 1) as usize];
        let (mut items, mut of) = (vec![7; n], vec![7; n]);
        let memory = (&mut starts[..], &mut items[..], &mut of[..]);
        let grid = build(config.head, &sizes, &world, memory, |world, i| world.get(column::KIND, i) > 0);
        for _ in 0..30 {
            let (half_x, half_y) = (setup.head.half_width, setup.head.half_depth);
            let from = (coordinate(&mut random, half_x), coordinate(&mut random, half_y));
            let to = (coordinate(&mut random, half_x), coordinate(&mut random, half_y));
            let bits = random.below(31);
            let reach = random.between(0, 1 << bits);
            for (from, to) in [(from, from), (from, to)] {
                let mut told = Vec::new();
                if from == to {
                    grid.near(from.0, from.1, reach, |i| told.push(i));
                } else {
                    grid.along(from, to, reach, |i| told.push(i));
                }
                let count = told.len();
                told.sort_unstable();
                told.dedup();
                prop_assert_eq!(told.len(), count, "told once");
                let within = |at: i32, a: i32, b: i32| {
                    let (at, reach) = (i64::from(at), i64::from(reach));
                    (i64::from(a.min(b)) - reach..=i64::from(a.max(b)) + reach).contains(&at)
                };
                for i in 0..n {
                    let wanted = world.get(column::KIND, i) > 0;
                    let x = within(world.get(column::X, i), from.0, to.0);
                    let y = within(world.get(column::Y, i), from.1, to.1);
                    let found = told.binary_search(&i).is_ok();
                    prop_assert!(wanted || !found, "row {} is not in the grid", i);
                    prop_assert!(!(wanted && x && y) || found, "row {} between {:?} and {:?}", i, from, to);
                }
            }
        }
    }
}
