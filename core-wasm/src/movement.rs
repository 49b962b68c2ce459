//! One player, one tick: the same function in the room and in the client's prediction. Integers
//! only; the one rounding rule is in `fixed.rs`. Velocities are per tick, so the schema's compiler
//! has already divided by the tick rate.
//!
//! Speed changes by at most `acceleration` (or `friction`) a tick; the distance of a tick is the
//! exact integral of that change, so that 20, 30, 60 and 128 Hz agree. Collision: the way is cut
//! into pieces no longer than the radius, each piece is pushed out of walls a few times
//! (`collide.rs`), and is undone if that was not enough.

use crate::collide::{free_above, push_out, rise};
use crate::fixed::{cos_sin, div_round, isqrt, length, longer, scale, shift_round};
use crate::gen::{button, column, flag, ConfigHead, InputCommand};
use crate::movers::{board, carry};
use crate::step;
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
    /// Speed at which the step came down on something, per tick; 0: it did not. In no column.
    pub landed: i32,
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
                Self { $( $member: world.get(column::$name, i), )* landed: 0 }
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

/// Pieces of way per tick at most: 64 units (the speed limit) in quarters.
const PIECES_MAX: i32 = 256;
/// Length of the longest wish: 127 input steps in 1/256.
const WISH_ONE: i32 = 127 << 8;
/// Shortest piece: a thin player would need too many.
const PIECE_MIN: i32 = 1 << 14;

/// Moves a living player by one tick. Answers 0, or why the game's own step failed, see STEP_FAULTS.
pub fn step(body: &mut Body, command: &InputCommand, head: &ConfigHead, walls: &Walls) -> i32 {
    let high = head.dimensions == 3;
    body.aim = i32::from(command.aim);
    body.pitch = if high { i32::from(command.pitch) } else { 0 };
    let (air, from, old) = (body.flags & flag::GROUNDED == 0, body.z, body.vz);
    let carried = if high { carry(body, walls) } else { [0; 3] };
    let low = crouch(body, command, head, walls);
    let was_grounded = body.flags & flag::GROUNDED != 0;
    let mut fault = 0;
    let way = if step::is_own(head) {
        let way = step::take(body, command, head);
        hold_jump(body, command);
        if !high {
            flat(body);
        } else if was_grounded && body.vz > 0 {
            leave_behind(body, head, carried);
            body.flags &= !flag::GROUNDED;
        }
        way.unwrap_or_else(|why| {
            fault = why;
            [0; 3]
        })
    } else {
        if high {
            jump(body, command, head, (was_grounded, carried));
        }
        let wish = direction(command, head);
        let (dx, dy) = drive(body, command, head, (wish, low));
        [dx, dy, if high { fall(body, head) } else { flat(body) }]
    };
    travel(body, (way[0], way[1], way[2]), head, walls, was_grounded);
    body.landed = 0;
    if high && air && body.flags & flag::GROUNDED != 0 {
        body.landed = impact(from, old, body.z, head.gravity);
        board(body, walls);
    }
    fault
}

/// Speed at the end of a fall that began a tick at a height and velocity: by the way and not by the
/// tick, so that all tick rates agree.
fn impact(from: i32, velocity: i32, to: i32, gravity: i32) -> i32 {
    let (velocity, fallen) = (i64::from(velocity), i64::from(from) - i64::from(to));
    let squared = velocity * velocity + 2 * i64::from(gravity) * fallen;
    isqrt(squared.max(0) as u64).min(crate::config::SPEED_MAX as u32) as i32
}

/// Sets the height of the body; true if it goes slowly for crouching. The feet stay where they are,
/// and nobody stands up into what is above.
fn crouch(body: &mut Body, command: &InputCommand, head: &ConfigHead, walls: &Walls) -> bool {
    let pressed = command.buttons & button::CROUCH != 0;
    if head.crouch_height <= 0 {
        return pressed;
    }
    if pressed {
        body.height = head.crouch_height;
    } else if body.height < head.stand_height && free_above(body, head, walls) {
        body.height = head.stand_height;
    }
    body.height < head.stand_height
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
    within_circle(x, y)
}

/// What two controls in world axes wish for.
pub fn wished(move_x: i32, move_y: i32) -> (i32, i32) {
    within_circle(move_x << 8, move_y << 8)
}

fn within_circle(x: i32, y: i32) -> (i32, i32) {
    if longer(x, y, WISH_ONE) {
        scale(x, y, WISH_ONE, length(x, y))
    } else {
        (x, y)
    }
}

/// Velocity that a wish leads to in the end.
pub fn full_speed(wish: (i32, i32), top_speed: i32) -> (i32, i32) {
    let (one, speed) = (i64::from(WISH_ONE), i64::from(top_speed));
    let along = |wish: i32| div_round(i64::from(wish) * speed, one) as i32;
    (along(wish.0), along(wish.1))
}

/// Sets the new horizontal velocity and returns the way of this tick.
fn drive(
    body: &mut Body,
    command: &InputCommand,
    head: &ConfigHead,
    (wish, low): ((i32, i32), bool),
) -> (i32, i32) {
    if body.dash_wait > 0 {
        body.dash_wait -= 1;
    }
    let pressed = command.buttons & button::DASH != 0;
    if head.boost_permille > 0 {
        let boosted = boost(body, pressed && !low && wish != (0, 0), head);
        return run(body, head, wish, (low, boosted));
    }
    if pressed && head.dash_speed > 0 && body.dash_left <= 0 && body.dash_wait <= 0 {
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
    run(body, head, wish, (low, false))
}

/// Towards the wished velocity, on the ground or in the air.
fn run(
    body: &mut Body,
    head: &ConfigHead,
    wish: (i32, i32),
    (low, boosted): (bool, bool),
) -> (i32, i32) {
    let grip = body.flags & flag::GROUNDED != 0 || head.dimensions == 2;
    if wish == (0, 0) {
        return approach(body, (0, 0), if grip { body.friction } else { 0 });
    }
    let (mut speed, mut rate) = (body.top_speed, body.acceleration);
    if low {
        speed = permille(speed, head.crouch_permille);
    }
    if boosted {
        (speed, rate) = (permille(speed, head.boost_permille), permille(rate, head.boost_permille));
    }
    if !grip {
        rate = permille(rate, head.air_permille);
    }
    approach(body, full_speed(wish, speed), rate)
}

fn permille(value: i32, part: u32) -> i32 {
    let most = i64::from(crate::config::SPEED_MAX);
    div_round(i64::from(value) * i64::from(part), 1000).min(most) as i32
}

/// True if this tick is boosted. What is left of a boost falls by one a tick, and so does the wait
/// after it, which is as long as the part of a boost that was used: neither costs a bit while it runs.
fn boost(body: &mut Body, held: bool, head: &ConfigHead) -> bool {
    let whole = head.dash_ticks as i32;
    if whole == 0 {
        return held;
    }
    if held && body.dash_left <= 0 && body.dash_wait <= 0 {
        body.dash_left = whole;
    }
    if body.dash_left <= 0 {
        return false;
    }
    if held {
        body.dash_left -= 1;
    }
    if !held || body.dash_left == 0 {
        let used = i64::from(whole - body.dash_left);
        let wait = i64::from(head.dash_wait_ticks) * used;
        body.dash_wait = ((wait + i64::from(whole) - 1) / i64::from(whole)) as i32;
        body.dash_left = 0;
    }
    held
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

/// A jump begins before the tick's way: all of that is in the air. What carried the body goes on with it.
fn jump(
    body: &mut Body,
    command: &InputCommand,
    head: &ConfigHead,
    (grounded, carried): (bool, [i32; 3]),
) {
    let pressed = command.buttons & button::JUMP != 0;
    if pressed && body.flags & flag::JUMP_HELD == 0 && grounded && head.jump_speed > 0 {
        body.vz = head.jump_speed;
        leave_behind(body, head, carried);
        body.flags &= !flag::GROUNDED;
    }
    hold_jump(body, command);
}

/// The next jump needs an edge.
fn hold_jump(body: &mut Body, command: &InputCommand) {
    let pressed = command.buttons & button::JUMP != 0;
    body.flags = if pressed { body.flags | flag::JUMP_HELD } else { body.flags & !flag::JUMP_HELD };
}

/// Who jumps off what carries it goes on as fast. It was carried in this tick, and is not to go the same way twice.
fn leave_behind(body: &mut Body, head: &ConfigHead, [x, y, z]: [i32; 3]) {
    body.x = body.x.saturating_sub(x);
    body.y = body.y.saturating_sub(y);
    body.vx = body.vx.saturating_add(x);
    body.vy = body.vy.saturating_add(y);
    // Down again is a step for it, at most: else it would be in what it jumps from.
    if z > 0 && z <= head.step_height {
        body.z -= z;
        body.vz = body.vz.saturating_add(z);
    }
}

/// Gravity; returns the vertical way.
fn fall(body: &mut Body, head: &ConfigHead) -> i32 {
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
    if (by.0, by.1) != (0, 0) || !walls.none() {
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
