//! Who sees what, and how often it is sent, where a game or an overload says more than the view radius: against the rules
//! written down plainly, and at the clients.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::Zeroable;
use fray_core::gen::*;
use play::{Link, Play};
use support::*;

const CRATE: usize = 2;
const BARREL: usize = 3;

/// Teams of two, crates that are seen from afar, barrels that are seen always, tiers, and a rim of 3 units.
fn ruled(seed: u32) -> Setup {
    let mut setup = Setup::arena(24, 96);
    let mut random = Seeded::new(seed);
    setup.kinds[0].view_radius = 10 * ONE;
    setup.kinds[0].relevance = 2 * random.below(2);
    setup.kinds[CRATE].seen_within = random.between(0, 25) * ONE;
    setup.kinds[BARREL].relevance = random.below(2);
    setup.head.view_keep = random.between(0, 3) * ONE;
    setup.head.interpolation_ticks = 1 + random.below(6);
    setup.head.tier_half = 100 * random.below(8);
    setup.head.tier_quarter = setup.head.tier_half.max(700) * random.below(2);
    setup
}

struct Seen {
    visible: bool,
    due: bool,
}

/// The rules for one viewer and one other, `before` being whether it was seen in the tick before.
fn judge(
    room: &mut fray_core::host::Instance,
    setup: &Setup,
    own: usize,
    e: usize,
    before: bool,
) -> Seen {
    let mut view = room.room();
    let (tick, level) = (view.r.head[0].tick, view.r.head[0].overload);
    let world = view.world();
    let kind = world.get(column::KIND, e);
    if e == own || kind == 0 || !world.alive(e) {
        return Seen { visible: false, due: false };
    }
    let kind = &setup.kinds[kind as usize - 1];
    let along = |f| f64::from(world.get(f, e)) - f64::from(world.get(f, own));
    let away = along(column::X).hypot(along(column::Y));
    let radius = f64::from(world.get(column::VIEW_RADIUS, own));
    let within = if kind.seen_within > 0 { f64::from(kind.seen_within) } else { radius };
    let kept = if before { f64::from(setup.head.view_keep) } else { 0.0 };
    let team = world.get(column::TEAM, own);
    let friend = team != 0 && world.get(column::TEAM, e) == team;
    let visible = away <= within + kept || kind.relevance == 1 || kind.relevance == 2 && friend;
    let rim = |own: u32, overload: u32| match (own, level) {
        (0, 0) => f64::INFINITY,
        (own, 0) => radius * f64::from(own) / 1000.0,
        (0, _) => radius * f64::from(overload) / 1000.0,
        (own, _) => radius * f64::from(own.min(overload)) / 1000.0,
    };
    let tier = match away {
        _ if away > rim(setup.head.tier_quarter, 700) => 4,
        _ if away > rim(setup.head.tier_half, 400) => 2,
        _ => 1,
    };
    let most = if level > 0 { 4 } else { setup.head.interpolation_ticks };
    let every = [4, 2, 1].into_iter().find(|every| *every <= tier && *every <= most).unwrap_or(1);
    let snapshot = tick / if level > 1 { 2 } else { 1 };
    Seen { visible, due: (snapshot + e as u32).is_multiple_of(every) }
}

#[test]
fn what_is_seen_and_due_is_what_the_rules_say() {
    let (mut seen, mut waiting) = (0, 0);
    for seed in 1..=24 {
        let setup = ruled(seed);
        let mut play = Play::new(setup.clone(), 4, 18, &[], Link::default(), seed);
        for slot in 0..22 {
            let row = (handle(&mut play.room, slot) & 0xffff) as usize;
            play.room.room().world().set(column::TEAM, row, i32::from(slot % 3));
        }
        let mut before = vec![false; 22 * 96];
        for t in 0..60 {
            if t == 10 || t == 25 || t == 40 {
                play.records.add(Overload::KIND, 0, &Overload { level: [1, 2, 0][t / 15] });
            }
            if t == 2 {
                for (k, kind) in [3, 4, 3, 4, 3, 4].into_iter().enumerate() {
                    let handle = play.room.room().r.spawnable[1 + k];
                    let (x, y) = play.random.place(28);
                    let spawn = Spawn { handle, kind, x, y, ..Spawn::zeroed() };
                    play.commands.add(Spawn::KIND, 0, &spawn);
                }
            }
            play.wander(true);
            play.tick();
            for slot in 0..22usize {
                let own = (handle(&mut play.room, slot as u16) & 0xffff) as usize;
                for e in 0..96 {
                    let was = before[slot * 96 + e];
                    let meant = judge(&mut play.room, &setup, own, e, was);
                    let view = play.room.room();
                    let bit = |set: &[u32]| set[slot * 3 + e / 32] >> (e % 32) & 1 != 0;
                    let said = format!("seed {seed}, tick {t}, slot {slot}, entity {e}");
                    assert_eq!(bit(view.r.visible), meant.visible, "{said}");
                    let tiers = setup.head.tier_half + setup.head.tier_quarter > 0
                        && setup.head.interpolation_ticks > 1
                        || view.r.head[0].overload > 0;
                    if meant.visible && tiers {
                        assert_eq!(bit(view.s.due), meant.due, "due: {said}");
                        waiting += u32::from(!meant.due);
                    }
                    before[slot * 96 + e] = meant.visible;
                    seen += u32::from(meant.visible);
                }
            }
        }
    }
    assert!(seen > 100_000 && waiting > 10_000, "{seen} seen, {waiting} not due");
}

/// Clients of rooms with tiers, snapshots of every second tick and an overload in the middle.
#[test]
fn clients_hold_what_was_meant_however_seldom_it_is_sent() {
    let links = [
        Link { delay: 2, ..Link::default() },
        Link { delay: 1, jitter: 3, loss: 100, duplicate: 20, corrupt: 0, carries: 0 },
    ];
    for (seed, link) in links.into_iter().cycle().take(6).enumerate() {
        let mut setup = ruled(seed as u32 + 40);
        setup.head.interpolation_ticks = 4;
        setup.head.tier_half = 300;
        setup.head.tier_quarter = 600;
        setup.head.send_every = 1 + seed as u32 % 2;
        let clean = link.loss == 0;
        let mut play = Play::new(setup, 6, 14, &[], link, seed as u32);
        let (mut far, mut oldest) = (0, 0);
        for t in 0..400 {
            if t == 150 || t == 250 {
                let level = if t == 150 { 2 } else { 0 };
                play.records.add(Overload::KIND, 0, &Overload { level });
            }
            play.wander(true);
            play.tick();
            for player in &mut play.players {
                let client = player.client();
                let newest = client.m.head[0].newest;
                if newest == u32::MAX || t < 20 {
                    continue;
                }
                let words = client.m.head[0].sizes.set_words as usize;
                let place = newest as usize & (client.m.head[0].sizes.history as usize - 1);
                let set = client.m.sets[place * words..][..words].to_vec();
                for e in (0..96).filter(|e| set[e / 32] >> (e % 32) & 1 != 0) {
                    let age = (0..60).find(|age| client.held_row(newest - age, e).is_some());
                    let age = age.expect("a member has a row");
                    far += u32::from(age > 0);
                    oldest = oldest.max(age);
                }
            }
        }
        assert!(far > 2000, "{far}");
        // In an overload every fourth snapshot of every fourth tick; else the next is there after 4 ticks.
        assert!(!clean || oldest <= 16, "{oldest}");
        for player in &mut play.players {
            let stats = player.stats();
            assert_eq!((stats.hash_mismatches, stats.malformed), (0, 0), "{stats:?}");
            assert!(stats.hash_checks > 100, "{stats:?}");
            assert!(!clean || stats.undecodable == 0, "{stats:?}");
        }
    }
}

/// Packets of each tick go to half of the clients, each client gets one in two ticks, and all of it ends with the overload.
#[test]
fn an_overload_halves_the_snapshots_and_has_an_end() {
    let mut play = Play::new(Setup::arena(20, 96), 8, 4, &[], Link::default(), 3);
    let mut counts = Vec::new();
    for t in 0..60 {
        if t == 20 || t == 40 {
            play.records.add(Overload::KIND, 0, &Overload { level: if t == 20 { 2 } else { 0 } });
        }
        let before = play.room.room().r.stats[0].packets_out;
        play.wander(false);
        play.tick();
        counts.push(play.room.room().r.stats[0].packets_out - before);
    }
    assert_eq!((counts[19], &counts[20..40], counts[40]), (8, &[4; 20][..], 8));
}

#[test]
fn what_no_game_can_mean_is_refused() {
    let refused = |change: fn(&mut Setup)| {
        let mut setup = Setup::arena(4, 16);
        change(&mut setup);
        fray_core::host::Instance::new(&setup.bytes()).is_err()
    };
    assert!(!refused(|_| {}));
    assert!(refused(|s| s.head.send_every = 0));
    assert!(refused(|s| s.head.send_every = 3));
    assert!(refused(|s| s.head.view_keep = -1));
    assert!(refused(|s| s.head.tier_half = 1001));
    assert!(refused(|s| (s.head.tier_half, s.head.tier_quarter) = (600, 500)));
    assert!(refused(|s| s.kinds[CRATE].seen_within = -1));
    assert!(refused(|s| s.kinds[BARREL].relevance = 3));
}
