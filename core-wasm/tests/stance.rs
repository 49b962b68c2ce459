//! Crouching, control in the air, boosts and landings: one player, and then the room and its client.

mod support;

use bytemuck::Zeroable;
use fray_core::gen::*;
use fray_core::movement::{step, Body};
use fray_core::rows::{Low, Packed};
use fray_core::walls::Walls;
use support::*;

const RATES: [u32; 4] = [20, 30, 60, 128];

/// A shooter's rules at a tick rate.
fn rules(rate: u32) -> Setup {
    let mut setup = Setup::at(2, 16, rate, 3);
    (setup.head.half_width, setup.head.half_depth) = (200 * ONE, 200 * ONE);
    setup.head.dash_speed = 0;
    setup.head.air_permille = 300;
    setup.head.boost_permille = 1600;
    setup.head.dash_ticks = (rate * 3).div_ceil(2);
    setup.head.dash_wait_ticks = rate * 2;
    setup.head.crouch_permille = 450;
    setup.head.crouch_height = ONE * 6 / 5;
    setup.head.crouch_column = 37;
    setup.head.columns = 38;
    setup.fields.insert(5, field(1, 37, 1, audience::VISIBLE));
    setup
}

fn command(move_x: i8, move_y: i8, buttons: u16) -> InputCommand {
    InputCommand { move_x, move_y, buttons, ..InputCommand::zeroed() }
}

fn units(value: i32) -> f64 {
    f64::from(value) / f64::from(ONE)
}

/// Runs a script of milliseconds; the way gone, the greatest height, and the speed of each landing
/// in units per second.
fn play(
    rate: u32,
    map: Vec<WallBox>,
    script: impl Fn(u32) -> (i8, i8, u16),
    ms: u32,
) -> (f64, f64, Vec<f64>) {
    let setup = rules(rate);
    let map = Map::new(&setup.head, map);
    let mut body = body(&setup);
    let (mut gone, mut high, mut landings) = (0.0f64, 0, Vec::new());
    for t in 0..rate * ms / 1000 {
        let (x, y, buttons) = script(t * 1000 / rate);
        let before = (body.x, body.y);
        step(&mut body, &command(x, y, buttons), &setup.head, &map.walls());
        gone += units(body.x - before.0).hypot(units(body.y - before.1));
        high = high.max(body.z);
        if body.landed > 0 {
            landings.push(units(body.landed) * f64::from(rate));
        }
    }
    (gone, units(high), landings)
}

fn agree(name: &str, of: impl Fn(u32) -> f64) {
    let wanted = of(60);
    assert!(wanted > 0.5, "{name}: {wanted}");
    for rate in RATES {
        let got = of(rate);
        assert!((got / wanted - 1.0).abs() < 0.01, "{name} at {rate} Hz: {got} against {wanted}");
    }
}

#[test]
fn tick_rates_agree_crouched_in_the_air_and_boosted() {
    let low = |ms: u32| if ms < 1500 { (127, 0, button::CROUCH) } else { (0, 127, 0) };
    agree("crouched", |rate| play(rate, Vec::new(), low, 3000).0);
    // Off the ground at once, then the stick is turned: what the air leaves of it is the way.
    let air = |ms: u32| match ms {
        0..200 => (127, 0, button::JUMP),
        _ => (0, 127, 0),
    };
    agree("turned in the air", |rate| play(rate, Vec::new(), air, 1600).0);
    agree("high", |rate| play(rate, Vec::new(), air, 1600).1);
    let boost = |ms: u32| match ms {
        0..500 => (127, 0, 0),
        500..1000 => (127, 0, button::DASH),
        1000..2000 => (127, 0, 0),
        _ => (0, 127, button::DASH),
    };
    agree("boosted", |rate| play(rate, Vec::new(), boost, 5000).0);
    agree("landing", |rate| {
        let (_, _, landings) = play(rate, Vec::new(), air, 1600);
        assert_eq!(landings.len(), 1, "{rate} Hz");
        landings[0]
    });
}

#[test]
fn tick_rates_agree_up_and_down_a_slope_of_boxes() {
    let slope = || {
        (0..12)
            .map(|n| WallBox {
                x: (4 + n) * ONE / 2,
                y: 0,
                z: 0,
                half_x: ONE / 4,
                half_y: 3 * ONE,
                height: (n + 1) * ONE / 4,
            })
            .collect::<Vec<_>>()
    };
    let up = |ms: u32| if ms < 1000 { (127, 0, 0) } else { (-127, 0, 0) };
    agree("over the slope", |rate| play(rate, slope(), up, 2000).0);
    agree("its height", |rate| {
        let (_, high, landings) = play(rate, slope(), |_| (127, 0, 0), 1000);
        assert!(landings.is_empty(), "it walks, and does not fall: {landings:?}");
        high
    });
}

#[test]
fn the_speed_of_a_landing_is_that_of_the_fall_whatever_the_tick_rate() {
    let ledge = WallBox { x: 0, y: 0, z: 0, half_x: 2 * ONE, half_y: 2 * ONE, height: 5 * ONE };
    for rate in RATES {
        let setup = rules(rate);
        let map = Map::new(&setup.head, vec![ledge]);
        let mut body = Body { z: 5 * ONE, ..body(&setup) };
        let mut landings = Vec::new();
        for _ in 0..rate * 3 {
            step(&mut body, &command(127, 0, 0), &setup.head, &map.walls());
            if body.landed > 0 {
                landings.push(units(body.landed) * f64::from(rate));
            }
        }
        // v² = 2 g h, g = 20.
        let wanted = (2.0 * 20.0 * 5.0f64).sqrt();
        assert_eq!(landings.len(), 1, "{rate} Hz: {landings:?}");
        assert!((landings[0] / wanted - 1.0).abs() < 0.01, "{rate} Hz: {landings:?} {wanted}");
    }
}

#[test]
fn nobody_stands_up_under_a_low_ceiling_and_walks_slowly_there() {
    let setup = rules(30);
    let roof =
        WallBox { x: 5 * ONE, y: 0, z: ONE * 3 / 2, half_x: 3 * ONE, half_y: 3 * ONE, height: ONE };
    let map = Map::new(&setup.head, vec![roof]);
    let mut upright = body(&setup);
    for _ in 0..90 {
        step(&mut upright, &command(127, 0, 0), &setup.head, &map.walls());
    }
    assert_eq!(upright.x, 2 * ONE - upright.radius, "who stands does not get under it");
    let mut low = body(&setup);
    for t in 0..300 {
        let buttons = if t < 60 { button::CROUCH } else { 0 };
        step(&mut low, &command(127, 0, buttons), &setup.head, &map.walls());
        let under = low.x + low.radius > 2 * ONE && low.x - low.radius < 8 * ONE;
        if t > 0 && t < 60 || under {
            assert_eq!(low.height, setup.head.crouch_height, "tick {t} at {}", low.x);
        }
        if t > 5 && t < 60 {
            assert!(low.vx <= low.top_speed * 45 / 100 + 1, "slow: {}", low.vx);
        }
    }
    assert!(low.x > 8 * ONE, "through below it: {}", low.x);
    assert_eq!(low.height, setup.head.stand_height, "and up again behind it");
    assert_eq!(low.vx, low.top_speed);
}

#[test]
fn a_boost_lasts_as_long_as_it_may_and_the_wait_is_as_long_as_what_was_used() {
    let setup = rules(30);
    let (whole, wait) = (setup.head.dash_ticks, setup.head.dash_wait_ticks);
    // Held, let go for a tick, held again: when it boosts again.
    let again = |used: u32| {
        let mut body = body(&setup);
        for t in 0..300 {
            let buttons = if t == used { 0 } else { button::DASH };
            let left = body.dash_left;
            step(&mut body, &command(127, 0, buttons), &setup.head, &Walls::NONE);
            if t > used && left == 0 && body.dash_left > 0 {
                return t - used;
            }
        }
        0
    };
    assert_eq!(again(whole / 3), wait / 3, "a third of it, a third of the wait");
    assert_eq!(again(1), wait.div_ceil(whole), "a tick of it");
    let mut body = body(&setup);
    let mut speeds = Vec::new();
    for _ in 0..whole + wait + 5 {
        step(&mut body, &command(127, 0, button::DASH), &setup.head, &Walls::NONE);
        speeds.push(body.vx);
    }
    let top = body.top_speed;
    let most = (i64::from(top) * 1600 / 1000) as i32;
    assert!(speeds[20..whole as usize - 1].iter().all(|v| (v - most).abs() <= 1), "{speeds:?}");
    assert!(speeds[whole as usize + 20..(whole + wait) as usize - 1].iter().all(|v| *v == top));
    assert!(*speeds.last().unwrap() > top, "then again");
}

/// How tall the newest record of a slot's player says it was.
fn tall(room: &mut fray_core::host::Instance, slot: u16) -> Option<i32> {
    let row = (handle(room, slot) & 0xffff) as usize;
    let room = room.room();
    let head = &room.r.head[0];
    let at = fray_core::history::row_at(head, head.tick, row);
    let halves = &room.r.history[at..][..head.sizes.row_halves as usize];
    let low = Low::of(room.config.head, room.r.wire_kinds, room.r.wire_fields)?;
    low.height(&Packed::of(halves, true))
}

#[test]
fn a_room_says_who_is_low_lowers_who_is_shot_at_and_tells_of_landings() {
    let mut room = rules(30).room(&[]);
    fill(&mut room, 2, |slot| (i32::from(slot) * 6 * ONE, 0));
    tick(&mut room, &[(1, input(0, 0, button::CROUCH, 0))]);
    assert_eq!(get(&mut room, 1, column::HEIGHT), ONE * 6 / 5);
    assert_eq!((get(&mut room, 0, 37), get(&mut room, 1, 37)), (0, 1));
    assert_eq!(tall(&mut room, 0), Some(2 * ONE), "in the past that shots are judged by");
    assert_eq!(tall(&mut room, 1), Some(ONE * 6 / 5));
    let mut landings = Vec::new();
    for t in 0..40 {
        let jump = if t == 0 { button::JUMP } else { 0 };
        for (header, payload) in
            tick(&mut room, &[(0, input(0, 0, jump, 0)), (1, input(0, 0, 0, 0))])
        {
            if header.kind == Landed::KIND {
                landings.push(bytemuck::pod_read_unaligned::<Landed>(&payload));
            }
        }
    }
    assert_eq!(get(&mut room, 1, column::HEIGHT), 2 * ONE, "up again");
    assert_eq!(landings.len(), 1);
    assert_eq!(landings[0].player, handle(&mut room, 0));
    let jump = per_tick(8.0, 30);
    assert!((landings[0].speed - jump).abs() < jump / 100, "{} {jump}", landings[0].speed);
}
