//! The own player ahead of the server: commands stored and run through the same movement step; each snapshot resets to
//! the server's exact state and runs the unacknowledged commands again. Own projectiles are shown at once.

use super::{Client, LOCAL_RING, SHOTS};
use crate::codec::own;
use crate::combat;
use crate::gen::{
    button, column, error, event, flag, ClientEvent, InputCommand, POSITION_MAX, SMOOTHING_MS,
};
use crate::history::{self, OwnFast};
use crate::movement::{self, Body};
use crate::movers;
use crate::region::TICK_NONE;
use crate::strike;
use crate::walls::Walls;
use bytemuck::{Pod, Zeroable};

/// The own player after a tick, exact.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Pose {
    /// The tick; 0 for an empty place.
    pub tick: u32,
    /// Position, velocity: x, y, z, vx, vy, vz.
    pub motion: [i32; 6],
    /// 1/65536 turn.
    pub aim: i32,
    /// 1/65536 turn.
    pub pitch: i32,
    /// FLAGS.
    pub flags: i32,
    /// Ticks.
    pub dash_left: i32,
    /// Ticks.
    pub dash_wait: i32,
    /// Velocity.
    pub dash: [i32; 2],
    /// Ticks.
    pub weapon_wait: i32,
    /// Of the body: lower while it crouches.
    pub height: i32,
}

/// A predicted projectile of the own player.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Shot {
    /// Command that fired it; 0 for an empty place.
    pub command: u32,
    /// The server's entity for it, 0 not known yet.
    pub handle: u32,
    /// 1 flies, 2 has ended (the server's entity stays hidden), 3 the server's has gone, too (hidden until no view of
    /// the past shows it).
    pub state: u32,
    /// Tick at which it ends; in state 3, at which that became known.
    pub expires: u32,
    /// Position after the newest own command.
    pub at: [i32; 3],
    /// Position one tick before.
    pub before: [i32; 3],
    /// Per tick.
    pub velocity: [i32; 3],
    /// 1/65536 turn.
    pub aim: i32,
    /// 1/65536 turn.
    pub pitch: i32,
    /// Its index.
    pub weapon: u32,
    /// 1/65536 unit.
    pub radius: i32,
    /// Row of the view it is shown in.
    pub row: u32,
}

/// By how much a prediction was off: the largest difference of position, or of speed per tick, in 1/65536 unit; at least 1
/// if anything else that the next ticks depend on is different.
fn off_by(truth: &Pose, guess: &Pose) -> u32 {
    let motion = truth.motion.iter().zip(&guess.motion);
    let most = motion.map(|(a, b)| a.wrapping_sub(*b).unsigned_abs()).fold(0, u32::max);
    let rest = |pose: &Pose| {
        let flags = own::steady_flags(pose.flags as u16);
        (flags, pose.dash_left, pose.dash_wait, pose.dash, pose.weapon_wait, pose.height)
    };
    most.max(u32::from(rest(truth) != rest(guess)))
}

/// A command with what it says of the view made true: nothing beyond the newest snapshot was shown, and which one that was.
fn viewed(command: InputCommand, newest: u32) -> InputCommand {
    let InputCommand { view_tick, view_fraction, .. } = command;
    let (view_tick, view_fraction) = match () {
        () if newest == TICK_NONE => (0, 0),
        () if view_tick >= newest => (newest, 0),
        () => (view_tick, view_fraction),
    };
    let view_held = newest.wrapping_sub(view_tick).min(63) as u8;
    InputCommand { view_tick, view_fraction, view_held, ..command }
}

impl Client<'_> {
    fn slow(&self, tick: u32, column: usize) -> i32 {
        let sizes = &self.m.head[0].sizes;
        let place = tick as usize & (sizes.history as usize - 1);
        let k = history::OWN_COLUMNS.iter().position(|c| *c == column).unwrap_or(0);
        self.m.own_slow[place * sizes.own_values as usize + k]
    }

    pub(super) fn walls(&self) -> Walls<'_> {
        crate::walls_of!(self.m)
    }

    fn walls_ready(&self) -> bool {
        let head = &self.m.head[0];
        head.walls_total > 0 && head.walls_got + 1 == head.walls_total
    }

    /// The server's state of the own player at the newest snapshot.
    fn authoritative(&self, tick: u32) -> Pose {
        let place = tick as usize & (self.m.head[0].sizes.history as usize - 1);
        let OwnFast { x, y, z, vx, vy, vz, dash_left, dash_wait, weapon_wait, flags } =
            self.m.own_fast[place];
        let command = self.m.local_commands[tick as usize % LOCAL_RING];
        let aimed = command.tick == tick;
        Pose {
            tick,
            motion: [x, y, z, vx, vy, vz],
            aim: if aimed { i32::from(command.aim) } else { 0 },
            pitch: if aimed { i32::from(command.pitch) } else { 0 },
            flags: i32::from(flags),
            dash_left: i32::from(dash_left),
            dash_wait: i32::from(dash_wait),
            dash: [self.slow(tick, column::DASH_X), self.slow(tick, column::DASH_Y)],
            weapon_wait: i32::from(weapon_wait),
            height: self.slow(tick, column::HEIGHT),
        }
    }

    /// One tick further. True: a shot was fired.
    fn advance(&self, pose: &Pose, command: &InputCommand) -> (Pose, bool) {
        let newest = self.m.head[0].newest;
        let mut next = Pose { tick: command.tick, ..*pose };
        if pose.flags & flag::ALIVE == 0 {
            return (next, false);
        }
        let [x, y, z, vx, vy, vz] = pose.motion;
        let mut body = Body {
            x,
            y,
            z,
            vx,
            vy,
            vz,
            aim: pose.aim,
            pitch: pose.pitch,
            flags: pose.flags,
            radius: self.slow(newest, column::RADIUS),
            height: pose.height,
            top_speed: self.slow(newest, column::TOP_SPEED),
            acceleration: self.slow(newest, column::ACCELERATION),
            friction: self.slow(newest, column::FRICTION),
            dash_left: pose.dash_left,
            dash_wait: pose.dash_wait,
            dash_x: pose.dash[0],
            dash_y: pose.dash[1],
            landed: 0,
        };
        movement::step(&mut body, command, self.config.head, &self.walls());
        next.motion = [body.x, body.y, body.z, body.vx, body.vy, body.vz];
        (next.aim, next.pitch, next.flags) = (body.aim, body.pitch, body.flags);
        next.height = body.height;
        (next.dash_left, next.dash_wait, next.dash) =
            (body.dash_left, body.dash_wait, [body.dash_x, body.dash_y]);
        let weapon = self.config.weapons.get(self.slow(newest, column::WEAPON) as usize);
        let fired =
            combat::trigger(&mut next.weapon_wait, command.buttons & button::FIRE != 0, weapon);
        (next, fired)
    }

    /// The command for a tick: the own one, or what the server puts in its place.
    fn command_for(&self, tick: u32, last: &InputCommand) -> InputCommand {
        let own = self.m.local_commands[tick as usize % LOCAL_RING];
        if own.tick == tick {
            return own;
        }
        InputCommand { tick, buttons: last.buttons & button::CROUCH, ..*last }
    }

    /// Stores the command in the command place and predicts it. Its tick must be above the last one's.
    pub fn sample(&mut self) -> Result<(), i32> {
        let head = self.m.head[0];
        if head.joined == 0 {
            return Err(error::E_CORE);
        }
        let command = viewed(self.m.command[0], head.newest);
        if command.tick <= head.local || command.tick > u32::MAX >> 1 {
            return Err(error::E_VALUE);
        }
        self.m.local_commands[command.tick as usize % LOCAL_RING] = command;
        let from = if head.local == 0 { head.newest } else { head.local };
        self.m.head[0].local = command.tick;
        if head.newest == TICK_NONE {
            return Ok(());
        }
        if head.predicting == 0 {
            self.m.poses[command.tick as usize % LOCAL_RING] =
                Pose { tick: command.tick, ..self.authoritative(head.newest) };
            return Ok(());
        }
        self.replay(from.max(head.newest), true);
        Ok(())
    }

    /// Runs the commands after `from` again, up to the newest. Shots are launched only by a command that is new.
    fn replay(&mut self, from: u32, launch: bool) {
        let local = self.m.head[0].local;
        if local <= from || local - from >= LOCAL_RING as u32 {
            return;
        }
        let mut pose = self.m.poses[from as usize % LOCAL_RING];
        if pose.tick != from {
            if from != self.m.head[0].newest {
                return;
            }
            pose = self.authoritative(from);
        }
        let mut last = self.m.local_commands[from as usize % LOCAL_RING];
        for tick in from + 1..=local {
            let command = self.command_for(tick, &last);
            movers::set(self.config.movers, tick, self.m.movers);
            let (next, fired) = self.advance(&pose, &command);
            self.m.poses[tick as usize % LOCAL_RING] = next;
            if launch {
                self.fly_shots(tick);
                if fired {
                    self.launch(&next, &command);
                }
            }
            (pose, last) = (next, command);
        }
    }

    /// Runs all commands after the newest snapshot again.
    pub(super) fn predict_again(&mut self) {
        let head = &self.m.head[0];
        if head.newest != TICK_NONE && head.predicting != 0 {
            self.replay(head.newest, false);
        }
    }

    /// The server's state of `tick` takes the place of what was predicted for it; what followed is predicted again.
    pub(super) fn reconcile(&mut self, tick: u32, touched: bool) {
        let truth = self.authoritative(tick);
        let guess = self.m.poses[tick as usize % LOCAL_RING];
        let local = self.m.head[0].local;
        let shown = self.m.poses[local as usize % LOCAL_RING];
        if guess.tick == tick && self.walls_ready() {
            let miss = |a: usize| truth.motion[a].wrapping_sub(guess.motion[a]).unsigned_abs();
            let most = miss(0).max(miss(1)).max(miss(2));
            let stats = &mut self.m.stats[0];
            stats.correction_max = most;
            stats.corrections += u32::from(most > 0);
            if touched {
                stats.touched_ticks += 1;
            } else {
                stats.free_ticks += 1;
                stats.correction_free_max = stats.correction_free_max.max(off_by(&truth, &guess));
            }
        }
        self.m.poses[tick as usize % LOCAL_RING] = truth;
        if self.m.head[0].predicting == 0 {
            for t in tick + 1..=local.min(tick + LOCAL_RING as u32 - 1) {
                self.m.poses[t as usize % LOCAL_RING] = Pose { tick: t, ..truth };
            }
        } else {
            self.replay(tick, false);
        }
        let now = self.m.poses[local as usize % LOCAL_RING];
        if shown.tick == local && now.tick == local && local > tick {
            self.add_error(&shown, &now);
        }
        self.drop_old_shots();
    }

    /// What is drawn does not jump by the correction: the difference fades over `SMOOTHING_MS`. Far jumps are not faded. A
    /// snapshot that corrects nothing leaves the fade alone: begun anew each time, it would take for ever.
    fn add_error(&mut self, shown: &Pose, now: &Pose) {
        if shown.motion[..3] == now.motion[..3] && (shown.flags ^ now.flags) & flag::ALIVE == 0 {
            return;
        }
        let time = self.shown_time();
        let left = self.error_at(time);
        let sum: [i32; 3] = core::array::from_fn(|a| {
            left[a].saturating_add(shown.motion[a].saturating_sub(now.motion[a]))
        });
        let far = sum.iter().any(|v| v.unsigned_abs() > 4 << 16)
            || (shown.flags ^ now.flags) & flag::ALIVE != 0;
        let head = &mut self.m.head[0];
        head.error = if far { [0; 3] } else { sum };
        (head.error_at_low, head.error_at_high) = (time as u32, (time >> 32) as u32);
    }

    fn shown_time(&self) -> u64 {
        let head = &self.m.head[0];
        u64::from(head.shown_low) | u64::from(head.shown_high) << 32
    }

    /// What is left of the display error at a local time (1/65536 tick).
    pub(super) fn error_at(&self, time: u64) -> [i32; 3] {
        let head = &self.m.head[0];
        let from = u64::from(head.error_at_low) | u64::from(head.error_at_high) << 32;
        let whole = (u64::from(SMOOTHING_MS * self.config.head.tick_rate_hz) << 16) / 1000;
        let left = whole.saturating_sub(time.saturating_sub(from)).min(whole);
        head.error.map(|v| (i64::from(v) * left as i64 / whole.max(1) as i64) as i32)
    }

    /// Switches prediction off or on.
    pub fn predict(&mut self, on: bool) {
        self.m.head[0].predicting = u32::from(on);
    }

    fn launch(&mut self, pose: &Pose, command: &InputCommand) {
        let newest = self.m.head[0].newest;
        let number = self.slow(newest, column::WEAPON) as usize;
        let Some(weapon) = self.config.weapons.get(number) else { return };
        if weapon.shape != 0 {
            return;
        }
        let Some(place) = self.m.shots.iter().position(|s| s.command == 0) else { return };
        let aim = (pose.aim as u16, pose.pitch as i16);
        let out = combat::along(
            aim.0,
            aim.1,
            self.slow(newest, column::RADIUS).saturating_add(weapon.radius),
        );
        let velocity = combat::along(aim.0, aim.1, weapon.speed);
        let high = crate::fixed::mul_shift(pose.height, 3, 2);
        let muzzle = [pose.motion[0], pose.motion[1], pose.motion[2].saturating_add(high)];
        let mut shot = Shot {
            command: command.tick,
            handle: 0,
            state: 1,
            expires: command.tick.saturating_add(weapon.life_ticks.max(1)),
            at: muzzle,
            before: muzzle,
            velocity: [velocity.0, velocity.1, velocity.2],
            aim: pose.aim,
            pitch: pose.pitch,
            weapon: number as u32,
            radius: weapon.radius,
            row: u32::MAX,
        };
        if self.shot_flies(&mut shot, [out.0, out.1, out.2]) {
            shot.before = shot.at;
            self.m.shots[place] = shot;
        }
    }

    /// Moves a shot by one way; false: it struck a wall or left the world.
    fn shot_flies(&self, shot: &mut Shot, way: [i32; 3]) -> bool {
        let [x, y, z] = shot.at;
        if strike::strikes_wall((x, y, z), (way[0], way[1], way[2]), shot.radius, &self.walls()) {
            return false;
        }
        shot.before = shot.at;
        shot.at = core::array::from_fn(|a| shot.at[a].saturating_add(way[a]));
        let head = self.config.head;
        shot.at[0].abs() <= head.half_width
            && shot.at[1].abs() <= head.half_depth
            && (0..=POSITION_MAX as i32).contains(&shot.at[2])
    }

    fn fly_shots(&mut self, tick: u32) {
        for k in 0..SHOTS {
            let mut shot = self.m.shots[k];
            if shot.command == 0 || shot.state != 1 || shot.command >= tick {
                continue;
            }
            let velocity = shot.velocity;
            if shot.expires <= tick || !self.shot_flies(&mut shot, velocity) {
                shot.state = 2;
            }
            self.m.shots[k] = shot;
        }
    }

    /// The server's projectile for a predicted shot came into view.
    pub(super) fn match_shot(&mut self, handle: u32, owner: u32, command: u32) {
        if owner != self.m.head[0].handle || command == 0 {
            return;
        }
        for shot in self.m.shots.iter_mut().filter(|s| s.command == command && s.handle == 0) {
            shot.handle = handle;
        }
    }

    /// The server fired for a command: its projectile's handle, or 0 if that hit at once.
    pub(super) fn match_shot_event(&mut self, e: &ClientEvent) {
        if e.kind != event::SHOT || e.subject != self.m.head[0].handle {
            return;
        }
        for shot in self.m.shots.iter_mut().filter(|s| s.command == e.command && s.command != 0) {
            if e.object == 0 {
                *shot = Shot::zeroed();
            } else if shot.handle == 0 {
                shot.handle = e.object;
            }
        }
    }

    /// The server's projectile is gone: so is the predicted one. Others are shown in the past, though, where it flies
    /// for a while yet, and may not come out from behind the one that has ended.
    pub(super) fn shot_left(&mut self, handle: u32) {
        let local = self.m.head[0].local;
        for shot in self.m.shots.iter_mut().filter(|s| s.handle == handle && s.command != 0) {
            (shot.state, shot.expires) = (3, local);
        }
    }

    /// Shots that the server never confirmed for 500 ms, and those long past their end, are dropped.
    fn drop_old_shots(&mut self) {
        let local = self.m.head[0].local;
        let rate = self.config.head.tick_rate_hz;
        // How far in the past others are shown, and some jitter.
        let past = self.config.head.interpolation_ticks + rate / 8;
        for shot in self.m.shots.iter_mut().filter(|s| s.command != 0) {
            let unmatched = shot.handle == 0 && local.saturating_sub(shot.command) > rate / 2;
            let kept = if shot.state == 3 { past } else { 2 * rate };
            if unmatched || local > shot.expires.saturating_add(kept) {
                *shot = Shot::zeroed();
            }
        }
    }
}
