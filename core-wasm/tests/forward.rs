//! Projectiles that are put forward, and views that no honest client states.

#[path = "support/play.rs"]
mod play;
mod support;

use bytemuck::{pod_read_unaligned, Zeroable};
use fray_core::bits::{BitReader, BitWriter};
use fray_core::codec;
use fray_core::gen::*;
use play::{Link, Play};
use support::*;

/// A gun whose shots are put forward, beside a rail, and a client that may state any view: what the room makes of its shots.
fn stated(weapon: usize, gun: ConfigWeapon, view: impl Fn(u32) -> (u32, u16)) -> Vec<Receipt> {
    let mut setup = Setup::arena(2, 16);
    setup.weapons[0] = ConfigWeapon { wait_ticks: 9, rules: rule::FORWARD, ..gun };
    let link = Link { delay: 2, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };
    let mut play = Play::new(setup, 1, 1, &[], link, 5);
    let own = handle(&mut play.room, 0);
    let held = SetField { handle: own, column: column::WEAPON as u32, value: weapon as i32 };
    play.commands.add(SetField::KIND, 0, &held);
    for (slot, x) in [(0, -8), (1, 0)] {
        let at = place(handle(&mut play.room, slot), x * ONE, 0);
        play.commands.add(Place::KIND, 0, &at);
    }
    let mut told = Vec::new();
    for t in 0..120 {
        let next = play.tick_number() + 1 + play.players[0].lead;
        let (tick, fraction) = view(next);
        let control = &mut play.players[0].control;
        (control.view_tick, control.view_fraction) = (tick, fraction);
        control.buttons = u16::from(t > 40);
        for (header, bytes) in parse(&play.tick()) {
            if header.kind == Receipt::KIND {
                told.push(pod_read_unaligned::<Receipt>(&bytes[..Receipt::BYTES]));
            }
        }
    }
    assert!(play.players[0].events.iter().any(|e| e.kind == event::SHOT));
    told
}

/// A room in its first thousand ticks, and views from before its beginning or of what is yet to come: no shot takes longer for it.
#[test]
fn a_view_of_no_tick_is_none() {
    let setup = Setup::arena(2, 16);
    let hostile = InputCommand {
        tick: 40,
        buttons: 1,
        view_tick: 40u32.wrapping_sub(1000),
        view_fraction: 9,
        ..InputCommand::zeroed()
    };
    let mut bytes = [0; 64];
    let mut out = BitWriter::new(&mut bytes);
    codec::input::write(&mut out, &setup.head, 1, |_| hostile);
    let length = out.finish().unwrap();
    let mut read = codec::input::Inputs::none();
    codec::input::read(&mut BitReader::new(&bytes[..length]), &setup.head, &mut read);
    assert_eq!((read.count, read.commands[0].tick, read.commands[0].view_tick), (1, 40, 0));

    let mut play = Play::new(setup, 1, 1, &[], Link { delay: 2, ..Link::default() }, 5);
    for _ in 0..40 {
        play.tick();
    }
    let now = play.tick_number();
    let room = play.room.room();
    for ahead in [0, 1, 60, 1 << 31, u32::MAX - now] {
        (room.r.applied[0].view_tick, room.r.applied[0].view_fraction) = (now + ahead, u16::MAX);
        let view = fray_core::rewind::view_of(&room, 0).unwrap();
        assert_eq!(view.time, u64::from(now) << 16, "{ahead}");
    }
}

#[test]
fn a_projectile_is_put_forward_no_further_than_it_lives() {
    let flown = |life_ticks: u32| {
        let gun = ConfigWeapon {
            damage: 1,
            speed: ONE,
            life_ticks,
            radius: ONE / 6,
            ..ConfigWeapon::zeroed()
        };
        let told = stated(0, gun, |tick| (tick.saturating_sub(12), 0));
        assert!(told.len() > 3);
        told.iter().filter(|shot| shot.result == result::HIT).count()
    };
    // The target stands seven units and a half before the muzzle; a view that old is put forward by some eight ticks.
    assert_eq!(flown(2), 0);
    assert!(flown(60) > 3);
}

#[test]
fn a_fat_projectile_that_is_put_forward_strikes_whom_it_touches() {
    let told = |radius: i32| {
        let gun = ConfigWeapon {
            damage: 1,
            speed: ONE,
            life_ticks: 60,
            radius,
            ..ConfigWeapon::zeroed()
        };
        let mut setup = Setup::arena(2, 16);
        setup.weapons[0] = ConfigWeapon { wait_ticks: 9, rules: rule::FORWARD, ..gun };
        let link = Link { delay: 2, jitter: 0, loss: 0, duplicate: 0, corrupt: 0, carries: 0 };
        let mut play = Play::new(setup, 1, 1, &[], link, 5);
        play.players[0].looks = true;
        for (slot, at) in [(0, (-12, 0)), (1, (-4, 3))] {
            let at = place(handle(&mut play.room, slot), at.0 * ONE, at.1 * ONE);
            play.commands.add(Place::KIND, 0, &at);
        }
        for t in 0..120 {
            play.players[0].control.buttons = u16::from(t > 40);
            play.tick();
        }
        play.room.room().r.stats[0].hits
    };
    assert_eq!(told(ONE / 6), 0);
    assert!(told(3 * ONE) > 3);
}
