//! Lag compensation: a shot is judged by what its shooter saw. Only what the shot could strike is looked up in the past, by the
//! rule that clients draw by (`shown.rs`), from the snapshots that this client had acknowledged.
//!
//! How far back is measured, not believed: a packet names the newest snapshot its sender had, and the tick of its newest
//! command; the difference is all of the delay, both ways and the lead included, and no clock is asked. The least of the last
//! quarter to half second counts, so that a lost snapshot widens nothing.
//!
//! Never rewound: beyond `rewindMsMax` of that delay and the prescribed interpolation delay; to a thing that the shooter was not
//! sent; across a teleport, a death or a new life.

use crate::combat;
use crate::config::{Sizes, RULE_DEAD_STOP};
use crate::fixed::{interpolate, length};
use crate::gen::{clamp, mark};
use crate::history::head_of;
use crate::packet::{WIRE_DELAY, WIRE_DELAY_SINCE};
use crate::receipt::{self, Shapes};
use crate::region::{flight_at, Client, Flight, CLIENT_AWAY, CLIENT_BOT, TICK_NONE};
use crate::room::Room;
use crate::rows::{position_of, Packed, HEAD_ALIVE};
use crate::shown::{self, Held, Moment};
use crate::strike::{self, Ray, Shape, Strike, WHOLE};
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

/// What a client had acknowledged, and the rows that stood in it.
struct Sent<'r> {
    slot: usize,
    now: u32,
    sizes: &'r Sizes,
    flights: &'r [Flight],
    sets: &'r [u32],
    updates: &'r [u32],
    history: &'r [u16],
    high: bool,
    shift: u32,
}

impl Held for Sent<'_> {
    #[inline]
    fn holds(&self, tick: u32) -> bool {
        let flight = &self.flights[flight_at(self.sizes, self.slot, tick)];
        flight.tick == tick && flight.state != 0
    }

    #[inline]
    fn has_row(&self, tick: u32, e: usize) -> bool {
        let at = flight_at(self.sizes, self.slot, tick) * self.sizes.set_words as usize;
        self.holds(tick) && self.updates[at + e / 32] >> (e % 32) & 1 != 0
    }

    #[inline]
    fn head(&self, tick: u32, e: usize) -> i32 {
        self.row(tick, e).head()
    }
}

impl Sent<'_> {
    fn row(&self, tick: u32, e: usize) -> Packed<'_> {
        let s = self.sizes;
        let place = (tick & (s.history - 1)) as usize * s.entities as usize + e;
        let halves = s.row_halves as usize;
        Packed::of(&self.history[place * halves..][..halves], self.high)
    }

    fn set(&self, tick: u32) -> &[u32] {
        let words = self.sizes.set_words as usize;
        &self.sets[flight_at(self.sizes, self.slot, tick) * words..][..words]
    }

    /// A moment of the view with the snapshot whose set says who was shown. None: nobody was.
    fn seen(&self, time: u64, earliest: u64, newest: u32) -> Option<Seen> {
        let oldest = self.now.saturating_sub(self.sizes.flights - 1);
        let (tick, fraction) = ((time >> 16) as u32, time as u32 & 0xffff);
        let moment = Moment { tick, fraction, oldest, newest };
        let limit = ((earliest >> 16) as u32).min(self.now - 1);
        shown::base(self, &moment).map(|base| Seen { moment, base, limit })
    }

    /// Where an entity was at a moment: between what was recorded of two ticks, or of one and now.
    fn then(&self, e: usize, time: u64, body: &Shape) -> Shape {
        let (tick, fraction) = ((time >> 16) as u32, time as u32 & 0xffff);
        let at = |tick: u32| {
            let present = [body.x, body.y, body.z];
            if tick >= self.now {
                return present;
            }
            self.row(tick, e).place().map(|quanta| position_of(quanta, self.shift))
        };
        let (a, b) = (at(tick), at(tick + 1));
        let [x, y, z] = core::array::from_fn(|k| interpolate(a[k], b[k], fraction));
        Shape { x, y, z, ..*body }
    }

    /// The shape of an entity as it was shown: where it was at a moment of the past, as wide as then. None if it was not shown
    /// near the way, or is not the same since: teleported, dead in between, another under its index.
    fn shape(&self, e: usize, seen: &Seen, (now, body): (i32, &Shape), way: &Way) -> Option<Shape> {
        if self.set(seen.base)[e / 32] >> (e % 32) & 1 == 0 {
            return None;
        }
        let mut span = shown::span(self, e, seen.base, &seen.moment)?;
        let first = span.from;
        if span.to == span.from && span.from < seen.limit {
            // It stood there for the want of news. Nobody is struck where it was longer ago than the cap.
            (span.from, span.to) = (seen.limit, seen.limit);
        }
        let (from, to) = (self.row(span.from, e), self.row(span.to, e));
        let (a, b) = (from.place(), to.place());
        let [x, y, z] =
            core::array::from_fn(|k| shown::between(a[k], b[k], span.fraction, self.shift));
        let radius = position_of(from.radius(), self.shift);
        let shape = Shape { x, y, z, radius, ..*body };
        way.passes(&shape)?;
        // One that is dead at present was alive until then.
        let same = if now & HEAD_ALIVE == 0 { !HEAD_ALIVE } else { !0 } & 0xffff;
        let kept = (first..self.now).all(|tick| (self.head(tick, e) ^ now) & same == 0);
        kept.then_some(shape)
    }
}

/// The way of a shot seen from above.
struct Way {
    from: (i64, i64),
    by: (i64, i64),
    long: i64,
    radius: i64,
}

impl Way {
    fn of(ray: &Ray) -> Self {
        let by = (i64::from(ray.way.0), i64::from(ray.way.1));
        let long = i64::from(length(ray.way.0, ray.way.1));
        let from = (i64::from(ray.from.0), i64::from(ray.from.1));
        // Up, for it is a floor, and nothing that is struck may be left out.
        Self { from, by, long: long + 1, radius: i64::from(ray.radius) }
    }

    /// The part of the way at which it passes a shape, if it comes as near as receipts tell of.
    fn passes(&self, shape: &Shape) -> Option<i64> {
        let (x, y) = (i64::from(shape.x) - self.from.0, i64::from(shape.y) - self.from.1);
        let reach = i64::from(shape.radius)
            + i64::from(shape.depth)
            + i64::from(receipt::NEAR)
            + self.radius;
        let (off, along) = (x * self.by.1 - y * self.by.0, x * self.by.0 + y * self.by.1);
        let far = off.abs() > reach * self.long
            || along < -reach * self.long
            || along > (self.long + reach) * self.long;
        (!far).then(|| along / self.long.max(1) * WHOLE / self.long.max(1))
    }
}

/// A moment of the past that a target is looked up at.
struct Seen {
    moment: Moment,
    /// Snapshot whose set says who was shown.
    base: u32,
    /// No row that is older stands alone.
    limit: u32,
}

/// What the client of a slot was sent; borrows only what it reads.
macro_rules! sent_of {
    ($r:expr, $config:expr, $slot:expr) => {
        Sent {
            slot: $slot,
            now: $r.head[0].tick,
            sizes: &$r.head[0].sizes,
            flights: &*$r.flights,
            sets: &*$r.flight_sets,
            updates: &*$r.flight_updates,
            history: &*$r.history,
            high: $config.high(),
            shift: $config.head.position_shift,
        }
    };
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
    for (w, word) in sent.set(seen.base).iter().enumerate() {
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
            let now = head_of(&world, e);
            if (first..sent.now).any(|tick| (sent.head(tick, e) ^ now) & 0xffff != 0) {
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
    for (w, word) in sent.set(seen.base).iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            let e = w * 32 + left.trailing_zeros() as usize;
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
