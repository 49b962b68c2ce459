//! Boxes that go to and fro, lifts and doors: where one is follows from the tick alone, so that room and client have it in the
//! same place without a byte on the wire. Who stands on one goes with it.

use bytemuck::{Pod, Zeroable};

use crate::collide::overlaps;
use crate::fixed::div_round;
use crate::gen::{flag, ConfigMover, WallBox, POSITION_MAX};
use crate::movement::Body;
use crate::walls::{wall_ok, Walls};

/// A moving box in one tick.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Moved {
    /// Where it is.
    pub wall: WallBox,
    /// How it came there from the tick before.
    pub way: [i32; 3],
}

/// Where all of them are in a tick.
pub fn set(movers: &[ConfigMover], tick: u32, moved: &mut [Moved]) {
    for (mover, place) in movers.iter().zip(moved) {
        let (now, before) = (at(mover, tick), at(mover, tick.wrapping_sub(1)));
        *place = Moved { wall: now, way: way_between(&before, &now) };
    }
}

/// Where one is in a tick: so many parts of its way, each rounded to the nearest.
pub fn at(mover: &ConfigMover, tick: u32) -> WallBox {
    let done = i64::from(steps(mover, tick));
    let on = |from: i32, way: i32| {
        from.saturating_add(div_round(i64::from(way) * done, i64::from(mover.go_ticks)) as i32)
    };
    let ConfigMover { x, y, z, half_x, half_y, height, way_x, way_y, way_z, .. } = *mover;
    WallBox { x: on(x, way_x), y: on(y, way_y), z: on(z, way_z), half_x, half_y, height }
}

/// It stays at its first place, goes, stays at the other, and comes back.
fn steps(mover: &ConfigMover, tick: u32) -> u32 {
    let (go, stay) = (u64::from(mover.go_ticks), u64::from(mover.stay_ticks));
    let half = go + stay;
    // A round earlier, so that the tick before the first is one, too.
    let round =
        (u64::from(tick.wrapping_add(1)) + u64::from(mover.start_tick) + 2 * half - 1) % (2 * half);
    let there = |since: u64| since.saturating_sub(stay);
    let steps = if round < half { there(round) } else { go - there(round - half) };
    steps as u32
}

fn way_between(before: &WallBox, now: &WallBox) -> [i32; 3] {
    [now.x - before.x, now.y - before.y, now.z - before.z]
}

/// True if its numbers are usable: a box at both places, and so slow that it jumps over nobody whose radius is at least `radius`.
pub fn mover_ok(mover: &ConfigMover, tick_rate_hz: u32, radius: i32) -> bool {
    let most = TICKS_MAX_S * tick_rate_hz;
    let ConfigMover { x, y, z, half_x, half_y, height, way_x, way_y, way_z, .. } = *mover;
    let slow =
        |way: i32, most: i32| i64::from(way).abs() <= i64::from(mover.go_ticks) * i64::from(most);
    let across = radius.clamp(0, 1 << 16);
    let other = match (x.checked_add(way_x), y.checked_add(way_y), z.checked_add(way_z)) {
        (Some(x), Some(y), Some(z)) => WallBox { x, y, z, half_x, half_y, height },
        _ => return false,
    };
    (1..=most).contains(&mover.go_ticks)
        && mover.stay_ticks <= most
        && mover.start_tick <= 4 * most
        && slow(way_x, across)
        && slow(way_y, across)
        && slow(way_z, 1 << 16)
        && z.max(other.z) <= POSITION_MAX as i32 - height
        && wall_ok(&WallBox { x, y, z, half_x, half_y, height })
        && wall_ok(&other)
}

/// Seconds that one takes for its way, or stays, at most.
const TICKS_MAX_S: u32 = 600;

/// Takes a body along with what it stands on, and lifts it by what comes up under it. Returns the way of what carries it.
pub fn carry(body: &mut Body, walls: &Walls) -> [i32; 3] {
    let mut carried = [0; 3];
    if walls.movers.is_empty() {
        return carried;
    }
    let stands = body.flags & flag::GROUNDED != 0;
    for Moved { wall, way } in walls.movers {
        let top = wall.z.saturating_add(wall.height);
        let was = WallBox { x: wall.x - way[0], y: wall.y - way[1], z: wall.z - way[2], ..*wall };
        if stands && body.z == top - way[2] && wall.height > 0 && overlaps(body, &was) {
            body.x = body.x.saturating_add(way[0]);
            body.y = body.y.saturating_add(way[1]);
            body.z = body.z.saturating_add(way[2]).max(0);
            carried = *way;
            break;
        }
    }
    for Moved { wall, way } in walls.movers {
        let top = wall.z.saturating_add(wall.height);
        let under = wall.height > 0 && body.z >= top - way[2] && body.z < top;
        if under && overlaps(body, wall) {
            body.z = top;
            body.vz = body.vz.max(0);
            body.flags |= flag::GROUNDED;
        }
    }
    carried
}

/// Whoever comes down on one has its speed against it from then on.
pub fn board(body: &mut Body, walls: &Walls) {
    let under = |m: &&Moved| {
        m.wall.height > 0
            && body.z == m.wall.z.saturating_add(m.wall.height)
            && overlaps(body, &m.wall)
    };
    if let Some(Moved { way, .. }) = walls.movers.iter().find(under).copied() {
        body.vx = body.vx.saturating_sub(way[0]);
        body.vy = body.vy.saturating_sub(way[1]);
    }
}
