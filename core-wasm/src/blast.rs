//! Blasts: where a shot ends, everything near takes harm and is pushed away, less of both the further off it is. A hit for each is
//! proposed, in order of rows. Judged by the present; walls shield.

use crate::combat;
use crate::fixed::{div_round, length};
use crate::gen::{rule, zone, ConfigWeapon};
use crate::region::Hit;
use crate::room::Room;
use crate::strike::{self, Ray, Shape, WHOLE};
use crate::walls_of;

/// The blast of a shot that ends at a part of its way, if its weapon has one. `struck` takes the hit of the shot alone.
pub fn burst(
    room: &mut Room,
    ray: &Ray,
    part: i64,
    ((held, command), struck): ((usize, u32), Option<usize>),
) {
    let Some(weapon) = room.config.weapons.get(held).filter(|weapon| weapon.blast_radius > 0)
    else {
        return;
    };
    let middle = Ray { from: ray.at(part), way: (0, 0, 0), radius: 0, ..*ray };
    for row in 0..room.r.head[0].sizes.entities as usize {
        let config = room.config;
        let world = room.world();
        if !world.alive(row) || struck == Some(row) {
            continue;
        }
        let target = world.handle(row);
        let own = target == ray.owner && weapon.rules & rule::SELF_HARM != 0;
        let shape = Shape::of(&world, row);
        let far = shape.distance(middle.from);
        if far >= weapon.blast_radius || !(own || combat::wanted(&middle, &world, &config, row)) {
            continue;
        }
        let away = away_from(&middle, &shape);
        let shield = Ray { way: away, ..middle };
        if strike::first_solid(&shield, &walls_of!(room.r)).struck().is_some_and(|s| s.part < WHOLE)
        {
            continue;
        }
        let [push_x, push_y, push_z] = pushed(away, weapon, far);
        let (x, y, z) = middle.from;
        let hit = Hit {
            attacker: ray.owner,
            target,
            amount: weaker(weapon.blast_damage, weapon, far),
            permille: 1000,
            x,
            y,
            z,
            push_x,
            push_y,
            push_z,
            weapon: held as u32,
            command,
            zone: zone::BLAST,
        };
        combat::offer(room, row, hit);
    }
}

/// The way from a blast to the middle of a body.
fn away_from(middle: &Ray, body: &Shape) -> (i32, i32, i32) {
    let (x, y, z) = middle.from;
    let up =
        if body.height == 0 { 0 } else { body.z.saturating_add(body.height / 2).saturating_sub(z) };
    (body.x.saturating_sub(x), body.y.saturating_sub(y), up)
}

/// What is left of an amount so far away: all of it in the middle, `blast_permille` of it at the edge, in a straight line between.
fn weaker(amount: i32, weapon: &ConfigWeapon, far: i32) -> i32 {
    let radius = i64::from(weapon.blast_radius);
    let lost = i64::from(1000 - weapon.blast_permille as i32) * i64::from(far);
    div_round(i64::from(amount) * (1000 * radius - lost), 1000 * radius) as i32
}

/// The velocity that it adds, along a way; straight up where that is none.
fn pushed(away: (i32, i32, i32), weapon: &ConfigWeapon, far: i32) -> [i32; 3] {
    let by = i64::from(weaker(weapon.blast_push, weapon, far));
    let long = i64::from(length(length(away.0, away.1), away.2));
    if long == 0 {
        return [0, 0, by as i32];
    }
    [away.0, away.1, away.2].map(|d| div_round(i64::from(d) * by, long) as i32)
}
