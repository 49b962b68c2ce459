//! Health, death and knock-back: what `command` commits. A death is told to the plugin in the next
//! tick.

use crate::events;
use crate::fixed::div_round;
use crate::gen::{self, column, event, flag, kind, zone, ClientEvent};
use crate::region::{self, Hurt, HURTS};
use crate::room::Room;

/// Applies the proposed hits of this tick, scaled by the plugin, in order.
pub fn commit_hits(room: &mut Room) {
    for k in 0..room.r.head[0].hits as usize {
        let Some(hit) = room.r.hits.get(k).copied() else { break };
        let Some(row) = room.world().find(hit.target) else { continue };
        if hit.permille == 0 || !room.world().alive(row) {
            continue;
        }
        let amount = div_round(i64::from(hit.amount) * i64::from(hit.permille), 1000);
        let amount = amount.clamp(-0x7fff_ffff, 0x7fff_ffff) as i32;
        let by = (hit.push_x, hit.push_y, hit.push_z);
        if by != (0, 0, 0) {
            push(room, row, by);
        }
        let (at, how) = ((hit.x, hit.y, hit.z), (hit.weapon, hit.command, hit.zone));
        let _ = hurt(room, row, hit.attacker, amount, at, how);
    }
}

/// Takes health away (or gives it), tells clients, and kills at 0. None if the entity cannot be
/// hurt now.
pub fn hurt(
    room: &mut Room,
    row: usize,
    attacker: u32,
    amount: i32,
    at: (i32, i32, i32),
    by: (u32, u32, u32),
) -> Option<()> {
    let most = room.config.head.health_max;
    let kinds = room.config.kinds;
    let mut world = room.world();
    let kind = world.get(column::KIND, row);
    let hurtable = kinds.get((kind - 1) as usize).is_some_and(|k| k.health > 0);
    (hurtable && world.alive(row)).then_some(())?;
    let health = (i64::from(world.get(column::HEALTH, row)) - i64::from(amount))
        .clamp(0, i64::from(most)) as i32;
    world.set(column::HEALTH, row, health);
    let object = world.handle(row);
    room.touch(row);
    if amount > 0 {
        let (x, y, z) = at;
        let (weapon, command, hit_zone) = by;
        let zero: ClientEvent = bytemuck::Zeroable::zeroed();
        let hit = ClientEvent {
            kind: event::HIT,
            subject: attacker,
            object,
            x,
            y,
            z,
            amount,
            command,
            weapon: weapon as u16,
            aim: u16::from(hit_zone == zone::HEAD),
            ..zero
        };
        events::push(room, hit);
        remember(room, row, attacker);
        room.r.stats[0].hits = room.r.stats[0].hits.wrapping_add(1);
    }
    if health <= 0 {
        die(room, row, attacker, by.0);
    }
    Some(())
}

/// Ends a life: told to clients now, to the plugin in the next tick.
pub fn die(room: &mut Room, row: usize, attacker: u32, weapon: u32) {
    let now = room.r.head[0].tick;
    let mut world = room.world();
    world.lower(row, flag::ALIVE);
    for f in [column::VX, column::VY, column::VZ, column::DASH_LEFT] {
        world.set(f, row, 0);
    }
    if world.get(column::KIND, row) != kind::PLAYER {
        // Gone at the end of the next tick, when its hook has run.
        world.set(column::EXPIRES, row, (now + 1) as i32);
    }
    let victim = world.handle(row);
    let (x, y, z) =
        (world.get(column::X, row), world.get(column::Y, row), world.get(column::Z, row));
    let zero: ClientEvent = bytemuck::Zeroable::zeroed();
    room.touch(row);
    events::push(
        room,
        ClientEvent {
            kind: event::DEATH,
            subject: attacker,
            object: victim,
            x,
            y,
            z,
            weapon: weapon as u16,
            ..zero
        },
    );
    let count = room.r.head[0].deaths as usize;
    if let Some(place) = room.r.deaths.get_mut(count) {
        *place = region::Death { victim, attacker };
        room.r.head[0].deaths += 1;
    }
    room.r.stats[0].deaths = room.r.stats[0].deaths.wrapping_add(1);
}

/// Adds to a velocity.
pub fn push(room: &mut Room, row: usize, by: (i32, i32, i32)) {
    let speed = crate::config::SPEED_MAX;
    let high = room.config.high();
    let mut world = room.world();
    for (f, by) in
        [(column::VX, by.0), (column::VY, by.1), (column::VZ, if high { by.2 } else { 0 })]
    {
        let to = world.get(f, row).saturating_add(by).clamp(-speed, speed);
        world.set(f, row, to);
    }
    room.touch(row);
}

/// Death events of what died in the tick before.
pub fn tell_deaths(room: &mut Room) {
    for k in 0..room.r.head[0].deaths as usize {
        let Some(region::Death { victim, attacker }) = room.r.deaths.get(k).copied() else { break };
        let assists = assists(room, victim, attacker);
        events::hook(room, gen::Death::KIND, 0, &gen::Death { victim, attacker, assists });
    }
    room.r.head[0].deaths = 0;
}

/// The places in which it is remembered who hurt the player of a row; None for what is no player.
fn hurts<'r>(room: &'r mut Room, row: usize) -> Option<&'r mut [Hurt]> {
    let slot = room.slot_of(row)?;
    let each = HURTS as usize;
    room.r.hurts.get_mut(slot * each..(slot + 1) * each)
}

/// Remembers that a player was hurt by another: once each, in the place of the one longest ago.
fn remember(room: &mut Room, row: usize, attacker: u32) {
    let tick = room.r.head[0].tick;
    if attacker == 0 || attacker == room.world().handle(row) {
        return;
    }
    let Some(hurts) = hurts(room, row) else { return };
    let known = hurts.iter().position(|hurt| hurt.attacker == attacker);
    let oldest = || hurts.iter().enumerate().min_by_key(|(_, hurt)| hurt.tick).map(|(k, _)| k);
    if let Some(place) = known.or_else(oldest) {
        hurts[place] = Hurt { attacker, tick };
    }
}

/// Who had a share in the death of the tick before, the killer left out; then all of them are forgotten.
fn assists(room: &mut Room, victim: u32, attacker: u32) -> [u32; 3] {
    if room.config.head.assist_ticks == 0 {
        return [0; 3];
    }
    let since = (room.r.head[0].tick - 1).saturating_sub(room.config.head.assist_ticks);
    let mut named = [0; 3];
    let Some(row) = room.world().find(victim) else { return named };
    let Some(hurts) = hurts(room, row) else { return named };
    let shares =
        |hurt: &&Hurt| hurt.attacker != 0 && hurt.attacker != attacker && hurt.tick >= since;
    for (place, hurt) in named.iter_mut().zip(hurts.iter().filter(shares)) {
        *place = hurt.attacker;
    }
    hurts.fill(Hurt::default());
    named
}
