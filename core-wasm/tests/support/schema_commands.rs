//! What the plugin of a random schema does in a tick.

use super::*;

impl World<'_> {
    /// Some commands, most of which fit.
    pub fn commands(&mut self) -> Records {
        let mut commands = Records::new();
        for slot in 0..self.setup.head.players_max as u16 {
            let handle = handle(&mut self.room, slot);
            let row = (handle & 0xffff) as usize;
            if handle != 0 && !self.room.room().world().alive(row) && self.random.below(4) == 0 {
                let (x, y) = self.somewhere();
                commands.add(Place::KIND, 0, &place(handle, x, y));
            }
        }
        for _ in 0..self.random.below(12) {
            self.command(&mut commands);
        }
        self.count(&commands);
        commands
    }

    /// Nothing moves from now on.
    pub fn stop(&mut self) -> Records {
        let mut commands = Records::new();
        for row in 0..self.setup.head.entities_max as usize {
            let mut view = self.room.room();
            let world = view.world();
            if world.get(column::KIND, row) == kind::FREE {
                continue;
            }
            let handle = world.handle(row);
            for column in [column::VX, column::VY, column::VZ, column::DASH_LEFT] {
                let set = SetField { handle, column: column as u32, value: 0 };
                if world.get(column, row) != 0 {
                    commands.add(SetField::KIND, 0, &set);
                }
            }
        }
        commands
    }

    fn count(&mut self, commands: &Records) {
        self.checked.commands += parse(&commands.bytes).len() as u64;
        let mut copy = self.room.clone();
        let before = copy.room().r.stats[0];
        copy.end(&commands.bytes).expect("in order");
        let after = copy.room().r.stats[0];
        let refused = after.commands_refused.wrapping_sub(before.commands_refused);
        let all = after.commands.wrapping_sub(before.commands);
        self.checked.accepted += u64::from(all.saturating_sub(refused));
    }

    /// Mostly within somebody's view.
    fn somewhere(&mut self) -> (i32, i32) {
        let (half_x, half_y) = (self.setup.head.half_width, self.setup.head.half_depth);
        let reach = (1i64 << self.plan.view).min(1 << 29) as i32;
        let own = self.random.below(self.setup.head.players_max) as usize;
        let row = (self.room.room().r.players[own] & 0xffff) as usize;
        let (x, y) = {
            let mut view = self.room.room();
            let world = view.world();
            (world.get(column::X, row), world.get(column::Y, row))
        };
        if self.random.below(4) == 0 {
            return (self.random.between(-half_x, half_x), self.random.between(-half_y, half_y));
        }
        (x + self.random.between(-reach, reach), y + self.random.between(-reach, reach))
    }

    fn anyone(&mut self) -> (u32, i32) {
        let rows = self.setup.head.entities_max;
        for _ in 0..8 {
            let row = self.random.below(rows) as usize;
            let mut view = self.room.room();
            let world = view.world();
            let number = world.get(column::KIND, row);
            if number != kind::FREE {
                return (world.handle(row), number);
            }
        }
        (handle(&mut self.room, 0), kind::PLAYER)
    }

    fn speed(&mut self) -> i32 {
        let most = 1 << self.random.below(21);
        self.random.between(-most, most)
    }

    fn command(&mut self, commands: &mut Records) {
        let (handle, number) = self.anyone();
        match self.random.below(16) {
            0..=4 => self.set_field(commands, handle, number),
            5..=7 => self.set_built_in(commands, handle),
            8..=10 => self.spawn(commands),
            11 if self.random.below(3) == 0 => {
                commands.add(Remove::KIND, 0, &Remove { handle });
            }
            11 | 12 => {
                let (vx, vy, vz) = (self.speed(), self.speed(), self.speed());
                commands.add(Impulse::KIND, 0, &Impulse { handle, vx, vy, vz });
            }
            13 => {
                let amount = self.random.between(-20, 60);
                commands.add(Damage::KIND, 0, &Damage { handle, attacker: 0, amount });
            }
            14 => self.set_text(commands, handle, number),
            _ => self.set_room_field(commands),
        }
    }

    fn set_field(&mut self, commands: &mut Records, handle: u32, number: i32) {
        let of_kind: Vec<ConfigField> =
            self.setup.fields.iter().filter(|f| i32::from(f.kind) == number).copied().collect();
        if of_kind.is_empty() {
            return self.set_built_in(commands, handle);
        }
        let field = of_kind[self.random.below(of_kind.len() as u32) as usize];
        let value = self.value_of(&field);
        let column = u32::from(field.column);
        commands.add(SetField::KIND, 0, &SetField { handle, column, value });
    }

    /// Ends of the range more often than chance would.
    fn value_of(&mut self, field: &ConfigField) -> i32 {
        match self.random.below(4) {
            0 => field.min,
            1 => field.max,
            _ => {
                let width = (i64::from(field.max) - i64::from(field.min)) as u64;
                let draw = u64::from(self.random.below(u32::MAX)) * (width + 1) / (1 << 32);
                (i64::from(field.min) + draw as i64) as i32
            }
        }
    }

    fn set_built_in(&mut self, commands: &mut Records, handle: u32) {
        let (x, y) = self.somewhere();
        let speed = self.speed();
        let (column, value) = match self.random.below(14) {
            0 => (column::X, x),
            1 => (column::Y, y),
            2 => (column::Z, x.saturating_abs()),
            3 => (column::VX, speed),
            4 => (column::VY, speed),
            5 => (column::VZ, speed),
            6 => (column::AIM, self.random.between(0, 65535)),
            7 => (column::PITCH, self.random.between(-32768, 32767)),
            8 => (column::HEALTH, self.random.between(0, 70_000)),
            9 => (column::TEAM, self.random.between(0, 255)),
            10 => (column::RADIUS, 1 << self.random.below(24)),
            11 => (column::WEAPON, self.random.between(0, 255)),
            12 => (column::VIEW_RADIUS, 1 << (14 + self.random.below(16))),
            _ => (column::TOP_SPEED, speed.saturating_abs()),
        };
        commands.add(SetField::KIND, 0, &SetField { handle, column: column as u32, value });
    }

    fn spawn(&mut self, commands: &mut Records) {
        let kinds = self.setup.kinds.len() as u32;
        if kinds < kind::FIRST as u32 {
            return;
        }
        let offered = self.room.room().r.spawnable.to_vec();
        if offered[0] == 0 {
            return;
        }
        let handle = offered[1 + self.random.below(offered[0].min(8)) as usize];
        let (x, y) = self.somewhere();
        let kind = kind::FIRST as u32 + self.random.below(kinds - kind::FIRST as u32 + 1);
        let (vx, vy, vz) = (self.speed(), self.speed(), self.speed());
        let spawn = Spawn {
            handle,
            kind,
            x,
            y,
            z: x.saturating_abs() / 2,
            vx,
            vy,
            vz,
            aim: self.random.below(65536),
            life_ticks: self.random.below(3) * self.random.below(80),
            ..Spawn::zeroed()
        };
        commands.add(Spawn::KIND, 0, &spawn);
    }

    fn set_text(&mut self, commands: &mut Records, handle: u32, number: i32) {
        let room = self.random.below(3) == 0;
        let wanted = if room { 0 } else { number };
        let all: Vec<ConfigText> =
            self.setup.texts.iter().filter(|t| i32::from(t.kind) == wanted).copied().collect();
        if all.is_empty() {
            return;
        }
        let text = all[self.random.below(all.len() as u32) as usize];
        let length = self.random.below(u32::from(text.bytes_max) + 1) as usize;
        let bytes: Vec<u8> = (0..length).map(|_| 32 + self.random.below(90) as u8).collect();
        let handle = if room { 0 } else { handle };
        let set = SetText { handle, field: u32::from(text.index) };
        commands.add_bytes(SetText::KIND, 0, bytes_of(&set), &bytes);
    }

    fn set_room_field(&mut self, commands: &mut Records) {
        if self.setup.room_fields.is_empty() {
            return;
        }
        let count = self.setup.room_fields.len() as u32;
        let field = self.setup.room_fields[self.random.below(count) as usize];
        let value = self.value_of(&field);
        commands.add(
            SetRoomField::KIND,
            0,
            &SetRoomField { field: u32::from(field.column), value },
        );
    }
}
