//! Configurations and journals for the tests of the room.
#![allow(dead_code)]

use bytemuck::{bytes_of, Zeroable};
use fray_core::config::CONFIG_MAGIC;
use fray_core::gen::*;
use fray_core::host::{Instance, Records};
use fray_core::movement::Body;
use fray_core::walls::{build, cells_of, items_of, WallGrid, Walls};

/// One world unit.
pub const ONE: i32 = 65536;

/// A configuration that tests change before they use it.
#[derive(Clone)]
pub struct Setup {
    pub head: ConfigHead,
    pub kinds: Vec<ConfigKind>,
    pub fields: Vec<ConfigField>,
    pub room_fields: Vec<ConfigField>,
    pub weapons: Vec<ConfigWeapon>,
    pub texts: Vec<ConfigText>,
    pub boxes: Vec<WallBox>,
    pub movers: Vec<ConfigMover>,
    pub areas: Vec<ConfigArea>,
}

pub fn per_tick(units_per_s: f64, rate: u32) -> i32 {
    (units_per_s * f64::from(ONE) / f64::from(rate)).round() as i32
}

pub fn per_tick2(units_per_s2: f64, rate: u32) -> i32 {
    (units_per_s2 * f64::from(ONE) / f64::from(rate) / f64::from(rate)).round() as i32
}

pub fn field(kind: u16, column: u16, bits: u8, to: u8) -> ConfigField {
    let max = if bits >= 31 { i32::MAX } else { (1 << bits) - 1 };
    ConfigField {
        kind,
        column,
        bits,
        audience: to,
        signed: 0,
        reserved: 0,
        min: 0,
        max,
        initial: 0,
    }
}

impl Setup {
    /// An arena like the demo game: flat, 60 x 60 units, two projectile weapons and a rail, crates
    /// that report touches.
    pub fn arena(players: u32, entities: u32) -> Self {
        Self::at(players, entities, 30, 2)
    }

    pub fn at(players: u32, entities: u32, rate: u32, dimensions: u32) -> Self {
        let ms = |ms: u32| (ms * rate).div_ceil(1000);
        let high = dimensions == 3;
        let head = ConfigHead {
            magic: CONFIG_MAGIC,
            table_hash: TABLE_HASH,
            tick_rate_hz: rate,
            dimensions,
            players_max: players,
            entities_max: entities,
            history_ticks: rate.next_power_of_two().max(64),
            snapshot_bytes_max: 600,
            interpolation_ticks: 3,
            half_width: 30 * ONE,
            half_depth: 30 * ONE,
            cell: 8 * ONE,
            position_shift: 9,
            aim_bits: 10,
            health_bits: 7,
            health_max: 100,
            gravity: if high { per_tick2(20.0, rate) } else { 0 },
            jump_speed: if high { per_tick(8.0, rate) } else { 0 },
            step_height: if high { ONE / 2 } else { 0 },
            dash_speed: per_tick(22.0, rate),
            dash_ticks: ms(130),
            dash_wait_ticks: ms(1500),
            rules: 4 | 8,
            seed_low: 7,
            plugin_seed_low: 9,
            input_buttons: 4,
            columns: 32 + 5,
            text_bytes: 16,
            room_text_bytes: 32,
            epoch: 1,
            rewind_ms_max: 200,
            rewind_cover_ms_max: 200,
            send_every: 1,
            air_permille: 1000,
            crouch_permille: 500,
            stand_height: if high { 2 * ONE } else { 0 },
            ..ConfigHead::zeroed()
        };
        let player = ConfigKind {
            radius: ONE / 2,
            height: if high { 2 * ONE } else { 0 },
            flags: FLAG_SOLID,
            health: 100,
            top_speed: per_tick(7.0, rate),
            acceleration: per_tick2(70.0, rate),
            friction: per_tick2(50.0, rate),
            view_radius: 22 * ONE,
            moves: 1,
            ..ConfigKind::zeroed()
        };
        let flying = ConfigKind { radius: ONE / 6, moves: 1, ..ConfigKind::zeroed() };
        let crates = ConfigKind {
            radius: 9 * ONE / 10,
            depth: 9 * ONE / 10,
            flags: FLAG_TOUCH,
            ..ConfigKind::zeroed()
        };
        let barrel = ConfigKind { radius: ONE / 2, health: 30, ..ConfigKind::zeroed() };
        let fields = vec![
            field(1, 32, 16, audience::ROOM),
            field(1, 33, 16, audience::ROOM),
            field(1, 34, 4, audience::VISIBLE),
            field(1, 35, 8, audience::OWNER),
            field(1, 36, 8, audience::NONE),
            field(3, 32, 2, audience::VISIBLE),
        ];
        let gun = ConfigWeapon {
            damage: 18,
            wait_ticks: ms(200),
            speed: per_tick(28.0, rate),
            life_ticks: ms(900),
            radius: ONE / 6,
            knockback: per_tick(2.0, rate),
            ..ConfigWeapon::zeroed()
        };
        let rail = ConfigWeapon {
            shape: 1,
            damage: 55,
            wait_ticks: ms(900),
            range: 30 * ONE,
            ..ConfigWeapon::zeroed()
        };
        let texts = vec![
            ConfigText { kind: 1, index: 0, offset: 0, bytes_max: 15, audience: 0 },
            ConfigText { kind: 0, index: 0, offset: 0, bytes_max: 31, audience: 2 },
        ];
        let room_fields = vec![field(0, 0, 16, audience::ROOM), field(0, 1, 32, audience::ROOM)];
        let (kinds, weapons) = (vec![player, flying, crates, barrel], vec![gun, rail]);
        Self {
            head,
            kinds,
            fields,
            room_fields,
            weapons,
            texts,
            boxes: Vec::new(),
            movers: Vec::new(),
            areas: Vec::new(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut head = self.head;
        head.kinds = self.kinds.len() as u32;
        head.fields = self.fields.len() as u32;
        head.room_fields = self.room_fields.len() as u32;
        head.weapons = self.weapons.len() as u32;
        head.texts = self.texts.len() as u32;
        head.boxes = self.boxes.len() as u32;
        head.movers = self.movers.len() as u32;
        head.areas = self.areas.len() as u32;
        let mut bytes = bytes_of(&head).to_vec();
        bytes.extend_from_slice(bytemuck::cast_slice(&self.kinds));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.fields));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.room_fields));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.weapons));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.texts));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.boxes));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.movers));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.areas));
        bytes
    }

    /// A room after onCreate with these walls.
    pub fn room(&self, walls: &[WallBox]) -> Instance {
        let mut room = Instance::new(&self.bytes()).expect("the configuration is right");
        let mut commands = Records::new();
        if !walls.is_empty() {
            commands.add_bytes(AddWalls::KIND, 0, &[], bytemuck::cast_slice(walls));
        }
        room.end(&commands.bytes).expect("the first end");
        room
    }
}

pub const FLAG_SOLID: u32 = flag::SOLID as u32;
pub const FLAG_TOUCH: u32 = flag::TOUCH as u32;

pub fn join(slot: u16, bot: bool) -> Join {
    Join {
        session: u32::from(slot) + 1,
        flags: u16::from(bot),
        team: 0,
        name_bytes: 3,
        name: *b"bot\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    }
}

pub fn input(move_x: i8, move_y: i8, buttons: u16, aim: u16) -> BotInput {
    BotInput { buttons, aim, pitch: 0, move_x, move_y, aux: [0; 4] }
}

pub fn place(handle: u32, x: i32, y: i32) -> Place {
    Place { handle, x, y, z: 0, aim: -1, protect_ticks: 0 }
}

pub fn wall(x: i32, y: i32, half_x: i32, half_y: i32) -> WallBox {
    WallBox { x, y, z: 0, half_x, half_y, height: 0 }
}

/// Seeds bots into a room and places them.
pub fn fill(room: &mut Instance, count: u16, at: impl Fn(u16) -> (i32, i32)) {
    let mut records = Records::new();
    for slot in 0..count {
        records.add(Join::KIND, slot, &join(slot, true));
    }
    room.begin(&records.bytes).unwrap();
    let mut commands = Records::new();
    for slot in 0..count {
        let (x, y) = at(slot);
        commands.add(Place::KIND, 0, &place(handle(room, slot), x, y));
    }
    room.end(&commands.bytes).unwrap();
}

pub fn handle(room: &mut Instance, slot: u16) -> u32 {
    room.room().r.players[usize::from(slot)]
}

/// Value of a column of a slot's player.
pub fn get(room: &mut Instance, slot: u16, column: usize) -> i32 {
    let row = (handle(room, slot) & 0xffff) as usize;
    room.room().world().get(column, row)
}

/// Runs a tick in which each listed bot has an input; no commands. Returns the hook events.
pub fn tick(room: &mut Instance, inputs: &[(u16, BotInput)]) -> Vec<(RecordHeader, Vec<u8>)> {
    tick_with(room, inputs, &Records::new())
}

pub fn tick_with(
    room: &mut Instance,
    inputs: &[(u16, BotInput)],
    commands: &Records,
) -> Vec<(RecordHeader, Vec<u8>)> {
    let mut records = Records::new();
    for (slot, row) in inputs {
        records.add(BotInput::KIND, *slot, row);
    }
    let events = room.begin(&records.bytes).unwrap();
    room.end(&commands.bytes).unwrap();
    parse(&events)
}

pub fn parse(bytes: &[u8]) -> Vec<(RecordHeader, Vec<u8>)> {
    let (mut at, mut out) = (0, Vec::new());
    while let Some((header, payload, next)) = fray_core::command::record(bytes, at) {
        out.push((header, payload.to_vec()));
        at = next;
    }
    out
}

/// A small generator for tests.
pub struct Seeded(pub [u32; 4]);

impl Seeded {
    pub fn new(seed: u32) -> Self {
        Self(fray_core::rng::seeded(seed, 1))
    }
    pub fn below(&mut self, n: u32) -> u32 {
        fray_core::rng::below(&mut self.0, n)
    }
    /// A point of the square of so many units around the middle.
    pub fn place(&mut self, units: i32) -> (i32, i32) {
        (self.between(-units * ONE, units * ONE), self.between(-units * ONE, units * ONE))
    }
    /// A wall there, with half sizes in these ranges.
    pub fn wall(&mut self, units: i32, half_x: (i32, i32), half_y: (i32, i32)) -> WallBox {
        let (x, y) = self.place(units);
        wall(x, y, self.between(half_x.0, half_x.1), self.between(half_y.0, half_y.1))
    }
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low.wrapping_add(self.below(high.wrapping_sub(low) as u32 + 1) as i32)
    }
}

/// Walls and their grid, as a room has them.
pub struct Map {
    pub boxes: Vec<WallBox>,
    starts: Vec<u16>,
    items: Vec<u16>,
    grid: WallGrid,
}

impl Map {
    pub fn new(head: &ConfigHead, boxes: Vec<WallBox>) -> Self {
        let count = boxes.len() as u32;
        let (mut starts, mut items) =
            (vec![0; cells_of(count) as usize + 1], vec![0; items_of(count + WALLS_MAX) as usize]);
        let grid = build(head, &boxes, &mut starts, &mut items).unwrap();
        Self { boxes, starts, items, grid }
    }

    pub fn walls(&self) -> Walls<'_> {
        Walls {
            boxes: &self.boxes,
            grid: self.grid,
            starts: &self.starts,
            items: &self.items,
            movers: &[],
        }
    }
}

/// A player of the first kind who stands at the middle.
pub fn body(setup: &Setup) -> Body {
    let kind = setup.kinds[0];
    Body {
        flags: flag::ALIVE | flag::GROUNDED,
        radius: kind.radius,
        height: kind.height,
        top_speed: kind.top_speed,
        acceleration: kind.acceleration,
        friction: kind.friction,
        ..Body::default()
    }
}
