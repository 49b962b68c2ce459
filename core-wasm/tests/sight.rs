//! Whom walls hide: nobody who could come into view before news of him arrives, looked at from the outside, by lines in floats.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::Zeroable;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::sight::{blinds, RULE_HIDE};
use play::{Link, Play};
use support::*;

type Point = [f64; 3];

/// True if a line goes through the inside of a wall.
fn blocks(wall: &WallBox, from: Point, to: Point) -> bool {
    let tall = if wall.height == 0 { 1e12 } else { f64::from(wall.height) };
    let ranges = [
        (f64::from(wall.x) - f64::from(wall.half_x), f64::from(wall.x) + f64::from(wall.half_x)),
        (f64::from(wall.y) - f64::from(wall.half_y), f64::from(wall.y) + f64::from(wall.half_y)),
        // The ground is no way through.
        (if wall.z == 0 { -1.0 } else { f64::from(wall.z) }, f64::from(wall.z) + tall),
    ];
    let (mut first, mut last) = (0.0f64, 1.0f64);
    for (axis, (low, high)) in ranges.into_iter().enumerate() {
        let way = to[axis] - from[axis];
        if way == 0.0 {
            if from[axis] <= low || from[axis] >= high {
                return false;
            }
            continue;
        }
        let (a, b) = ((low - from[axis]) / way, (high - from[axis]) / way);
        (first, last) = (first.max(a.min(b)), last.min(a.max(b)));
    }
    first < last
}

fn free(walls: &[WallBox], from: Point, to: Point) -> bool {
    !walls.iter().any(|wall| blocks(wall, from, to))
}

#[derive(Clone, Copy)]
struct Body {
    at: Point,
    radius: f64,
    height: f64,
}

fn body_of(room: &mut Instance, e: usize) -> Body {
    let mut view = room.room();
    let world = view.world();
    let get = |f| f64::from(world.get(f, e));
    Body {
        at: [get(column::X), get(column::Y), get(column::Z)],
        radius: get(column::RADIUS),
        height: get(column::HEIGHT),
    }
}

/// True if from an eye any of head, feet, middle and sides of a body can be seen.
fn in_sight(walls: &[WallBox], eye: Point, body: &Body) -> bool {
    let [x, y, z] = body.at;
    // As far to the side as one can be and still be on the body.
    let sides = (0..8).map(|k| f64::from(k) * std::f64::consts::TAU / 8.0);
    let around = sides.map(|turn| (turn.cos() * body.radius, turn.sin() * body.radius));
    std::iter::once((0.0, 0.0)).chain(around).any(|(dx, dy)| {
        [0.0, 0.5, 1.0].iter().any(|up| free(walls, eye, [x + dx, y + dy, z + up * body.height]))
    })
}

fn eye_of(body: &Body) -> Point {
    [body.at[0], body.at[1], body.at[2] + 0.75 * body.height]
}

/// A world with rooms and corners, in which some boxes stand in rows and some are low.
fn walled(seed: u32, dimensions: u32) -> (Setup, Vec<WallBox>) {
    let mut setup = Setup::at(24, 64, [20, 30, 60][seed as usize % 3], dimensions);
    setup.head.rules |= RULE_HIDE;
    setup.kinds[0].view_radius = 40 * ONE;
    let mut random = Seeded::new(seed);
    let mut walls = Vec::new();
    for _ in 0..14 {
        let long = random.between(2 * ONE, 12 * ONE);
        let thin = random.between(ONE / 4, ONE);
        let lies = random.below(2) == 0;
        let half = if lies { (long, thin) } else { (thin, long) };
        let mut one = random.wall(28, (half.0, half.0), (half.1, half.1));
        if dimensions == 3 {
            one.height = random.between(ONE, 8 * ONE) * random.below(4).min(1) as i32;
            one.z = random.between(-ONE, 2 * ONE).max(0) * random.below(2) as i32;
        }
        // The same in pieces.
        let pieces = 1 + random.below(3) as i32 * 3;
        let (step_x, step_y) = if lies { (half.0 / pieces, 0) } else { (0, half.1 / pieces) };
        for k in 0..pieces {
            let at = 2 * k - pieces + 1;
            let (half_x, half_y) =
                if lies { (half.0 / pieces, half.1) } else { (half.0, half.1 / pieces) };
            let (x, y) = (one.x + at * step_x, one.y + at * step_y);
            walls.push(WallBox { x, y, half_x, half_y, ..one });
        }
    }
    (setup, walls)
}

/// Whether a player of a slot was sent another one's row, or is.
fn sees(room: &mut Instance, slot: usize, e: usize) -> bool {
    let view = room.room();
    let words = view.r.head[0].sizes.set_words as usize;
    view.r.visible[slot * words + e / 32] >> (e % 32) & 1 != 0
}

fn stuck(walls: &[WallBox], body: &Body) -> bool {
    // Placed into a wall by the test: it is pushed out in time, and looks out of it until then.
    let [x, y, z] = body.at;
    walls.iter().any(|w| {
        let inside = |at: f64, middle: i32, half: i32| {
            (at - f64::from(middle)).abs() < f64::from(half) + body.radius
        };
        inside(x, w.x, w.half_x)
            && inside(y, w.y, w.half_y)
            && (w.height == 0 || z < f64::from(w.z) + f64::from(w.height))
            && z + body.height.max(1.0) > f64::from(w.z)
    })
}

/// Counts of pairs: in sight by the time news has come, hidden, blocked by walls and sent all the same.
#[derive(Debug, Default)]
struct Counts {
    in_sight: u32,
    hidden: u32,
    blocked: u32,
}

fn play_hidden(seed: u32, dimensions: u32, counts: &mut Counts) {
    const BOTS: u16 = 16;
    let (setup, walls) = walled(seed, dimensions);
    let rate = setup.head.tick_rate_hz;
    let mut play = Play::new(setup.clone(), 0, BOTS, &walls, Link::default(), seed);
    // Delay of both ways together, the interpolation delay, and a snapshot.
    let later = (rate / 5 + setup.head.interpolation_ticks + 1) as usize;
    let rows: Vec<usize> =
        (0..BOTS).map(|slot| (handle(&mut play.room, slot) & 0xffff) as usize).collect();
    // Per tick: where all were, and who was seen by whom.
    let mut past: Vec<(Vec<Body>, Vec<bool>)> = Vec::new();
    for t in 0..4 * rate {
        play.wander(false);
        for (slot, bot) in &mut play.bots {
            // Jumps and dashes now and then.
            let at = (t + u32::from(*slot) * 7) % 50;
            bot.buttons = if at < 3 { button::JUMP | button::DASH } else { 0 };
        }
        play.tick();
        let bodies: Vec<Body> = rows.iter().map(|e| body_of(&mut play.room, *e)).collect();
        let seen = (0..rows.len() * rows.len())
            .map(|k| sees(&mut play.room, k / rows.len(), rows[k % rows.len()]))
            .collect();
        past.push((bodies, seen));
        if past.len() <= later || t % 3 != 0 {
            continue;
        }
        let (then, seen) = &past[past.len() - 1 - later];
        let (now, _) = past.last().unwrap();
        for (k, was_seen) in seen.iter().enumerate() {
            let (slot, other) = (k / rows.len(), k % rows.len());
            let (viewer, target) = (&now[slot], &then[other]);
            // What happened to somebody in a wall is nobody's walk.
            let free_way =
                past[past.len() - 1 - later..].iter().all(|(b, _)| !stuck(&walls, &b[slot]));
            let far = |a: Point, b: Point| (a[0] - b[0]).hypot(a[1] - b[1]);
            if slot == other
                || far(then[slot].at, target.at) > f64::from(40 * ONE)
                || !free_way
                || stuck(&walls, target)
            {
                continue;
            }
            let visible = in_sight(&walls, eye_of(viewer), target);
            counts.in_sight += u32::from(visible);
            counts.hidden += u32::from(!was_seen);
            counts.blocked += u32::from(!in_sight(&walls, eye_of(&then[slot]), target));
            assert!(
                *was_seen || !visible,
                "seed {seed}, tick {t}: {other} was not sent to {slot}, who sees him by now: {:?} went to {:?}, of {:?}",
                then[slot].at.map(|v| v / 65536.0), viewer.at.map(|v| v / 65536.0), target.at.map(|v| v / 65536.0)
            );
        }
    }
}

#[test]
fn who_comes_into_view_within_the_delay_was_sent_before() {
    for (dimensions, percent) in [(2, 55), (3, 40)] {
        let mut counts = Counts::default();
        for seed in 1..=12 {
            play_hidden(seed, dimensions, &mut counts);
        }
        assert!(counts.in_sight > 10_000, "{counts:?}");
        assert!(100 * counts.hidden > percent * counts.blocked, "{counts:?}");
    }
}

/// A room in two by a long wall in pieces; one stands behind it in the north, the other walks round its western end at full speed.
#[test]
fn who_walks_round_a_corner_is_known_before_he_can_be_seen_and_hit_by_the_first_shot() {
    // Both ways together: 200 ms.
    let link = Link { delay: 3, ..Link::default() };
    let mut setup = Setup::arena(4, 16);
    setup.head.rules |= RULE_HIDE;
    setup.kinds[0].view_radius = 40 * ONE;
    setup.weapons.truncate(2);
    let walls: Vec<WallBox> = (0..20).map(|k| wall((2 * k - 9) * ONE, 0, ONE, ONE / 2)).collect();
    let mut play = Play::new(setup, 1, 1, &walls, link, 3);
    let target = handle(&mut play.room, 1);
    let viewer = handle(&mut play.room, 0);
    for (handle, x, y) in [(viewer, 2 * ONE, -2 * ONE), (target, 0, 8 * ONE)] {
        play.commands.add(Place::KIND, 0, &place(handle, x, y));
        let field = SetField { handle, column: column::WEAPON as u32, value: 1 };
        play.commands.add(SetField::KIND, 0, &field);
    }
    let (own, e) = ((viewer & 0xffff) as usize, (target & 0xffff) as usize);
    play.players[0].looks = true;
    play.players[0].gaze = Some(e);
    let (mut unknown, mut known, mut first) = (0, 0, None);
    for t in 0..110 {
        let player = &mut play.players[0];
        player.control.move_x = if (20..90).contains(&t) { -127 } else { 0 };
        if t >= 20 {
            let now = play.room.room().r.head[0].tick;
            let client = play.players[0].client();
            let n = client.m.head[0].sizes.entities as usize;
            let words = client.m.head[0].sizes.set_words as usize;
            let newest = client.m.head[0].newest;
            let place = newest as usize & (client.m.head[0].sizes.history as usize - 1);
            let knows = client.m.sets[place * words..][e / 32] >> (e % 32) & 1 != 0;
            let at =
                |row: usize| [column::X, column::Y].map(|f| f64::from(client.m.view[f * n + row]));
            let ([x, y], body) = (at(own), body_of(&mut play.room, e));
            if in_sight(&walls, [x, y, 0.0], &body) {
                assert!(knows, "tick {now}: in sight at {} {}", x / 65536.0, y / 65536.0);
                let middle = [body.at[0], body.at[1], 0.0];
                if first.is_none() && free(&walls, [x, y, 0.0], middle) {
                    first = Some(t);
                    play.players[0].control.buttons = button::FIRE;
                }
            } else {
                unknown += u32::from(!knows);
                known += u32::from(knows);
            }
        }
        play.tick();
        if first.is_some_and(|first| first < t) {
            play.players[0].control.buttons = 0;
        }
    }
    assert!(first.is_some());
    assert!(unknown > 10 && known > 3, "{unknown} ticks unknown, {known} known behind the wall");
    let stats = play.room.room().r.stats[0];
    assert_eq!(stats.hits, 1, "the first shot hits");
}

#[test]
fn walls_in_a_row_hide_as_one_and_no_more_than_they_did() {
    let (mut pieces, mut made) = (0, 0);
    for seed in 1..=20 {
        let (setup, walls) = walled(seed, 2 + seed % 2);
        let mut blind = vec![wall(0, 0, 0, 0); walls.len()];
        let count = blinds(&setup.head, &walls, &mut blind);
        let mut random = Seeded::new(seed);
        for blind in &blind[..count] {
            for _ in 0..200 {
                let x = blind.x + random.between(-blind.half_x, blind.half_x);
                let y = blind.y + random.between(-blind.half_y, blind.half_y);
                let covers = |w: &WallBox| {
                    (x - w.x).abs() <= w.half_x + 1
                        && (y - w.y).abs() <= w.half_y + 1
                        && (w.z, w.height) == (blind.z, blind.height)
                };
                assert!(walls.iter().any(covers), "seed {seed}: {blind:?} where no wall is");
            }
        }
        pieces += walls.len();
        made += count;
    }
    assert!(2 * made < pieces, "{made} of {pieces}");
}

#[test]
fn a_line_is_told_all_walls_that_it_touches() {
    let (mut told, mut looked) = (0, 0);
    for seed in 1..=40 {
        let mut random = Seeded::new(seed);
        let setup = Setup::arena(2, 16);
        let count = random.between(1, 300);
        let units = if seed % 2 == 0 { 30 } else { 60 };
        let boxes = (0..count)
            .map(|_| random.wall(units, (ONE / 8, 4 * ONE), (ONE / 8, 4 * ONE)))
            .collect();
        let map = Map::new(&setup.head, boxes);
        for k in 0..200 {
            let (from, mut to) = (random.place(40), random.place(40));
            match k % 8 {
                0 => to.0 = from.0,
                1 => to.1 = from.1,
                2 => to = from,
                _ => {}
            }
            let reach = random.between(0, ONE) * random.below(2) as i32;
            let mut near = vec![false; map.boxes.len()];
            map.walls().along(from, to, reach, |number, _| {
                near[number] = true;
                1 << 30
            });
            looked += near.iter().filter(|near| **near).count();
            let line = |at: (i32, i32)| [f64::from(at.0), f64::from(at.1), 1.0];
            for (number, wall) in map.boxes.iter().enumerate() {
                let (half_x, half_y) = (wall.half_x + reach, wall.half_y + reach);
                let touches = blocks(&WallBox { half_x, half_y, ..*wall }, line(from), line(to));
                assert!(near[number] || !touches, "seed {seed}: {from:?} to {to:?}, {wall:?}");
                told += usize::from(touches);
            }
        }
    }
    assert!(told > 30_000 && looked < 4 * told, "{told} touched, {looked} looked at");
}

#[test]
fn what_sticks_through_a_wall_is_seen_from_both_sides() {
    for (off, seen) in [(ONE / 2, [true, true]), (2 * ONE, [false, true])] {
        let mut setup = Setup::arena(2, 16);
        setup.head.rules |= RULE_HIDE;
        setup.kinds[0].view_radius = 40 * ONE;
        setup.kinds[2].radius = ONE;
        let mut room = setup.room(&[wall(0, 0, ONE / 8, 20 * ONE)]);
        fill(&mut room, 2, |slot| (16 * ONE * (2 * i32::from(slot) - 1), 0));
        let mut commands = Records::new();
        let handle = room.room().r.spawnable[1];
        commands.add(Spawn::KIND, 0, &Spawn { kind: 3, handle, x: off, ..Spawn::zeroed() });
        tick_with(&mut room, &[], &commands);
        let e = (handle & 0xffff) as usize;
        assert_eq!([sees(&mut room, 0, e), sees(&mut room, 1, e)], seen, "{off}");
    }
}
