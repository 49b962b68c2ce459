//! The configuration of a room or client as a checked view of its bytes (`ConfigHead`, then the
//! rows it counts).
//!
//! Every number is checked once, in [`Config::parse`]; later calls use [`Config::view`], which only
//! cuts slices. [`Sizes`] is what follows from a configuration: how long each array of a region is.

use bytemuck::{Pod, Zeroable};

use crate::areas::area_ok;
use crate::codec::row::entity_bits_most;
use crate::movers::mover_ok;
use crate::sight::RULE_HIDE;

use crate::gen::{
    audience, error, ConfigArea, ConfigField, ConfigHead, ConfigKind, ConfigMover, ConfigText,
    ConfigWeapon, RosterRow, WallBox, AREAS_MAX, BUILTIN_COLUMNS, ENTITIES_MAX,
    FIELDS_PER_KIND_MAX, HISTORY_TICKS_MIN, KINDS_MAX, MAP_BOXES_MAX, MOVERS_MAX, PACKET_BYTES_MAX,
    PLAYERS_MAX, POSITION_MAX, ROOM_FIELDS_MAX, STEP_BYTES_MAX, TABLE_HASH, TEXTS_PER_KIND_MAX,
    WALLS_MAX, WEAPONS_MAX,
};

/// First word of a configuration: 'FRC1'.
pub const CONFIG_MAGIC: u32 = 0x3143_5246;
/// Ticks. More history would only cost memory: 128 Hz needs 128, and 2 s serve no rewind.
pub const HISTORY_TICKS_MAX: u32 = 256;
/// Cells. A grid never has more; the cell edge doubles until it fits.
pub const GRID_CELLS_MAX: u32 = 4096;
/// Halves (u16) of a history row before the author's fields in a flat game, see `history`.
pub const ROW_HALVES_FLAT: u32 = 11;
/// The same with height: z, vz and pitch more.
pub const ROW_HALVES_HIGH: u32 = 15;
/// Built-in slow columns of the own section, see `history::OWN_COLUMNS`.
pub const OWN_BUILTIN: u32 = 12;

/// The configuration, checked. Cheap to make: slices into its bytes.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    /// Sizes and rules.
    pub head: &'a ConfigHead,
    /// Row 0 player, row 1 projectile, then the author's. The `kind` column holds row + 1.
    pub kinds: &'a [ConfigKind],
    /// Author's fields of all kinds, in order of kind.
    pub fields: &'a [ConfigField],
    /// Author's fields of the room.
    pub room_fields: &'a [ConfigField],
    /// Weapons.
    pub weapons: &'a [ConfigWeapon],
    /// Text fields of kinds and room.
    pub texts: &'a [ConfigText],
    /// Walls of the schema.
    pub boxes: &'a [WallBox],
    /// Its moving boxes.
    pub movers: &'a [ConfigMover],
    /// Its areas.
    pub areas: &'a [ConfigArea],
    /// The module of the game's own step, which the host makes an instance of.
    pub step: &'a [u32],
}

impl<'a> Config<'a> {
    /// Cuts the rows out of the bytes. None if a length is wrong.
    pub fn view(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = rows::<ConfigHead>(bytes, 1)?;
        let head = head.first()?;
        let (kinds, rest) = rows(rest, head.kinds)?;
        let (fields, rest) = rows(rest, head.fields)?;
        let (room_fields, rest) = rows(rest, head.room_fields)?;
        let (weapons, rest) = rows(rest, head.weapons)?;
        let (texts, rest) = rows(rest, head.texts)?;
        let (boxes, rest) = rows(rest, head.boxes)?;
        let (movers, rest) = rows(rest, head.movers)?;
        let (areas, rest) = rows(rest, head.areas)?;
        let (step, rest) = rows::<u32>(rest, head.step_bytes.div_ceil(4))?;
        let config =
            Self { head, kinds, fields, room_fields, weapons, texts, boxes, movers, areas, step };
        rest.is_empty().then_some(config)
    }

    /// Checks every number that the core relies on. Errors: `E_CORE` for another build, `E_CONFIG`
    /// for the rest.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, i32> {
        let config = Self::view(bytes).ok_or(error::E_CONFIG)?;
        let head = config.head;
        if head.magic != CONFIG_MAGIC || head.table_hash != TABLE_HASH {
            return Err(error::E_CORE);
        }
        let ok = head_ok(head)
            && config.kinds.iter().all(kind_ok)
            && fields_ok(&config)
            && config.weapons.iter().all(|w| weapon_ok(w, head))
            && texts_ok(&config)
            && crouch_ok(&config)
            && head.boxes <= MAP_BOXES_MAX
            && config.boxes.iter().all(crate::walls::wall_ok)
            && head.movers <= MOVERS_MAX
            && config.movers.iter().all(|m| mover_ok(m, head.tick_rate_hz, config.kinds[0].radius))
            && head.areas <= AREAS_MAX
            && config.areas.iter().all(area_ok)
            && head.step_bytes <= STEP_BYTES_MAX
            && (head.step_bytes == 0 || head.dash_speed == 0 && head.boost_permille == 0)
            && 8 * head.snapshot_bytes_max >= snapshot_bits_least(&config);
        if ok {
            Ok(config)
        } else {
            Err(error::E_CONFIG)
        }
    }

    /// True in a game in which somebody has a head: hits then say whether they hit it.
    pub fn heads(&self) -> bool {
        self.kinds.iter().any(|kind| kind.head > 0)
    }

    /// True in a game with height.
    pub fn high(&self) -> bool {
        self.head.dimensions == 3
    }

    /// The fields of the kind of this number (1 = player), or of the room (0).
    pub fn fields_of(&self, kind: u32) -> &'a [ConfigField] {
        if kind == 0 {
            return self.room_fields;
        }
        let first = self.fields.iter().position(|f| u32::from(f.kind) == kind).unwrap_or(0);
        let count = self.fields.iter().filter(|f| u32::from(f.kind) == kind).count();
        self.fields.get(first..first + count).unwrap_or(&[])
    }
}

fn rows<T: Pod>(bytes: &[u8], count: u32) -> Option<(&[T], &[u8])> {
    let length = (count as usize).checked_mul(size_of::<T>())?;
    let (own, rest) = bytes.split_at_checked(length)?;
    Some((bytemuck::try_cast_slice(own).ok()?, rest))
}

fn within(value: i32, least: i32, most: i32) -> bool {
    (least..=most).contains(&value)
}

/// Bit of `ConfigHead::rules`: a target that is dead at present stops a rewound shot, as it did on the shooter's screen.
pub const RULE_DEAD_STOP: u32 = 16;
/// ms. A delay that nobody plays with.
const REWIND_MS_MAX: u32 = 1000;

/// Largest speed: 64 world units per tick, so that products of a swept move stay far inside i64.
pub const SPEED_MAX: i32 = 64 << 16;
/// Largest radius, half width or height: 256 units.
pub const EXTENT_MAX: i32 = 256 << 16;

fn head_ok(head: &ConfigHead) -> bool {
    let extent = POSITION_MAX as i32;
    (1..=128).contains(&head.tick_rate_hz)
        && (2..=3).contains(&head.dimensions)
        && (1..=PLAYERS_MAX).contains(&head.players_max)
        && (head.players_max..=ENTITIES_MAX).contains(&head.entities_max)
        && head.history_ticks.is_power_of_two()
        && (HISTORY_TICKS_MIN..=HISTORY_TICKS_MAX).contains(&head.history_ticks)
        && head.history_ticks >= head.tick_rate_hz
        && (64..=PACKET_BYTES_MAX - 64).contains(&head.snapshot_bytes_max)
        && head.interpolation_ticks < head.history_ticks / 2
        && within(head.half_width, 1 << 16, extent)
        && within(head.half_depth, 1 << 16, extent)
        && within(head.cell, 1 << 12, extent)
        && head.position_shift <= 14
        && (4..=16).contains(&head.aim_bits)
        && (1..=16).contains(&head.health_bits)
        && within(head.health_max, 1, (1 << head.health_bits) - 1)
        && within(head.gravity, 0, SPEED_MAX)
        && within(head.jump_speed, 0, SPEED_MAX)
        && within(head.step_height, 0, EXTENT_MAX)
        && within(head.dash_speed, 0, SPEED_MAX)
        && head.air_permille <= 1000
        && head.crouch_permille <= 1000
        && (head.boost_permille == 0 || (1000..=10_000).contains(&head.boost_permille))
        && within(head.stand_height, 0, EXTENT_MAX)
        && within(head.crouch_height, 0, head.stand_height)
        && head.rewind_ms_max <= REWIND_MS_MAX
        && head.rewind_cover_ms_max <= head.rewind_ms_max
        && within(head.view_keep, 0, POSITION_MAX as i32)
        && head.tier_half <= 1000
        && head.tier_quarter <= 1000
        && (head.tier_quarter == 0 || head.tier_half <= head.tier_quarter)
        && matches!(head.send_every, 1 | 2 | 4)
        && head.dash_ticks <= 0xffff
        && head.assist_ticks <= 0xffff
        && head.dash_wait_ticks <= 0xffff
        && head.input_aux <= 4
        && (4..=16).contains(&head.input_buttons)
        && head.input_pitch <= 1
        && (2..=KINDS_MAX).contains(&head.kinds)
        && head.fields <= KINDS_MAX * FIELDS_PER_KIND_MAX
        && head.room_fields <= ROOM_FIELDS_MAX
        && head.weapons <= WEAPONS_MAX
        && head.texts <= KINDS_MAX * TEXTS_PER_KIND_MAX + TEXTS_PER_KIND_MAX
        && (BUILTIN_COLUMNS as u32..=BUILTIN_COLUMNS as u32 + FIELDS_PER_KIND_MAX)
            .contains(&head.columns)
        && head.text_bytes <= 1024
        && head.room_text_bytes <= 1024
        && head.first_tick < 1 << 31
}

/// Bits of a snapshot that always has a place for the largest entity, so that none starves: beside the own player, of which
/// no slow value changes, and the witness. Every number at its longest.
pub fn snapshot_bits_least(config: &Config) -> u32 {
    // Ticks and margin 56; own position and velocity, counters, touch; no slow value, no event; sets; witness.
    let own = 56 + (1 + 1 + 2 * 34 * config.head.dimensions + 4 + 1) + 55 + 7 + 1 + 1 + 17 + 32;
    own + largest_entity_bits(config)
}

/// Bits that an entity of a configuration takes at the most, as it enters.
pub fn largest_entity_bits(config: &Config) -> u32 {
    let fields = |kind: u32| {
        let seen = config.fields_of(kind).iter().filter(|f| f.audience == audience::VISIBLE);
        seen.map(|f| 1 + u32::from(f.bits)).sum::<u32>()
    };
    entity_bits_most(config.head, (1..=config.head.kinds).map(fields).max().unwrap_or(0))
}

fn kind_ok(kind: &ConfigKind) -> bool {
    within(kind.radius, 0, EXTENT_MAX)
        && within(kind.depth, 0, EXTENT_MAX)
        && within(kind.height, 0, EXTENT_MAX)
        && within(kind.head, 0, kind.height)
        && within(kind.health, 0, 0xffff)
        && within(kind.top_speed, 0, SPEED_MAX)
        && within(kind.acceleration, 0, SPEED_MAX)
        && within(kind.friction, 0, SPEED_MAX)
        && within(kind.view_radius, 0, POSITION_MAX as i32)
        && within(kind.seen_within, 0, POSITION_MAX as i32)
        && kind.relevance <= 2
}

fn weapon_ok(weapon: &ConfigWeapon, head: &ConfigHead) -> bool {
    weapon.shape <= 1
        && within(weapon.damage, -0xffff, 0xffff)
        && weapon.wait_ticks <= 0xffff
        && within(weapon.speed, 0, SPEED_MAX)
        && weapon.life_ticks <= head.tick_rate_hz * 600
        && within(weapon.radius, 0, EXTENT_MAX)
        && within(weapon.range, 0, POSITION_MAX as i32)
        && within(weapon.knockback, -SPEED_MAX, SPEED_MAX)
        && weapon.rules <= 15
        && weapon.head_permille <= 100_000
        && within(weapon.blast_radius, 0, EXTENT_MAX)
        && within(weapon.blast_damage, -0xffff, 0xffff)
        && weapon.blast_permille <= 1000
        && within(weapon.blast_push, -SPEED_MAX, SPEED_MAX)
}

fn fields_ok(config: &Config) -> bool {
    let head = config.head;
    let mut last = 1;
    for field in config.fields {
        let column = u32::from(field.column);
        let kind = u32::from(field.kind);
        if kind < last
            || kind > head.kinds
            || column < BUILTIN_COLUMNS as u32
            || column >= head.columns
        {
            return false;
        }
        last = kind;
    }
    let room =
        config.room_fields.iter().all(|f| f.kind == 0 && u32::from(f.column) < head.room_fields);
    let ranges = |f: &ConfigField| {
        let (least, most) = match (f.bits, f.signed) {
            (1..=32, 1) => (-(1i64 << (f.bits - 1)), (1i64 << (f.bits - 1)) - 1),
            (32, 0) => (0, i64::from(i32::MAX)),
            (1..=31, 0) => (0, (1i64 << f.bits) - 1),
            _ => return false,
        };
        f.audience <= audience::NONE
            && i64::from(f.min) >= least
            && i64::from(f.max) <= most
            && f.min <= f.max
            && (f.min..=f.max).contains(&f.initial)
    };
    room && config.fields.iter().all(ranges) && config.room_fields.iter().all(ranges)
}

/// Who is low is seen by a field of one bit, where there is any.
fn crouch_ok(config: &Config) -> bool {
    let (low, column) = (config.head.crouch_height > 0, config.head.crouch_column);
    let mut fields = config.fields_of(1).iter();
    let seen = fields
        .any(|f| u32::from(f.column) == column && f.bits == 1 && f.audience == audience::VISIBLE);
    let stands = config.kinds.first().map_or(0, |kind| kind.height);
    if low {
        seen && stands == config.head.stand_height
    } else {
        column == 0
    }
}

fn texts_ok(config: &Config) -> bool {
    config.texts.iter().all(|t| {
        let room = t.kind == 0;
        let most = if room { config.head.room_text_bytes } else { config.head.text_bytes };
        u32::from(t.kind) <= config.head.kinds
            && u32::from(t.index) < TEXTS_PER_KIND_MAX
            && t.bytes_max <= 128
            && u32::from(t.offset) + 1 + u32::from(t.bytes_max) <= most
            && t.audience <= audience::NONE
    })
}

/// Where the visible fields of one kind stand in `WireField`s.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct WireKind {
    /// First row.
    pub first: u16,
    /// Rows.
    pub count: u16,
}

/// One author's field that travels to everybody who sees the entity.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct WireField {
    /// Column of the entity matrix.
    pub column: u16,
    /// Its first half in a history row; two halves if `bits` > 16.
    pub half: u16,
    /// Bits on the wire.
    pub bits: u8,
    /// 1: two's complement.
    pub signed: u8,
    /// 0.
    pub reserved: [u8; 2],
}

/// Fills the tables of visible fields (`kinds` x `WireKind`, up to `fields` x `WireField`); returns
/// the halves of a row.
pub fn plan_wire(config: &Config, kinds: &mut [WireKind], fields: &mut [WireField]) -> u32 {
    let base = if config.high() { ROW_HALVES_HIGH } else { ROW_HALVES_FLAT };
    let (mut next, mut most) = (0usize, base);
    for (row, wire) in kinds.iter_mut().enumerate() {
        let mut half = base;
        wire.first = next as u16;
        for field in
            config.fields_of(row as u32 + 1).iter().filter(|f| f.audience == audience::VISIBLE)
        {
            if let Some(out) = fields.get_mut(next) {
                let (bits, signed) = (field.bits, field.signed);
                *out = WireField {
                    column: field.column,
                    half: half as u16,
                    bits,
                    signed,
                    reserved: [0; 2],
                };
                next += 1;
                half += if bits > 16 { 2 } else { 1 };
            }
        }
        wire.count = next as u16 - wire.first;
        most = most.max(half);
    }
    most
}

/// Lengths of the arrays of a region. Made once, kept at the start of the region.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Sizes {
    /// Bytes of the configuration.
    pub config_bytes: u32,
    /// Player slots.
    pub players: u32,
    /// Entities.
    pub entities: u32,
    /// u32 words of a bit set of entities.
    pub set_words: u32,
    /// Ticks of history, a power of two.
    pub history: u32,
    /// Ticks for which a sent snapshot can be acknowledged and serve as reference: one second, a
    /// power of two.
    pub flights: u32,
    /// Columns of the entity matrix.
    pub columns: u32,
    /// Kinds.
    pub kinds: u32,
    /// Author's fields of kinds.
    pub fields: u32,
    /// Author's fields of the room.
    pub room_fields: u32,
    /// u16 halves of a history row of one entity.
    pub row_halves: u32,
    /// Slow values of the own section per player (built-in, then player fields `owner` and
    /// `visible`).
    pub own_values: u32,
    /// Text bytes per entity.
    pub text_bytes: u32,
    /// Text bytes of the room.
    pub room_text_bytes: u32,
    /// Bytes of one roster row.
    pub roster_row_bytes: u32,
    /// Proposed hits of one tick.
    pub hits: u32,
    /// Bytes of the buffer for records and commands.
    pub input_bytes: u32,
    /// Bytes of hook events (before the plugin) and of packets (after it): the same buffer.
    pub output_bytes: u32,
    /// log2 of the edge of an interest cell.
    pub cell_shift: u32,
    /// Interest cells in x.
    pub cells_x: u32,
    /// Interest cells in y.
    pub cells_y: u32,
    /// Walls: those of the schema, and places for those that onCreate adds.
    pub walls: u32,
    /// Cells of their grid at most.
    pub wall_cells: u32,
    /// Wall numbers over all cells at most.
    pub wall_items: u32,
    /// Moving boxes.
    pub movers: u32,
    /// Places for walls that hide; 0: none does.
    pub blinds: u32,
}

impl Sizes {
    /// What follows from a checked configuration of so many bytes.
    pub fn of(config: &Config, config_bytes: u32) -> Self {
        let head = config.head;
        let room =
            config.fields.iter().filter(|f| f.kind == 1 && f.audience == audience::ROOM).count()
                as u32;
        let own = config
            .fields
            .iter()
            .filter(|f| {
                f.kind == 1 && (f.audience == audience::OWNER || f.audience == audience::VISIBLE)
            })
            .count() as u32;
        let (cell_shift, cells_x, cells_y) = grid_of(head, head.cell, GRID_CELLS_MAX);
        let players = head.players_max;
        Self {
            config_bytes,
            players,
            entities: head.entities_max,
            set_words: head.entities_max.div_ceil(32),
            history: head.history_ticks,
            flights: head.tick_rate_hz.next_power_of_two().clamp(32, head.history_ticks),
            columns: head.columns,
            kinds: head.kinds,
            fields: head.fields,
            room_fields: head.room_fields,
            row_halves: row_halves(config),
            own_values: OWN_BUILTIN + own,
            text_bytes: head.text_bytes,
            room_text_bytes: head.room_text_bytes,
            roster_row_bytes: RosterRow::BYTES as u32 + 4 * room,
            hits: 64 + 2 * players,
            input_bytes: (16_384 + 1_280 * players).clamp(81_920, 262_144),
            output_bytes: 49_152.max(players * PACKET_BYTES_MAX),
            cell_shift,
            cells_x,
            cells_y,
            walls: WALLS_MAX + head.boxes,
            wall_cells: crate::walls::cells_of(head.boxes),
            wall_items: crate::walls::items_of(WALLS_MAX + head.boxes),
            movers: head.movers,
            blinds: if head.rules & RULE_HIDE == 0 { 0 } else { WALLS_MAX + head.boxes },
        }
    }
}

/// Cell edge (log2) and numbers of cells of a grid over the world, at most `most` cells.
pub fn grid_of(head: &ConfigHead, cell: i32, most: u32) -> (u32, u32, u32) {
    let mut shift = 31 - (cell.max(1) as u32).leading_zeros();
    if 1i64 << shift < i64::from(cell) {
        shift += 1;
    }
    loop {
        let x = ((2 * i64::from(head.half_width)) >> shift) as u32 + 1;
        let y = ((2 * i64::from(head.half_depth)) >> shift) as u32 + 1;
        if u64::from(x) * u64::from(y) <= u64::from(most) {
            return (shift, x, y);
        }
        shift += 1;
    }
}

fn row_halves(config: &Config) -> u32 {
    let base = if config.high() { ROW_HALVES_HIGH } else { ROW_HALVES_FLAT };
    (1..=config.head.kinds)
        .map(|kind| {
            let visible = config.fields_of(kind).iter().filter(|f| f.audience == audience::VISIBLE);
            base + visible.map(|f| if f.bits > 16 { 2 } else { 1 }).sum::<u32>()
        })
        .max()
        .unwrap_or(base)
}
