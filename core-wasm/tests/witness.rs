//! The second witness, which shares nothing with the codes: what each client holds of a tick, against the columns of the
//! room's world as they stood after that tick. Who is in sight is worked out here, by brute force; values are rounded here,
//! by the rule in plain words. The hash of `--verify` stands on the room's history; this stands on the world itself.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::gen::*;
use play::{Link, Play, Player};
use std::collections::VecDeque;
use support::*;

/// The columns of every entity after a tick.
struct World {
    tick: u32,
    rows: usize,
    columns: Vec<i32>,
}

impl World {
    fn of(play: &mut Play) -> Self {
        let room = play.room.room();
        let rows = room.r.head[0].sizes.entities as usize;
        Self { tick: room.r.head[0].tick, rows, columns: room.r.columns.to_vec() }
    }

    fn get(&self, column: usize, row: usize) -> i32 {
        self.columns[column * self.rows + row]
    }

    /// Who the player in row `own` must know of: the living within its view radius, itself not.
    fn in_sight(&self, own: usize) -> Vec<usize> {
        let radius = i128::from(self.get(column::VIEW_RADIUS, own));
        let off = |f: usize, e: usize| i128::from(self.get(f, e)) - i128::from(self.get(f, own));
        (0..self.rows)
            .filter(|e| *e != own && self.get(column::KIND, *e) != kind::FREE)
            .filter(|e| self.get(column::FLAGS, *e) & flag::ALIVE != 0)
            .filter(|e| off(column::X, *e).pow(2) + off(column::Y, *e).pow(2) <= radius * radius)
            .collect()
    }
}

/// To the nearest multiple of `step`, halves away from zero.
fn nearest(value: i32, step: i32) -> i32 {
    let (far, step) = (i64::from(value).abs(), i64::from(step));
    let rounded = (far + step / 2) / step * step;
    (rounded * i64::from(value.signum())) as i32
}

/// What the wire makes of a column, from section 6.5 of the specification.
fn as_sent(setup: &Setup, world: &World, f: usize, e: usize) -> i32 {
    let value = world.get(f, e);
    let (quantum, turn) = (1 << setup.head.position_shift, 1 << (16 - setup.head.aim_bits));
    match f {
        column::X | column::Y | column::RADIUS => nearest(value, quantum),
        column::AIM => nearest(value & 0xffff, turn) & 0xffff,
        column::HEALTH => value.clamp(0, setup.head.health_max),
        _ => value,
    }
}

/// Members of the client's newest set.
fn held(player: &mut Player, newest: u32) -> Vec<usize> {
    let client = player.client();
    let sizes = client.m.head[0].sizes;
    let words = sizes.set_words as usize;
    let at = (newest & (sizes.history - 1)) as usize * words;
    let set = &client.m.sets[at..at + words];
    (0..words * 32).filter(|e| set[e / 32] >> (e % 32) & 1 != 0).collect()
}

/// Compares one client with the world of its newest snapshot. Answers how many values were compared.
fn check(play: &mut Play, slot: usize, worlds: &VecDeque<World>) -> u32 {
    let setup = play.setup.clone();
    let player = &mut play.players[slot];
    let newest = player.stats().snapshot_tick;
    let Some(world) = worlds.iter().find(|world| world.tick == newest) else { return 0 };
    let own = (player.client().m.head[0].handle & 0xffff) as usize;
    assert_eq!(held(player, newest), world.in_sight(own), "slot {slot}, tick {newest}");
    let mut client = player.client();
    client.view(newest, 0, newest, 0);
    let mut compared = 0;
    for e in client.m.view_list[1..=client.m.view_list[0] as usize].iter().map(|e| *e as usize) {
        let shown = |f: usize| client.m.view[f * world.rows + e];
        // Its own player and its own shots are shown in the present.
        if e == own || shown(column::SLOT) == 0xfffe {
            continue;
        }
        let number = shown(column::KIND);
        let fields = setup.fields.iter().filter(|f| i32::from(f.kind) == number);
        let visible = fields.filter(|f| f.audience == audience::VISIBLE);
        let built_in = [
            column::GENERATION,
            column::KIND,
            column::X,
            column::Y,
            column::AIM,
            column::HEALTH,
            column::TEAM,
            column::WEAPON,
            column::RADIUS,
        ];
        for f in built_in.into_iter().chain(visible.map(|f| usize::from(f.column))) {
            let wanted = as_sent(&setup, world, f, e);
            assert_eq!(shown(f), wanted, "slot {slot}, tick {newest}, entity {e}, column {f}");
            compared += 1;
        }
        for f in [column::VX, column::VY] {
            // 1/16 quantum per tick.
            let off = (shown(f) - world.get(f, e)).abs();
            assert!(off <= 1 + (1 << setup.head.position_shift) / 32, "velocity off by {off}");
        }
    }
    compared
}

#[test]
fn a_client_holds_the_world_within_its_sight_and_nothing_else() {
    for (loss, jitter, duplicate) in [(0, 0, 0), (50, 2, 0), (200, 6, 50)] {
        let mut setup = Setup::arena(20, 96);
        setup.kinds[0].view_radius = 14 * ONE;
        let link = Link { delay: 1, jitter, loss, duplicate, corrupt: 0, carries: 0 };
        let boxes = [wall(0, 0, 4 * ONE, ONE), wall(-10 * ONE, 8 * ONE, ONE, 6 * ONE)];
        let mut play = Play::new(setup, 6, 14, &boxes, link, 8);
        let mut worlds = VecDeque::new();
        let mut compared = 0;
        for t in 0..900 {
            play.wander(true);
            if t % 11 == 0 {
                let who = play.random.below(20) as u16;
                let handle = handle(&mut play.room, who);
                let (column, value) = ([column::TEAM as u32, 34][t / 11 % 2], t as i32 % 16);
                play.commands.add(SetField::KIND, 0, &SetField { handle, column, value });
            }
            if t % 90 == 45 {
                let dead = (0..20).filter(|slot| get(&mut play.room, *slot, column::HEALTH) <= 0);
                for slot in dead.collect::<Vec<u16>>() {
                    let handle = handle(&mut play.room, slot);
                    let (x, y) = play.random.place(20);
                    play.commands.add(Place::KIND, 0, &place(handle, x, y));
                }
            }
            play.tick();
            worlds.push_back(World::of(&mut play));
            if worlds.len() > 64 {
                worlds.pop_front();
            }
            for slot in 0..6 {
                compared += check(&mut play, slot, &worlds);
            }
        }
        let stats = play.room.room().r.stats[0];
        println!("loss {loss}: {compared} values compared, {} deaths", stats.deaths);
        assert_eq!(stats.entities_deferred, 0, "nobody had to wait, so that sets must be equal");
        assert!(compared > 100_000 && stats.deaths > 3, "{compared} {}", stats.deaths);
    }
}
