//! What codes make of the way players move: most go as fast as their controls ask them to, and a change of velocity takes its
//! time. So the velocity after a turn is told by two controls of eight bits, and where a turn leads is known without a residual.
//!
//! Only of players (kind 1), by what the schema says of them. One whom a hook has made faster, who is in the air or boosts, is told as
//! any other velocity is.

use crate::bits::{BitReader, BitWriter};
use crate::config::Config;
use crate::fixed::{div_round, length};
use crate::gen::{ConfigHead, ConfigKind};
use crate::movement::{full_speed, wished};
use crate::rows::quantise_velocity;

use super::number::{low_bits, signed};

/// Bits of a control.
const CONTROL_BITS: u32 = 8;
/// Changes of velocity that are reckoned with; real ones are far smaller.
const CHANGE_MAX: i32 = 1 << 30;
/// Controls of a velocity that is told by them.
type Controls = [i32; 2];

/// How players of a game move.
#[derive(Clone, Copy)]
pub struct Stride {
    top_speed: i32,
    acceleration: i32,
    friction: i32,
    shift: u32,
    /// Controls are in the axes of the world: those relative to aim would need all of its bits.
    told: bool,
}

impl Stride {
    /// Of a configuration.
    pub fn new(config: &Config) -> Self {
        const RELATIVE: u32 = 2;
        let ConfigHead { rules, position_shift, .. } = *config.head;
        // Every configuration has players: `Config::parse`.
        Self::of(&config.kinds[0], position_shift, rules & RELATIVE == 0)
    }

    /// Of players of such a kind, positions of such quanta; `told`: controls are in the axes of the world.
    pub fn of(player: &ConfigKind, shift: u32, told: bool) -> Self {
        let ConfigKind { top_speed, acceleration, friction, .. } = *player;
        Self { top_speed, acceleration, friction, shift, told }
    }

    /// Exact velocity of who has such controls.
    fn velocity(&self, [x, y]: Controls) -> [i32; 2] {
        let (x, y) = full_speed(wished(x, y), self.top_speed);
        [x, y]
    }

    /// The same in wire units.
    fn wire(&self, controls: Controls) -> [i32; 2] {
        self.velocity(controls).map(|exact| quantise_velocity(exact, self.shift))
    }

    /// Controls for which `of` is `velocity`, whose unit is `one` sixteenths of 1/65536 unit per tick.
    fn find(
        &self,
        velocity: [i32; 2],
        one: i64,
        of: impl Fn(Controls) -> [i32; 2],
    ) -> Option<Controls> {
        if self.top_speed <= 0 {
            return None;
        }
        let most = 127;
        let control = |v: i32| div_round(i64::from(v) * one * most, i64::from(self.top_speed) * 16);
        let [x, y] = velocity.map(control);
        if x.abs() > most || y.abs() > most {
            return None;
        }
        let near = [x as i32, y as i32];
        if of(near) == velocity {
            return Some(near);
        }
        // Two keys at once ask for more than the circle holds, and get what is in between two controls.
        let corner = [x.signum() as i32 * most as i32, y.signum() as i32 * most as i32];
        (x.abs() == y.abs() && of(corner) == velocity).then_some(corner)
    }

    /// Writes whether `velocity`, of wire units, is one of controls, and those; nothing where no game tells any.
    /// `level`: no other axis is to be told.
    pub fn put_wire(&self, out: &mut BitWriter, level: bool, velocity: [i32; 2]) -> bool {
        let find = || self.find(velocity, 1 << self.shift, |c| self.wire(c));
        self.told && put(out, if level { find() } else { None })
    }

    /// Reads what `put_wire` wrote.
    pub fn take_wire(&self, reader: &mut BitReader) -> Option<[i32; 2]> {
        self.take(reader).map(|controls| self.wire(controls))
    }

    /// The same of an exact velocity.
    pub fn put_exact(&self, out: &mut BitWriter, velocity: [i32; 2]) -> bool {
        self.told && put(out, self.find(velocity, 16, |c| self.velocity(c)))
    }

    /// Reads what `put_exact` wrote.
    pub fn take_exact(&self, reader: &mut BitReader) -> Option<[i32; 2]> {
        self.take(reader).map(|controls| self.velocity(controls))
    }

    fn take(&self, reader: &mut BitReader) -> Option<Controls> {
        if !self.told || !reader.bit() {
            return None;
        }
        Some([(); 2].map(|()| signed(reader.take(CONTROL_BITS), CONTROL_BITS)))
    }

    /// How far one falls behind who changes its velocity at once, exact: its own change takes its time, `age` ticks at most.
    pub fn lag(&self, old: [i32; 2], new: [i32; 2], age: i32) -> [i32; 2] {
        self.behind(old, new, 1, i64::from(age)).map(|lag| lag as i32)
    }

    /// The same of wire velocities, in 1/256 quantum.
    pub fn lag_wire(&self, old: [i32; 2], new: [i32; 2], age: i32) -> [i32; 2] {
        let lag = self.behind(old, new, 1 << self.shift, i64::from(age) * 16);
        lag.map(|lag| lag as i32)
    }

    /// `one`: what a velocity is multiplied by to be in the unit of `rate * age`.
    fn behind(&self, old: [i32; 2], new: [i32; 2], one: i64, age: i64) -> [i64; 2] {
        let rate = i64::from(if new == [0, 0] { self.friction } else { self.acceleration });
        let by = [0, 1].map(|a| new[a].saturating_sub(old[a]).clamp(-CHANGE_MAX, CHANGE_MAX));
        let change = i64::from(length(by[0], by[1])) * one;
        if change >= rate * age {
            return by.map(|by| div_round(i64::from(by) * age, 2));
        }
        by.map(|by| div_round(i64::from(by) * change, 2 * rate))
    }
}

fn put(out: &mut BitWriter, controls: Option<Controls>) -> bool {
    out.bit(controls.is_some());
    for control in controls.into_iter().flatten() {
        out.put(low_bits(control, CONTROL_BITS), CONTROL_BITS);
    }
    controls.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gen::InputCommand;
    use crate::movement::{step, Body};
    use crate::walls::Walls;
    use bytemuck::Zeroable;

    fn stride(shift: u32) -> Stride {
        let (top_speed, acceleration, friction) = (17476, 34953, 3641);
        let kind = ConfigKind { top_speed, acceleration, friction, ..ConfigKind::zeroed() };
        Stride::of(&kind, shift, true)
    }

    #[test]
    fn what_any_controls_ask_for_is_told_by_controls() {
        for shift in [7, 9, 12] {
            let stride = stride(shift);
            for x in (-127i32..=127).step_by(3) {
                for y in -127i32..=127 {
                    // More than the circle holds is scaled down to its rim: only corners are looked for.
                    if x * x + y * y > 127 * 127 && (x.abs(), y.abs()) != (127, 127) {
                        continue;
                    }
                    let (exact, wire) = (stride.velocity([x, y]), stride.wire([x, y]));
                    let found = |controls: Option<Controls>| controls.expect("told");
                    let exactly = found(stride.find(exact, 16, |c| stride.velocity(c)));
                    assert_eq!(stride.velocity(exactly), exact, "{x} {y}");
                    let roughly = found(stride.find(wire, 1 << shift, |c| stride.wire(c)));
                    assert_eq!(stride.wire(roughly), wire, "{x} {y}");
                }
            }
        }
    }

    #[test]
    fn a_lag_is_what_a_step_of_a_player_loses() {
        let stride = stride(9);
        let head = ConfigHead {
            dimensions: 2,
            half_width: 1 << 30,
            half_depth: 1 << 30,
            ..ConfigHead::zeroed()
        };
        for (from, to) in
            [([127, 0], [-50, 90]), ([20, -3], [21, 7]), ([-90, -90], [90, 90]), ([0, 0], [0, 127])]
        {
            let old = stride.velocity(from);
            let mut body = Body {
                vx: old[0],
                vy: old[1],
                radius: 1 << 15,
                top_speed: stride.top_speed,
                acceleration: stride.acceleration,
                friction: stride.friction,
                ..Body::default()
            };
            let command =
                InputCommand { move_x: to[0] as i8, move_y: to[1] as i8, ..InputCommand::zeroed() };
            step(&mut body, &command, &head, &Walls::NONE);
            let new = stride.velocity(to);
            assert_eq!([body.vx, body.vy], new, "reached within the tick");
            let lag = stride.lag(old, new, 1);
            assert_eq!([body.x, body.y], [new[0] - lag[0], new[1] - lag[1]]);
            // Rounded velocities of the wire, and quanta in place of units: the same but for rounding.
            let wire = |exact: [i32; 2]| exact.map(|v| quantise_velocity(v, 9));
            for (rough, exact) in stride.lag_wire(wire(old), wire(new), 1).iter().zip(lag) {
                assert!((rough * 2 - exact).abs() <= 64, "{rough} of 1/256 quantum, {exact} units");
            }
        }
    }

    #[test]
    fn nothing_is_too_much_for_a_lag() {
        let stride = stride(14);
        for (old, new) in
            [([i32::MIN; 2], [i32::MAX; 2]), ([i32::MAX; 2], [0; 2]), ([5, 6], [5, 6])]
        {
            for age in [0, 1, 127] {
                stride.lag(old, new, age);
                stride.lag_wire(old.map(|v| v >> 16), new.map(|v| v >> 16), age);
            }
        }
        let still = Stride::of(&ConfigKind::zeroed(), 9, true);
        assert_eq!(still.lag([0, 0], [100, 0], 4), [200, 0]);
        assert_eq!(still.find([1, 1], 16, |c| still.velocity(c)), None);
    }
}
