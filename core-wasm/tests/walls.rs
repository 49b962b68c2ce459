//! Walls by their grid: what a way meets, beside all walls looked at one by one, and arrays that are too short for them.

mod support;

use bytemuck::Zeroable;
use fray_core::gen::*;
use fray_core::movers::Moved;
use fray_core::strike::{first_solid, strikes_wall, Ray};
use fray_core::walls::{build, cells_of, items_of, WallGrid, Walls};
use support::*;

#[test]
fn a_way_ends_at_the_first_wall_that_it_meets() {
    let (mut met, mut missed) = (0, 0);
    for seed in 1..=60 {
        let mut random = Seeded::new(seed);
        let mut setup = Setup::arena(2, 16);
        let units = [12, 60, 400, 16_000][seed as usize % 4];
        // Some stand beyond the world, in the cells at its rim.
        (setup.head.half_width, setup.head.half_depth) = (units * ONE / 4 * 3, units * ONE / 2);
        let most = (units / 8).max(1) * ONE;
        let boxes: Vec<WallBox> = (0..random.between(1, 300))
            .map(|_| WallBox {
                z: random.between(0, 3 * ONE),
                height: random.between(0, 3 * ONE) * random.below(2) as i32,
                ..random.wall(units, (0, most), (0, most))
            })
            .collect();
        // Moving ones stand in no cell: each is looked at.
        let one_by_one: Vec<Moved> =
            boxes.iter().map(|wall| Moved { wall: *wall, ..Moved::zeroed() }).collect();
        setup.head.dimensions = 2 + seed % 2;
        let map = Map::new(&setup.head, boxes);
        let grid = WallGrid { count: 0, ..map.walls().grid };
        let all = Walls { movers: &one_by_one, grid, ..Walls::NONE };
        for k in 0..400 {
            let (from, to) = (random.place(units), random.place(units));
            let mut way = (to.0 - from.0, to.1 - from.1);
            match k % 8 {
                0 => way.0 = 0,
                1 => way.1 = 0,
                2 => way = (way.0 >> 8, way.1 >> 8),
                3 => way = (way.0, way.0),
                _ => {}
            }
            let radius = random.between(0, ONE) * random.below(2) as i32;
            let (from, way) = (
                (from.0, from.1, random.between(0, 4 * ONE)),
                (way.0, way.1, random.between(-ONE, ONE)),
            );
            let ray = Ray { from, way, radius, owner: 0, team: 0 };
            let first = first_solid(&ray, &all);
            assert_eq!(first_solid(&ray, &map.walls()), first, "seed {seed}: {ray:?}");
            let struck = strikes_wall(from, way, radius, &all);
            assert_eq!(
                strikes_wall(from, way, radius, &map.walls()),
                struck,
                "seed {seed}: {ray:?}"
            );
            (met, missed) = (met + u32::from(struck), missed + u32::from(!struck));
        }
    }
    assert!(met > 5000 && missed > 5000, "{met} met a wall, {missed} did not");
}

#[test]
fn without_height_every_wall_stops_shots_as_it_stops_bodies() {
    for (dimensions, part) in [(2, 9 << 26), (3, (1 << 30) + 1)] {
        let mut setup = Setup::arena(2, 16);
        setup.head.dimensions = dimensions;
        for z in [0, ONE] {
            let low = WallBox { z, height: ONE, ..wall(10 * ONE, 0, ONE, ONE) };
            let map = Map::new(&setup.head, vec![low]);
            let (from, way) = ((0, 0, 0), (16 * ONE, 0, 0));
            let ray = Ray { from, way, radius: 0, owner: 0, team: 0 };
            assert_eq!(first_solid(&ray, &map.walls()).part, part, "{dimensions} {z}");
            assert_eq!(strikes_wall(from, way, 0, &map.walls()), dimensions == 2);
        }
    }
}

#[test]
fn walls_for_which_there_is_no_place_are_refused_and_those_of_a_configuration_never() {
    let mut setup = Setup::arena(2, 16);
    let widest = wall(0, 0, POSITION_MAX as i32, POSITION_MAX as i32);
    for half in [ONE, 300 * ONE, POSITION_MAX as i32] {
        (setup.head.half_width, setup.head.half_depth) = (half, half);
        for boxes in [0, 1, MAP_BOXES_MAX] {
            let all = vec![widest; (boxes + WALLS_MAX) as usize];
            let mut starts = vec![0; cells_of(boxes) as usize + 1];
            let mut items = vec![0; items_of(boxes + WALLS_MAX) as usize];
            let grid = build(&setup.head, &all, &mut starts, &mut items).unwrap();
            assert_eq!(grid.count as usize, all.len());
            for (cells, places) in [(starts.len(), all.len() - 1), (1, items.len()), (0, 0)] {
                let refused = build(&setup.head, &all, &mut starts[..cells], &mut items[..places]);
                assert_eq!(refused, None, "{half}, {boxes}: {cells} cells, {places} places");
            }
        }
    }
}
