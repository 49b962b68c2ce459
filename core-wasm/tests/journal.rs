//! A room is its region: the same records give the same hashes, a restored copy goes on alike, no
//! bytes make it panic.

mod support;

use bytemuck::{bytes_of, Zeroable};
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use proptest::prelude::*;
use support::*;

/// Records and commands of one tick.
#[derive(Clone, Default)]
struct Tick {
    records: Records,
    commands: Records,
}

/// A busy match: joins, leaves, bots that run, shoot and dash, damage, spawns, walls, timers,
/// texts, messages.
fn journal(seed: u32, ticks: u32, players: u16) -> Vec<Tick> {
    let mut random = Seeded::new(seed);
    let mut room = busy().room(&walls());
    let mut journal = Vec::new();
    for t in 0..ticks {
        let mut tick = Tick::default();
        for slot in 0..players {
            let taken = handle(&mut room, slot) != 0;
            if !taken && random.below(4) == 0 {
                tick.records.add(
                    Join::KIND,
                    slot,
                    &Join { flags: random.below(4) as u16, ..join(slot, true) },
                );
            } else if taken && random.below(200) == 0 {
                tick.records.add(Leave::KIND, slot, &Leave { code: 19, reserved: 0 });
            } else if taken && random.below(30) == 0 {
                // Refused for a bot.
                tick.records.add(Drop::KIND, slot, &Drop {});
            } else if taken && random.below(50) == 0 {
                tick.records.add(Resume::KIND, slot, &Resume { flags: random.below(4) });
            } else if taken && random.below(10) > 0 {
                let row = BotInput {
                    pitch: random.between(-9000, 9000) as i16,
                    ..input(
                        random.between(-127, 127) as i8,
                        random.between(-127, 127) as i8,
                        random.below(16) as u16,
                        random.below(65536) as u16,
                    )
                };
                tick.records.add(BotInput::KIND, slot, &row);
            }
        }
        let events = parse(&room.begin(&tick.records.bytes).unwrap());
        for (header, payload) in &events {
            answer(&mut tick.commands, header, payload, &mut random);
        }
        let offered = room.room().r.spawnable[1];
        if offered != 0 && random.below(3) == 0 {
            let (x, y) = (random.between(-25 * ONE, 25 * ONE), random.between(-25 * ONE, 25 * ONE));
            let kind = 3 + random.below(2);
            let row = Spawn {
                handle: offered,
                kind,
                x,
                y,
                z: 0,
                vx: random.between(-9, 9),
                vy: 0,
                vz: 0,
                aim: 0,
                owner: 0,
                life_ticks: random.below(90),
            };
            tick.commands.add(Spawn::KIND, 0, &row);
        }
        if t % 7 == 0 {
            let some = handle(&mut room, random.below(u32::from(players)) as u16);
            tick.commands.add(
                SetField::KIND,
                0,
                &SetField {
                    handle: some,
                    column: random.below(40),
                    value: random.between(0, 90_000),
                },
            );
            tick.commands.add(
                Impulse::KIND,
                0,
                &Impulse { handle: some, vx: 9000, vy: -9000, vz: 900 },
            );
            tick.commands.add(
                AddTimer::KIND,
                0,
                &AddTimer { id: t, due: t + random.below(40), timer: 0, args: [0; 4] },
            );
            tick.commands.add_bytes(
                Send::KIND,
                0xffff,
                bytes_of(&Send { except: 0xffff }),
                &[1, 0, 7, 7],
            );
            tick.commands.add(SetRandom::KIND, 0, &SetRandom { state: [t, 1, 2, 3] });
            tick.commands.add(
                SetRoomField::KIND,
                0,
                &SetRoomField { field: 0, value: t as i32 & 0xffff },
            );
        }
        room.end(&tick.commands.bytes).unwrap();
        journal.push(tick);
    }
    journal
}

fn answer(commands: &mut Records, header: &RecordHeader, payload: &[u8], random: &mut Seeded) {
    let at = |random: &mut Seeded| {
        (random.between(-25 * ONE, 25 * ONE), random.between(-25 * ONE, 25 * ONE))
    };
    match header.kind {
        Joined::KIND => {
            let (x, y) = at(random);
            let handle = bytemuck::pod_read_unaligned::<Joined>(payload).handle;
            commands.add(
                Place::KIND,
                0,
                &Place { protect_ticks: 5, aim: 77, ..place(handle, x, y) },
            );
            commands.add_bytes(SetText::KIND, 0, bytes_of(&SetText { handle, field: 0 }), b"hello");
            commands.add(
                SetField::KIND,
                0,
                &SetField { handle, column: column::WEAPON as u32, value: random.below(2) as i32 },
            );
        }
        Death::KIND => {
            let (x, y) = at(random);
            commands.add(
                Place::KIND,
                0,
                &place(bytemuck::pod_read_unaligned::<Death>(payload).victim, x, y),
            );
        }
        Hit::KIND if random.below(3) == 0 => {
            commands.add(
                ScaleHit::KIND,
                0,
                &ScaleHit { hit: u32::from(header.index), permille: random.below(3000) },
            );
        }
        _ => {}
    }
}

fn busy() -> Setup {
    Setup::arena(12, 64)
}

fn walls() -> Vec<WallBox> {
    (0..12).map(|k| wall((k % 4 - 2) * 12 * ONE, (k / 4 - 1) * 12 * ONE, ONE, 2 * ONE)).collect()
}

fn run(room: &mut Instance, journal: &[Tick]) -> Vec<(u64, u32)> {
    journal
        .iter()
        .map(|tick| {
            room.begin(&tick.records.bytes).unwrap();
            room.end(&tick.commands.bytes).unwrap();
            (room.state_hash(), room.region_hash())
        })
        .collect()
}

#[test]
fn the_same_journal_gives_the_same_hashes() {
    let journal = journal(5, 600, 12);
    let first = run(&mut busy().room(&walls()), &journal);
    let again = run(&mut busy().room(&walls()), &journal);
    assert_eq!(first, again);
    let mut seen = first.clone();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), first.len(), "each tick has a hash of its own");
    let mut room = busy().room(&walls());
    run(&mut room, &journal);
    let stats = room.room().r.stats[0];
    assert!(stats.hits > 20 && stats.deaths > 2 && stats.inputs_accepted_bots > 3000, "{stats:?}");
}

#[test]
fn a_saved_room_goes_on_alike_in_a_fresh_instance() {
    let journal = journal(2, 300, 12);
    let whole = run(&mut busy().room(&walls()), &journal);
    for cut in [1, 77, 150, 299] {
        let mut room = busy().room(&walls());
        run(&mut room, &journal[..cut]);
        let saved = room.region().to_vec();
        drop(room);
        let mut restored = Instance::restore(&saved).unwrap();
        assert_eq!(run(&mut restored, &journal[cut..]), whole[cut..], "cut at {cut}");
    }
}

#[test]
fn scratch_means_nothing_between_two_ticks() {
    let journal = journal(3, 120, 12);
    let whole = run(&mut busy().room(&walls()), &journal);
    let mut room = busy().room(&walls());
    for (tick, expected) in journal.iter().zip(&whole) {
        room = Instance::restore(room.region()).unwrap();
        assert_eq!(run(&mut room, std::slice::from_ref(tick)), [*expected]);
    }
}

#[test]
fn a_changed_record_changes_the_hash() {
    let mut journal = journal(4, 60, 12);
    let before = run(&mut busy().room(&walls()), &journal);
    let (tick, at) = journal
        .iter()
        .enumerate()
        .find_map(|(t, tick)| {
            parse(&tick.records.bytes)
                .iter()
                .any(|(h, _)| h.kind == BotInput::KIND)
                .then(|| (t, tick.records.bytes.len() - 12))
        })
        .unwrap();
    journal[tick].records.bytes[at] ^= 0x40;
    let after = run(&mut busy().room(&walls()), &journal);
    assert_eq!(before[..tick], after[..tick]);
    assert_ne!(before[tick..], after[tick..]);
}

#[test]
fn what_is_visible_is_what_brute_force_finds() {
    let mut setup = Setup::arena(40, 128);
    setup.kinds[0].view_radius = 9 * ONE;
    let mut room = setup.room(&[]);
    let mut random = Seeded::new(5);
    let mut records = Records::new();
    for slot in 0..40 {
        records.add(Join::KIND, slot, &join(slot, slot >= 20));
    }
    room.begin(&records.bytes).unwrap();
    let mut commands = Records::new();
    for slot in 0..40 {
        let handle = handle(&mut room, slot);
        // One in eight stays dead; the first two stand in the last cell of the grid.
        if slot % 8 != 7 {
            let mut at = || random.between(-30 * ONE, 30 * ONE);
            let (x, y) = if slot < 2 { (30 * ONE, 30 * ONE) } else { (at(), at()) };
            commands.add(Place::KIND, 0, &place(handle, x, y));
        }
    }
    room.end(&commands.bytes).unwrap();
    let words = room.sizes().set_words as usize;
    let mut bits = 0;
    for slot in 0..20usize {
        let own = (handle(&mut room, slot as u16) & 0xffff) as usize;
        let mut view = room.room();
        let set = view.r.visible[slot * words..(slot + 1) * words].to_vec();
        let world = view.world();
        for i in 0..128 {
            let dx = i128::from(world.get(column::X, i) - world.get(column::X, own));
            let dy = i128::from(world.get(column::Y, i) - world.get(column::Y, own));
            let near = dx * dx + dy * dy <= (9 * i128::from(ONE)).pow(2);
            let seen = set[i / 32] >> (i % 32) & 1 != 0;
            assert_eq!(seen, near && world.alive(i) && i != own, "slot {slot}, entity {i}");
            bits += u32::from(seen);
        }
    }
    assert!(bits > 10);
}

#[test]
fn an_index_rests_until_no_client_can_know_it() {
    let mut room = Setup::arena(1, 3).room(&[]);
    let mut records = Records::new();
    // Not a bot: a client that never acknowledges.
    records.add(Join::KIND, 0, &join(0, false));
    room.begin(&records.bytes).unwrap();
    let own = handle(&mut room, 0);
    let mut commands = Records::new();
    commands.add(Place::KIND, 0, &place(own, 0, 0));
    room.end(&commands.bytes).unwrap();
    room.begin(&[]).unwrap();
    let offered = room.room().r.spawnable[1];
    let crate_at = Spawn { handle: offered, kind: 3, x: ONE, ..Spawn::zeroed() };
    room.end(&Records::new().add(Spawn::KIND, 0, &crate_at).bytes).unwrap();
    for _ in 0..5 {
        tick(&mut room, &[]);
    }
    let mut commands = Records::new();
    commands.add(Remove::KIND, 0, &Remove { handle: offered });
    tick_with(&mut room, &[], &commands);
    let removed = room.room().r.head[0].tick;
    let mut back = 0;
    for _ in 0..80 {
        tick(&mut room, &[]);
        let view = room.room();
        let list = &view.r.spawnable[1..=view.r.spawnable[0] as usize];
        if back == 0 && list.iter().any(|h| h & 0xffff == offered & 0xffff) {
            back = view.r.head[0].tick;
            assert!(list.contains(&(offered + (1 << 16))), "with the next generation");
        }
    }
    assert!(
        back - removed >= 31,
        "snapshots that held it could be acknowledged for {} ticks",
        back - removed
    );
}

/// A sequence of random calls: records and commands of right and wrong shapes.
fn storm(seed: u32) {
    let mut random = Seeded::new(seed);
    let dimensions = 2 + random.below(2);
    let setup = Setup::at(6, 24, 30, dimensions);
    let mut room = setup.room(&walls());
    for _ in 0..40 {
        let records = noise(&mut random, true);
        let commands = noise(&mut random, false);
        room.begin(&records).unwrap();
        room.end(&commands).unwrap();
    }
}

fn noise(random: &mut Seeded, entering: bool) -> Vec<u8> {
    let kinds: &[(u16, usize)] = if entering {
        &[(1, 40), (1, 40), (2, 4), (3, 60), (4, 17), (5, 4), (6, 4), (7, 0), (8, 4), (9, 9)]
    } else {
        &[
            (32, 12),
            (33, 8),
            (34, 20),
            (35, 24),
            (36, 44),
            (37, 4),
            (38, 12),
            (39, 8),
            (40, 28),
            (41, 4),
            (42, 30),
            (43, 16),
            (44, 48),
            (45, 16),
            (46, 3),
        ]
    };
    let mut records = Records::new();
    for _ in 0..random.below(30) {
        let (kind, bytes) = kinds[random.below(kinds.len() as u32) as usize];
        let bytes = if random.below(8) == 0 { random.below(70) as usize } else { bytes };
        let mut payload = vec![0u8; bytes];
        for four in payload.chunks_mut(4) {
            let word = match random.below(6) {
                0 => random.below(u32::MAX),
                1 => random.below(24) | 1 << 16,
                2 => random.below(64),
                3 => (random.between(-40, 40) * ONE) as u32,
                4 => [i32::MIN, i32::MAX, -1, 0][random.below(4) as usize] as u32,
                _ => random.below(65536),
            };
            four.copy_from_slice(&word.to_le_bytes()[..four.len()]);
        }
        let slot = if random.below(9) == 0 { random.below(65536) } else { random.below(6) };
        if kind == 1 && bytes == 40 && random.below(4) > 0 {
            payload = bytes_of(&Join { flags: random.below(4) as u16, ..join(slot as u16, false) })
                .to_vec();
        }
        records.add_bytes(kind, slot as u16, &payload, &[]);
    }
    let mut bytes = records.bytes;
    if random.below(20) == 0 {
        let cut = random.below(bytes.len() as u32 + 1) as usize;
        bytes.truncate(cut);
    }
    bytes
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn no_sequence_of_records_and_commands_panics(seed in any::<u32>()) {
        storm(seed);
    }

    #[test]
    fn no_bytes_panic(
        records in proptest::collection::vec(any::<u8>(), 0..600),
        commands in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut room = busy().room(&walls());
        room.begin(&records).unwrap();
        room.end(&commands).unwrap();
    }

    #[test]
    fn no_configuration_panics(
        flips in proptest::collection::vec((0usize..700, any::<u8>()), 1..6), cut in 0usize..700,
    ) {
        let mut bytes = Setup::arena(4, 16).bytes();
        for (at, value) in flips {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        if cut < 40 {
            bytes.truncate(cut);
        }
        if let Ok(mut room) = Instance::new(&bytes) {
            room.end(&[]).unwrap();
            let mut records = Records::new();
            records.add(Join::KIND, 0, &join(0, false));
            for _ in 0..3 {
                room.begin(&records.bytes).unwrap();
                room.end(&[]).unwrap();
            }
        }
    }
}
