//! A step of a game's own: walking, a second jump in the air, and a jet with fuel. Integers only; the same numbers in
//! `../assemblyscript/step.ts`.
#![cfg_attr(target_arch = "wasm32", no_std)]

/// What Fray gives and takes, in its order: positions in 1/65536 unit, velocities the same per tick.
#[repr(C)]
pub struct Body {
    pub tick: i32,
    pub tick_rate_hz: i32,
    pub buttons: i32,
    pub move_x: i32,
    pub move_y: i32,
    pub aim: i32,
    pub pitch: i32,
    pub aux: [i32; 4],
    pub flags: i32,
    pub x: i32,
    pub y: i32,
    pub z: i32,
    pub radius: i32,
    pub height: i32,
    pub top_speed: i32,
    pub acceleration: i32,
    pub friction: i32,
    // From here on it may be changed.
    pub vx: i32,
    pub vy: i32,
    pub vz: i32,
    pub way_x: i32,
    pub way_y: i32,
    pub way_z: i32,
    /// Fuel of the jet, in ticks.
    pub fuel: i32,
    /// Jumps that are left before the ground is touched again.
    pub jumps: i32,
    pub timer_a: i32,
    pub timer_b: i32,
}

const JUMP: i32 = 4;
/// The first button of the author's.
const JET: i32 = 16;
const GROUNDED: i32 = 2;
const JUMP_HELD: i32 = 32;
const ONE: i32 = 65_536;

/// Moves a player by one tick.
#[cfg_attr(target_arch = "wasm32", no_mangle)]
pub extern "C" fn step(body: &mut Body) {
    let rate = body.tick_rate_hz;
    let grounded = body.flags & GROUNDED != 0;
    if grounded {
        body.jumps = 2;
        body.fuel = (body.fuel + 2).min(rate * 3 / 2);
    }
    let change = if grounded { body.acceleration } else { body.acceleration / 4 };
    let (vx, vy, vz) = (body.vx, body.vy, body.vz);
    body.vx = towards(vx, body.move_x * body.top_speed / 127, change);
    body.vy = towards(vy, body.move_y * body.top_speed / 127, change);
    if body.buttons & JUMP != 0 && body.flags & JUMP_HELD == 0 && body.jumps > 0 {
        body.jumps -= 1;
        body.vz = 8 * ONE / rate;
    } else if body.buttons & JET != 0 && body.fuel > 0 {
        body.fuel -= 1;
        body.vz += per_tick(35, rate);
    }
    body.vz -= per_tick(20, rate);
    body.way_x = (vx + body.vx) / 2;
    body.way_y = (vy + body.vy) / 2;
    body.way_z = (vz.max(body.vz) + body.vz) / 2;
}

/// Velocity that so many units/s² add in one tick.
fn per_tick(units: i32, rate: i32) -> i32 {
    units * ONE / (rate * rate)
}

fn towards(from: i32, to: i32, most: i32) -> i32 {
    // Not `clamp`: what it panics with would be most of the module.
    from + (to - from).max(-most).min(most)
}

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
