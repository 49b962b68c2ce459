//! Movement against slow references: the rounding rule, walls, tick rates, steps and jumps.

mod support;

use bytemuck::Zeroable;
use fray_core::fixed::{angle_of, cos_sin, div_round, interpolate, isqrt, shift_round};
use fray_core::gen::*;
use fray_core::movement::{step, Body};
use fray_core::walls::Walls;
use proptest::prelude::*;
use support::*;

/// The rounding rule in plain words, over i128: nearest, halves away from zero.
fn nearest(a: i128, b: i128) -> i128 {
    let (quotient, remainder) = (a.abs() / b, a.abs() % b);
    let rounded = quotient + i128::from(2 * remainder >= b);
    if a < 0 {
        -rounded
    } else {
        rounded
    }
}

fn command(move_x: i8, move_y: i8, buttons: u16, aim: u16) -> InputCommand {
    InputCommand { move_x, move_y, buttons, aim, ..InputCommand::zeroed() }
}

/// True if the circle overlaps a wall (touching is not overlapping).
fn inside(body: &Body, wall: &WallBox) -> bool {
    let gap =
        |at: i32, centre: i32, half: i32| (i128::from(at - centre).abs() - i128::from(half)).max(0);
    let (dx, dy) = (gap(body.x, wall.x, wall.half_x), gap(body.y, wall.y, wall.half_y));
    dx * dx + dy * dy < i128::from(body.radius) * i128::from(body.radius)
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn rounding_is_to_nearest_with_halves_away_from_zero(
        a in -(1i64 << 62)..(1i64 << 62), b in 1i64..(1 << 31), shift in 1u32..40,
    ) {
        prop_assert_eq!(i128::from(div_round(a, b)), nearest(a.into(), b.into()));
        prop_assert_eq!(i128::from(shift_round(a, shift)), nearest(a.into(), 1i128 << shift));
    }

    #[test]
    fn isqrt_is_the_floor(value in 0u64..(1 << 63)) {
        let root = u128::from(isqrt(value));
        let value = u128::from(value);
        prop_assert!(root * root <= value && (root + 1) * (root + 1) > value);
    }

    #[test]
    fn interpolation_agrees_with_wide_arithmetic(
        from in any::<i32>(), to in any::<i32>(), fraction in 0u32..=65536,
    ) {
        let way = i128::from(to) - i128::from(from);
        let wide = i128::from(from) + nearest(way * i128::from(fraction), 65536);
        prop_assert_eq!(i128::from(interpolate(from, to, fraction)), wide);
    }

    #[test]
    fn a_step_in_the_open_is_what_the_rule_says(
        vx in -40_000i32..40_000, vy in -40_000i32..40_000, mx in -127i8..=127, my in -127i8..=127,
    ) {
        let setup = Setup::arena(1, 8);
        let mut body = Body { vx, vy, ..body(&setup) };
        let kind = setup.kinds[0];
        // The same in i128, written down from the text of movement.rs.
        let (mut wx, mut wy) = (i128::from(mx) << 8, i128::from(my) << 8);
        let long = (((wx * wx + wy * wy) as f64).sqrt()) as i128;
        let long = if long * long > wx * wx + wy * wy { long - 1 } else { long };
        if long > 127 << 8 {
            (wx, wy) = (nearest(wx * (127 << 8), long), nearest(wy * (127 << 8), long));
        }
        let speed = i128::from(kind.top_speed);
        let target = (nearest(wx * speed, 127 << 8), nearest(wy * speed, 127 << 8));
        let rate = i128::from(if (mx, my) == (0, 0) { kind.friction } else { kind.acceleration });
        let (dx, dy) = (target.0 - i128::from(vx), target.1 - i128::from(vy));
        let change = i128::from(isqrt((dx * dx + dy * dy) as u64));
        let (end, way) = if (dx, dy) == (0, 0) {
            (target, target)
        } else if change <= rate {
            let lag = |d: i128| nearest(d * change, 2 * rate);
            (target, (target.0 - lag(dx), target.1 - lag(dy)))
        } else {
            let gain = |d: i128| nearest(d * rate, change);
            let end = (i128::from(vx) + gain(dx), i128::from(vy) + gain(dy));
            (end, (nearest(i128::from(vx) + end.0, 2), nearest(i128::from(vy) + end.1, 2)))
        };
        step(&mut body, &command(mx, my, 0, 0), &setup.head, &Walls::NONE);
        prop_assert_eq!((i128::from(body.vx), i128::from(body.vy)), end);
        // The way in pieces must add up to the whole.
        prop_assert_eq!((i128::from(body.x), i128::from(body.y)), way);
    }

    #[test]
    fn sliding_never_penetrates(seed in any::<u32>()) {
        let setup = Setup::arena(1, 8);
        let mut random = Seeded::new(seed);
        let boxes: Vec<WallBox> = (0..24)
            .map(|_| random.wall(20, (1, 4 * ONE), (1, 4 * ONE)))
            .collect();
        let map = Map::new(&setup.head, boxes);
        let mut body = Body { radius: random.between(ONE / 8, ONE), ..body(&setup) };
        (body.x, body.y) = random.place(25);
        if map.boxes.iter().any(|wall| inside(&body, wall)) {
            return Ok(());
        }
        for _ in 0..300 {
            let turn = random.below(4);
            let buttons = if turn == 0 { button::DASH } else { 0 };
            let moves = (random.between(-127, 127) as i8, random.between(-127, 127) as i8);
            for _ in 0..5 {
                let command = command(moves.0, moves.1, buttons, random.below(65536) as u16);
                step(&mut body, &command, &setup.head, &map.walls());
                for wall in &map.boxes {
                    prop_assert!(!inside(&body, wall), "{:?} in {:?}", body, wall);
                }
                prop_assert!(body.x.abs() + body.radius <= setup.head.half_width);
                prop_assert!(body.y.abs() + body.radius <= setup.head.half_depth);
            }
        }
    }

    #[test]
    fn the_wall_grid_finds_what_brute_force_finds_once_each(
        seed in any::<u32>(), count in 0usize..400,
    ) {
        let setup = Setup::arena(1, 8);
        let mut random = Seeded::new(seed);
        let boxes: Vec<WallBox> = (0..count)
            .map(|_| random.wall(35, (0, 9 * ONE), (0, 2 * ONE)))
            .collect();
        let map = Map::new(&setup.head, boxes);
        for _ in 0..20 {
            let (x, y) = random.place(30);
            let r = random.between(0, 6 * ONE);
            let mut found = Vec::new();
            map.walls().near((x - r, y - r), (x + r, y + r), |number, _| found.push(number));
            found.sort_unstable();
            let unique = found.len();
            found.dedup();
            prop_assert_eq!(found.len(), unique, "told once");
            for (number, wall) in map.boxes.iter().enumerate() {
                let hits = (wall.x - x).abs() <= wall.half_x + r
                    && (wall.y - y).abs() <= wall.half_y + r;
                prop_assert!(!hits || found.contains(&number));
            }
        }
    }
}

/// Distance after a script of 3 s (run, turn, stop), and the greatest height of one jump.
fn script(rate: u32, dimensions: u32) -> (f64, f64) {
    let setup = Setup::at(1, 8, rate, dimensions);
    let mut body = body(&setup);
    let (mut gone, mut high) = (0.0f64, 0);
    for t in 0..rate * 3 {
        let at = t * 1000 / rate;
        let (move_x, move_y) = match at {
            0..1000 => (127, 0),
            1000..2000 => (0, 127),
            _ => (0, 0),
        };
        let buttons = if at < 500 { button::JUMP } else { 0 };
        let before = (body.x, body.y);
        step(&mut body, &command(move_x, move_y, buttons, 0), &setup.head, &Walls::NONE);
        gone += (f64::from(body.x - before.0)).hypot(f64::from(body.y - before.1));
        high = high.max(body.z);
    }
    (gone / f64::from(ONE), f64::from(high) / f64::from(ONE))
}

#[test]
fn tick_rates_agree_within_one_percent() {
    for dimensions in [2, 3] {
        let (far, high) = script(60, dimensions);
        assert!(far > 12.0);
        for rate in [20, 30, 128] {
            let (other_far, other_high) = script(rate, dimensions);
            assert!(
                (other_far / far - 1.0).abs() < 0.01,
                "{rate} Hz: {other_far} against {far} units"
            );
            if dimensions == 3 {
                assert!(
                    (other_high / high - 1.0).abs() < 0.01,
                    "{rate} Hz: {other_high} against {high} high"
                );
            }
        }
    }
}

#[test]
fn a_jump_needs_an_edge_and_ends_on_the_ground() {
    let setup = Setup::at(1, 8, 30, 3);
    let mut body = body(&setup);
    let mut starts = 0;
    for _ in 0..120 {
        let grounded = body.flags & flag::GROUNDED != 0;
        step(&mut body, &command(0, 0, button::JUMP, 0), &setup.head, &Walls::NONE);
        starts += i32::from(grounded && body.flags & flag::GROUNDED == 0);
    }
    assert_eq!((starts, body.z), (1, 0));
    assert_ne!(body.flags & flag::GROUNDED, 0);
}

#[test]
fn low_steps_are_climbed_and_high_ones_are_walls() {
    let setup = Setup::at(1, 8, 30, 3);
    let stair = |x: i32, height: i32| WallBox {
        x: x * ONE,
        y: 0,
        z: 0,
        half_x: ONE,
        half_y: 5 * ONE,
        height,
    };
    let map = Map::new(
        &setup.head,
        vec![stair(3, ONE * 2 / 5), stair(5, ONE * 4 / 5), stair(7, 2 * ONE)],
    );
    let mut body = body(&setup);
    for _ in 0..60 {
        step(&mut body, &command(127, 0, 0, 0), &setup.head, &map.walls());
    }
    assert_eq!(body.z, ONE * 4 / 5, "up two steps");
    assert_eq!(body.x, 6 * ONE - body.radius, "and stopped by the third");
    for _ in 0..60 {
        step(&mut body, &command(-127, 0, 0, 0), &setup.head, &map.walls());
    }
    assert_eq!(body.z, 0, "down again");
}

#[test]
fn a_body_under_a_ceiling_stops_rising_and_walks_below_it() {
    let setup = Setup::at(1, 8, 30, 3);
    let roof =
        WallBox { x: 0, y: 0, z: 5 * ONE / 2, half_x: 5 * ONE, half_y: 5 * ONE, height: ONE };
    let map = Map::new(&setup.head, vec![roof]);
    let mut body = body(&setup);
    let mut high = 0;
    for t in 0..40 {
        step(
            &mut body,
            &command(127, 0, if t == 5 { button::JUMP } else { 0 }, 0),
            &setup.head,
            &map.walls(),
        );
        high = high.max(body.z);
    }
    assert_eq!(high, ONE / 2);
    assert!(body.x > 5 * ONE);
}

#[test]
fn movement_relative_to_aim_turns_with_it() {
    let mut setup = Setup::arena(1, 8);
    setup.head.rules |= 2;
    for aim in (0..65536u32).step_by(1111) {
        let mut body = body(&setup);
        for _ in 0..30 {
            step(&mut body, &command(0, 127, 0, aim as u16), &setup.head, &Walls::NONE);
        }
        let (c, s) = cos_sin(aim as u16);
        let off = angle_of(body.x, body.y).wrapping_sub(angle_of(c, s)) as i16;
        assert!(off.abs() < 20, "{aim}: {off}");
    }
}

#[test]
fn a_dash_is_fast_short_and_has_to_wait() {
    let setup = Setup::arena(1, 8);
    let mut body = body(&setup);
    let mut fast = Vec::new();
    for t in 0..60 {
        step(&mut body, &command(127, 0, button::DASH, 0), &setup.head, &Walls::NONE);
        if body.dash_left > 0
            || (t > 0 && fast.last() == Some(&(t - 1)) && body.vx > setup.kinds[0].top_speed)
        {
            fast.push(t);
        }
    }
    assert_eq!(fast, [0, 1, 2, 45, 46, 47], "4 ticks each, the last one slows down");
}

#[test]
fn a_body_slides_around_the_corner_of_a_wall() {
    let setup = Setup::arena(1, 8);
    let map = Map::new(&setup.head, vec![wall(3 * ONE, 0, ONE, ONE)]);
    for above in [ONE * 11 / 10, ONE * 5 / 4, ONE * 7 / 5] {
        let mut body = Body { y: above, ..body(&setup) };
        for _ in 0..40 {
            step(&mut body, &command(127, 0, 0, 0), &setup.head, &map.walls());
        }
        assert!(body.x > 5 * ONE, "stuck at {} {}", body.x, body.y);
        assert!((ONE * 3 / 2..ONE * 8 / 5).contains(&body.y), "pushed aside to {}", body.y);
    }
}

#[test]
fn no_speed_takes_a_body_through_a_thin_wall() {
    let setup = Setup::arena(1, 8);
    let map = Map::new(&setup.head, vec![wall(10 * ONE, 0, 1, 25 * ONE)]);
    // A quarter of a unit is the shortest piece of way: a thinner body may pass what is thinner than itself.
    for (speed, radius) in [(1, ONE / 2), (3, ONE / 2), (30, ONE / 2), (60, ONE / 2), (60, ONE / 4)]
    {
        for off in 0..16 {
            let start = -20 * ONE + off * ONE / 16;
            let mut body = Body { x: start, radius, ..body(&setup) };
            for _ in 0..40 {
                body.vx = speed * ONE;
                step(&mut body, &command(0, 0, 0, 0), &setup.head, &map.walls());
            }
            let stopped = 10 * ONE - 1 - radius;
            assert_eq!(body.x, stopped, "{speed} units a tick from {start}");
        }
    }
}

/// Half the edge of their ground, in units.
fn extent(count: usize) -> i32 {
    (250.0 * (count as f64 / 10_000.0).sqrt()) as i32
}

/// So many boxes on a square of ground, as dense as in the largest map.
fn town(count: usize) -> (Setup, Vec<WallBox>) {
    let mut setup = Setup::arena(1, 8);
    let half = extent(count);
    (setup.head.half_width, setup.head.half_depth) = (half * ONE, half * ONE);
    let mut random = Seeded::new(7);
    let boxes = (0..count).map(|_| random.wall(half, (ONE / 4, ONE), (ONE / 4, ONE))).collect();
    (setup, boxes)
}

#[test]
fn a_move_looks_at_as_many_boxes_in_a_map_of_ten_thousand_as_in_one_of_a_hundred() {
    let looked = |count: usize| {
        let (setup, boxes) = town(count);
        let map = Map::new(&setup.head, boxes);
        let (mut random, mut sum, mut most) = (Seeded::new(8), 0, 0);
        for _ in 0..2000 {
            let ((x, y), r) = (random.place(extent(count) - 4), ONE / 2);
            let mut seen = 0;
            map.walls().near((x - r, y - r), (x + r, y + r), |_, _| seen += 1);
            (sum, most) = (sum + seen, most.max(seen));
        }
        (f64::from(sum) / 2000.0, most)
    };
    let (few, many) = (looked(100), looked(10_000));
    assert!(many.0 < 2.0 && many.1 < 20, "{many:?} looked at, of 10,000");
    assert!((many.0 / few.0 - 1.0).abs() < 0.3, "{many:?} of 10,000, {few:?} of 100");
}

#[test]
fn the_walls_of_a_schema_stand_in_the_room_and_at_the_client_before_any_message() {
    let (mut setup, boxes) = town(10_000);
    setup.head.entities_max = 64;
    setup.boxes = boxes;
    let mut room = setup.room(&[wall(0, 0, ONE, ONE)]);
    let hash = {
        let room = room.room();
        assert_eq!(room.r.walls_count[0], 10_001);
        assert_eq!(room.r.walls[..10_000], setup.boxes[..]);
        room.r.stats[0].walls_hash
    };
    let mut all = setup.boxes.clone();
    all.push(wall(0, 0, ONE, ONE));
    assert_eq!(hash, fray_core::walls::hash(&all));
    let bytes = setup.bytes();
    let mut aligned = vec![0u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut aligned)[..bytes.len()].copy_from_slice(&bytes);
    let config =
        fray_core::config::Config::parse(&bytemuck::cast_slice(&aligned)[..bytes.len()]).unwrap();
    let sizes = fray_core::config::Sizes::of(&config, bytes.len() as u32);
    let mut memory = vec![0u64; fray_core::client::memory_bytes(&sizes).div_ceil(8)];
    let memory: &mut [u8] = bytemuck::cast_slice_mut(&mut memory);
    memory[..bytes.len()].copy_from_slice(&bytes);
    fray_core::client::init(memory, 0, bytes.len()).unwrap();
    let client = fray_core::client::open(memory).unwrap();
    assert_eq!(client.m.walls_count[0], 10_000);
    assert_eq!(client.m.stats[0].walls_hash, fray_core::walls::hash(&setup.boxes));
}
