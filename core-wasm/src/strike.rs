//! Where a way through the world ends: a swept sphere, or a line, against cylinders, boxes and the ground. Whole numbers; nothing here
//! knows of weapons or of the past.

use crate::fixed::{div_round, isqrt, length, shift_round};
use crate::gen::column;
use crate::grid::Grid;
use crate::walls::Walls;
use crate::world::World;

/// A way through the world: a swept sphere, or a line with radius 0.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    /// Start.
    pub from: (i32, i32, i32),
    /// Whole way; at most 2^30 units long.
    pub way: (i32, i32, i32),
    /// Radius.
    pub radius: i32,
    /// Handle that is not hit: who shot.
    pub owner: u32,
    /// Team of who shot.
    pub team: i32,
}

/// Where a ray ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Part of the way, 2^30 is all of it.
    pub part: i64,
    /// The row that was hit; None: a wall or the ground.
    pub target: Option<usize>,
    /// The height of its top as it stood there.
    pub top: i32,
}

impl Strike {
    /// Takes a row that is struck at a part of the way, if that is before all others.
    pub fn take(&mut self, part: i64, row: usize, shape: &Shape) {
        let closer =
            part < self.part || (part == self.part && self.target.is_some_and(|t| row < t));
        if closer {
            let top = shape.z.saturating_add(shape.height);
            *self = Self { part, target: Some(row), top };
        }
    }

    /// It, if it is on the way at all.
    pub fn struck(self) -> Option<Self> {
        (self.part <= WHOLE).then_some(self)
    }
}

/// What a ray may strike: an upright cylinder, or a box not turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Centre.
    pub x: i32,
    /// Centre.
    pub y: i32,
    /// Feet.
    pub z: i32,
    /// Radius, or half width.
    pub radius: i32,
    /// Half depth of a box; 0: a cylinder.
    pub depth: i32,
    /// 0: as tall as the world.
    pub height: i32,
}

impl Ray {
    /// A place on the way.
    pub fn at(&self, part: i64) -> (i32, i32, i32) {
        let on = |from: i32, way: i32| {
            from.saturating_add(shift_round(i64::from(way) * part, 30) as i32)
        };
        let (from, way) = (self.from, self.way);
        (on(from.0, way.0), on(from.1, way.1), on(from.2, way.2))
    }
}

impl Shape {
    /// How far a place is from it.
    pub fn distance(&self, at: (i32, i32, i32)) -> i32 {
        let beyond = |d: i32, half: i32| d.saturating_abs().saturating_sub(half).max(0);
        let (dx, dy) = (at.0.saturating_sub(self.x), at.1.saturating_sub(self.y));
        let flat = if self.depth > 0 {
            length(beyond(dx, self.radius), beyond(dy, self.depth))
        } else {
            beyond(length(dx, dy), self.radius)
        };
        if self.height == 0 {
            return flat;
        }
        let (low, high) = (self.z.saturating_sub(at.2), at.2.saturating_sub(self.z));
        length(flat, low.max(high.saturating_sub(self.height)).max(0))
    }

    /// The shape of a row at present.
    pub fn of(world: &World, row: usize) -> Self {
        let get = |f| world.get(f, row);
        Self {
            x: get(column::X),
            y: get(column::Y),
            z: get(column::Z),
            radius: get(column::RADIUS),
            depth: get(column::DEPTH),
            height: get(column::HEIGHT),
        }
    }
}

/// The whole way in parts.
pub const WHOLE: i64 = 1 << 30;

/// The first thing on a way: a wall, the ground, or a wanted row. Of two at once the wall, then the
/// lower row.
pub fn cast(
    ray: &Ray,
    world: &World,
    grid: &Grid,
    walls: &Walls,
    most: i32,
    wanted: impl Fn(usize) -> bool,
) -> Option<Strike> {
    let to = add(ray.from, ray.way);
    let mut best = first_solid(ray, walls);
    grid.along((ray.from.0, ray.from.1), (to.0, to.1), most.saturating_add(ray.radius), |row| {
        if !wanted(row) {
            return;
        }
        let shape = Shape::of(world, row);
        if let Some(part) = strike_shape(ray, &shape) {
            best.take(part, row, &shape);
        }
    });
    best.struck()
}

/// The first wall on a way, or the ground; a part above [`WHOLE`] if there is none.
pub fn first_solid(ray: &Ray, walls: &Walls) -> Strike {
    let to = add(ray.from, ray.way);
    let mut best = Strike { part: WHOLE + 1, target: None, top: 0 };
    if ray.from.2 >= 0 && to.2 < 0 {
        best.part = (i64::from(ray.from.2) << 30) / (i64::from(ray.from.2) - i64::from(to.2));
    }
    each_wall(ray, walls, |part| {
        best.part = best.part.min(part.unwrap_or(WHOLE + 1));
        best.part
    });
    best
}

/// True if a body of a radius strikes a wall on its way. The client's prediction of own
/// projectiles.
pub fn strikes_wall(
    from: (i32, i32, i32),
    way: (i32, i32, i32),
    radius: i32,
    walls: &Walls,
) -> bool {
    let ray = Ray { from, way, radius, owner: 0, team: 0 };
    let mut struck = false;
    each_wall(&ray, walls, |part| {
        struck |= part.is_some();
        if struck {
            -1
        } else {
            WHOLE
        }
    });
    struck
}

/// Tells of the walls near a way at which part of it a ray enters each, if it does; answers as [`Walls::along`] asks.
fn each_wall(ray: &Ray, walls: &Walls, mut tell: impl FnMut(Option<i64>) -> i64) {
    let to = add(ray.from, ray.way);
    walls.on_way((ray.from.0, ray.from.1), (to.0, to.1), ray.radius, |wall| {
        let half = (wall.half_x, wall.half_y);
        tell(strike_box(ray, (wall.x, wall.y), half, walls.tall(wall)))
    });
}

/// Part of the way at which a ray enters a shape.
pub fn strike_shape(ray: &Ray, shape: &Shape) -> Option<i64> {
    let centre = (shape.x, shape.y);
    let radius = shape.radius;
    let tall = if shape.height == 0 { None } else { Some((shape.z, shape.height)) };
    if shape.depth > 0 {
        return strike_box(ray, centre, (radius, shape.depth), tall);
    }
    strike_circle(ray, centre, i64::from(radius) + i64::from(ray.radius), tall)
}

/// Part of the way at which it enters a box grown by the ray's radius.
fn strike_box(
    ray: &Ray,
    centre: (i32, i32),
    half: (i32, i32),
    tall: Option<(i32, i32)>,
) -> Option<i64> {
    let mut span = (0, WHOLE);
    let grow = i64::from(ray.radius);
    let x = (i64::from(centre.0), i64::from(half.0) + grow);
    let y = (i64::from(centre.1), i64::from(half.1) + grow);
    cut(&mut span, ray.from.0, ray.way.0, x.0 - x.1, x.0 + x.1)?;
    cut(&mut span, ray.from.1, ray.way.1, y.0 - y.1, y.0 + y.1)?;
    cut_height(&mut span, ray, tall)?;
    Some(span.0)
}

fn cut_height(span: &mut (i64, i64), ray: &Ray, tall: Option<(i32, i32)>) -> Option<()> {
    let Some((bottom, height)) = tall else { return Some(()) };
    let low = i64::from(bottom) - i64::from(ray.radius);
    cut(span, ray.from.2, ray.way.2, low, low + i64::from(height) + 2 * i64::from(ray.radius))
}

/// Keeps the part of the way on which one coordinate lies strictly inside low..high; None if there
/// is none.
fn cut(span: &mut (i64, i64), from: i32, way: i32, low: i64, high: i64) -> Option<()> {
    let from = i64::from(from);
    if way == 0 {
        return (low < from && from < high).then_some(());
    }
    let (a, b) = (part_of(low - from, way), part_of(high - from, way));
    span.0 = span.0.max(a.min(b));
    span.1 = span.1.min(a.max(b));
    (span.0 < span.1).then_some(())
}

fn part_of(distance: i64, way: i32) -> i64 {
    // Beyond 2^32 units it does not matter how far; so the shift cannot overflow.
    (distance.clamp(-(1 << 32), 1 << 32) << 30) / i64::from(way)
}

/// Part of the way at which it enters a circle.
fn strike_circle(
    ray: &Ray,
    centre: (i32, i32),
    reach: i64,
    tall: Option<(i32, i32)>,
) -> Option<i64> {
    let (wx, wy) = (i64::from(ray.way.0), i64::from(ray.way.1));
    let (fx, fy) =
        (i64::from(centre.0) - i64::from(ray.from.0), i64::from(centre.1) - i64::from(ray.from.1));
    let long = i64::from(length(ray.way.0, ray.way.1));
    let mut span = (0, WHOLE);
    if long == 0 {
        if fx * fx + fy * fy >= reach * reach {
            return None;
        }
    } else {
        // Distance along the way to the nearest point, and of the centre from the line.
        let (near, off) = (div_round(fx * wx + fy * wy, long), div_round(fx * wy - fy * wx, long));
        if off.abs() >= reach {
            return None;
        }
        let back = i64::from(isqrt((reach * reach - off * off) as u64));
        let (enter, exit) = (near - back, near + back);
        if exit <= 0 || enter >= long {
            return None;
        }
        span = (enter.max(0).min(long) * WHOLE / long, exit.max(0).min(long) * WHOLE / long);
    }
    cut_height(&mut span, ray, tall)?;
    Some(span.0)
}

/// A place and a way from it.
pub fn add(a: (i32, i32, i32), b: (i32, i32, i32)) -> (i32, i32, i32) {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1), a.2.saturating_add(b.2))
}
