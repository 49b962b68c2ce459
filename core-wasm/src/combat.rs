//! `resolve`: who shot, and what it would hit. Hits are only proposed here; the plugin may scale
//! them, `command` commits them. What flies is judged against the present, a shot that hits at once
//! against what its shooter saw (see `rewind.rs`).

use crate::config::Config;
use crate::events;
use crate::fixed::{cos_sin, div_round, length, mul_shift, shift_round};
use crate::gen::{self, button, column, event, flag, kind, result, ClientEvent, ConfigWeapon};
use crate::grid;
use crate::physics::ray_from;
use crate::receipt::{self, Shapes};
use crate::region::Hit;
use crate::rewind;
use crate::room::{add_entity, Room};
use crate::strike::{add, cast, Ray, Strike, WHOLE};
use crate::walls_of;
use crate::world::World;

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
        let view = rewind::view_of(room, slot);
        let mut shapes = Shapes::new();
        let strike = match &view {
            Some(view) => rewind::cast(room, &ray, view, &mut shapes),
            None => cast_in(room, &ray),
        };
        let part = strike.map_or(WHOLE, |s| s.part);
        report.amount = receipt::distance(weapon.range, part);
        (report.x, report.y, report.z) = muzzle.from;
        let target = strike.and_then(|s| s.target);
        let harmed = target.is_some_and(|row| propose(room, &ray, part, row, held, command));
        if let Some(view) = view {
            let result = match (strike, target) {
                (None, _) => result::NONE,
                (_, None) => result::WALL,
                _ if harmed => result::HIT,
                _ => result::HARMLESS,
            };
            let target = target.map_or(0, |row| room.world().handle(row));
            let ClientEvent { subject: shooter, x, y, z, amount: distance, .. } = report;
            let weapon = held as u8;
            let shot = gen::Receipt {
                shooter,
                target,
                command,
                result,
                weapon,
                aim,
                pitch,
                x,
                y,
                z,
                distance,
                ..receipt::of_view(&view)
            };
            receipt::write(room, slot, &shot, &shapes);
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

/// Proposes a hit at a part of a way, and tells the plugin. False: who stands there takes no harm.
fn propose(
    room: &mut Room,
    ray: &Ray,
    part: i64,
    target: usize,
    held: usize,
    command: u32,
) -> bool {
    let now = room.r.head[0].tick;
    let Some(weapon) = room.config.weapons.get(held) else { return false };
    let world = room.world();
    if world.get(column::PROTECTED_UNTIL, target) as u32 > now || !world.alive(target) {
        return false;
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
        return false;
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
    true
}
