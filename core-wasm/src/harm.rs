//! Health, death and knock-back: what `command` commits. A death is told to the plugin in the next
//! tick.

use crate::events;
use crate::fixed::div_round;
use crate::gen::{self, column, event, flag, kind, ClientEvent};
use crate::region;
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
        if (hit.push_x, hit.push_y) != (0, 0) {
            push(room, row, (hit.push_x, hit.push_y, 0));
        }
        let _ =
            hurt(room, row, hit.attacker, amount, (hit.x, hit.y, hit.z), (hit.weapon, hit.command));
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
    by: (u32, u32),
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
        let (weapon, command) = by;
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
            ..zero
        };
        events::push(room, hit);
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
        events::hook(room, gen::Death::KIND, 0, &gen::Death { victim, attacker });
    }
    room.r.head[0].deaths = 0;
}
