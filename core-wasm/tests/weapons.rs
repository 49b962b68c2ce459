//! What weapons do beside a plain hit: projectiles that start as far on as their shooter's view is old, heads, blasts, pushes,
//! filters as data, and shares in a death.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::{pod_read_unaligned, Zeroable};
use fray_core::gen::*;
use fray_core::host::Records;
use play::{Link, Play};
use support::*;

/// A room of bots with weapon 0 changed; all of them aim along x.
struct Range {
    room: fray_core::host::Instance,
    commands: Records,
}

impl Range {
    fn new(setup: &Setup, places: &[(i32, i32, i32)], walls: &[WallBox]) -> Self {
        let mut room = setup.room(walls);
        fill(&mut room, places.len() as u16, |_| (0, 0));
        let mut range = Self { room, commands: Records::new() };
        for (slot, (x, y, z)) in places.iter().enumerate() {
            let handle = handle(&mut range.room, slot as u16);
            let at = Place { z: *z, aim: 0, ..place(handle, *x, *y) };
            range.commands.add(Place::KIND, 0, &at);
        }
        range.tick(0, 0);
        range
    }

    fn set(&mut self, slot: u16, column: usize, value: i32) {
        let handle = handle(&mut self.room, slot);
        let column = column as u32;
        self.commands.add(SetField::KIND, 0, &SetField { handle, column, value });
    }

    /// One tick in which slot 0 presses buttons with a pitch; the hits it proposes.
    fn tick(&mut self, buttons: u16, pitch: i16) -> Vec<Hit> {
        let inputs = [(0, BotInput { pitch, ..input(0, 0, buttons, 0) })];
        let commands = core::mem::replace(&mut self.commands, Records::new());
        let found = tick_with(&mut self.room, &inputs, &commands);
        found
            .iter()
            .filter(|(h, _)| h.kind == Hit::KIND)
            .map(|(_, b)| pod_read_unaligned(b))
            .collect()
    }

    /// Fires once, and waits until all that flies has ended.
    fn shoot(&mut self, pitch: i16) -> Vec<Hit> {
        let mut hits = self.tick(1, pitch);
        for _ in 0..40 {
            hits.extend(self.tick(0, 0));
        }
        hits
    }

    fn get(&mut self, slot: u16, column: usize) -> i32 {
        get(&mut self.room, slot, column)
    }
}

/// A flat room without pushing, and a rocket: 10 to whom it strikes, 60 and a push around it.
fn rocket(dimensions: u32) -> Setup {
    let mut setup = Setup::at(8, 24, 30, dimensions);
    setup.head.rules &= !4;
    setup.head.gravity = 0;
    setup.weapons[0] = ConfigWeapon {
        damage: 10,
        wait_ticks: 1,
        speed: ONE,
        life_ticks: 20,
        radius: ONE / 8,
        blast_radius: 4 * ONE,
        blast_damage: 60,
        blast_permille: 0,
        ..ConfigWeapon::zeroed()
    };
    setup
}

#[test]
fn a_head_is_hit_in_the_head_and_counts_as_the_weapon_says() {
    for shape in [0, 1] {
        let mut setup = rocket(3);
        setup.kinds[0].head = ONE / 2;
        setup.weapons[0] = ConfigWeapon {
            shape,
            head_permille: 2500,
            blast_radius: 0,
            range: 30 * ONE,
            ..setup.weapons[0]
        };
        // The muzzle is at 3/4 of two units; the head begins at 1.5.
        for (z, zone, amount) in [(0, zone::HEAD, 25), (1, zone::BODY, 10), (-1, zone::HEAD, 25)] {
            let mut range =
                Range::new(&setup, &[(0, 0, ONE), (8 * ONE, 0, ONE + z * ONE / 4)], &[]);
            let hits = range.shoot(0);
            let found: Vec<_> = hits.iter().map(|h| (h.zone, h.amount)).collect();
            assert_eq!(found, [(zone, amount)], "shape {shape}, {z}");
            assert_eq!(range.get(1, column::HEALTH), 100 - amount);
        }
    }
}

#[test]
fn who_has_no_head_is_hit_in_the_body() {
    let mut setup = rocket(3);
    setup.weapons[0] = ConfigWeapon { head_permille: 2500, blast_radius: 0, ..setup.weapons[0] };
    let hits = Range::new(&setup, &[(0, 0, 0), (8 * ONE, 0, 0)], &[]).shoot(0);
    assert_eq!(hits.iter().map(|h| (h.zone, h.amount)).collect::<Vec<_>>(), [(zone::BODY, 10)]);
}

#[test]
fn a_head_that_is_higher_than_its_body_is_refused() {
    let mut setup = rocket(3);
    setup.kinds[0].head = setup.kinds[0].height + 1;
    assert!(fray_core::host::Instance::new(&setup.bytes()).is_err());
}

#[test]
fn a_blast_falls_off_in_a_straight_line_from_its_middle_to_its_edge() {
    for edge in [0, 500, 1000] {
        let mut setup = rocket(2);
        setup.weapons[0].blast_permille = edge;
        // The first is struck where its side is: at 9.5 less the radius of the rocket.
        let places = [0, 10, 12, 14].map(|x| (x * ONE, 0, 0));
        let hits = Range::new(&setup, &places, &[]).shoot(0);
        let found: Vec<_> = hits.iter().map(|h| (h.zone, h.amount)).collect();
        let left = |far: f64| 60.0 * (1.0 - (1.0 - f64::from(edge) / 1000.0) * far / 4.0);
        assert_eq!(found.len(), 2, "the last one stands beyond it: {found:?}");
        assert_eq!(found[0], (zone::BODY, 10), "who is struck takes that hit alone");
        let near = left(11.5 - (9.5 - 0.125)).round() as i32;
        assert_eq!(found[1], (zone::BLAST, near), "edge {edge}");
    }
}

#[test]
fn a_blast_has_height_and_pushes_away_from_its_middle() {
    let mut setup = rocket(3);
    setup.weapons[0] =
        ConfigWeapon { blast_push: ONE / 4, blast_permille: 1000, ..setup.weapons[0] };
    // Against the wall at 10, at a height of 1.5; one stands high above, one beside.
    let places = [(0, 0, 0), (9 * ONE, 0, 9 * ONE), (9 * ONE, 2 * ONE, 0), (9 * ONE, 0, 4 * ONE)];
    let mut range = Range::new(&setup, &places, &[wall(11 * ONE, 0, ONE, 8 * ONE)]);
    let mut hits = Vec::new();
    for n in 0..20 {
        hits.extend(range.tick(u16::from(n == 0), 0));
        if !hits.is_empty() {
            break;
        }
    }
    let targets: Vec<u32> = hits.iter().map(|h| h.target).collect();
    let handles = [2, 3].map(|slot| handle(&mut range.room, slot));
    assert_eq!(targets, handles, "nobody is hurt five units above");
    let speed =
        |range: &mut Range, slot| [column::VX, column::VY, column::VZ].map(|f| range.get(slot, f));
    let (beside, above) = (speed(&mut range, 2), speed(&mut range, 3));
    assert!(beside[1] > ONE / 8 && beside[2] < 0 && beside[0] < 0, "{beside:?}");
    assert!(above[2] > ONE / 8 && above[1].abs() < 16, "{above:?}");
    let long = |v: [i32; 3]| v.map(f64::from).iter().map(|d| d * d).sum::<f64>().sqrt();
    assert!((long(beside) - f64::from(ONE / 4)).abs() < 64.0, "{beside:?}");
}

#[test]
fn walls_shield_from_blasts() {
    let setup = rocket(2);
    let places = [(0, 0, 0), (9 * ONE, 2 * ONE, 0), (12 * ONE, 0, 0)];
    let mut range = Range::new(&setup, &places, &[wall(10 * ONE, 0, ONE / 4, 3 * ONE)]);
    let hits = range.shoot(0);
    assert_eq!(hits.len(), 1, "not who stands behind it");
    assert_eq!((hits[0].zone, hits[0].target), (zone::BLAST, handle(&mut range.room, 1)));
}

#[test]
fn what_lives_to_its_end_bursts_there_and_so_does_what_hits_at_once() {
    let mut setup = rocket(2);
    setup.weapons[0].life_ticks = 8;
    let hits = Range::new(&setup, &[(0, 0, 0), (8 * ONE, 3 * ONE, 0)], &[]).shoot(0);
    assert_eq!(hits.len(), 1, "in the air");
    let mut setup = rocket(2);
    setup.weapons[0] = ConfigWeapon { shape: 1, range: 30 * ONE, ..setup.weapons[0] };
    let places = [(0, 0, 0), (9 * ONE, 2 * ONE, 0)];
    let hits = Range::new(&setup, &places, &[wall(11 * ONE, 0, ONE, ONE)]).shoot(0);
    assert_eq!(hits.len(), 1, "against a wall");
}

#[test]
fn who_is_spared_is_what_the_weapon_says() {
    // Of a blast at the wall beside the shooter: itself, a friend, an enemy, a protected enemy.
    let run = |rules: u32| {
        let mut setup = rocket(2);
        setup.weapons[0].rules = rules;
        let places = [(0, 0, 0), (0, 2 * ONE, 0), (0, -2 * ONE, 0), (ONE, -2 * ONE, 0)];
        let mut range = Range::new(&setup, &places, &[wall(3 * ONE, 0, ONE, ONE / 2)]);
        for (slot, team) in [(0, 1), (1, 1), (2, 2), (3, 2)] {
            range.set(slot, column::TEAM, team);
        }
        range.set(3, column::PROTECTED_UNTIL, 1000);
        range.tick(0, 0);
        range.shoot(0);
        [0, 1, 2, 3].map(|slot| range.get(slot, column::HEALTH) < 100)
    };
    assert_eq!(run(0), [false, false, true, false]);
    assert_eq!(run(rule::SELF_HARM), [true, false, true, false]);
    assert_eq!(run(rule::FRIENDLY_FIRE), [false, true, true, false]);
    assert_eq!(run(rule::THROUGH_PROTECTION), [false, false, true, true]);
}

#[test]
fn a_friend_in_the_way_is_struck_where_the_weapon_says_so() {
    for (shape, rules, struck) in [(0, 0, 0), (0, 2, 1), (1, 0, 0), (1, 2, 1)] {
        let mut setup = rocket(2);
        let gun = setup.weapons[0];
        setup.weapons[0] = ConfigWeapon { shape, rules, blast_radius: 0, range: 30 * ONE, ..gun };
        let mut range = Range::new(&setup, &[(0, 0, 0), (5 * ONE, 0, 0)], &[]);
        range.set(0, column::TEAM, 1);
        range.set(1, column::TEAM, 1);
        range.tick(0, 0);
        assert_eq!(range.shoot(0).len(), struck, "shape {shape} rules {rules}");
    }
}

#[test]
fn a_death_names_who_hurt_the_victim_within_the_time_and_did_not_kill_it() {
    let mut setup = rocket(2);
    setup.head.assist_ticks = 30;
    let mut range = Range::new(&setup, &[(0, 0, 0); 7], &[]);
    let handles: Vec<u32> = (0..7).map(|slot| handle(&mut range.room, slot)).collect();
    let hurt = |range: &mut Range, by: usize, amount: i32| {
        let damage = Damage { handle: handles[0], attacker: handles[by], amount };
        range.commands.add(Damage::KIND, 0, &damage);
    };
    let deaths = |range: &mut Range| {
        let commands = core::mem::replace(&mut range.commands, Records::new());
        tick_with(&mut range.room, &[], &commands);
        let found = tick(&mut range.room, &[]);
        let deaths = found.iter().filter(|(h, _)| h.kind == Death::KIND);
        deaths.map(|(_, b)| pod_read_unaligned::<Death>(b)).collect::<Vec<_>>()
    };
    // Too long ago; itself; one who heals.
    hurt(&mut range, 1, 1);
    range.tick(0, 0);
    for _ in 0..31 {
        range.tick(0, 0);
    }
    hurt(&mut range, 0, 1);
    hurt(&mut range, 6, -1);
    for by in [2, 3, 2] {
        hurt(&mut range, by, 1);
    }
    hurt(&mut range, 4, 200);
    let [death] = deaths(&mut range)[..] else { panic!("one death") };
    assert_eq!((death.victim, death.attacker), (handles[0], handles[4]));
    let mut named = death.assists;
    named.sort_unstable();
    assert_eq!(named, [0, handles[2], handles[3]]);
    // A new life begins anew; four and a killer are one too many: the first is forgotten.
    range.commands.add(Place::KIND, 0, &place(handles[0], 0, 0));
    range.tick(0, 0);
    for by in 1..6 {
        hurt(&mut range, by, 1);
        range.tick(0, 0);
    }
    hurt(&mut range, 5, 200);
    let [death] = deaths(&mut range)[..] else { panic!("one death") };
    let mut named = death.assists;
    named.sort_unstable();
    assert_eq!(named, [handles[2], handles[3], handles[4]]);
}

#[test]
fn a_projectile_that_is_put_forward_meets_whom_its_shooter_sees_it_meet() {
    // A target that walks across at 7 units a second, a slow shot that the shooter leads by its own time of flight.
    let hits = [0, rule::FORWARD].map(|rules| {
        let mut setup = Setup::arena(2, 16);
        setup.head.rules &= !4;
        setup.weapons[0] = ConfigWeapon {
            damage: 1,
            wait_ticks: 9,
            speed: ONE,
            life_ticks: 30,
            radius: ONE / 16,
            rules,
            ..ConfigWeapon::zeroed()
        };
        let link = Link { delay: 2, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };
        let mut play = Play::new(setup, 1, 1, &[], link, 5);
        play.players[0].looks = true;
        let target = handle(&mut play.room, 1);
        for (slot, at) in [(0, (-8, 0)), (1, (0, 0))] {
            let at = place(handle(&mut play.room, slot), at.0 * ONE, at.1 * ONE);
            play.commands.add(Place::KIND, 0, &at);
        }
        let (mut shots, mut told) = (0, Vec::new());
        for t in 0..900 {
            if t % 11 == 0 {
                let health = SetField { handle: target, column: column::HEALTH as u32, value: 100 };
                play.commands.add(SetField::KIND, 0, &health);
            }
            play.bots[0].1.move_y = if t / 40 % 2 == 0 { 127 } else { -127 };
            let far = lead(&mut play.players[0], (target & 0xffff) as usize);
            // Not while it turns round.
            let steady = (14..28).contains(&(t % 40));
            play.players[0].control.aim = far;
            play.players[0].control.buttons = u16::from(t > 60 && steady);
            for (header, bytes) in parse(&play.tick()) {
                if header.kind == Receipt::KIND {
                    told.push(pod_read_unaligned::<Receipt>(&bytes[..Receipt::BYTES]));
                }
            }
        }
        shots += play.players[0].events.iter().filter(|e| e.kind == event::SHOT).count();
        assert!(shots > 40, "{shots}");
        if rules == 0 {
            assert!(told.is_empty());
        } else {
            assert!(told.len() >= shots, "each leaves a receipt");
            assert!(told.iter().all(|r| r.clamp == clamp::NONE));
        }
        let found = play.room.room().r.stats[0].hits;
        println!("rules {rules}: {found} of {shots}");
        f64::from(found) / shots as f64
    });
    assert!(hits[1] >= 0.95 && hits[0] < 0.3, "{hits:?}");
}

/// Where to aim so that a shot of one unit a tick meets what the screen shows, as it goes on.
fn lead(player: &mut play::Player, row: usize) -> u16 {
    let client = player.client();
    let n = client.m.head[0].sizes.entities as usize;
    let own = (client.m.head[0].handle & 0xffff) as usize;
    let at = |f: usize, r: usize| f64::from(client.m.view[f * n + r]) / f64::from(ONE);
    let (dx, dy) =
        (at(column::X, row) - at(column::X, own), at(column::Y, row) - at(column::Y, own));
    let (vx, vy) = (at(column::VX, row), at(column::VY, row));
    let mut ticks = dx.hypot(dy);
    for _ in 0..8 {
        ticks = (dx + vx * ticks).hypot(dy + vy * ticks) - 0.5;
    }
    let (x, y) = (dx + vx * ticks, dy + vy * ticks);
    let place = |v: f64| (v * f64::from(ONE)) as i32;
    fray_core::fixed::angle_of(place(x), place(y))
}

#[test]
fn a_projectile_is_never_put_further_forward_than_the_cap() {
    for (most, delay) in [(200, 3), (200, 12), (0, 3)] {
        let mut setup = Setup::arena(1, 16);
        setup.head.rewind_ms_max = most;
        setup.head.rewind_cover_ms_max = 0;
        setup.weapons[0] = ConfigWeapon {
            wait_ticks: 40,
            speed: ONE / 4,
            life_ticks: 60,
            rules: rule::FORWARD,
            ..ConfigWeapon::zeroed()
        };
        let link = Link { delay, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };
        let mut play = Play::new(setup, 1, 0, &[], link, 5);
        play.players[0].looks = true;
        play.players[0].back = 40;
        let own = handle(&mut play.room, 0);
        play.commands.add(Place::KIND, 0, &place(own, -20 * ONE, 0));
        for t in 0..150 {
            play.players[0].control.buttons = u16::from(t >= 100);
            let found = parse(&play.tick());
            let Some((_, bytes)) = found.iter().find(|(h, _)| h.kind == Receipt::KIND) else {
                continue;
            };
            let told: Receipt = pod_read_unaligned(&bytes[..Receipt::BYTES]);
            assert_eq!(told.result, result::FLIES);
            assert_ne!(told.clamp, clamp::NONE);
            let now = play.tick_number();
            let mut room = play.room.room();
            let world = room.world();
            let flies = |row: &usize| world.get(column::KIND, *row) == kind::PROJECTILE;
            let row = (0..16).find(flies).expect("it flies");
            let flown = world.get(column::X, row) + 20 * ONE - ONE / 2;
            let steps = (flown + ONE / 8) / (ONE / 4);
            // Both ways and the lead; or the cap, and the prescribed delay of three ticks.
            let cap = (most * 30 / 1000) as i32 + 3;
            assert!(steps <= cap && steps >= cap - 1, "{steps} {cap} {delay}");
            assert_eq!(world.get(column::EXPIRES, row) as u32, now + 60 - steps as u32);
            break;
        }
    }
}

#[test]
fn clients_are_told_of_heads_where_there_are_any() {
    for (head, told) in [(ONE / 2, 1), (0, 0)] {
        let mut setup = rocket(3);
        setup.kinds[0].head = head;
        let gun = setup.weapons[0];
        setup.weapons[0] = ConfigWeapon { blast_radius: 0, head_permille: 1000, ..gun };
        let mut play = Play::new(setup, 1, 1, &[], Link::default(), 5);
        for (slot, x) in [(0, -4), (1, 4)] {
            let at = place(handle(&mut play.room, slot), x * ONE, 0);
            play.commands.add(Place::KIND, 0, &at);
        }
        for t in 0..60 {
            play.players[0].control.buttons = u16::from(t == 20);
            play.tick();
        }
        let player = &mut play.players[0];
        let zones: Vec<u16> =
            player.events.iter().filter(|e| e.kind == event::HIT).map(|e| e.aim).collect();
        assert_eq!(zones, [told]);
        let stats = player.stats();
        assert_eq!((stats.malformed, stats.hash_mismatches), (0, 0));
    }
}
