//! `apply`: each accepted command runs once, in its tick; what is missing is bridged; what comes from elsewhere in time
//! moves nothing.

mod support;

use bytemuck::{bytes_of, Zeroable};
use fray_core::bits::BitWriter;
use fray_core::codec::input;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::netchan::{write_header, Header, HEADER_BYTES};
use support::*;

/// One client in slot 0 of a room, and the packets that it sends by hand.
struct Bench {
    setup: Setup,
    room: Instance,
    sequence: u16,
}

impl Bench {
    fn new() -> Self {
        let setup = Setup::arena(2, 16);
        let mut room = setup.room(&[]);
        let mut records = Records::new();
        records.add(Join::KIND, 0, &join(0, false));
        room.begin(&records.bytes).unwrap();
        let mut commands = Records::new();
        commands.add(Place::KIND, 0, &place(handle(&mut room, 0), 0, 0));
        room.end(&commands.bytes).unwrap();
        Self { setup, room, sequence: 0 }
    }

    /// The tick that comes next.
    fn next(&mut self) -> u32 {
        self.room.room().r.head[0].tick + 1
    }

    /// A record of a packet with these commands, newest first.
    fn packet(&mut self, records: &mut Records, arrival_us: u32, commands: &[InputCommand]) {
        self.sequence += 1;
        let mut packet = vec![0u8; 1120];
        let mut out = BitWriter::new(&mut packet[HEADER_BYTES..]);
        out.bit(false);
        input::write(&mut out, &self.setup.head, commands.len(), |i| commands[i]);
        let length = HEADER_BYTES + out.finish().unwrap();
        let header = Header { sequence: self.sequence, ack: 0, ack_bits: 0 };
        write_header(&mut packet[..length], header, self.setup.head.epoch);
        let arrival = Packet { arrival_us };
        records.add_bytes(Packet::KIND, 0, bytes_of(&arrival), &packet[..length]);
    }

    fn tick(&mut self, records: &Records) {
        self.room.begin(&records.bytes).unwrap();
        self.room.end(&[]).unwrap();
    }

    fn applied(&mut self) -> InputCommand {
        self.room.room().r.applied[0]
    }
}

/// A command that can be told from all others by its aim.
fn command(tick: u32) -> InputCommand {
    InputCommand { tick, aim: tick as u16, move_x: 127, ..InputCommand::zeroed() }
}

#[test]
fn a_gap_is_bridged_however_many_gaps_came_before() {
    let mut room = Setup::arena(1, 8).room(&[]);
    fill(&mut room, 1, |_| (-25 * ONE, 0));
    for gap in 0..6 {
        for _ in 0..4 {
            tick(&mut room, &[(0, input(127, 0, 0, 0))]);
        }
        for missing in 0..5 {
            tick(&mut room, &[]);
            let speed = get(&mut room, 0, column::VX);
            assert_eq!(speed, per_tick(7.0, 30), "gap {gap}, tick {missing} of it");
        }
    }
}

#[test]
fn a_command_is_accepted_once_and_what_comes_for_its_tick_later_changes_nothing() {
    let mut bench = Bench::new();
    let now = bench.next();
    let mut records = Records::new();
    bench.packet(&mut records, 0, &[command(now + 2), command(now + 1), command(now)]);
    bench.packet(&mut records, 0, &[command(now + 2), command(now + 1), command(now)]);
    let other = |tick| InputCommand { aim: 9, buttons: button::FIRE, ..command(tick) };
    bench.packet(&mut records, 0, &[other(now + 3), other(now + 2), other(now + 1), other(now)]);
    bench.tick(&records);
    assert_eq!(bench.room.room().r.stats[0].inputs_accepted, 4);
    for tick in now..now + 3 {
        let applied = bench.applied();
        assert_eq!((applied.tick, applied.aim, applied.buttons), (tick, tick as u16, 0));
        bench.tick(&Records::new());
    }
    assert_eq!(bench.applied().buttons, button::FIRE, "the last one was new");
    assert_eq!(bench.room.room().r.stats[0].inputs_accepted, 4);
}

#[test]
fn a_command_from_far_ahead_is_refused_and_takes_no_place() {
    let mut bench = Bench::new();
    let now = bench.next();
    let mut records = Records::new();
    let mut far = 0;
    for ahead in 0..300 {
        bench.packet(&mut records, 0, &[command(now + ahead)]);
        far += u32::from(ahead >= INPUT_WINDOW_TICKS);
    }
    bench.tick(&records);
    let stats = bench.room.room().r.stats[0];
    assert_eq!(stats.packets_malformed, 0);
    assert!(stats.inputs_ahead >= far && stats.inputs_accepted + stats.inputs_ahead == 300);
    for tick in now..now + stats.inputs_accepted {
        assert_eq!(bench.applied(), command(tick), "{} ahead", tick - now);
        bench.tick(&Records::new());
    }
    assert!(stats.inputs_accepted > INPUT_WINDOW_TICKS / 2);
}

#[test]
fn a_command_that_comes_too_late_is_counted_and_never_applied() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.tick(&Records::new());
    }
    let now = bench.next();
    let mut records = Records::new();
    bench.packet(&mut records, 0, &[command(now - 1)]);
    bench.tick(&records);
    let mut records = Records::new();
    bench.packet(&mut records, 0, &[command(now - 1)]);
    bench.tick(&records);
    let stats = bench.room.room().r.stats[0];
    assert_eq!((stats.inputs_late, stats.inputs_accepted), (1, 0), "counted once");
    for _ in 0..INPUT_WINDOW_TICKS + 2 {
        assert_eq!((bench.applied().move_x, bench.applied().aim), (0, 0));
        bench.tick(&Records::new());
    }
}

#[test]
fn the_margin_is_how_long_before_its_tick_a_command_came() {
    let interval = 1_000_000 / 30;
    // (ticks ahead, part of the interval that had passed in 256, margin in 1/256 tick)
    for (ahead, passed, margin) in
        [(0, 0, 256), (0, 256, 0), (2, 64, 2 * 256 + 192), (-3, 128, -3 * 256 + 128)]
    {
        let mut bench = Bench::new();
        for _ in 0..5 {
            bench.tick(&Records::new());
        }
        let tick = bench.next().wrapping_add_signed(ahead);
        let mut records = Records::new();
        bench.packet(&mut records, interval * passed / 256, &[command(tick)]);
        bench.tick(&records);
        let measured = bench.room.room().r.clients[0].margin256;
        assert!((measured - margin).abs() <= 1, "{ahead} {passed}: {measured}, not {margin}");
    }
}
