//! `resolve`: who shot, and what it would hit. Hits are only proposed here; the plugin may scale
//! them, `command` commits them. What flies is judged against the present, or first flies from what its
//! shooter saw to now; a shot that hits at once is judged by what its shooter saw (see `rewind.rs`).

use crate::blast;
use crate::config::Config;
use crate::events;
use crate::fixed::{cos_sin, div_round, length, mul_shift};
use crate::gen::{
    self, button, column, event, flag, kind, result, rule, zone, ClientEvent, ConfigWeapon,
};
use crate::grid;
use crate::physics::ray_from;
use crate::receipt::{self, Shapes, Shot};
use crate::region::Hit;
use crate::rewind;
use crate::room::{add_entity, remove_entity, Room};
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
    if weapon.rules & rule::FRIENDLY_FIRE != 0 {
        muzzle.team = 0;
    }
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
        let result = meet(room, &ray, strike, (held, command));
        if let Some(view) = view {
            let shot = Shot { slot, view: &view, report: &report, pitch };
            receipt::write(room, &shot, (strike, result), &shapes);
        }
    } else {
        let out = along(aim, pitch, radius.saturating_add(weapon.radius));
        (report.x, report.y, report.z) = add(muzzle.from, out);
        if let Some(shot) = launch(room, row, &muzzle, (held, weapon, command)) {
            report.object = room.world().handle(shot);
            let forward = weapon.rules & rule::FORWARD != 0;
            let flies = match rewind::view_of(room, slot).filter(|_| forward) {
                Some(view) => {
                    let told = Shot { slot, view: &view, report: &report, pitch };
                    fly_on(room, shot, out, &told)
                }
                None => fly(room, shot, out),
            };
            if !flies {
                report.object = 0;
                remove_entity(room, shot);
            }
        }
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

/// Makes a projectile in the muzzle; None if there is no index left.
fn launch(
    room: &mut Room,
    shooter: usize,
    muzzle: &Ray,
    shot: (usize, &ConfigWeapon, u32),
) -> Option<usize> {
    let (held, weapon, command) = shot;
    let head = &room.r.head[0];
    let places = head.sizes.players - head.players;
    let row = if head.free_count > places { add_entity(room, kind::PROJECTILE) } else { None };
    let Some(row) = row else {
        room.r.stats[0].spawns_refused = room.r.stats[0].spawns_refused.wrapping_add(1);
        return None;
    };
    let now = room.r.head[0].tick;
    let mut world = room.world();
    let (aim, pitch) = (world.get(column::AIM, shooter), world.get(column::PITCH, shooter));
    let team = world.get(column::TEAM, shooter);
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
        (column::TEAM, team),
        (column::OWNER, muzzle.owner as i32),
        (column::RADIUS, weapon.radius),
        (column::WEAPON, held as i32),
        (column::EXPIRES, expires),
        (column::COMMAND, command as i32),
    ] {
        world.set(column, row, value);
    }
    Some(row)
}

/// Lets a new projectile leave the muzzle at the moment that its shooter saw, and fly from then to now, past whom that view
/// showed. Its way is the one that the shooter's client has predicted for it: what it sees of others is as old as this is long.
fn fly_on(room: &mut Room, row: usize, out: (i32, i32, i32), shot: &Shot) -> bool {
    let all = (u64::from(room.r.head[0].tick) << 16).saturating_sub(shot.view.time) >> 16;
    let weapons = room.config.weapons;
    let world = room.world();
    let velocity = [column::VX, column::VY, column::VZ].map(|f| world.get(f, row));
    let life =
        weapons.get(world.get(column::WEAPON, row) as usize).map_or(1, |w| w.life_ticks.max(1));
    // It goes no further than it lives.
    let steps = all.min(u64::from(life) - 1);
    for step in 0..=steps {
        let way = if step == 0 { out } else { (velocity[0], velocity[1], velocity[2]) };
        let ray = ray_of(room, row, way);
        let mut shapes = Shapes::new();
        let at = (shot.view, shot.view.time + (step << 16));
        let strike = rewind::cast_then(room, &ray, at, &mut shapes);
        let ended = strike.is_some() || !advance(room, row, &ray);
        if ended || step == steps {
            let result = match strike {
                None if ended => result::NONE,
                None => result::FLIES,
                strike => strike_of(room, row, &ray, strike),
            };
            receipt::write(room, shot, (strike, result), &shapes);
        }
        if ended {
            return false;
        }
    }
    let mut world = room.world();
    let expires = world.get(column::EXPIRES, row).saturating_sub(all as i32);
    // Not before its next step, in which it ends as one that has lived its time.
    world.set(column::EXPIRES, row, expires.max(1));
    true
}

/// The way of a projectile. One that strikes its own has no team.
fn ray_of(room: &mut Room, row: usize, way: (i32, i32, i32)) -> Ray {
    let weapons = room.config.weapons;
    let world = room.world();
    let ray = ray_from(&world, row, way, world.get(column::OWNER, row) as u32);
    let weapon = weapons.get(world.get(column::WEAPON, row) as usize);
    let friendly = weapon.is_some_and(|weapon| weapon.rules & rule::FRIENDLY_FIRE != 0);
    if friendly {
        Ray { team: 0, ..ray }
    } else {
        ray
    }
}

/// Moves a projectile along a way; false if it struck something (a hit is then proposed) or left
/// the world.
pub fn fly(room: &mut Room, row: usize, way: (i32, i32, i32)) -> bool {
    let ray = ray_of(room, row, way);
    let strike = cast_in(room, &ray);
    if strike.is_some() {
        strike_of(room, row, &ray, strike);
        return false;
    }
    advance(room, row, &ray)
}

/// What a projectile does to what it strikes. RESULTS.
fn strike_of(room: &mut Room, row: usize, ray: &Ray, strike: Option<Strike>) -> u8 {
    let world = room.world();
    let (held, command) =
        (world.get(column::WEAPON, row) as usize, world.get(column::COMMAND, row) as u32);
    meet(room, ray, strike, (held, command))
}

/// What a shot does where its way ends. RESULTS.
fn meet(room: &mut Room, ray: &Ray, strike: Option<Strike>, shot: (usize, u32)) -> u8 {
    let Some(strike) = strike else { return result::NONE };
    let harmed = propose(room, ray, strike, shot);
    blast::burst(room, ray, strike.part, (shot, strike.target));
    match strike.target {
        None => result::WALL,
        Some(_) if harmed => result::HIT,
        Some(_) => result::HARMLESS,
    }
}

/// Moves a projectile by a way that is free. False: out of the world.
fn advance(room: &mut Room, row: usize, ray: &Ray) -> bool {
    let (x, y, z) = add(ray.from, ray.way);
    let head = room.config.head;
    let mut world = room.world();
    world.set(column::X, row, x);
    world.set(column::Y, row, y);
    world.set(column::Z, row, z);
    let most_z = gen::POSITION_MAX as i32;
    x.abs() <= head.half_width && y.abs() <= head.half_depth && (0..=most_z).contains(&z)
}

/// One that has lived its time bursts where it is.
pub fn expire(room: &mut Room, row: usize) {
    let ray = ray_of(room, row, (0, 0, 0));
    let world = room.world();
    let shot = (world.get(column::WEAPON, row) as usize, world.get(column::COMMAND, row) as u32);
    blast::burst(room, &ray, 0, (shot, None));
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

/// Proposes the hit of a strike. False: nobody stands there, or nobody who takes harm.
fn propose(room: &mut Room, ray: &Ray, strike: Strike, (held, command): (usize, u32)) -> bool {
    let (Some(weapon), Some(row)) = (room.config.weapons.get(held), strike.target) else {
        return false;
    };
    let number = room.world().get(column::KIND, row);
    let head = room.config.kinds.get((number - 1) as usize).map_or(0, |kind| kind.head);
    let (x, y, z) = ray.at(strike.part);
    let struck = if head > 0 && z >= strike.top - head { zone::HEAD } else { zone::BODY };
    let amount = match struck {
        zone::HEAD => div_round(i64::from(weapon.damage) * i64::from(weapon.head_permille), 1000),
        _ => i64::from(weapon.damage),
    };
    let long = length(ray.way.0, ray.way.1).max(1);
    let push =
        |way: i32| div_round(i64::from(way) * i64::from(weapon.knockback), i64::from(long)) as i32;
    let hit = Hit {
        attacker: ray.owner,
        target: room.world().handle(row),
        amount: amount as i32,
        permille: 1000,
        x,
        y,
        z,
        push_x: push(ray.way.0),
        push_y: push(ray.way.1),
        push_z: 0,
        weapon: held as u32,
        command,
        zone: struck,
    };
    offer(room, row, hit)
}

/// Tells the plugin of a hit on a row. False: who stands there takes no harm, or there are too many.
pub fn offer(room: &mut Room, row: usize, hit: Hit) -> bool {
    let now = room.r.head[0].tick;
    let weapon = room.config.weapons.get(hit.weapon as usize);
    let through = weapon.is_some_and(|weapon| weapon.rules & rule::THROUGH_PROTECTION != 0);
    let world = room.world();
    let protected = world.get(column::PROTECTED_UNTIL, row) as u32 > now;
    if protected && !through || !world.alive(row) {
        return false;
    }
    let index = room.r.head[0].hits as usize;
    let Some(place) = room.r.hits.get_mut(index) else {
        room.r.stats[0].events_dropped = room.r.stats[0].events_dropped.wrapping_add(1);
        return false;
    };
    *place = hit;
    room.r.head[0].hits += 1;
    let Hit { attacker, target, amount, x, y, z, weapon, zone, .. } = hit;
    events::hook(
        room,
        gen::Hit::KIND,
        index as u16,
        &gen::Hit { attacker, target, amount, x, y, z, weapon, zone },
    );
    true
}
