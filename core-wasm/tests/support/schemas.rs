//! Random schemas, as sizes and shares that any number fits, so that a failing one shrinks.
#![allow(dead_code)]

use super::{per_tick, Seeded, Setup, FLAG_SOLID, FLAG_TOUCH, ONE};
use bytemuck::Zeroable;
use fray_core::gen::*;
use fray_core::host::Instance;
use proptest::prelude::*;

/// A field: its range is the part of what its bits hold between two shares (permille).
#[derive(Clone, Debug)]
pub struct Field {
    pub bits: u8,
    pub signed: bool,
    pub audience: u8,
    pub from: u16,
    pub to: u16,
}

/// A kind. Sizes are powers of two, so that small and huge come alike.
#[derive(Clone, Debug)]
pub struct Kind {
    pub radius: u8,
    pub depth: u8,
    pub height: u8,
    pub flags: u8,
    pub health: u16,
    pub speed: u8,
    pub fields: Vec<Field>,
    pub texts: Vec<(u8, u8)>,
}

/// Everything of a schema and of the play it is tried in.
#[derive(Clone, Debug)]
pub struct Plan {
    pub high: bool,
    pub rate: u32,
    pub shift: u32,
    pub aim_bits: u32,
    pub health_bits: u32,
    pub rules: u32,
    pub interpolation: u32,
    pub world: (u8, u8),
    pub cell: u8,
    pub view: u8,
    pub spare_bytes: u32,
    pub inputs: (u32, u32),
    pub kinds: Vec<Kind>,
    pub room_fields: Vec<Field>,
    pub room_texts: Vec<(u8, u8)>,
    pub weapons: Vec<(u32, u8, u32)>,
    pub players: u16,
    pub bots: u16,
    pub others: u32,
    pub walls: u32,
    pub link: (u32, u32, u32, u32),
    pub ticks: u32,
    pub seed: u32,
}

fn field() -> impl Strategy<Value = Field> {
    (1u8..=32, any::<bool>(), 0u8..=3, 0u16..=1000, 0u16..=1000)
        .prop_map(|(bits, signed, audience, from, to)| Field { bits, signed, audience, from, to })
}

fn kind() -> impl Strategy<Value = Kind> {
    let fields = prop_oneof![
        3 => prop::collection::vec(field(), 0..5),
        1 => prop::collection::vec(field(), 0..=32),
    ];
    let texts = prop::collection::vec((0u8..=3, 0u8..=40), 0..3);
    ((0u8..=24, 0u8..=24, 0u8..=24), 0u8..4, 0u16..2000, 0u8..=21, fields, texts).prop_map(
        |((radius, depth, height), flags, health, speed, fields, texts)| Kind {
            radius,
            depth,
            height,
            flags,
            health,
            speed,
            fields,
            texts,
        },
    )
}

/// Any schema and play.
pub fn plan() -> impl Strategy<Value = Plan> {
    let wire = (
        any::<bool>(),
        prop::sample::select(vec![1u32, 10, 20, 30, 60, 128]),
        0u32..=14,
        4u32..=16,
        1u32..=16,
        0u32..16,
        0u32..8,
    );
    let place = (
        (16u8..=30, 16u8..=30),
        12u8..=30,
        14u8..=30,
        prop_oneof![0u32..8, 0u32..600],
        (0u32..=4, 4u32..=16),
    );
    let parts = (
        prop::collection::vec(kind(), 2..7),
        prop::collection::vec(field(), 0..6),
        prop::collection::vec((0u8..=3, 0u8..=60), 0..3),
        prop::collection::vec((0u32..2, 8u8..=21, 0u32..60), 0..3),
    );
    let others = prop_oneof![1u32..90, 90u32..250];
    let play = (
        (prop_oneof![4 => 1u16..4, 1 => 6u16..14], 0u16..4, others, 0u32..12),
        (0u32..5, 0u32..6, 0u32..400, 0u32..150),
        prop_oneof![4 => 30u32..150, 1 => 150u32..400],
        any::<u32>(),
    );
    (wire, place, parts, play).prop_map(|(wire, place, parts, play)| {
        let (high, rate, shift, aim_bits, health_bits, rules, interpolation) = wire;
        let (world, cell, view, spare_bytes, inputs) = place;
        let (kinds, room_fields, room_texts, weapons) = parts;
        let ((players, bots, others, walls), link, ticks, seed) = play;
        Plan {
            high,
            rate,
            shift,
            aim_bits,
            health_bits,
            rules,
            interpolation,
            world,
            cell,
            view,
            spare_bytes,
            inputs,
            kinds,
            room_fields,
            room_texts,
            weapons,
            players,
            bots,
            others,
            walls,
            link,
            ticks,
            seed,
        }
    })
}

/// Smallest and largest value of a field, and the one it starts with.
fn range(field: &Field) -> (i32, i32, i32) {
    let bits = i64::from(field.bits);
    let (low, high) = match (field.signed, field.bits) {
        (true, _) => (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1),
        (false, 32) => (0, i64::from(i32::MAX)),
        (false, _) => (0, (1i64 << bits) - 1),
    };
    let at = |share: u16| (low + (high - low) * i64::from(share) / 1000) as i32;
    let (a, b) = (at(field.from), at(field.to));
    (a.min(b), a.max(b), a)
}

fn config_field(kind: usize, column: usize, field: &Field) -> ConfigField {
    let (min, max, initial) = range(field);
    ConfigField {
        kind: kind as u16,
        column: column as u16,
        bits: field.bits,
        audience: field.audience,
        signed: u8::from(field.signed),
        reserved: 0,
        min,
        max,
        initial,
    }
}

/// Texts one behind the other from the start of the memory; returns its bytes.
fn texts(kind: usize, plans: &[(u8, u8)], out: &mut Vec<ConfigText>) -> u32 {
    let mut offset = 0;
    for (index, (audience, bytes)) in plans.iter().enumerate() {
        let (kind, index) = (kind as u16, index as u16);
        out.push(ConfigText { kind, index, offset, bytes_max: *bytes, audience: *audience });
        offset += u16::from(*bytes) + 1;
    }
    u32::from(offset).next_multiple_of(4)
}

impl Plan {
    /// The configuration; its snapshots have the fewest bytes that it may have, and the spare ones.
    pub fn setup(&self) -> Setup {
        let players = u32::from(self.players + self.bots) + 2;
        let mut setup =
            Setup::at(players, players + self.others, self.rate, 2 + u32::from(self.high));
        let head = &mut setup.head;
        head.position_shift = self.shift;
        head.aim_bits = self.aim_bits;
        head.health_bits = self.health_bits;
        head.health_max = ((1 << self.health_bits) - 1).max(1);
        head.rules = self.rules;
        head.interpolation_ticks = self.interpolation;
        (head.half_width, head.half_depth) = (1 << self.world.0, 1 << self.world.1);
        head.cell = 1 << self.cell;
        (head.input_aux, head.input_buttons) = self.inputs;
        head.input_pitch = u32::from(self.high);
        (setup.kinds, setup.fields, setup.texts) = (Vec::new(), Vec::new(), Vec::new());
        for (k, kind) in self.kinds.iter().enumerate() {
            setup.kinds.push(self.kind(k, kind));
            // Every kind starts in another column, so that none sees the others' values.
            let first = BUILTIN_COLUMNS + k % 3;
            for (i, field) in kind.fields.iter().take(29).enumerate() {
                setup.fields.push(config_field(k + 1, first + i, field));
            }
            let bytes = texts(k + 1, &kind.texts, &mut setup.texts);
            setup.head.text_bytes = setup.head.text_bytes.max(bytes);
        }
        setup.head.columns = BUILTIN_COLUMNS as u32 + FIELDS_PER_KIND_MAX;
        setup.head.room_text_bytes = texts(0, &self.room_texts, &mut setup.texts).max(4);
        setup.room_fields =
            self.room_fields.iter().enumerate().map(|(k, f)| config_field(0, k, f)).collect();
        setup.weapons = self.weapons.iter().map(|w| self.weapon(w)).collect();
        setup.head.snapshot_bytes_max = 64;
        while Instance::new(&setup.bytes()).is_err() {
            setup.head.snapshot_bytes_max += 8;
            assert!(setup.head.snapshot_bytes_max < 1056, "no snapshot is large enough");
        }
        let bytes = setup.head.snapshot_bytes_max + self.spare_bytes;
        setup.head.snapshot_bytes_max = bytes.min(PACKET_BYTES_MAX - 64);
        setup
    }

    fn kind(&self, k: usize, kind: &Kind) -> ConfigKind {
        let flags = [0, FLAG_SOLID, FLAG_TOUCH, FLAG_SOLID | FLAG_TOUCH];
        let most = (1u32 << self.health_bits) - 1;
        ConfigKind {
            radius: 1 << kind.radius.min(if k == 0 { 17 } else { 24 }),
            depth: if kind.flags & 1 == 0 { 0 } else { 1 << kind.depth },
            height: if self.high { 1 << kind.height } else { 0 },
            flags: flags[usize::from(kind.flags) % 4],
            health: u32::from(kind.health).min(most) as i32,
            top_speed: 1 << kind.speed,
            acceleration: 1 << kind.speed.saturating_sub(3),
            friction: 1 << kind.speed.saturating_sub(4),
            view_radius: 1 << self.view,
            moves: 1,
            ..ConfigKind::zeroed()
        }
    }

    fn weapon(&self, (shape, speed, wait): &(u32, u8, u32)) -> ConfigWeapon {
        ConfigWeapon {
            shape: *shape,
            damage: 3,
            wait_ticks: *wait,
            speed: 1 << speed,
            life_ticks: 20.min(self.rate * 60),
            radius: ONE / 8,
            range: 20 * ONE,
            knockback: per_tick(1.0, self.rate),
            ..ConfigWeapon::zeroed()
        }
    }

    /// Walls anywhere in the world.
    pub fn walls(&self, random: &mut Seeded) -> Vec<WallBox> {
        let (x, y) = (1 << self.world.0, 1 << self.world.1);
        let mut side = |half: i32| (random.between(-half, half), random.between(1, half / 8 + 1));
        (0..self.walls)
            .map(|_| {
                let ((x, half_x), (y, half_y)) = (side(x), side(y));
                WallBox { x, y, z: 0, half_x, half_y, height: 0 }
            })
            .collect()
    }
}
