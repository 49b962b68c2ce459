//! Lag compensation: a shot is judged by what its shooter saw. Only what the shot could strike is looked up in the past, by the
//! rule that clients draw by (`shown.rs`), from the snapshots that this client had acknowledged (`sent.rs`).
//!
//! How far back is measured, not believed: a packet names the newest snapshot its sender had, and the tick of its newest
//! command; the difference is all of the delay, both ways and the lead included, and no clock is asked. The least of the last
//! quarter to half second counts, so that a lost snapshot widens nothing.
//!
//! Never rewound: beyond `rewindMsMax` of that delay and the prescribed interpolation delay; to a thing that the shooter was not
//! sent; across a teleport, a death or a new life.

use crate::combat;
use crate::config::RULE_DEAD_STOP;
use crate::gen::{clamp, column, mark};
use crate::history::head_of;
use crate::packet::{WIRE_DELAY, WIRE_DELAY_SINCE};
use crate::receipt::Shapes;
use crate::region::{Client, CLIENT_AWAY, CLIENT_BOT, TICK_NONE};
use crate::room::Room;
use crate::sent::Way;
use crate::sent_of;
use crate::strike::{self, Ray, Shape, Strike};
use crate::walls::Walls;
use crate::walls_of;
use crate::world::World;

/// The view by which a shot is judged. Times are in 1/65536 tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Whose.
    pub slot: usize,
    /// What the command stated.
    pub stated: u64,
    /// What counts.
    pub time: u64,
    /// What could have counted at the most.
    pub earliest: u64,
    /// What counts for a target that stands behind a wall by now; not before `time`.
    pub covered: u64,
    /// Newest snapshot that may be looked at.
    pub newest: u32,
    /// CLAMPS.
    pub clamp: u8,
}

/// Takes in what a packet says of the delay: its newest command is for tick `newest`, and the newest snapshot its sender had is
/// the client's reference. Call it before its commands are accepted.
pub fn measure(client: &mut Client, newest: u32, now: u32, rate: u32) {
    let repeated = client.newest_input != TICK_NONE && newest <= client.newest_input;
    if repeated || client.reference_tick == TICK_NONE {
        return;
    }
    // One more than the delay: 0 is none.
    let sample = newest.saturating_sub(client.reference_tick).min(0xfffe) + 1;
    let (running, turn) = (client.wire[WIRE_DELAY] & 0xffff, (rate / 4).max(1));
    let age = now.wrapping_sub(client.wire[WIRE_DELAY_SINCE]);
    client.wire[WIRE_DELAY] = if running == 0 || age >= turn {
        let before = if age < 2 * turn { running } else { 0 };
        client.wire[WIRE_DELAY_SINCE] = now;
        sample | before << 16
    } else {
        running.min(sample) | client.wire[WIRE_DELAY] & !0xffff
    };
}

/// The measured delay of a client, ticks; None before there is any.
pub fn delay(client: &Client) -> Option<u32> {
    let (running, before) = (client.wire[WIRE_DELAY] & 0xffff, client.wire[WIRE_DELAY] >> 16);
    let least = if before == 0 { running } else { running.min(before) };
    least.checked_sub(1)
}

/// The view by which a shot of a slot's command is judged. None: by the present, as the shots of bots and of those who state no
/// view, or whose delay is not known.
pub fn view_of(room: &Room, slot: usize) -> Option<View> {
    let (client, head) = (&room.r.clients[slot], room.config.head);
    let command = &room.r.applied[slot];
    let delay = delay(client)?;
    if command.view_tick == 0 || client.flags & (CLIENT_BOT | CLIENT_AWAY) != 0 {
        return None;
    }
    let now = room.r.head[0].tick;
    let most = |ms: u32| ((u64::from(ms) * u64::from(head.tick_rate_hz)) << 16) / 1000;
    let lag = u64::from(delay) << 16;
    let ago = |most: u64| lag.min(most) + (u64::from(head.interpolation_ticks) << 16);
    let kept = u64::from(room.r.head[0].sizes.flights - 2) << 16;
    let age = ago(most(head.rewind_ms_max));
    let present = u64::from(now) << 16;
    let earliest = present.saturating_sub(age.min(kept));
    let stated = u64::from(command.view_tick) << 16 | u64::from(command.view_fraction);
    let clamp = match () {
        () if stated >= earliest => clamp::NONE,
        () if age > kept => clamp::HISTORY,
        () if lag > most(head.rewind_ms_max) => clamp::MOST,
        () => clamp::DELAY,
    };
    // Who is put forward sees with the server's eyes; who is not, with what it held.
    let held = command.view_tick.saturating_add(u32::from(command.view_held));
    let newest = if clamp == clamp::NONE { held } else { TICK_NONE };
    // Nobody has seen what is not yet.
    let time = stated.max(earliest).min(present);
    let covered = present.saturating_sub(ago(most(head.rewind_cover_ms_max)).min(kept)).max(time);
    let newest = newest.min(client.reference_tick);
    Some(View { slot, stated, time, earliest, covered, newest, clamp })
}

/// The first thing that a body strikes on its way at a moment between a view and now: walls, or those who stood in that view
/// where they were at the moment. So it meets whom its shooter will see it meet, as it is seen to fly.
pub fn cast_then(
    room: &mut Room,
    ray: &Ray,
    (view, time): (&View, u64),
    shapes: &mut Shapes,
) -> Option<Strike> {
    let (config, r) = (room.config, &mut room.r);
    let walls = walls_of!(r);
    let mut best = strike::first_solid(ray, &walls);
    let world = World::new(r.columns, r.head[0].sizes.entities as usize);
    let sent = sent_of!(r, config, view.slot);
    let Some(seen) = sent.seen(view.time, view.earliest, view.newest) else {
        return best.struck();
    };
    let (way, first) = (Way::of(ray), (view.time >> 16) as u32);
    for (w, word) in seen.set.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            let e = w * 32 + left.trailing_zeros() as usize;
            left &= left - 1;
            if !(combat::wanted(ray, &world, &config, e) && world.alive(e)) {
                continue;
            }
            let shape = sent.then(e, time, &Shape::of(&world, e));
            if way.passes(&shape).is_none() {
                continue;
            }
            if !sent.kept(e, first, head_of(&world, e) & 0xffff, 0xffff) {
                continue;
            }
            let struck = strike::strike_shape(ray, &shape);
            if let Some(part) = struck {
                best.take(part, e, &shape);
            }
            // Where others are by now was not sent to the shooter: only whom it strikes is told of.
            if let Some(part) = struck {
                shapes.note(world.handle(e), &shape, part, mark::IN_WAY);
            }
        }
    }
    best.struck()
}

/// The first thing that a shot strikes in a view: a wall, the ground, or a row. Of two at once the wall, then the lower row.
/// What stood near its way goes into `shapes`.
pub fn cast(room: &mut Room, ray: &Ray, view: &View, shapes: &mut Shapes) -> Option<Strike> {
    let (config, r) = (room.config, &mut room.r);
    let walls = walls_of!(r);
    let mut best = strike::first_solid(ray, &walls);
    let (sizes, known) = (&r.head[0].sizes, r.clients[view.slot].reference_tick);
    let world = World::new(r.columns, sizes.entities as usize);
    let sent = sent_of!(r, config, view.slot);
    let Some(seen) = sent.seen(view.time, view.earliest, view.newest) else {
        return best.struck();
    };
    let way = Way::of(ray);
    let dead_stop = config.head.rules & RULE_DEAD_STOP != 0;
    let depths = world.column(column::DEPTH);
    for word in 0..seen.set.len() {
        let mut left = sent.candidates(word, &seen, depths, &way);
        while left != 0 {
            let e = word * 32 + left.trailing_zeros() as usize;
            left &= left - 1;
            let alive = world.alive(e);
            if !(combat::wanted(ray, &world, &config, e) && (dead_stop || alive)) {
                continue;
            }
            let now = (head_of(&world, e), &Shape::of(&world, e));
            let Some(mut shape) = sent.shape(e, &seen, now, &way) else { continue };
            let mut marks = if alive { 0 } else { mark::DEAD };
            let mut struck = strike::strike_shape(ray, &shape);
            if struck.is_some() && view.covered > view.time && hidden(ray, now.1, &walls) {
                marks |= mark::COVERED;
                let later = sent.seen(view.covered, view.covered, known);
                let Some(later) = later.and_then(|seen| sent.shape(e, &seen, now, &way)) else {
                    continue;
                };
                (struck, shape) = (strike::strike_shape(ray, &later), later);
            }
            if let Some(part) = struck {
                marks |= mark::IN_WAY;
                best.take(part, e, &shape);
            }
            let part = struck.or_else(|| way.passes(&shape)).unwrap_or(0);
            shapes.note(world.handle(e), &shape, part, marks);
        }
    }
    best.struck()
}

/// True if a wall stands between the muzzle and where a target is at present.
fn hidden(ray: &Ray, body: &Shape, walls: &Walls) -> bool {
    let middle = body.z.saturating_add(body.height / 2);
    let way = (
        body.x.saturating_sub(ray.from.0),
        body.y.saturating_sub(ray.from.1),
        middle.saturating_sub(ray.from.2),
    );
    let straight = Ray { way, radius: 0, ..*ray };
    strike::first_solid(&straight, walls).struck().is_some()
}
