//! What is drawn: the others in the past, between two received ticks; the own player in the present, predicted.
//! The rule for gaps stands in `shown.rs`.

use super::{Client, LOCAL_RING, SHOTS};
use crate::fixed::{interpolate, interpolate_angle};
use crate::gen::{column, flag, kind};
use crate::history::own_column;
use crate::region::TICK_NONE;
use crate::rows::{self, head_kind, head_teleport, Shape, Words};
use crate::shown::{self, Held, Moment};

/// In the column `slot` of a predicted projectile.
pub const PREDICTED_SLOT: i32 = 0xfffe;

impl Held for Client<'_> {
    fn holds(&self, tick: u32) -> bool {
        self.holds(tick)
    }

    fn has_row(&self, tick: u32, e: usize) -> bool {
        self.has_row(tick, e)
    }

    fn head(&self, tick: u32, e: usize) -> i32 {
        self.held_row(tick, e).map_or(0, |row| i32::from(row[0]))
    }
}

impl Client<'_> {
    fn put(&mut self, column: usize, row: usize, value: i32) {
        let n = self.m.head[0].sizes.entities as usize;
        self.m.view[column * n + row] = value;
    }

    fn list(&mut self, row: usize) {
        let count = self.m.view_list[0] as usize + 1;
        if let Some(place) = self.m.view_list.get_mut(count) {
            *place = row as u32;
            self.m.view_list[0] = count as u32;
        }
    }

    /// Fills the matrix and the list: others at `tick` and fraction (1/65536), the own player at `local` and fraction.
    /// Returns how many are shown.
    pub fn view(&mut self, tick: u32, fraction: u32, local: u32, local_fraction: u32) -> u32 {
        self.m.view_list[0] = 0;
        let newest = self.m.head[0].newest;
        if newest == TICK_NONE {
            return 0;
        }
        let time = u64::from(local) << 16 | u64::from(local_fraction & 0xffff);
        (self.m.head[0].shown_low, self.m.head[0].shown_high) = (time as u32, (time >> 32) as u32);
        let (tick, fraction) = if tick >= newest { (newest, 0) } else { (tick, fraction & 0xffff) };
        let config = self.config;
        let (kinds, fields) =
            (core::mem::take(&mut self.m.wire_kinds), core::mem::take(&mut self.m.wire_fields));
        let shape = Shape::new(&config, kinds, fields);
        self.view_others(&shape, tick, fraction);
        (self.m.wire_kinds, self.m.wire_fields) = (kinds, fields);
        self.view_own(newest, time);
        self.view_shots(local_fraction);
        self.m.view_list[0]
    }

    fn view_others(&mut self, shape: &Shape, tick: u32, fraction: u32) {
        let newest = self.m.head[0].newest;
        let oldest = newest.saturating_sub(self.m.head[0].sizes.history - 1);
        let moment = Moment { tick, fraction, oldest, newest };
        let Some(from) = shown::base(self, &moment) else { return };
        let words = self.m.head[0].sizes.set_words as usize;
        for w in 0..words {
            let mut left = self.set_at(from)[w];
            while left != 0 {
                let e = w * 32 + left.trailing_zeros() as usize;
                left &= left - 1;
                let hidden = self
                    .m
                    .shots
                    .iter()
                    .any(|s| s.command != 0 && s.handle != 0 && s.handle == self.m.handles[e]);
                if !hidden {
                    self.view_entity(shape, e, from, &moment);
                }
            }
        }
    }

    fn view_entity(&mut self, shape: &Shape, e: usize, from: u32, moment: &Moment) {
        let Some(span) = shown::span(self, e, from, moment) else { return };
        let row = self.row_at(shape, span.from, e);
        let to = if span.to == span.from { row } else { self.row_at(shape, span.to, e) };
        self.put_words(shape, e, &row, &to, span.fraction);
        self.list(e);
    }

    fn put_words(&mut self, shape: &Shape, e: usize, a: &Words, b: &Words, fraction: u32) {
        let shift = shape.shift;
        let number = head_kind(a[rows::W_HEAD]);
        let handle = self.m.handles[e];
        let place = |q: i32| rows::position_of(q, shift);
        let between = |w: usize| shown::between(a[w], b[w], fraction, shift);
        let aim = interpolate_angle(
            rows::aim_of(a[rows::W_AIM], shape.aim_bits),
            rows::aim_of(b[rows::W_AIM], shape.aim_bits),
            fraction,
        );
        let pitch = |words: &Words| rows::aim_of(words[rows::W_PITCH], shape.aim_bits);
        let pitch = interpolate_angle(pitch(a), pitch(b), fraction) as i16;
        let kind_row = self.config.kinds.get((number - 1) as usize);
        let depth = kind_row.map_or(0, |k| k.depth);
        let height = kind_row.map_or(0, |k| k.height);
        let (owner, command) = if number == kind::PROJECTILE {
            (self.m.owners[e], self.m.commands[e])
        } else {
            (0, 0)
        };
        for (f, value) in [
            (column::GENERATION, (handle >> 16) as i32),
            (column::KIND, number),
            (column::FLAGS, flag::ALIVE),
            (column::X, between(rows::W_X)),
            (column::Y, between(rows::W_Y)),
            (column::Z, between(rows::W_Z)),
            (column::VX, rows::velocity_of(a[rows::W_VX], shift)),
            (column::VY, rows::velocity_of(a[rows::W_VY], shift)),
            (column::VZ, rows::velocity_of(a[rows::W_VZ], shift)),
            (column::AIM, i32::from(aim)),
            (column::PITCH, i32::from(pitch)),
            (column::HEALTH, a[rows::W_HEALTH]),
            (column::TEAM, a[rows::W_TEAM]),
            (column::OWNER, owner as i32),
            (column::COMMAND, command as i32),
            (column::RADIUS, place(a[rows::W_RADIUS])),
            (column::DEPTH, depth),
            (column::HEIGHT, height),
            (column::WEAPON, a[rows::W_WEAPON]),
            (column::TELEPORT, head_teleport(a[rows::W_HEAD])),
            (column::SLOT, crate::gen::PLAYER_NONE as i32),
        ] {
            self.put(f, e, value);
        }
        for (k, field) in shape.fields_of(number).iter().enumerate() {
            self.put(usize::from(field.column), e, a[rows::W_FIELDS + k]);
        }
        let low = self.config.head.crouch_column as usize;
        let n = self.m.head[0].sizes.entities as usize;
        if low != 0 && number == kind::PLAYER && self.m.view[low * n + e] != 0 {
            self.put(column::HEIGHT, e, self.config.head.crouch_height);
        }
    }

    /// The own player: between the states after the last two commands, plus what is left of the display error.
    fn view_own(&mut self, newest: u32, time: u64) {
        let head = self.m.head[0];
        let e = (head.handle & 0xffff) as usize;
        let place = newest as usize & (head.sizes.history as usize - 1);
        let values = head.sizes.own_values as usize;
        let wanted = ((time >> 16) as u32).clamp(newest, head.local.max(newest));
        let mut now = self.m.poses[wanted as usize % LOCAL_RING];
        if now.tick != wanted {
            now = self.m.poses[newest as usize % LOCAL_RING];
        }
        let before = self.m.poses[now.tick.wrapping_sub(1) as usize % LOCAL_RING];
        let fraction = (time & 0xffff) as u32;
        let beyond = (time >> 16) as u32 > wanted;
        let smooth = before.tick.wrapping_add(1) == now.tick
            && !beyond
            && (before.flags ^ now.flags) & flag::ALIVE == 0;
        let error = self.error_at(time);
        for (axis, f) in [column::X, column::Y, column::Z].into_iter().enumerate() {
            let far = now.motion[axis].wrapping_sub(before.motion[axis]).unsigned_abs() > 4 << 16;
            let from = if smooth && !far { before.motion[axis] } else { now.motion[axis] };
            let at = interpolate(from, now.motion[axis], fraction);
            self.put(f, e, at.saturating_add(error[axis]));
        }
        let fast = self.m.own_fast[place];
        for (f, value) in [
            (column::GENERATION, (head.handle >> 16) as i32),
            (column::KIND, kind::PLAYER),
            (column::FLAGS, now.flags),
            (column::VX, now.motion[3]),
            (column::VY, now.motion[4]),
            (column::VZ, now.motion[5]),
            (column::AIM, now.aim),
            (column::PITCH, now.pitch),
            (column::DASH_LEFT, now.dash_left),
            (column::DASH_WAIT, now.dash_wait),
            (column::WEAPON_WAIT, now.weapon_wait),
            (column::SLOT, (head.player_id & 0xffff) as i32),
        ] {
            self.put(f, e, value);
        }
        let _ = fast;
        let config = self.config;
        for k in 0..values {
            let value = self.m.own_slow[place * values + k];
            if let Some(f) = own_column(&config, k) {
                self.put(f, e, value);
            }
        }
        self.put(column::HEIGHT, e, now.height);
        let low = config.head.crouch_column as usize;
        if low != 0 {
            self.put(low, e, i32::from(now.height < config.head.stand_height));
        }
        self.list(e);
    }

    /// Predicted shots, in rows that nothing else uses, from the last one down.
    fn view_shots(&mut self, fraction: u32) {
        let sizes = self.m.head[0].sizes;
        let newest = self.m.head[0].newest;
        let mut free = sizes.entities as usize;
        for k in 0..SHOTS {
            let shot = self.m.shots[k];
            if shot.command == 0 || shot.state != 1 {
                continue;
            }
            let own = (self.m.head[0].handle & 0xffff) as usize;
            let Some(row) = (0..free).rev().find(|e| *e != own && !self.shown(newest, *e)) else {
                return;
            };
            free = row;
            let between = |a: usize| interpolate(shot.before[a], shot.at[a], fraction & 0xffff);
            for (f, value) in [
                (column::GENERATION, 0x8000 | (shot.command & 0x7fff) as i32),
                (column::KIND, kind::PROJECTILE),
                (column::FLAGS, flag::ALIVE),
                (column::X, between(0)),
                (column::Y, between(1)),
                (column::Z, between(2)),
                (column::VX, shot.velocity[0]),
                (column::VY, shot.velocity[1]),
                (column::VZ, shot.velocity[2]),
                (column::AIM, shot.aim),
                (column::PITCH, shot.pitch),
                (column::OWNER, self.m.head[0].handle as i32),
                (column::COMMAND, shot.command as i32),
                (column::RADIUS, shot.radius),
                (column::WEAPON, shot.weapon as i32),
                (column::SLOT, PREDICTED_SLOT),
            ] {
                self.put(f, row, value);
            }
            self.list(row);
        }
    }

    /// True if a row of the view is taken by an entity that some held snapshot shows.
    fn shown(&self, newest: u32, e: usize) -> bool {
        self.set_at(newest)[e / 32] >> (e % 32) & 1 != 0
            || self.m.view_list[1..=self.m.view_list[0] as usize].contains(&(e as u32))
    }
}
