//! A game's own step: how its players come to a velocity and a way, in the place of Fray's. Words go in and come out, and nothing
//! stays outside of them: two numbers and two timers are its state, which lie in the columns of a dash, and so are saved, sent to their
//! player and predicted like one. Walls, steps, floors and what carries a player stay Fray's.

use crate::config::SPEED_MAX;
use crate::gen::{step_word as word, ConfigHead, InputCommand};
use crate::movement::Body;

#[cfg(target_arch = "wasm32")]
use crate::abi::step::call;
#[cfg(not(target_arch = "wasm32"))]
use crate::host::call_step as call;

/// What a step is given and answers, see STEP_WORDS.
pub type Words = [i32; word::TIMER_B + 1];

/// True in a game that has a step of its own.
#[inline]
pub fn is_own(head: &ConfigHead) -> bool {
    #[cfg(target_arch = "wasm32")]
    return crate::abi::step::step_bytes(head) != 0;
    #[cfg(not(target_arch = "wasm32"))]
    return head.step_bytes != 0;
}

/// Sets velocity and state, and answers the way of this tick. An error is one of STEP_FAULTS: the body stands, its state is what it was.
#[inline(never)]
pub fn take(body: &mut Body, command: &InputCommand, head: &ConfigHead) -> Result<[i32; 3], i32> {
    let high = head.dimensions == 3;
    let mut words: Words = [0; word::TIMER_B + 1];
    let [aux0, aux1, aux2, aux3] = command.aux.map(i32::from);
    for (place, value) in [
        (word::TICK, command.tick as i32),
        (word::TICK_RATE_HZ, head.tick_rate_hz as i32),
        (word::BUTTONS, i32::from(command.buttons)),
        (word::MOVE_X, i32::from(command.move_x)),
        (word::MOVE_Y, i32::from(command.move_y)),
        (word::AIM, body.aim),
        (word::PITCH, body.pitch),
        (word::AUX0, aux0),
        (word::AUX1, aux1),
        (word::AUX2, aux2),
        (word::AUX3, aux3),
        (word::FLAGS, body.flags & (crate::gen::flag::GROUNDED | crate::gen::flag::JUMP_HELD)),
        (word::X, body.x),
        (word::Y, body.y),
        (word::Z, body.z),
        (word::RADIUS, body.radius),
        (word::HEIGHT, body.height),
        (word::TOP_SPEED, body.top_speed),
        (word::ACCELERATION, body.acceleration),
        (word::FRICTION, body.friction),
        (word::VX, body.vx),
        (word::VY, body.vy),
        (word::VZ, body.vz),
        (word::NUMBER_A, body.dash_x),
        (word::NUMBER_B, body.dash_y),
        (word::TIMER_A, body.dash_left),
        (word::TIMER_B, body.dash_wait),
    ] {
        words[place] = value;
    }
    let fault = call(&mut words);
    if fault != 0 {
        (body.vx, body.vy, body.vz) = (0, 0, 0);
        return Err(fault);
    }
    let speed = |place: usize| words[place].clamp(-SPEED_MAX, SPEED_MAX);
    let timer = |place: usize| words[place].clamp(0, 0xffff);
    (body.vx, body.vy) = (speed(word::VX), speed(word::VY));
    (body.dash_x, body.dash_y) = (words[word::NUMBER_A], words[word::NUMBER_B]);
    (body.dash_left, body.dash_wait) = (timer(word::TIMER_A), timer(word::TIMER_B));
    body.vz = if high { speed(word::VZ) } else { 0 };
    Ok([speed(word::WAY_X), speed(word::WAY_Y), if high { speed(word::WAY_Z) } else { 0 }])
}
