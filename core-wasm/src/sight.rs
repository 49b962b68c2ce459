//! Whom walls hide. A game may say that nobody is sent who stands behind a wall (`net.hideBehindWalls`): a client that shows more
//! than it should then has nothing to show.
//!
//! Two rows are hidden from each other only if that holds for as long as news takes. So it is not asked for a line from eye to body,
//! but for the hull of two squares: all places that the viewer may reach within that time, and the body. A wall that touches both
//! sides of the hull and the line between the middles cuts it in two. Whoever could see past the wall in time would have found a way
//! through the hull around it, first walking, then along a line; there is none. The wall has to be higher than such lines, and
//! higher than who might get over it. One box has to do it alone, so boxes that stand in a row are made one (`blinds`).
//!
//! This is exact whole-number geometry without division or root, and a pure function of places and walls. Only the walls of the room
//! hide: what moves does not. What costs is kept small by two things: whoever is seen is asked about anew in a few ticks only, and
//! whoever is not is asked about beside the wall that hid him last (`hints`, which may hold anything).

use crate::fixed::mul_shift;
use crate::gen::{column, ConfigHead, ConfigMover, WallBox, POSITION_MAX};
use crate::strike::{Shape, WHOLE};
use crate::walls::Walls;
use crate::world::World;

/// Bit of `ConfigHead::rules`: who stands behind a wall is not sent.
pub const RULE_HIDE: u32 = 32;
/// ms. Round trip within which whoever could come into view has been told of before, beside the interpolation delay.
const DELAY_MS: u32 = 200;
/// ms. Whoever is seen is sent for up to so long behind a wall.
const KEEP_MS: u32 = 250;
/// Bodies are taken to be so much larger: places on the wire are rounded.
const SLACK: i32 = 1 << 13;
/// About a body.
const UNIT: i32 = 1 << 16;
/// Nobody is hidden from so far on: products stay inside i64.
const FAR: i64 = 1 << 28;

/// What hides, and how far somebody may get until news of others reaches him.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    walls: Walls<'a>,
    head: &'a ConfigHead,
    /// Ticks that news takes.
    ticks: i32,
    /// Of movers, per tick.
    carried: i32,
    /// Ticks from one look at who is seen to the next, less one; a power of two less one.
    turn: u32,
    tick: u32,
}

/// Where somebody may look from.
#[derive(Clone, Copy)]
pub struct Viewer {
    x: i32,
    y: i32,
    /// Half an edge of the square that it stays in.
    reach: i32,
    /// Lowest and highest place of its feet, and of its eye the highest.
    low: i32,
    top: i32,
    eye: i32,
}

/// What may be seen.
#[derive(Clone, Copy)]
pub struct Target {
    /// Middle.
    pub x: i32,
    /// Middle.
    pub y: i32,
    /// Feet.
    pub z: i32,
    /// Half an edge of a square around it.
    pub half: i32,
    /// The same of what no wall may hold a part of.
    pub body: i32,
    /// 0: as tall as the world.
    pub height: i32,
}

impl Target {
    /// A row.
    pub fn of(world: &World, row: usize) -> Self {
        let Shape { x, y, z, radius, depth, height } = Shape::of(world, row);
        let half = radius.max(depth);
        Self { x, y, z, half, body: half, height }
    }

    /// Somebody who stood somewhere, and is not known any more.
    pub fn at(x: i32, y: i32, z: i32) -> Self {
        Self { x, y, z: z.saturating_sub(UNIT).max(0), half: UNIT, body: 0, height: 2 * UNIT }
    }
}

impl<'a> Sight<'a> {
    /// None where walls hide nobody. `every`: ticks from one snapshot of a client to its next.
    pub fn of(
        (head, movers): (&'a ConfigHead, &[ConfigMover]),
        walls: Walls<'a>,
        (tick, every): (u32, u32),
    ) -> Option<Self> {
        if head.rules & RULE_HIDE == 0 || walls.grid.count == 0 {
            return None;
        }
        let ms = |ms: u32| (ms * head.tick_rate_hz).div_ceil(1000);
        let ticks = (head.interpolation_ticks + ms(DELAY_MS) + every) as i32;
        let carried = movers.iter().map(speed_of).max().unwrap_or(0);
        let turn = (1 << ms(KEEP_MS).max(1).ilog2()) - 1;
        // Behind them the array holds what was left over when they were made.
        let walls = Walls { boxes: &walls.boxes[..walls.grid.count as usize], ..walls };
        Some(Self { walls, head, ticks, carried, turn, tick })
    }

    /// Where somebody may look from until news reaches it; `get`: its columns.
    pub fn viewer(&self, get: &impl Fn(usize) -> i32) -> Viewer {
        let head = self.head;
        let way = self.way_of(get).saturating_add(self.carried.saturating_mul(self.ticks));
        let (z, tall) = (get(column::Z), get(column::HEIGHT).max(head.stand_height));
        let up = get(column::VZ).max(head.jump_speed);
        // A ramp of one in two; a jump's height; a lift.
        let risen =
            rise(up, head.gravity, self.ticks).max(way / 2).saturating_add(head.step_height);
        let risen = risen.saturating_add(self.carried.saturating_mul(self.ticks));
        let fallen = rise_of(head.gravity, self.ticks)
            .saturating_add(get(column::VZ).min(0).saturating_neg().saturating_mul(self.ticks));
        let top = z.saturating_add(risen);
        Viewer {
            x: get(column::X),
            y: get(column::Y),
            reach: way.saturating_add(get(column::RADIUS)).saturating_add(SLACK),
            low: z.saturating_sub(fallen).max(0),
            top,
            eye: top.saturating_add(mul_shift(tall, 3, 2)),
        }
    }

    /// How far somebody gets along an axis until then: dashing as often as it may, else running, or as fast as it flies.
    fn way_of(&self, get: &impl Fn(usize) -> i32) -> i32 {
        let (head, ticks) = (self.head, self.ticks);
        let run = get(column::TOP_SPEED);
        let flies = get(column::VX).saturating_abs().max(get(column::VY).saturating_abs());
        if head.boost_permille > 0 {
            return mul_permille(run, head.boost_permille).max(flies).saturating_mul(ticks);
        }
        let (left, whole) = (get(column::DASH_LEFT).max(0), head.dash_ticks as i32);
        let again = (ticks - get(column::DASH_WAIT).max(0)).clamp(0, ticks);
        // A dash ends at the speed of a run.
        let other = if left > 0 { run } else { run.max(flies) };
        let dashed = if head.dash_wait_ticks as i32 >= ticks { again.min(whole) } else { again };
        let dashed = if head.dash_speed > 0 { (left + dashed).min(ticks) } else { 0 };
        let most = head.dash_speed.max(other);
        most.saturating_mul(dashed).saturating_add(other.saturating_mul(ticks - dashed))
    }

    /// True if it is time to look whether somebody who is seen still is.
    #[inline]
    pub fn turn(&self, slot: usize, item: usize) -> bool {
        self.tick.wrapping_add(slot as u32).wrapping_add(item as u32) & self.turn == 0
    }

    /// True if a wall hides a target. `hint`: a wall to begin with; becomes the one that hides.
    pub fn hides(&self, viewer: &Viewer, target: &Target, hint: &mut u16) -> bool {
        let Some(hull) = Hull::of(viewer, target) else { return false };
        let tall = Heights { viewer, target, flat: self.head.dimensions == 2 };
        let hides = |wall: &WallBox| hull.cut_by(wall) && tall.under(wall, &hull);
        if self.walls.boxes.get(usize::from(*hint)).is_some_and(hides) {
            return true;
        }
        let mut hidden = false;
        let (from, to) = ((viewer.x, viewer.y), (target.x, target.y));
        self.walls.along(from, to, 0, |number, wall| {
            hidden = hides(wall);
            if hidden {
                *hint = number as u16;
                return -1;
            }
            WHOLE
        });
        hidden
    }
}

/// World units per tick along its fastest axis, rounded up.
fn speed_of(mover: &ConfigMover) -> i32 {
    let most = mover.way_x.saturating_abs().max(mover.way_y.saturating_abs());
    let most = most.max(mover.way_z.saturating_abs());
    most / mover.go_ticks.max(1) as i32 + 1
}

fn mul_permille(value: i32, permille: u32) -> i32 {
    (i64::from(value) * i64::from(permille) / 1000).min(i64::from(POSITION_MAX)) as i32
}

/// How high somebody gets who goes up at such a speed, at most in so many ticks.
fn rise(up: i32, gravity: i32, ticks: i32) -> i32 {
    if up <= 0 {
        return 0;
    }
    // Ticks until it falls; each is slower than the last.
    let rising = if gravity > 0 { (up / gravity + 1).min(ticks) } else { ticks };
    up.saturating_mul(rising).saturating_sub(rise_of(gravity, rising - 1))
}

/// Way of so many ticks from rest.
fn rise_of(gravity: i32, ticks: i32) -> i32 {
    gravity.saturating_mul(ticks.saturating_mul(ticks + 1) / 2)
}

/// A line in the plane.
type Line = [(i64, i64); 2];

/// The hull of the viewer's square and the target's: its two sides, and the line between the middles.
struct Hull {
    sides: [[Line; 2]; 2],
    middle: Line,
    /// True where it is longer in x.
    flat: bool,
    /// Half an edge of the squares.
    halves: [i64; 2],
    /// Of the target, what no wall may hold a part of.
    body: i64,
}

impl Hull {
    /// None if one square lies within the other along the longer axis: nobody is hidden that near.
    fn of(viewer: &Viewer, target: &Target) -> Option<Self> {
        let wide = |value: i32| i64::from(value);
        let (v, t) = ((wide(viewer.x), wide(viewer.y)), (wide(target.x), wide(target.y)));
        let (r, s) = (wide(viewer.reach), wide(target.half) + wide(SLACK));
        let (dx, dy) = (t.0 - v.0, t.1 - v.1);
        let flat = dx.abs() >= dy.abs();
        let (long, short) = if flat { (dx, dy) } else { (dy, dx) };
        if long.abs() <= (r - s).abs() || long.abs() + r + s >= FAR {
            return None;
        }
        let front = long.signum();
        let corner = |at: (i64, i64), half: i64, (along, up): (i64, i64)| {
            let (x, y) = if flat { (along, up) } else { (up, along) };
            (at.0 + x * half, at.1 + y * half)
        };
        // A side runs along an edge of the one square or of the other, which follows from its slope.
        let side = |up: i64| {
            let (back, far) = (corner(v, r, (-front, up)), corner(t, s, (front, up)));
            let between = if up * short + s - r > 0 {
                corner(t, s, (-front, up))
            } else {
                corner(v, r, (front, up))
            };
            [[back, between], [between, far]]
        };
        Some(Self {
            sides: [side(1), side(-1)],
            middle: [v, t],
            flat,
            halves: [r, s],
            body: wide(target.body),
        })
    }

    /// True if a wall touches both sides and the middle, and holds neither end of the middle, of the target not even a part: what
    /// sticks through a wall is on both sides of it.
    fn cut_by(&self, wall: &WallBox) -> bool {
        touches(&self.middle, wall)
            && self.sides.iter().all(|side| side.iter().any(|line| touches(line, wall)))
            && !holds(wall, self.middle[0], 0)
            && !holds(wall, self.middle[1], self.body)
    }
}

/// True if a line has a point in common with a wall, seen from above.
#[inline]
fn touches(line: &Line, wall: &WallBox) -> bool {
    let [a, b] = line;
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    // Everything twice: the middle of the line is half a sum.
    let (mx, my) = (a.0 + b.0 - 2 * i64::from(wall.x), a.1 + b.1 - 2 * i64::from(wall.y));
    let (hx, hy) = (2 * i64::from(wall.half_x), 2 * i64::from(wall.half_y));
    mx.abs() <= dx.abs() + hx
        && my.abs() <= dy.abs() + hy
        && (dx * my - dy * mx).abs() <= dx.abs() * hy + dy.abs() * hx
}

/// True if a square around a place is partly within a wall, seen from above.
fn holds(wall: &WallBox, at: (i64, i64), half: i64) -> bool {
    (at.0 - i64::from(wall.x)).abs() < i64::from(wall.half_x) + half
        && (at.1 - i64::from(wall.y)).abs() < i64::from(wall.half_y) + half
}

/// How high lines from the one to the other are.
struct Heights<'v> {
    viewer: &'v Viewer,
    target: &'v Target,
    /// A world without height.
    flat: bool,
}

impl Heights<'_> {
    /// True if no line passes above or below a wall, and the viewer does not get over it.
    fn under(&self, wall: &WallBox, hull: &Hull) -> bool {
        if self.flat {
            return true;
        }
        let (viewer, target) = (self.viewer, self.target);
        if wall.z > viewer.low.min(target.z) {
            return false;
        }
        if wall.height == 0 {
            return true;
        }
        let top = i64::from(wall.z) + i64::from(wall.height);
        let (eye, head) = (
            i64::from(viewer.eye),
            i64::from(target.z) + i64::from(target.height) + i64::from(SLACK),
        );
        if target.height == 0 || i64::from(viewer.top) >= top {
            return false;
        }
        // Along the longer axis, from the viewer's square: the part of a line at which it may first, and last, be over the wall.
        let ([v, t], [r, s]) = (hull.middle, hull.halves);
        let (from, to, wall_at, half) = if hull.flat {
            (v.0, t.0, i64::from(wall.x), i64::from(wall.half_x))
        } else {
            (v.1, t.1, i64::from(wall.y), i64::from(wall.half_y))
        };
        let (way, near) = ((to - from).abs(), (wall_at - from) * (to - from).signum());
        // A higher eye is highest above the wall where the wall is near, a lower one where it is far.
        let (part, whole) = if eye >= head {
            (near - half - r, way + s - r)
        } else {
            (near + half + r, way - s + r)
        };
        if whole <= 0 {
            return eye.max(head) <= top;
        }
        let part = part.clamp(0, whole);
        eye * (whole - part) + head * part <= top * whole
    }
}

/// Makes of walls those that can hide: not too low for it, and boxes of one row made one. Returns how many there are.
pub fn blinds(head: &ConfigHead, walls: &[WallBox], blinds: &mut [WallBox]) -> usize {
    let lowest = mul_shift(head.stand_height, 3, 2);
    let mut count = 0;
    let high = |wall: &&WallBox| {
        head.dimensions == 2 || wall.height == 0 || wall.z.saturating_add(wall.height) > lowest
    };
    for (place, wall) in blinds.iter_mut().zip(walls.iter().filter(high)) {
        *place = *wall;
        count += 1;
    }
    count = join(&mut blinds[..count]);
    blinds[..count].iter_mut().for_each(turned);
    count = join(&mut blinds[..count]);
    blinds[..count].iter_mut().for_each(turned);
    count
}

/// x for y.
fn turned(wall: &mut WallBox) {
    *wall = WallBox { x: wall.y, y: wall.x, half_x: wall.half_y, half_y: wall.half_x, ..*wall };
}

/// Makes those one that touch in x and are otherwise the same, to within one position unit; how many are left, at the front.
fn join(walls: &mut [WallBox]) -> usize {
    let ends =
        |w: &WallBox| (i64::from(w.x) - i64::from(w.half_x), i64::from(w.x) + i64::from(w.half_x));
    let across = |w: &WallBox| (w.y, w.half_y, w.z, w.height);
    walls.sort_unstable_by_key(|wall| (across(wall), ends(wall)));
    let mut kept = 0;
    for next in 0..walls.len() {
        let wall = walls[next];
        let last = walls[..kept]
            .last_mut()
            .filter(|last| across(last) == across(&wall) && ends(&wall).0 <= ends(last).1 + 1);
        let Some(last) = last else {
            walls[kept] = wall;
            kept += 1;
            continue;
        };
        let (low, high) = (ends(last).0, ends(last).1.max(ends(&wall).1));
        // Never larger than both together.
        (last.x, last.half_x) = (((low + high) >> 1) as i32, ((high - low) >> 1) as i32);
    }
    kept
}
