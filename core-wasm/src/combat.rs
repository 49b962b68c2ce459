//! `resolve`: who shot, and what it would hit. Hits are only proposed here; the plugin may scale
//! them, `command` commits them. What flies is judged against the present, a shot that hits at once
//! against what its shooter saw (see `rewind.rs`).

use crate::config::Config;
use crate::events;
use crate::fixed::{cos_sin, div_round, isqrt, length, mul_shift, shift_round};
use crate::gen::{self, button, column, event, flag, kind, ClientEvent, ConfigWeapon};
use crate::grid::{self, Grid};
use crate::physics::ray_from;
use crate::region::Hit;
use crate::rewind;
use crate::room::{add_entity, Room};
use crate::walls::Walls;
use crate::walls_of;
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
}

impl Strike {
    /// Takes a row that is struck at a part of the way, if that is before all others.
    pub fn take(&mut self, part: i64, row: usize) {
        let closer =
            part < self.part || (part == self.part && self.target.is_some_and(|t| row < t));
        if closer {
            *self = Self { part, target: Some(row) };
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

impl Shape {
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

/// Counts a weapon down by one tick and says whether it fires now. Also the client's prediction of
/// own shots.
pub fn trigger(wait: &mut i32, fire: bool, weapon: Option<&ConfigWeapon>) -> bool {
    *wait = (*wait - 1).max(0);
    let Some(weapon) = weapon else { return false };
    let now = fire && *wait == 0;
    if now {
        *wait = weapon.wait_ticks as i32;
    }
    now
}

/// Fires the weapons of this tick, in order of slots.
pub fn resolve(room: &mut Room) {
    let n = room.r.head[0].sizes.entities as usize;
    for slot in 0..room.r.clients.len() {
        let client = room.r.clients[slot];
        let row = (client.handle & 0xffff) as usize;
        let mut world = World::new(room.r.columns, n);
        if client.player_id == 0 || !world.alive(row) {
            continue;
        }
        let held = world.get(column::WEAPON, row) as usize;
        let weapon = room.config.weapons.get(held);
        let mut wait = world.get(column::WEAPON_WAIT, row);
        let fire = trigger(&mut wait, room.r.applied[slot].buttons & button::FIRE != 0, weapon);
        world.set(column::WEAPON_WAIT, row, wait);
        if let (true, Some(weapon)) = (fire, weapon) {
            shoot(room, (slot, row), held, weapon, client.applied_tick);
        }
    }
}

fn shoot(
    room: &mut Room,
    (slot, row): (usize, usize),
    held: usize,
    weapon: &ConfigWeapon,
    command: u32,
) {
    let world = room.world();
    let (aim, pitch) = (world.get(column::AIM, row) as u16, world.get(column::PITCH, row) as i16);
    let shooter = world.handle(row);
    let mut muzzle = ray_from(&world, row, (0, 0, 0), shooter);
    muzzle.from.2 += mul_shift(world.get(column::HEIGHT, row), 3, 2);
    let radius = world.get(column::RADIUS, row);
    let mut report = ClientEvent {
        kind: event::SHOT,
        subject: shooter,
        aim,
        weapon: held as u16,
        command,
        ..bytemuck::Zeroable::zeroed()
    };
    if weapon.shape == 1 {
        let ray = Ray { way: along(aim, pitch, weapon.range), radius: 0, ..muzzle };
        let strike = match rewind::view_of(room, slot) {
            Some(view) => rewind::cast(room, &ray, &view),
            None => cast_in(room, &ray),
        };
        let part = strike.map_or(WHOLE, |s| s.part);
        report.amount = shift_round(i64::from(weapon.range) * part, 30) as i32;
        (report.x, report.y, report.z) = muzzle.from;
        if let Some(target) = strike.and_then(|s| s.target) {
            propose(room, &ray, part, target, held, command);
        }
    } else {
        let out = along(aim, pitch, radius.saturating_add(weapon.radius));
        report.object = launch(room, row, &muzzle, (held, weapon, command), out);
        (report.x, report.y, report.z) = add(muzzle.from, out);
    }
    events::push(room, report);
}

/// A vector of a length along aim and pitch.
pub fn along(aim: u16, pitch: i16, long: i32) -> (i32, i32, i32) {
    let (c, s) = cos_sin(aim);
    if pitch == 0 {
        return (mul_shift(c, long, 15), mul_shift(s, long, 15), 0);
    }
    let (flat, up) = cos_sin(pitch as u16);
    let across = mul_shift(flat, long, 15);
    (mul_shift(c, across, 15), mul_shift(s, across, 15), mul_shift(up, long, 15))
}

fn add(a: (i32, i32, i32), b: (i32, i32, i32)) -> (i32, i32, i32) {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1), a.2.saturating_add(b.2))
}

/// Makes a projectile and lets it leave the shooter; its handle, or 0 if there is no index left or
/// it hit at once.
fn launch(
    room: &mut Room,
    shooter: usize,
    muzzle: &Ray,
    shot: (usize, &ConfigWeapon, u32),
    out: (i32, i32, i32),
) -> u32 {
    let (held, weapon, command) = shot;
    let head = &room.r.head[0];
    let places = head.sizes.players - head.players;
    let row = if head.free_count > places { add_entity(room, kind::PROJECTILE) } else { None };
    let Some(row) = row else {
        room.r.stats[0].spawns_refused = room.r.stats[0].spawns_refused.wrapping_add(1);
        return 0;
    };
    let now = room.r.head[0].tick;
    let mut world = room.world();
    let (aim, pitch) = (world.get(column::AIM, shooter), world.get(column::PITCH, shooter));
    let velocity = along(aim as u16, pitch as i16, weapon.speed);
    let expires = now.saturating_add(weapon.life_ticks.max(1)) as i32;
    for (column, value) in [
        (column::FLAGS, flag::ALIVE),
        (column::X, muzzle.from.0),
        (column::Y, muzzle.from.1),
        (column::Z, muzzle.from.2),
        (column::VX, velocity.0),
        (column::VY, velocity.1),
        (column::VZ, velocity.2),
        (column::AIM, aim),
        (column::PITCH, pitch),
        (column::TEAM, muzzle.team),
        (column::OWNER, muzzle.owner as i32),
        (column::RADIUS, weapon.radius),
        (column::WEAPON, held as i32),
        (column::EXPIRES, expires),
        (column::COMMAND, command as i32),
    ] {
        world.set(column, row, value);
    }
    let handle = world.handle(row);
    if fly(room, row, out) {
        return handle;
    }
    crate::room::remove_entity(room, row);
    0
}

/// Moves a projectile along a way; false if it struck something (a hit is then proposed) or left
/// the world.
pub fn fly(room: &mut Room, row: usize, way: (i32, i32, i32)) -> bool {
    let world = room.world();
    let ray = ray_from(&world, row, way, world.get(column::OWNER, row) as u32);
    let (held, command) =
        (world.get(column::WEAPON, row) as usize, world.get(column::COMMAND, row) as u32);
    if let Some(strike) = cast_in(room, &ray) {
        if let Some(target) = strike.target {
            propose(room, &ray, strike.part, target, held, command);
        }
        return false;
    }
    let (x, y, z) = add(ray.from, way);
    let head = room.config.head;
    let mut world = room.world();
    world.set(column::X, row, x);
    world.set(column::Y, row, y);
    world.set(column::Z, row, z);
    let most_z = gen::POSITION_MAX as i32;
    x.abs() <= head.half_width && y.abs() <= head.half_depth && (0..=most_z).contains(&z)
}

fn cast_in(room: &mut Room, ray: &Ray) -> Option<Strike> {
    let sizes = room.r.head[0].sizes;
    let grid = grid::view(room.config.head, &sizes, room.s.cell_starts, room.s.cell_items);
    let walls = walls_of!(room.r);
    let world = World::new(room.r.columns, sizes.entities as usize);
    let (config, most) = (room.config, room.reach);
    cast(ray, &world, &grid, &walls, most, |i| wanted(ray, &world, &config, i) && world.alive(i))
}

/// True if a shot may strike what stands in a row: it can be hurt, is not who shot, and no friend.
pub fn wanted(ray: &Ray, world: &World, config: &Config, i: usize) -> bool {
    let friendly = config.head.rules & 1 != 0;
    let number = world.get(column::KIND, i);
    let hurtable = config.kinds.get((number - 1) as usize).is_some_and(|k| k.health > 0);
    let same = ray.team != 0 && world.get(column::TEAM, i) == ray.team;
    hurtable && world.handle(i) != ray.owner && (friendly || !same)
}

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
        let part = strike_shape(ray, &Shape::of(world, row));
        if let Some(part) = part {
            best.take(part, row);
        }
    });
    best.struck()
}

/// The first wall on a way, or the ground; a part above [`WHOLE`] if there is none.
pub fn first_solid(ray: &Ray, walls: &Walls) -> Strike {
    let to = add(ray.from, ray.way);
    let mut best = Strike { part: WHOLE + 1, target: None };
    if ray.from.2 >= 0 && to.2 < 0 {
        best.part = (i64::from(ray.from.2) << 30) / (i64::from(ray.from.2) - i64::from(to.2));
    }
    let low = (
        ray.from.0.min(to.0).saturating_sub(ray.radius),
        ray.from.1.min(to.1).saturating_sub(ray.radius),
    );
    let high = (
        ray.from.0.max(to.0).saturating_add(ray.radius),
        ray.from.1.max(to.1).saturating_add(ray.radius),
    );
    walls.near(low, high, |_, wall| {
        let tall = if wall.height == 0 { None } else { Some((wall.z, wall.height)) };
        if let Some(part) = strike_box(ray, (wall.x, wall.y), (wall.half_x, wall.half_y), tall) {
            best.part = best.part.min(part);
        }
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
    let to = add(from, way);
    let low = (from.0.min(to.0).saturating_sub(radius), from.1.min(to.1).saturating_sub(radius));
    let high = (from.0.max(to.0).saturating_add(radius), from.1.max(to.1).saturating_add(radius));
    let mut struck = false;
    walls.near(low, high, |_, wall| {
        let tall = if wall.height == 0 { None } else { Some((wall.z, wall.height)) };
        struck |= strike_box(&ray, (wall.x, wall.y), (wall.half_x, wall.half_y), tall).is_some();
    });
    struck
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

/// Proposes a hit at a part of a way, and tells the plugin.
fn propose(room: &mut Room, ray: &Ray, part: i64, target: usize, held: usize, command: u32) {
    let now = room.r.head[0].tick;
    let Some(weapon) = room.config.weapons.get(held) else { return };
    if room.world().get(column::PROTECTED_UNTIL, target) as u32 > now {
        return;
    }
    let place =
        |from: i32, way: i32| from.saturating_add(shift_round(i64::from(way) * part, 30) as i32);
    let long = length(ray.way.0, ray.way.1).max(1);
    let push =
        |way: i32| div_round(i64::from(way) * i64::from(weapon.knockback), i64::from(long)) as i32;
    let hit = Hit {
        attacker: ray.owner,
        target: room.world().handle(target),
        amount: weapon.damage,
        permille: 1000,
        x: place(ray.from.0, ray.way.0),
        y: place(ray.from.1, ray.way.1),
        z: place(ray.from.2, ray.way.2),
        push_x: push(ray.way.0),
        push_y: push(ray.way.1),
        weapon: held as u32,
        command,
    };
    let index = room.r.head[0].hits as usize;
    let Some(slot) = room.r.hits.get_mut(index) else {
        room.r.stats[0].events_dropped = room.r.stats[0].events_dropped.wrapping_add(1);
        return;
    };
    *slot = hit;
    room.r.head[0].hits += 1;
    let Hit { attacker, target, amount, x, y, z, weapon, .. } = hit;
    events::hook(
        room,
        gen::Hit::KIND,
        index as u16,
        &gen::Hit { attacker, target, amount, x, y, z, weapon },
    );
}
