//! One player, one tick: the same function in the room and in the client's prediction. Integers
//! only; the one rounding rule is in `fixed.rs`. Velocities are per tick, so the schema's compiler
//! has already divided by the tick rate.
//!
//! Speed changes by at most `acceleration` (or `friction`) a tick; the distance of a tick is the
//! exact integral of that change, so that 20, 30, 60 and 128 Hz agree. Collision: the way is cut
//! into pieces no longer than the radius, each piece is pushed out of walls at most [`PASSES`]
//! times, and is undone if that was not enough.

use crate::fixed::{cos_sin, div_round, isqrt, length, longer, scale, shift_round};
use crate::gen::{button, column, flag, ConfigHead, InputCommand};
use crate::walls::Walls;
use crate::world::World;

/// The columns of a player that movement reads and writes. Units as in COLUMNS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Position.
    pub x: i32,
    /// Position.
    pub y: i32,
    /// Height of the feet.
    pub z: i32,
    /// Velocity.
    pub vx: i32,
    /// Velocity.
    pub vy: i32,
    /// Velocity.
    pub vz: i32,
    /// 1/65536 turn.
    pub aim: i32,
    /// 1/65536 turn.
    pub pitch: i32,
    /// FLAGS: grounded and jumpHeld are written here.
    pub flags: i32,
    /// Radius.
    pub radius: i32,
    /// Height.
    pub height: i32,
    /// Per tick.
    pub top_speed: i32,
    /// Per tick and tick.
    pub acceleration: i32,
    /// Per tick and tick.
    pub friction: i32,
    /// Ticks.
    pub dash_left: i32,
    /// Ticks.
    pub dash_wait: i32,
    /// Velocity of the dash.
    pub dash_x: i32,
    /// Velocity of the dash.
    pub dash_y: i32,
}

/// Column of each member of [`Body`], for copies.
macro_rules! body_columns {
    ($visit:ident) => {
        $visit!(
            x X, y Y, z Z, vx VX, vy VY, vz VZ, aim AIM, pitch PITCH, flags FLAGS,
            radius RADIUS, height HEIGHT, top_speed TOP_SPEED, acceleration ACCELERATION,
            friction FRICTION, dash_left DASH_LEFT, dash_wait DASH_WAIT, dash_x DASH_X,
            dash_y DASH_Y
        )
    };
}

impl Body {
    /// Copies a row out of the matrix.
    pub fn read(world: &World, i: usize) -> Self {
        macro_rules! get {
            ($($member:ident $name:ident),*) => {
                Self { $( $member: world.get(column::$name, i), )* }
            };
        }
        body_columns!(get)
    }

    /// Copies what a step may change back into the matrix.
    pub fn write(&self, world: &mut World, i: usize) {
        macro_rules! set {
            ($($member:ident $name:ident),*) => {
                $( world.set(column::$name, i, self.$member); )*
            };
        }
        body_columns!(set);
    }
}

/// Pushes out of walls per piece of way. More walls than this at one place: the piece is undone.
pub const PASSES: usize = 4;
/// Pieces of way per tick at most: 64 units (the speed limit) in quarters.
const PIECES_MAX: i32 = 256;
/// Shortest piece: a thin player would need too many.
const PIECE_MIN: i32 = 1 << 14;

/// Moves a living player by one tick.
pub fn step(body: &mut Body, command: &InputCommand, head: &ConfigHead, walls: &Walls) {
    let high = head.dimensions == 3;
    body.aim = i32::from(command.aim);
    body.pitch = if high { i32::from(command.pitch) } else { 0 };
    let wish = direction(command, head);
    let (dx, dy) = drive(body, command, head, wish);
    let was_grounded = body.flags & flag::GROUNDED != 0;
    let dz = if high { fall(body, command, head, was_grounded) } else { flat(body) };
    travel(body, (dx, dy, dz), head, walls, was_grounded);
}

/// The wished direction, length at most 127, in world axes.
fn direction(command: &InputCommand, head: &ConfigHead) -> (i32, i32) {
    let (mut x, mut y) = (i32::from(command.move_x), i32::from(command.move_y));
    if (x, y) == (0, 0) {
        return (0, 0);
    }
    // 1/256 of an input step, so that turning and shortening lose nothing that matters.
    (x, y) = (x << 8, y << 8);
    if head.rules & 2 != 0 {
        // moveY is forward along aim, moveX to the right of it.
        let (c, s) = cos_sin(command.aim);
        let (forward, right) = (i64::from(y), i64::from(x));
        x = shift_round(forward * i64::from(c) + right * i64::from(s), 15) as i32;
        y = shift_round(forward * i64::from(s) - right * i64::from(c), 15) as i32;
    }
    if longer(x, y, 127 << 8) {
        scale(x, y, 127 << 8, length(x, y))
    } else {
        (x, y)
    }
}

/// Sets the new horizontal velocity and returns the way of this tick.
fn drive(
    body: &mut Body,
    command: &InputCommand,
    head: &ConfigHead,
    wish: (i32, i32),
) -> (i32, i32) {
    if body.dash_wait > 0 {
        body.dash_wait -= 1;
    }
    if command.buttons & button::DASH != 0
        && head.dash_speed > 0
        && body.dash_left <= 0
        && body.dash_wait <= 0
    {
        start_dash(body, command, head, wish);
    }
    if body.dash_left > 0 {
        body.dash_left -= 1;
        let way = (body.dash_x, body.dash_y);
        (body.vx, body.vy) = way;
        if body.dash_left == 0 {
            let speed = length(body.vx, body.vy);
            if speed > body.top_speed {
                (body.vx, body.vy) = scale(body.vx, body.vy, body.top_speed, speed);
            }
        }
        return way;
    }
    if wish == (0, 0) {
        let grip = body.flags & flag::GROUNDED != 0 || head.dimensions == 2;
        return approach(body, (0, 0), if grip { body.friction } else { 0 });
    }
    let full = i64::from(127 << 8);
    let crouched = command.buttons & button::CROUCH != 0;
    let speed = i64::from(if crouched { body.top_speed / 2 } else { body.top_speed });
    let target = (
        div_round(i64::from(wish.0) * speed, full) as i32,
        div_round(i64::from(wish.1) * speed, full) as i32,
    );
    approach(body, target, body.acceleration)
}

fn start_dash(body: &mut Body, command: &InputCommand, head: &ConfigHead, wish: (i32, i32)) {
    body.dash_left = head.dash_ticks as i32;
    body.dash_wait = head.dash_wait_ticks as i32;
    let (x, y) = if wish == (0, 0) { cos_sin(command.aim) } else { wish };
    (body.dash_x, body.dash_y) = scale(x, y, head.dash_speed, length(x, y).max(1));
}

/// Changes the velocity towards `target` by at most `rate`; the way is the integral, also when the
/// target is reached within the tick.
fn approach(body: &mut Body, target: (i32, i32), rate: i32) -> (i32, i32) {
    let (old_x, old_y) = (body.vx, body.vy);
    let (dvx, dvy) = (target.0.saturating_sub(old_x), target.1.saturating_sub(old_y));
    if (dvx, dvy) == (0, 0) || rate <= 0 {
        return (old_x, old_y);
    }
    let change = length(dvx, dvy);
    if change <= rate {
        (body.vx, body.vy) = target;
        let (change, twice) = (i64::from(change), 2 * i64::from(rate));
        let lag = |dv: i32| div_round(i64::from(dv) * change, twice) as i32;
        return (target.0 - lag(dvx), target.1 - lag(dvy));
    }
    let (ax, ay) = scale(dvx, dvy, rate, change);
    (body.vx, body.vy) = (old_x.saturating_add(ax), old_y.saturating_add(ay));
    (mean(old_x, body.vx), mean(old_y, body.vy))
}

fn mean(a: i32, b: i32) -> i32 {
    shift_round(i64::from(a) + i64::from(b), 1) as i32
}

fn flat(body: &mut Body) -> i32 {
    body.flags |= flag::GROUNDED;
    (body.z, body.vz) = (0, 0);
    0
}

/// Jump and gravity; returns the vertical way.
fn fall(body: &mut Body, command: &InputCommand, head: &ConfigHead, grounded: bool) -> i32 {
    let pressed = command.buttons & button::JUMP != 0;
    if pressed && body.flags & flag::JUMP_HELD == 0 && grounded && head.jump_speed > 0 {
        body.vz = head.jump_speed;
        body.flags &= !flag::GROUNDED;
    }
    body.flags = if pressed { body.flags | flag::JUMP_HELD } else { body.flags & !flag::JUMP_HELD };
    let old = body.vz;
    body.vz = old.saturating_sub(head.gravity).max(-crate::config::SPEED_MAX);
    mean(old, body.vz)
}

/// Goes the way in pieces.
fn travel(body: &mut Body, way: (i32, i32, i32), head: &ConfigHead, walls: &Walls, grounded: bool) {
    let piece = body.radius.max(PIECE_MIN);
    let pieces = if !longer(way.0, way.1, piece) && way.2.saturating_abs() <= piece {
        1
    } else {
        let long = length(way.0, way.1).max(way.2.saturating_abs());
        ((i64::from(long) + i64::from(piece) - 1) / i64::from(piece)).min(PIECES_MAX as i64)
    };
    let mut done = (0i64, 0i64, 0i64);
    let (x, y, z) = (i64::from(way.0), i64::from(way.1), i64::from(way.2));
    let (mut lost_x, mut lost_y) = (false, false);
    for k in 1..=pieces {
        // Whole way times k over pieces, less what was gone: no rounding adds up.
        let at = |whole: i64| if k == pieces { whole } else { div_round(whole * k, pieces) };
        let next = (at(x), at(y), at(z));
        let mut by = ((next.0 - done.0) as i32, (next.1 - done.1) as i32, (next.2 - done.2) as i32);
        done = next;
        if lost_x {
            by.0 = 0;
        }
        if lost_y {
            by.1 = 0;
        }
        let before = (body.vx, body.vy);
        go(body, by, head, walls, grounded);
        lost_x |= before.0 != 0 && body.vx == 0;
        lost_y |= before.1 != 0 && body.vy == 0;
    }
}

fn go(body: &mut Body, by: (i32, i32, i32), head: &ConfigHead, walls: &Walls, grounded: bool) {
    let before = (body.x, body.y);
    if (by.0, by.1) != (0, 0) || walls.grid.count > 0 {
        body.x = body.x.saturating_add(by.0);
        body.y = body.y.saturating_add(by.1);
        let step = if grounded { head.step_height } else { 0 };
        if !push_out(body, head, walls, step) {
            // Wedged: stay where the last piece ended.
            (body.x, body.y) = before;
            (body.vx, body.vy) = (0, 0);
        }
    }
    if head.dimensions == 3 {
        rise(body, by.2, head, walls, grounded);
    }
}

/// Pushes a body out of walls and into the world. False: it still overlaps after [`PASSES`].
pub fn push_out(body: &mut Body, head: &ConfigHead, walls: &Walls, step: i32) -> bool {
    keep_inside(body, head);
    for pass in 0..=PASSES {
        let mut clear = true;
        let (x, y, r) = (body.x, body.y, body.radius);
        let low = (x.saturating_sub(r), y.saturating_sub(r));
        let high = (x.saturating_add(r), y.saturating_add(r));
        let flat = head.dimensions == 2;
        walls.near(low, high, |_, wall| {
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
fn blocks(wall: &crate::gen::WallBox, body: &Body, step: i32) -> bool {
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
fn leave(body: &mut Body, wall: &crate::gen::WallBox) -> bool {
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

/// Distance of a coordinate from an interval, signed; 0 inside it.
fn offset(at: i32, centre: i32, half: i32) -> i64 {
    let from = i64::from(at) - i64::from(centre);
    let half = i64::from(half);
    from - from.clamp(-half, half)
}

fn side_x(body: &mut Body, wall: &crate::gen::WallBox, right: bool) {
    let gap = wall.half_x.saturating_add(body.radius);
    body.x = if right { wall.x.saturating_add(gap) } else { wall.x.saturating_sub(gap) };
    if (body.vx < 0) == right {
        body.vx = 0;
    }
}

fn side_y(body: &mut Body, wall: &crate::gen::WallBox, up: bool) {
    let gap = wall.half_y.saturating_add(body.radius);
    body.y = if up { wall.y.saturating_add(gap) } else { wall.y.saturating_sub(gap) };
    if (body.vy < 0) == up {
        body.vy = 0;
    }
}

/// The centre itself is inside: out by the nearest side.
fn leave_inside(body: &mut Body, wall: &crate::gen::WallBox) {
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
fn rise(body: &mut Body, by: i32, head: &ConfigHead, walls: &Walls, grounded: bool) {
    let from = body.z;
    let reach = i64::from(from) + if grounded { i64::from(head.step_height) } else { 0 };
    let (mut floor, mut ceiling) = (0i64, i64::MAX);
    let (x, y, r) = (body.x, body.y, body.radius);
    walls.near(
        (x.saturating_sub(r), y.saturating_sub(r)),
        (x.saturating_add(r), y.saturating_add(r)),
        |_, wall| {
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
