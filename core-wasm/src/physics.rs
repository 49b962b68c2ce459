//! `simulate`: players move, push each other apart, things fly, players touch things. Rows in
//! ascending order, always.

use crate::areas;
use crate::combat;
use crate::events;
use crate::fixed::{div_round, isqrt};
use crate::gen::{column, flag, kind, Landed, Touch};
use crate::grid;
use crate::movement::{self, Body};
use crate::room::{remove_entity, settle, Room};
use crate::strike::Ray;
use crate::walls_of;
use crate::world::World;

/// Moves everything by one tick.
pub fn simulate(room: &mut Room) {
    move_players(room);
    if room.config.head.rules & 4 != 0 {
        build_grid(room);
        push_apart(room);
    }
    build_grid(room);
    fly(room);
    // Before what may fill the buffer: a leave that is not told is lost.
    areas::watch(room);
    touch(room);
}

fn move_players(room: &mut Room) {
    let n = room.r.head[0].sizes.entities as usize;
    let head = room.config.head;
    for slot in 0..room.r.clients.len() {
        let client = &room.r.clients[slot];
        let row = (client.handle & 0xffff) as usize;
        let mut world = World::new(room.r.columns, n);
        if client.player_id == 0 || !world.alive(row) {
            continue;
        }
        let mut body = Body::read(&world, row);
        let fault = movement::step(&mut body, &room.r.applied[slot], head, &walls_of!(room.r));
        if fault != 0 {
            let said = &mut room.r.stats[0].step_faults;
            *said = (fault as u32) << 24 | said.wrapping_add(1) & 0xff_ffff;
        }
        body.write(&mut world, row);
        if head.crouch_column != 0 {
            let low = i32::from(body.height < head.stand_height);
            world.set(head.crouch_column as usize, row, low);
        }
        if body.landed > 0 {
            let landed = Landed { player: world.handle(row), speed: body.landed };
            events::landed(room, &landed);
        }
    }
}

/// Builds the grid of this moment over everything alive that does not fly.
pub fn build_grid(room: &mut Room) {
    let sizes = room.r.head[0].sizes;
    let world = World::new(room.r.columns, sizes.entities as usize);
    let memory = (&mut *room.s.cell_starts, &mut *room.s.cell_items, &mut *room.s.cell_of);
    let wide = world.column(column::RADIUS).iter().chain(world.column(column::DEPTH));
    room.reach = wide.copied().max().unwrap_or(0);
    grid::build(room.config.head, &sizes, &world, memory, |world, i| {
        world.get(column::KIND, i) != kind::PROJECTILE && world.alive(i)
    });
}

/// Pairs of solid players that overlap part by half of it each, lower row first. One pass: a crowd
/// settles over ticks.
fn push_apart(room: &mut Room) {
    let sizes = room.r.head[0].sizes;
    let n = sizes.entities as usize;
    let most = room.reach;
    for slot in 0..sizes.players as usize {
        let row = (room.r.clients[slot].handle & 0xffff) as usize;
        let mut world = World::new(room.r.columns, n);
        if room.r.clients[slot].player_id == 0 || !solid(&world, row) {
            continue;
        }
        let grid = grid::view(room.config.head, &sizes, room.s.cell_starts, room.s.cell_items);
        let (x, y) = (world.get(column::X, row), world.get(column::Y, row));
        // The grid is as old as this pass; nobody is pushed further than a radius in it.
        let reach = world.get(column::RADIUS, row) + 2 * most;
        let mut moved = false;
        grid.near(x, y, reach, |other| {
            if other > row
                && world.get(column::KIND, other) == kind::PLAYER
                && solid(&world, other)
                && part(&mut world, row, other)
            {
                world.raise(other, flag::TOUCHED | PUSHED);
                moved = true;
            }
        });
        if moved {
            world.raise(row, flag::TOUCHED | PUSHED);
        }
    }
    for slot in 0..sizes.players as usize {
        let row = (room.r.clients[slot].handle & 0xffff) as usize;
        if room.r.clients[slot].player_id != 0 && room.world().get(column::FLAGS, row) & PUSHED != 0
        {
            room.world().lower(row, PUSHED);
            settle(room, row);
        }
    }
}

/// Bit of FLAGS that lives only inside `push_apart`.
const PUSHED: i32 = 1 << 30;

fn solid(world: &World, i: usize) -> bool {
    let both = flag::ALIVE | flag::SOLID;
    world.get(column::FLAGS, i) & both == both
}

/// Parts two circles by half of their overlap each. True if they overlapped.
fn part(world: &mut World, a: usize, b: usize) -> bool {
    let dx = i64::from(world.get(column::X, b)) - i64::from(world.get(column::X, a));
    let dy = i64::from(world.get(column::Y, b)) - i64::from(world.get(column::Y, a));
    let reach = i64::from(world.get(column::RADIUS, a)) + i64::from(world.get(column::RADIUS, b));
    let squared = dx * dx + dy * dy;
    if squared >= reach * reach {
        return false;
    }
    let height = |world: &World, i| i64::from(world.get(column::HEIGHT, i));
    let dz = i64::from(world.get(column::Z, b)) - i64::from(world.get(column::Z, a));
    if height(world, a) > 0 && (dz >= height(world, a) || -dz >= height(world, b)) {
        return false;
    }
    let long = i64::from(isqrt(squared as u64));
    // Two at one point part along x, the lower row to the left.
    let (nx, ny, long) = if long == 0 { (1, 0, 1) } else { (dx, dy, long) };
    let depth = if squared == 0 { reach } else { reach - long };
    let (px, py) = (div_round(nx * depth, 2 * long) as i32, div_round(ny * depth, 2 * long) as i32);
    for (row, sign) in [(a, -1), (b, 1)] {
        let (x, y) = (world.get(column::X, row), world.get(column::Y, row));
        world.set(column::X, row, x + sign * px);
        world.set(column::Y, row, y + sign * py);
    }
    true
}

/// Projectiles fly and hit; other things with a velocity move; what has lived its time goes.
fn fly(room: &mut Room) {
    let n = room.r.head[0].sizes.entities as usize;
    let now = room.r.head[0].tick;
    for row in 0..n {
        let world = World::new(room.r.columns, n);
        let number = world.get(column::KIND, row);
        if number == kind::FREE || number == kind::PLAYER {
            continue;
        }
        let expires = world.get(column::EXPIRES, row) as u32;
        if expires != 0 && expires <= now && world.alive(row) {
            if number == kind::PROJECTILE {
                combat::expire(room, row);
            }
            remove_entity(room, row);
        } else if number == kind::PROJECTILE {
            let way = [column::VX, column::VY, column::VZ].map(|f| world.get(f, row));
            if !combat::fly(room, row, (way[0], way[1], way[2])) {
                remove_entity(room, row);
            }
        } else {
            drift(room, row);
        }
    }
}

fn drift(room: &mut Room, row: usize) {
    let head = room.config.head;
    let mut world = room.world();
    for (place, velocity, least, most) in [
        (column::X, column::VX, -head.half_width, head.half_width),
        (column::Y, column::VY, -head.half_depth, head.half_depth),
        (column::Z, column::VZ, 0, crate::gen::POSITION_MAX as i32),
    ] {
        let by = world.get(velocity, row);
        if by != 0 {
            let to = world.get(place, row).saturating_add(by).clamp(least, most);
            world.set(place, row, to);
        }
    }
}

/// Tells each pair of a living player and an overlapping thing that reports touches.
fn touch(room: &mut Room) {
    let sizes = room.r.head[0].sizes;
    let n = sizes.entities as usize;
    let most = room.reach;
    for row in 0..n {
        let world = World::new(room.r.columns, n);
        let flags = world.get(column::FLAGS, row);
        let wanted = flag::ALIVE | flag::TOUCH;
        if flags & wanted != wanted || world.get(column::KIND, row) == kind::FREE {
            continue;
        }
        let grid = grid::view(room.config.head, &sizes, room.s.cell_starts, room.s.cell_items);
        let wide = world.get(column::RADIUS, row).max(world.get(column::DEPTH, row));
        let (x, y) = (world.get(column::X, row), world.get(column::Y, row));
        let mut found = [0u32; TOUCHES_MAX];
        let mut count = 0;
        grid.near(x, y, wide.saturating_add(most), |other| {
            let player = other != row && world.get(column::KIND, other) == kind::PLAYER;
            if player && count < TOUCHES_MAX && overlaps(&world, other, row) {
                found[count] = other as u32;
                count += 1;
            }
        });
        found[..count].sort_unstable();
        let other = world.handle(row);
        for player in &found[..count] {
            let player = World::new(room.r.columns, n).handle(*player as usize);
            events::touch(room, &Touch { player, other });
        }
    }
}

/// Players that one thing can report in one tick.
const TOUCHES_MAX: usize = 32;

/// True if a circle overlaps a thing (circle or box), heights included.
fn overlaps(world: &World, player: usize, thing: usize) -> bool {
    let dx = i64::from(world.get(column::X, player)) - i64::from(world.get(column::X, thing));
    let dy = i64::from(world.get(column::Y, player)) - i64::from(world.get(column::Y, thing));
    let radius = i64::from(world.get(column::RADIUS, player));
    let (wide, depth) =
        (i64::from(world.get(column::RADIUS, thing)), i64::from(world.get(column::DEPTH, thing)));
    let near = if depth == 0 {
        let reach = radius + wide;
        dx * dx + dy * dy < reach * reach
    } else {
        let (ox, oy) = (dx - dx.clamp(-wide, wide), dy - dy.clamp(-depth, depth));
        ox * ox + oy * oy < radius * radius
    };
    let dz = i64::from(world.get(column::Z, player)) - i64::from(world.get(column::Z, thing));
    let (own, other) =
        (i64::from(world.get(column::HEIGHT, player)), i64::from(world.get(column::HEIGHT, thing)));
    near && (own == 0 || other == 0 || (dz < other && -dz < own))
}

/// A ray from a row's place.
pub fn ray_from(world: &World, row: usize, way: (i32, i32, i32), owner: u32) -> Ray {
    let from = (world.get(column::X, row), world.get(column::Y, row), world.get(column::Z, row));
    Ray {
        from,
        way,
        radius: world.get(column::RADIUS, row),
        owner,
        team: world.get(column::TEAM, row),
    }
}
