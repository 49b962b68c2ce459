//! What a shot strikes in the past, beside the rule as SPEC.md has it, word for word: everybody is looked at, each snapshot is
//! searched for, and nothing is left out for being far away.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::cast_slice;
use fray_core::combat;
use fray_core::config::RULE_DEAD_STOP;
use fray_core::fixed::length;
use fray_core::gen::*;
use fray_core::history::{head_of, row_at};
use fray_core::receipt::{self, Shapes};
use fray_core::region::{Flight, TICK_NONE};
use fray_core::rewind::{self, View};
use fray_core::room::{self, Room};
use fray_core::rows::{position_of, Packed, HEAD_ALIVE};
use fray_core::shown::{self, Held, Moment};
use fray_core::strike::{self, Ray, Shape, Strike, WHOLE};
use play::{Link, Play};
use support::*;

/// What a client had acknowledged, looked for from the beginning each time.
struct Told<'r> {
    room: &'r Room<'r>,
    slot: usize,
}

impl Told<'_> {
    fn place(&self, tick: u32) -> Option<usize> {
        let flights = self.room.r.head[0].sizes.flights as usize;
        let own = &self.room.r.flights[self.slot * flights..][..flights];
        let held = |f: &Flight| f.tick == tick && f.acked();
        Some(self.slot * flights + own.iter().position(held)?)
    }

    fn in_set(&self, sets: &[u32], tick: u32, e: usize) -> bool {
        let words = self.room.r.head[0].sizes.set_words as usize;
        self.place(tick).is_some_and(|at| sets[at * words + e / 32] >> (e % 32) & 1 != 0)
    }

    fn row(&self, tick: u32, e: usize) -> Packed<'_> {
        let head = &self.room.r.head[0];
        let halves = head.sizes.row_halves as usize;
        Packed::of(&self.room.r.history[row_at(head, tick, e)..][..halves], self.room.config.high())
    }

    /// Where an entity was shown at a moment, if it is the same since.
    fn shape(&self, e: usize, at: (u64, u64, u32), now: i32, body: &Shape) -> Option<Shape> {
        let (time, earliest, newest) = at;
        let head = &self.room.r.head[0];
        let moment = Moment {
            tick: (time >> 16) as u32,
            fraction: time as u32 & 0xffff,
            oldest: head.tick.saturating_sub(head.sizes.flights - 1),
            newest,
        };
        let base = shown::base(self, &moment)?;
        if !self.in_set(self.room.r.flight_sets, base, e) {
            return None;
        }
        let mut span = shown::span(self, e, base, &moment)?;
        let first = span.from;
        let limit = ((earliest >> 16) as u32).min(head.tick - 1);
        if span.from == span.to && span.from < limit {
            (span.from, span.to) = (limit, limit);
        }
        let (from, to) = (self.row(span.from, e), self.row(span.to, e));
        let shift = self.room.config.head.position_shift;
        let [x, y, z] =
            [0, 1, 2].map(|k| shown::between(from.place()[k], to.place()[k], span.fraction, shift));
        let same = if now & HEAD_ALIVE == 0 { 0xffff & !HEAD_ALIVE } else { 0xffff };
        let kept = (first..head.tick).all(|tick| (self.head(tick, e) ^ now) & same == 0);
        kept.then_some(Shape { x, y, z, radius: position_of(from.radius(), shift), ..*body })
    }
}

impl Held for Told<'_> {
    fn holds(&self, tick: u32) -> bool {
        self.place(tick).is_some()
    }

    fn has_row(&self, tick: u32, e: usize) -> bool {
        self.in_set(self.room.r.flight_updates, tick, e)
    }

    fn head(&self, tick: u32, e: usize) -> i32 {
        self.row(tick, e).head()
    }
}

/// The part of a way at which it passes a shape, if that comes within one unit and its own size of it, by what receipts call near.
fn passes(ray: &Ray, shape: &Shape) -> Option<i64> {
    let wide = |value: i32| i128::from(value);
    let long = wide(length(ray.way.0, ray.way.1)) + 1;
    let reach = wide(shape.radius) + wide(shape.depth) + wide(receipt::NEAR) + wide(ray.radius);
    let (x, y) = (wide(shape.x) - wide(ray.from.0), wide(shape.y) - wide(ray.from.1));
    let off = x * wide(ray.way.1) - y * wide(ray.way.0);
    let along = x * wide(ray.way.0) + y * wide(ray.way.1);
    let near = off.abs() <= reach * long && -reach * long <= along;
    let near = near && along <= (long + reach) * long;
    near.then(|| (along / long * wide(WHOLE as i32) / long) as i64)
}

/// The first thing that a shot strikes, and how often the rule was asked again for one behind cover.
fn plain(room: &mut Room, ray: &Ray, view: &View, shapes: &mut Shapes) -> (Option<Strike>, u32) {
    let bodies: Vec<_> = {
        let n = room.r.head[0].sizes.entities as usize;
        let config = room.config;
        let world = room.world();
        let body = |e| (world.alive(e), head_of(&world, e), Shape::of(&world, e), world.handle(e));
        (0..n).map(|e| (combat::wanted(ray, &world, &config, e), body(e))).collect()
    };
    let known = room.r.clients[view.slot].reference_tick;
    let told = Told { room, slot: view.slot };
    let walls = room.walls();
    let mut best = strike::first_solid(ray, &walls);
    let stops = room.config.head.rules & RULE_DEAD_STOP != 0;
    let mut covered = 0;
    for (e, (wanted, (alive, now, body, handle))) in bodies.into_iter().enumerate() {
        if !wanted || !(alive || stops) {
            continue;
        }
        let near = |time, earliest, newest| {
            let shape = told.shape(e, (time, earliest, newest), now, &body)?;
            passes(ray, &shape).map(|_| shape)
        };
        let Some(mut shape) = near(view.time, view.earliest, view.newest) else { continue };
        let mut struck = strike::strike_shape(ray, &shape);
        let mut marks = if alive { 0 } else { mark::DEAD };
        let at = (body.x - ray.from.0, body.y - ray.from.1, body.z + body.height / 2 - ray.from.2);
        let straight = Ray { way: at, radius: 0, ..*ray };
        let hidden = strike::first_solid(&straight, &walls).struck().is_some();
        if struck.is_some() && view.covered > view.time && hidden {
            covered += 1;
            marks |= mark::COVERED;
            let Some(later) = near(view.covered, view.covered, known) else { continue };
            (struck, shape) = (strike::strike_shape(ray, &later), later);
        }
        if let Some(part) = struck {
            marks |= mark::IN_WAY;
            best.take(part, e, &shape);
        }
        shapes.note(handle, &shape, struck.or(passes(ray, &shape)).unwrap_or(0), marks);
    }
    (best.struck(), covered)
}

/// A match in which people are put elsewhere, moved without a word, killed, grown and removed.
fn unrest(play: &mut Play, t: u32) {
    play.wander(t.is_multiple_of(3));
    let players = play.players.len() + play.bots.len();
    for slot in 0..players as u16 {
        let own = handle(&mut play.room, slot);
        let (x, y) = play.random.place(18);
        let mut set = |column: usize, value: i32| {
            play.commands.add(
                SetField::KIND,
                0,
                &SetField { handle: own, column: column as u32, value },
            );
        };
        match play.random.below(160) {
            0 => set(column::HEALTH, 0),
            1 => set(column::X, x),
            2 => set(column::RADIUS, ONE / 4 + (y & 0xffff)),
            3 | 4 => {
                set(column::HEALTH, 100);
                play.commands.add(Place::KIND, 0, &place(own, x, y));
            }
            _ => {}
        }
    }
}

/// A shot from somewhere to near somebody, and a view that the room might take.
fn shot(room: &mut Room, random: &mut Seeded, slot: usize) -> (Ray, View) {
    let now = room.r.head[0].tick;
    let (kept, reference) = (room.r.head[0].sizes.flights - 2, room.r.clients[slot].reference_tick);
    let bodies: Vec<usize> = room.r.players.iter().map(|h| (*h & 0xffff) as usize).collect();
    let (own, world) = (bodies[slot], room.world());
    let place = |e: usize| [column::X, column::Y, column::Z].map(|f| world.get(f, e));
    let from = place(own);
    let at = place(bodies[random.below(bodies.len() as u32) as usize]);
    let mut way = [0, 1, 2].map(|k| at[k] - from[k] + random.between(-2 * ONE, 2 * ONE));
    if random.below(4) == 0 {
        way = way.map(|along| along / 3);
    }
    let radius = if random.below(3) == 0 { random.between(1, ONE) } else { 0 };
    let ray = Ray {
        from: (from[0], from[1], from[2] + ONE),
        way: (way[0], way[1], way[2]),
        radius,
        owner: world.handle(own),
        team: 0,
    };
    let back = |random: &mut Seeded| {
        let most = if random.below(5) == 0 { kept } else { 9 };
        let ticks = random.below(most);
        (u64::from(now - ticks.min(now)) << 16).saturating_sub(u64::from(random.below(65536)))
    };
    let (a, b, c) = (back(random), back(random), back(random));
    let (earliest, time) = (a.min(b), a.max(b));
    let held = if random.below(3) == 0 { (time >> 16) as u32 + random.below(6) } else { TICK_NONE };
    let view = View {
        slot,
        stated: time,
        time,
        earliest,
        covered: c.max(time),
        newest: held.min(reference),
        clamp: 0,
    };
    (ray, view)
}

fn compare(setup: Setup, link: Link, seed: u32) -> [u32; 4] {
    let walls = [wall(-4 * ONE, 3 * ONE, ONE, 2 * ONE), wall(6 * ONE, -2 * ONE, 2 * ONE, ONE)];
    let mut play = Play::new(setup, 6, 10, &walls, link, seed);
    let mut random = Seeded::new(seed);
    let (mut struck, mut beside, mut covered, mut ended) = (0, 0, 0, 0);
    for t in 0..1600 {
        unrest(&mut play, t);
        play.tick();
        if t < 20 || t % 3 != 0 {
            continue;
        }
        let mut instance = play.room.clone();
        let mut room = instance.room();
        room::open_tick(&mut room).unwrap();
        for _ in 0..24 {
            let slot = random.below(6) as usize;
            if room.r.clients[slot].reference_tick == TICK_NONE {
                continue;
            }
            let (ray, view) = shot(&mut room, &mut random, slot);
            let (mut own, mut told) = (Shapes::new(), Shapes::new());
            let (wanted, again) = plain(&mut room, &ray, &view, &mut told);
            let found = rewind::cast(&mut room, &ray, &view, &mut own);
            assert_eq!(found, wanted, "seed {seed} tick {t}: {ray:?} {view:?}");
            let bytes = |shapes: &Shapes| cast_slice::<_, u8>(shapes.rows()).to_vec();
            assert_eq!(bytes(&own), bytes(&told), "seed {seed} tick {t}: {ray:?} {view:?}");
            struck += u32::from(found.is_some_and(|s| s.target.is_some()));
            ended += u32::from(found.is_some_and(|s| s.target.is_none()));
            beside += own.rows().iter().filter(|row| row.marks & mark::IN_WAY == 0).count() as u32;
            covered += again;
        }
    }
    [struck, ended, beside, covered]
}

#[test]
fn what_is_struck_in_the_past_is_what_the_rule_says() {
    let lossy = Link { delay: 1, jitter: 2, loss: 150, duplicate: 20, corrupt: 0, carries: 0 };
    let mut tiers = Setup::arena(16, 64);
    (tiers.head.tier_half, tiers.head.tier_quarter) = (300, 600);
    tiers.head.interpolation_ticks = 5;
    let mut stops = Setup::at(16, 64, 30, 3);
    stops.head.rules |= RULE_DEAD_STOP;
    stops.head.position_shift = 12;
    for (seed, setup, link) in
        [(1, Setup::arena(16, 64), Link::default()), (2, tiers, lossy), (3, stops, lossy)]
    {
        let found = compare(setup, link, seed);
        println!("seed {seed}: struck, walls, beside, behind cover {found:?}");
        assert!(found.iter().all(|count| *count > 40), "seed {seed}: {found:?}");
    }
}
