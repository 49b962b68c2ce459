//! A step in the open against a rational reference, written down from the rules and not from the code: every rate,
//! speed, dash, jump and aim. Products and quotients are exact in i128 and rounded once, to the nearest, halves away
//! from zero; roots are floors.

mod support;

use bytemuck::Zeroable;
use fray_core::config::SPEED_MAX;
use fray_core::fixed::cos_sin;
use fray_core::gen::*;
use fray_core::movement::{step, Body};
use fray_core::walls::Walls;
use proptest::prelude::*;
use support::*;

fn nearest(a: i128, b: i128) -> i128 {
    let rounded = (2 * a.abs() + b) / (2 * b);
    if a < 0 {
        -rounded
    } else {
        rounded
    }
}

/// The floor of a length, by bisection.
fn long(x: i128, y: i128) -> i128 {
    let squared = x * x + y * y;
    let (mut low, mut high) = (0i128, 1i128 << 60);
    while low < high {
        let middle = (low + high + 1) / 2;
        if middle * middle <= squared {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// What a tick does to a player in the open, far from every edge.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Model {
    at: [i128; 3],
    v: [i128; 3],
    dash: [i128; 2],
    left: i128,
    wait: i128,
    grounded: bool,
    held: bool,
}

struct Rules<'a> {
    head: &'a ConfigHead,
    kind: ConfigKind,
}

impl Model {
    fn step(&mut self, rules: &Rules, command: &InputCommand) {
        let wish = rules.wish(command);
        let stood = self.grounded;
        if rules.head.dimensions == 3 {
            self.jump(rules, command);
        }
        let way = self.drive(rules, command, wish);
        self.at[0] += way[0];
        self.at[1] += way[1];
        if rules.head.dimensions == 3 {
            self.fall(rules, stood);
        } else {
            (self.at[2], self.v[2], self.grounded) = (0, 0, true);
        }
    }

    fn drive(&mut self, rules: &Rules, command: &InputCommand, wish: [i128; 2]) -> [i128; 2] {
        let (head, kind) = (rules.head, &rules.kind);
        self.wait = (self.wait - 1).max(0);
        let pressed = command.buttons & button::DASH != 0 && head.dash_speed > 0;
        if pressed && self.left == 0 && self.wait == 0 {
            let (c, s) = cos_sin(command.aim);
            let [x, y] = if wish == [0, 0] { [c.into(), s.into()] } else { wish };
            let length = long(x, y).max(1);
            let speed = i128::from(head.dash_speed);
            self.dash = [nearest(x * speed, length), nearest(y * speed, length)];
            (self.left, self.wait) = (head.dash_ticks.into(), head.dash_wait_ticks.into());
        }
        if self.left > 0 {
            self.left -= 1;
            (self.v[0], self.v[1]) = (self.dash[0], self.dash[1]);
            let (speed, top) = (long(self.v[0], self.v[1]), i128::from(kind.top_speed));
            if self.left == 0 && speed > top {
                self.v[0] = nearest(self.v[0] * top, speed);
                self.v[1] = nearest(self.v[1] * top, speed);
            }
            return self.dash;
        }
        if wish == [0, 0] {
            let grip = self.grounded || head.dimensions == 2;
            return self.approach([0, 0], if grip { kind.friction } else { 0 });
        }
        let crouched = command.buttons & button::CROUCH != 0;
        let top = i128::from(kind.top_speed);
        let speed = if crouched { nearest(top * 500, 1000) } else { top };
        self.approach(wish.map(|w| nearest(w * speed, 127 << 8)), kind.acceleration)
    }

    /// The way is the integral of a velocity that changes evenly, and rests once it is there.
    fn approach(&mut self, target: [i128; 2], rate: i32) -> [i128; 2] {
        let (old, rate) = ([self.v[0], self.v[1]], i128::from(rate));
        let d = [target[0] - old[0], target[1] - old[1]];
        if d == [0, 0] || rate == 0 {
            return old;
        }
        let change = long(d[0], d[1]);
        let mut way = [0; 2];
        for k in 0..2 {
            if change <= rate {
                self.v[k] = target[k];
                way[k] = target[k] - nearest(d[k] * change, 2 * rate);
            } else {
                self.v[k] = old[k] + nearest(d[k] * rate, change);
                way[k] = nearest(old[k] + self.v[k], 2);
            }
        }
        way
    }

    /// Who has jumped has no grip in that tick any more.
    fn jump(&mut self, rules: &Rules, command: &InputCommand) {
        let pressed = command.buttons & button::JUMP != 0;
        if pressed && !self.held && self.grounded && rules.head.jump_speed > 0 {
            self.v[2] = rules.head.jump_speed.into();
            self.grounded = false;
        }
        self.held = pressed;
    }

    fn fall(&mut self, rules: &Rules, was_grounded: bool) {
        let head = rules.head;
        let old = self.v[2];
        self.v[2] = (old - i128::from(head.gravity)).max(-i128::from(SPEED_MAX));
        let z = self.at[2] + nearest(old + self.v[2], 2);
        let close = was_grounded && self.v[2] <= 0 && z <= head.step_height.into();
        self.grounded = z <= 0 || close;
        if self.grounded {
            (self.at[2], self.v[2]) = (0, self.v[2].max(0));
        } else {
            self.at[2] = z;
        }
    }

    fn of(body: &Body) -> Self {
        Self {
            at: [body.x, body.y, body.z].map(i128::from),
            v: [body.vx, body.vy, body.vz].map(i128::from),
            dash: [body.dash_x, body.dash_y].map(i128::from),
            left: body.dash_left.into(),
            wait: body.dash_wait.into(),
            grounded: body.flags & flag::GROUNDED != 0,
            held: body.flags & flag::JUMP_HELD != 0,
        }
    }
}

impl Rules<'_> {
    /// In 1/256 of an input step, at most 127 steps long.
    fn wish(&self, command: &InputCommand) -> [i128; 2] {
        let (mut x, mut y) = (i128::from(command.move_x) << 8, i128::from(command.move_y) << 8);
        if self.head.rules & 2 != 0 {
            let (c, s) = cos_sin(command.aim);
            let (c, s) = (i128::from(c), i128::from(s));
            (x, y) = (nearest(y * c + x * s, 32768), nearest(y * s - x * c, 32768));
        }
        let length = long(x, y);
        if length > 127 << 8 {
            return [nearest(x * (127 << 8), length), nearest(y * (127 << 8), length)];
        }
        [x, y]
    }
}

prop_compose! {
    fn command()(
        moves in (-127i8..=127, -127i8..=127), still in 0u32..4, buttons in 0u16..16, aim in any::<u16>(),
    ) -> InputCommand {
        let (move_x, move_y) = if still == 0 { (0, 0) } else { moves };
        InputCommand { move_x, move_y, buttons, aim, ..InputCommand::zeroed() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sixty_steps_in_the_open_are_what_exact_arithmetic_says(
        commands in prop::collection::vec(command(), 60),
        speeds in (0u32..=20, 0u32..=20, 0u32..=20, 0u32..=20),
        jump in (0i32..400_000, 0i32..60_000, 0i32..ONE),
        dash in (0u32..10, 0u32..30),
        start in (-300_000i32..300_000, -300_000i32..300_000),
        high in any::<bool>(), relative in any::<bool>(), radius in 1i32..ONE, odd in 0i32..1000,
    ) {
        let mut setup = Setup::at(1, 8, 30, 2 + u32::from(high));
        let head = &mut setup.head;
        (head.half_width, head.half_depth) = (1 << 30, 1 << 30);
        head.rules = if relative { 2 } else { 0 };
        (head.jump_speed, head.gravity, head.step_height) = jump;
        // A jump that is over within its first tick never leaves the step under it.
        head.gravity = head.gravity.min((head.jump_speed - 1).max(0));
        head.dash_speed = (1 << speeds.0) + odd;
        (head.dash_ticks, head.dash_wait_ticks) = dash;
        let kind = ConfigKind {
            top_speed: (1 << speeds.1) + odd,
            acceleration: (1 << speeds.2) + odd / 3,
            friction: (1 << speeds.3) - 1,
            ..setup.kinds[0]
        };
        let mut body = Body {
            vx: start.0,
            vy: start.1,
            flags: flag::ALIVE | flag::GROUNDED,
            radius,
            height: 2 * ONE,
            top_speed: kind.top_speed,
            acceleration: kind.acceleration,
            friction: kind.friction,
            ..Body::default()
        };
        let rules = Rules { head: &setup.head, kind };
        let mut model = Model::of(&body);
        for (tick, command) in commands.iter().enumerate() {
            step(&mut body, command, &setup.head, &Walls::NONE);
            model.step(&rules, command);
            prop_assert_eq!(Model::of(&body), model, "tick {} of {:?}", tick, command);
        }
    }
}
