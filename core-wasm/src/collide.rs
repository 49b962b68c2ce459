//! A body among walls: what pushes it out of them, what it stands on, what it bumps its head on.

use crate::fixed::{div_round, isqrt};
use crate::gen::{flag, ConfigHead, WallBox};
use crate::movement::Body;
use crate::walls::Walls;

/// Pushes out of walls per piece of way. More walls than this at one place: the piece is undone.
pub const PASSES: usize = 4;
/// Pushes a body out of walls and into the world. False: it still overlaps after [`PASSES`].
pub fn push_out(body: &mut Body, head: &ConfigHead, walls: &Walls, step: i32) -> bool {
    keep_inside(body, head);
    for pass in 0..=PASSES {
        let mut clear = true;
        let (x, y, r) = (body.x, body.y, body.radius);
        let low = (x.saturating_sub(r), y.saturating_sub(r));
        let high = (x.saturating_add(r), y.saturating_add(r));
        let flat = head.dimensions == 2;
        walls.around(low, high, |wall| {
            if flat || blocks(wall, body, step) {
                clear &= !leave(body, wall);
            }
        });
        if clear {
            return true;
        }
        if pass < PASSES {
            keep_inside(body, head);
        }
    }
    false
}

/// True if a wall stands in the way of a body that can step up by `step`.
fn blocks(wall: &WallBox, body: &Body, step: i32) -> bool {
    let under = i64::from(wall.z) >= i64::from(body.z) + i64::from(body.height.max(1));
    let top = i64::from(wall.z) + i64::from(wall.height);
    let over = wall.height != 0 && top <= i64::from(body.z) + i64::from(step);
    !under && !over
}

/// Takes a body back into the world.
pub fn keep_inside(body: &mut Body, head: &ConfigHead) {
    let (most_x, most_y) =
        ((head.half_width - body.radius).max(0), (head.half_depth - body.radius).max(0));
    let x = body.x.clamp(-most_x, most_x);
    if body.x != x {
        body.x = x;
        if (body.vx > 0) == (body.x > 0) {
            body.vx = 0;
        }
    }
    let y = body.y.clamp(-most_y, most_y);
    if body.y != y {
        body.y = y;
        if (body.vy > 0) == (body.y > 0) {
            body.vy = 0;
        }
    }
}

/// Pushes a circle out of one box, and takes the velocity into it. True if it overlapped.
fn leave(body: &mut Body, wall: &WallBox) -> bool {
    let (dx, dy) = (offset(body.x, wall.x, wall.half_x), offset(body.y, wall.y, wall.half_y));
    let radius = i64::from(body.radius);
    if dx.abs() >= radius || dy.abs() >= radius {
        return false;
    }
    match (dx, dy) {
        (0, 0) => leave_inside(body, wall),
        (_, 0) => side_x(body, wall, dx > 0),
        (0, _) => side_y(body, wall, dy > 0),
        _ => {
            let squared = dx * dx + dy * dy;
            if squared >= radius * radius {
                return false;
            }
            // A corner. One unit more than the radius, so that rounding never leaves an overlap.
            let long = i64::from(isqrt(squared as u64)).max(1);
            let wanted = radius + 2;
            body.x = body.x.saturating_add((div_round(dx * wanted, long) - dx) as i32);
            body.y = body.y.saturating_add((div_round(dy * wanted, long) - dy) as i32);
            let into = i64::from(body.vx) * dx + i64::from(body.vy) * dy;
            if into < 0 {
                body.vx =
                    body.vx.saturating_sub(div_round(dx * div_round(into, long), long) as i32);
                body.vy =
                    body.vy.saturating_sub(div_round(dy * div_round(into, long), long) as i32);
            }
        }
    }
    true
}

/// True if a body is over, under or in a wall.
pub fn overlaps(body: &Body, wall: &WallBox) -> bool {
    let (dx, dy) = (offset(body.x, wall.x, wall.half_x), offset(body.y, wall.y, wall.half_y));
    dx * dx + dy * dy < i64::from(body.radius) * i64::from(body.radius)
}

/// Distance of a coordinate from an interval, signed; 0 inside it.
fn offset(at: i32, centre: i32, half: i32) -> i64 {
    let from = i64::from(at) - i64::from(centre);
    let half = i64::from(half);
    from - from.clamp(-half, half)
}

fn side_x(body: &mut Body, wall: &WallBox, right: bool) {
    let gap = wall.half_x.saturating_add(body.radius);
    body.x = if right { wall.x.saturating_add(gap) } else { wall.x.saturating_sub(gap) };
    if (body.vx < 0) == right {
        body.vx = 0;
    }
}

fn side_y(body: &mut Body, wall: &WallBox, up: bool) {
    let gap = wall.half_y.saturating_add(body.radius);
    body.y = if up { wall.y.saturating_add(gap) } else { wall.y.saturating_sub(gap) };
    if (body.vy < 0) == up {
        body.vy = 0;
    }
}

/// The centre itself is inside: out by the nearest side.
fn leave_inside(body: &mut Body, wall: &WallBox) {
    let (from_x, from_y) =
        (i64::from(body.x) - i64::from(wall.x), i64::from(body.y) - i64::from(wall.y));
    let (deep_x, deep_y) =
        (i64::from(wall.half_x) - from_x.abs(), i64::from(wall.half_y) - from_y.abs());
    if deep_x <= deep_y {
        side_x(body, wall, from_x >= 0)
    } else {
        side_y(body, wall, from_y >= 0)
    }
}

/// Vertical way, floor, steps and ceiling.
pub fn rise(body: &mut Body, by: i32, head: &ConfigHead, walls: &Walls, grounded: bool) {
    let from = body.z;
    let reach = i64::from(from) + if grounded { i64::from(head.step_height) } else { 0 };
    let (mut floor, mut ceiling) = (0i64, i64::MAX);
    let (x, y, r) = (body.x, body.y, body.radius);
    walls.around(
        (x.saturating_sub(r), y.saturating_sub(r)),
        (x.saturating_add(r), y.saturating_add(r)),
        |wall| {
            let (dx, dy) = (offset(x, wall.x, wall.half_x), offset(y, wall.y, wall.half_y));
            if dx * dx + dy * dy >= i64::from(r) * i64::from(r) {
                return;
            }
            let top = i64::from(wall.z) + i64::from(wall.height);
            if wall.height != 0 && top <= reach {
                floor = floor.max(top);
            } else if i64::from(wall.z) >= i64::from(from) + i64::from(body.height) {
                ceiling = ceiling.min(i64::from(wall.z));
            }
        },
    );
    let mut z = i64::from(from) + i64::from(by);
    if z + i64::from(body.height) > ceiling {
        z = ceiling - i64::from(body.height);
        body.vz = body.vz.min(0);
    }
    let jumping = body.vz > 0;
    let close = grounded && !jumping && z - floor <= i64::from(head.step_height);
    if z <= floor || close {
        z = floor;
        body.vz = body.vz.max(0);
        body.flags |= flag::GROUNDED;
    } else {
        body.flags &= !flag::GROUNDED;
    }
    body.z = z.clamp(0, i64::from(crate::gen::POSITION_MAX)) as i32;
}

/// True if nothing stands between the head of a body that crouches and where it is when it stands.
pub fn free_above(body: &Body, head: &ConfigHead, walls: &Walls) -> bool {
    let (x, y, r) = (body.x, body.y, body.radius);
    let from = i64::from(body.z) + i64::from(body.height);
    let to = i64::from(body.z) + i64::from(head.stand_height);
    let mut free = true;
    walls.around(
        (x.saturating_sub(r), y.saturating_sub(r)),
        (x.saturating_add(r), y.saturating_add(r)),
        |wall| {
            let (dx, dy) = (offset(x, wall.x, wall.half_x), offset(y, wall.y, wall.half_y));
            let over = i64::from(wall.z) < to
                && (wall.height == 0 || i64::from(wall.z) + i64::from(wall.height) > from);
            free &= !(over && dx * dx + dy * dy < i64::from(r) * i64::from(r));
        },
    );
    free
}
