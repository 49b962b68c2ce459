//! A step of a game's own in the native core: the one of the examples, compiled in, by the same way as a module.

/// The example, in the place of the module that a native core does not run.
#[path = "../../examples/own-step/rust/src/lib.rs"]
mod own_step;
mod support;

use bytemuck::Zeroable;
use fray_core::gen::*;
use fray_core::host::link_step;
use fray_core::movement::step;
use fray_core::step::Words;
use support::*;

fn example(words: &mut Words) -> i32 {
    // SAFETY: a body is as many integers, in the same order.
    own_step::step(unsafe { &mut *words.as_mut_ptr().cast::<own_step::Body>() });
    0
}

/// As `flight.ts` has it: three dimensions, 30 ticks a second, a head that says there is a step.
fn flyer() -> Setup {
    let mut setup = Setup::at(1, 8, 30, 3);
    setup.head.step_bytes = 4;
    setup
}

fn command(tick: u32, move_x: i8, buttons: u16) -> InputCommand {
    InputCommand { tick, move_x, buttons, ..InputCommand::zeroed() }
}

#[test]
fn walks_jumps_twice_and_flies() {
    link_step(example);
    let setup = flyer();
    let plan = Map::new(&setup.head, Vec::new());
    let mut flying = body(&setup);
    let (mut jumps, mut top) = (0, 0);
    for tick in 0..120u32 {
        let jump = u16::from(tick == 5 || tick == 20) * button::JUMP;
        let jet = u16::from(tick > 35 && tick < 95) << 4;
        let before = flying.dash_y;
        let fault = step(&mut flying, &command(tick, 127, jump | jet), &setup.head, &plan.walls());
        assert_eq!(fault, 0);
        jumps += i32::from(flying.dash_y < before);
        top = top.max(flying.z);
    }
    assert_eq!(jumps, 2, "the state of the step lies in the columns of a dash");
    assert!(top > 3 << 16 && flying.x > 15 << 16, "{top} high, {} far", flying.x);
    assert!(flying.dash_x < 45, "fuel was burnt");
}

#[test]
fn a_step_that_fails_stands_still_and_keeps_its_state() {
    link_step(|words| {
        words[step_word::NUMBER_A] = 9;
        step_fault::FUEL
    });
    let setup = flyer();
    let plan = Map::new(&setup.head, Vec::new());
    let mut standing = body(&setup);
    standing.vx = 5000;
    standing.dash_x = 7;
    assert_eq!(
        step(&mut standing, &command(1, 127, 0), &setup.head, &plan.walls()),
        step_fault::FUEL
    );
    assert_eq!((standing.x, standing.vx, standing.dash_x), (0, 0, 7));
}

#[test]
fn what_a_step_answers_is_cut_to_what_a_tick_may_be() {
    link_step(|words| {
        words[step_word::VX..].fill(i32::MAX);
        0
    });
    let setup = flyer();
    let plan = Map::new(&setup.head, Vec::new());
    let mut fast = body(&setup);
    assert_eq!(step(&mut fast, &command(1, 127, 0), &setup.head, &plan.walls()), 0);
    assert!(fast.x <= 64 << 16 && fast.vx <= 64 << 16, "{fast:?}");
    assert_eq!((fast.dash_left, fast.dash_wait), (0xffff, 0xffff));
    assert_eq!(fast.dash_x, i32::MAX);
}
