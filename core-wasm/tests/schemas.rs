//! Encoder and decoder over random schemas, worlds, mutations and lossy links: what a client holds is what the server's
//! world was at that tick, field by field, to the precision that the schema declares. The world is copied from the
//! entity matrix each tick, so that neither history nor codec vouches for itself; the witness (verify) is read beside it.
//!
//! A failure prints its seed and the smallest plan that still fails. `FRAY_TEST_SCHEMAS=FIRST:LAST cargo test --test
//! schemas` runs these seeds instead of the usual ones.

#[path = "support/play.rs"]
mod play;
#[path = "support/schemas.rs"]
mod schemas;
mod support;

use bytemuck::{bytes_of, Zeroable};
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use play::{arrived, Link, Player};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use schemas::{plan, Plan};
use std::collections::{HashMap, HashSet};
use support::*;

/// Plans tried by default.
const SEEDS: u64 = 100;

/// What was checked, so that a test that checks nothing is seen.
#[derive(Default, Debug)]
struct Checked {
    plans: u32,
    ticks: u64,
    snapshots: u64,
    rows: u64,
    values: u64,
    sets: u64,
    exact_sets: u64,
    still: u32,
    deferred: u64,
    undecodable: u64,
    accepted: u64,
    commands: u64,
}

/// The world after a tick, and how many entities some snapshot of it left out.
struct Moment {
    columns: Vec<i32>,
    deferred: bool,
}

/// A client, and what was looked at of it.
struct Seat {
    player: Player,
    handle: u32,
    seen: HashSet<u32>,
}

struct World<'a> {
    plan: &'a Plan,
    setup: Setup,
    room: Instance,
    seats: Vec<Seat>,
    bots: Vec<(u16, BotInput)>,
    random: Seeded,
    moments: HashMap<u32, Moment>,
    checked: &'a mut Checked,
}

type Outcome = Result<(), TestCaseError>;

macro_rules! claim {
    ($holds:expr, $($said:tt)*) => {
        if !$holds {
            return Err(TestCaseError::fail(format!($($said)*)));
        }
    };
}

#[test]
fn a_client_of_any_schema_holds_what_the_server_had() {
    let asked = std::env::var("FRAY_TEST_SCHEMAS").ok();
    let (first, last) = asked
        .as_deref()
        .and_then(|text| text.split_once(':'))
        .map_or((1, SEEDS), |(a, b)| (a.parse().unwrap(), b.parse().unwrap()));
    let mut checked = Checked::default();
    for seed in first..=last {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config {
            cases: 1,
            failure_persistence: None,
            max_shrink_iters: 300,
            ..Config::default()
        };
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(config, random);
        let tree = plan().new_tree(&mut runner).unwrap();
        let sum = std::cell::RefCell::new(&mut checked);
        let result = runner.run_one(tree, |plan| World::new(&plan, &mut sum.borrow_mut()).run());
        if let Err(TestError::Fail(reason, plan)) = result {
            let again = format!("FRAY_TEST_SCHEMAS={seed}:{seed} cargo test --test schemas");
            panic!("seed {seed}: {reason}\n{plan:?}\nagain: {again}");
        }
    }
    println!("{checked:?}");
    if asked.is_none() {
        // Nothing of it was idle.
        assert!(checked.rows > 20_000 && checked.values > 40_000, "{checked:?}");
        assert!(checked.exact_sets * 2 > checked.sets && checked.deferred > 100, "{checked:?}");
        assert!(checked.still > checked.plans / 2, "{checked:?}");
        // A packet that comes after a second may refer to what is held no more; no other may.
        assert!(checked.undecodable * 5000 < checked.snapshots, "{checked:?}");
        assert!(checked.accepted * 2 > checked.commands, "{checked:?}");
    }
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, checked: &'a mut Checked) -> Self {
        let setup = plan.setup();
        let mut random = Seeded::new(plan.seed);
        let room = setup.room(&plan.walls(&mut random));
        let (seats, bots, moments) = (Vec::new(), Vec::new(), HashMap::new());
        Self { plan, setup, room, seats, bots, random, moments, checked }
    }

    fn run(mut self) -> Outcome {
        self.checked.plans += 1;
        let mut records = Records::new();
        for slot in 0..self.plan.players + self.plan.bots {
            let flags = if slot < self.plan.players { 2 } else { 1 };
            records.add(Join::KIND, slot, &Join { flags, ..join(slot, false) });
        }
        self.tick(records, true)?;
        for tick in 0..self.plan.ticks {
            let mut records = Records::new();
            self.come_and_go(&mut records);
            if self.random.below(20) == 0 {
                self.room = Instance::restore(self.room.region()).expect("a whole region");
            }
            self.steer(tick);
            self.tick(records, true)?;
        }
        self.settle()
    }

    /// Everything stops, links are good: then all is the same on both ends.
    fn settle(&mut self) -> Outcome {
        for seat in &mut self.seats {
            seat.player.link = Link { delay: 1, ..Link::default() };
            seat.player.control = InputCommand::zeroed();
        }
        self.bots.iter_mut().for_each(|(_, input)| *input = BotInput::zeroed());
        for _ in 0..3 * self.plan.rate.max(40) {
            self.tick(Records::new(), false)?;
        }
        let before = self.room.room().r.stats[0].entities_deferred;
        for _ in 0..10 {
            self.tick(Records::new(), false)?;
        }
        self.checked.still += 1;
        let enough = before == self.room.room().r.stats[0].entities_deferred;
        for k in 0..self.seats.len() {
            self.told_all(k, enough)?;
        }
        Ok(())
    }

    /// One tick of everything, then a look at each client.
    fn tick(&mut self, mut records: Records, busy: bool) -> Outcome {
        let now = self.room.room().r.head[0].tick + 1;
        for (slot, input) in &self.bots {
            records.add(BotInput::KIND, *slot, input);
        }
        for seat in &mut self.seats {
            for bytes in arrived(now, &mut seat.player.up) {
                let arrival = Packet { arrival_us: 500 };
                records.add_bytes(Packet::KIND, seat.player.slot, bytes_of(&arrival), &bytes);
            }
        }
        self.room.begin(&records.bytes).expect("in order");
        let deferred = self.room.room().r.stats[0].entities_deferred;
        let commands = if busy { self.commands() } else { self.stop() };
        let packets = self.room.end(&commands.bytes).expect("in order");
        self.seat_newcomers();
        let view = self.room.room();
        let more = view.r.stats[0].entities_deferred.wrapping_sub(deferred);
        self.checked.deferred += u64::from(more);
        self.checked.ticks += 1;
        let moment = Moment { columns: view.r.columns.to_vec(), deferred: more > 0 };
        self.moments.insert(now, moment);
        self.moments.remove(&now.wrapping_sub(300));
        for (slot, bytes) in packets {
            let seat = self.seats.iter_mut().find(|seat| usize::from(seat.player.slot) == slot);
            if let Some(Seat { player, .. }) = seat {
                player.link.carry(now, &bytes, &mut player.random, &mut player.down);
            }
        }
        for k in 0..self.seats.len() {
            self.seats[k].player.tick(now);
            self.look(k)?;
        }
        Ok(())
    }

    /// Clients for the players that have just joined; those who have left go.
    fn seat_newcomers(&mut self) {
        let rows = self.room.room().r.clients.to_vec();
        let row = |slot: u16| &rows[usize::from(slot)];
        self.seats.retain(|seat| row(seat.player.slot).handle == seat.handle);
        self.bots.retain(|(slot, _)| row(*slot).flags & 1 != 0);
        for (slot, client) in rows.iter().enumerate().filter(|(_, c)| c.player_id != 0) {
            let slot = slot as u16;
            if client.flags & 1 != 0 {
                if !self.bots.iter().any(|(own, _)| *own == slot) {
                    self.bots.push((slot, BotInput::zeroed()));
                }
            } else if !self.seats.iter().any(|seat| seat.player.slot == slot) {
                let (delay, jitter, loss, duplicate) = self.plan.link;
                let link = Link { delay, jitter, loss, duplicate, corrupt: 0, carries: 0 };
                let handle = client.handle;
                let player = Player::new(&self.setup, slot, client.player_id, handle, link);
                self.seats.push(Seat { player, handle, seen: HashSet::new() });
            }
        }
    }

    fn come_and_go(&mut self, records: &mut Records) {
        if self.random.below(25) == 0 {
            let slot = self.random.below(self.setup.head.players_max) as u16;
            let taken = self.room.room().r.players[usize::from(slot)] != 0;
            if taken && self.seats.len() > 1 {
                records.add(Leave::KIND, slot, &Leave { code: 19, reserved: 0 });
            } else if !taken {
                let flags = 1 + self.random.below(2) as u16;
                records.add(Join::KIND, slot, &Join { flags, ..join(slot, false) });
            }
        }
        // Now and then a line is dead for a while, some for longer than a second.
        for seat in &mut self.seats {
            let dead = seat.player.link.loss >= 1000;
            let stays = if seat.player.link.loss > 1000 { 70 } else { 12 };
            if self.random.below(if dead { stays } else { 40 }) == 0 {
                let long = u32::from(self.random.below(3) == 0);
                seat.player.link.loss = if dead { self.plan.link.2 } else { 1000 + long };
            }
        }
    }

    fn steer(&mut self, tick: u32) {
        let random = &mut self.random;
        let mut wish = || {
            let (x, y) = (random.between(-127, 127) as i8, random.between(-127, 127) as i8);
            (x, y, random.below(65536) as u16, random.below(16) as u16)
        };
        for seat in self.seats.iter_mut().filter(|_| tick.is_multiple_of(5)) {
            let c = &mut seat.player.control;
            (c.move_x, c.move_y, c.aim, c.buttons) = wish();
            c.pitch = (c.aim >> 2) as i16 - 8192;
        }
        for (_, c) in self.bots.iter_mut().filter(|_| tick.is_multiple_of(3)) {
            (c.move_x, c.move_y, c.aim, c.buttons) = wish();
        }
    }
}

#[path = "support/schema_checks.rs"]
mod checks;
#[path = "support/schema_commands.rs"]
mod commands;
