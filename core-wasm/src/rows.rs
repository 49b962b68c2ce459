//! Rows: one entity at one tick, as history keeps it and the wire speaks of it.
//!
//! A row of one entity and tick is packed into u16 halves, because it is most of a room's memory:
//!
//! | half | holds |
//! |---|---|
//! | 0 | generation low 8 bits, kind << 8 (5 bits), alive << 13, teleport << 14 |
//! | 1, 2 | x, low half first: (x + rounding) >> positionShift |
//! | 3, 4 | y |
//! | 5, 6 | vx, vy in 1/16 quantum per tick, saturated |
//! | 7 | aim: the top aimBits of it, rounded |
//! | 8 | health, 0..healthMax |
//! | 9 | team, weapon << 8 |
//! | 10 | radius in quanta, saturated |
//! | 11, 12, 13, 14 | with height: z, vz, pitch (as aim, signed) |
//! | then | the kind's visible fields: one half up to 16 bits, else two |
//!
//! What a kind does not have is 0.
//!
//! [`Packed`] reads a row where it lies; [`Words`] is the unpacked form, one value per word.

use crate::config::{Config, WireField, WireKind, ROW_HALVES_FLAT, ROW_HALVES_HIGH};
use crate::fixed::shift_round;
use crate::gen::FIELDS_PER_KIND_MAX;

/// Word 0: generation low 8 bits, kind << 8, alive << 13, teleport << 14.
pub const W_HEAD: usize = 0;
/// Position in quanta.
pub const W_X: usize = 1;
/// Position in quanta.
pub const W_Y: usize = 2;
/// Height of the feet in quanta, 0 in a flat game.
pub const W_Z: usize = 3;
/// Velocity, 1/16 quantum per tick.
pub const W_VX: usize = 4;
/// Velocity.
pub const W_VY: usize = 5;
/// Velocity, 0 in a flat game.
pub const W_VZ: usize = 6;
/// Aim, aimBits.
pub const W_AIM: usize = 7;
/// Pitch, aimBits signed, 0 in a flat game.
pub const W_PITCH: usize = 8;
/// Health.
pub const W_HEALTH: usize = 9;
/// Team, 0..255.
pub const W_TEAM: usize = 10;
/// Weapon, 0..255.
pub const W_WEAPON: usize = 11;
/// Radius in quanta.
pub const W_RADIUS: usize = 12;
/// First of the kind's visible fields, in order of declaration.
pub const W_FIELDS: usize = 13;
/// Words of a row: rounded up so that rows of scratch start at a multiple of 16 bytes.
pub const WIRE_WORDS: usize = 48;
const _: () = assert!(W_FIELDS + FIELDS_PER_KIND_MAX as usize <= WIRE_WORDS);

/// One entity at one tick, one value per word. Words that its kind does not have are 0.
pub type Words = [i32; WIRE_WORDS];

/// Bit of [`W_HEAD`].
pub const HEAD_ALIVE: i32 = 1 << 13;

/// Kind of a head word.
#[inline]
pub fn head_kind(head: i32) -> i32 {
    head >> 8 & 31
}

/// Low 8 bits of the generation.
#[inline]
pub fn head_generation(head: i32) -> i32 {
    head & 0xff
}

/// Teleport counter of a head word, 0..3.
#[inline]
pub fn head_teleport(head: i32) -> i32 {
    head >> 14 & 3
}

/// A position in wire quanta.
#[inline]
pub fn quantise_position(value: i32, shift: u32) -> i32 {
    shift_round(i64::from(value), shift) as i32
}

/// The middle of a wire quantum, as a position.
#[inline]
pub fn position_of(quanta: i32, shift: u32) -> i32 {
    quanta << shift
}

/// A velocity in wire units (1/16 quantum per tick), saturated to i16.
#[inline]
pub fn quantise_velocity(value: i32, shift: u32) -> i32 {
    let wide = i64::from(value) << 4;
    shift_round(wide, shift).clamp(-32768, 32767) as i32
}

/// A velocity from wire units.
#[inline]
pub fn velocity_of(units: i32, shift: u32) -> i32 {
    shift_round(i64::from(units) << shift, 4) as i32
}

/// The top bits of an angle, rounded.
#[inline]
pub fn quantise_aim(aim: i32, bits: u32) -> i32 {
    let drop = 16 - bits;
    let half = if drop == 0 { 0 } else { 1 << (drop - 1) };
    ((aim & 0xffff) + half) >> drop & ((1 << bits) - 1)
}

/// The angle of wire bits.
#[inline]
pub fn aim_of(value: i32, bits: u32) -> u16 {
    (value << (16 - bits)) as u16
}

/// Pitch in aim's bits, signed.
#[inline]
pub fn quantise_pitch(pitch: i32, bits: u32) -> i32 {
    (pitch >> (16 - bits)).clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
}

/// A packed row, seen value by value.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    flat: &'a [u16; ROW_HALVES_FLAT as usize],
    /// What follows: height, then fields.
    rest: &'a [u16],
    high: bool,
}

impl<'a> Packed<'a> {
    /// The row in `halves`.
    #[inline(always)]
    pub fn of(halves: &'a [u16], high: bool) -> Self {
        let (flat, rest) = halves.split_first_chunk().unwrap_or((&NO_ROW, &[]));
        Self {
            flat,
            rest,
            high: high && rest.len() >= (ROW_HALVES_HIGH - ROW_HALVES_FLAT) as usize,
        }
    }

    /// Word 0, see [`W_HEAD`].
    #[inline(always)]
    pub fn head(&self) -> i32 {
        i32::from(self.flat[0])
    }

    /// Position in quanta.
    #[inline(always)]
    pub fn place(&self) -> [i32; 3] {
        let z = if self.high { wide(self.rest[0], self.rest[1]) } else { 0 };
        [wide(self.flat[1], self.flat[2]), wide(self.flat[3], self.flat[4]), z]
    }

    /// Velocity, 1/16 quantum per tick.
    #[inline(always)]
    pub fn velocity(&self) -> [i32; 3] {
        let z = if self.high { i32::from(self.rest[2] as i16) } else { 0 };
        [i32::from(self.flat[5] as i16), i32::from(self.flat[6] as i16), z]
    }

    /// Aim, aimBits.
    #[inline(always)]
    pub fn aim(&self) -> u32 {
        u32::from(self.flat[7])
    }

    /// Pitch, aimBits signed, 0 in a flat game.
    #[inline(always)]
    pub fn pitch(&self) -> i32 {
        if self.high {
            i32::from(self.rest[3] as i16)
        } else {
            0
        }
    }

    /// Health.
    #[inline(always)]
    pub fn health(&self) -> i32 {
        i32::from(self.flat[8])
    }

    /// Team.
    #[inline(always)]
    pub fn team(&self) -> u32 {
        u32::from(self.flat[9] & 0xff)
    }

    /// Weapon.
    #[inline(always)]
    pub fn weapon(&self) -> u32 {
        u32::from(self.flat[9] >> 8)
    }

    /// Radius in quanta.
    #[inline(always)]
    pub fn radius(&self) -> i32 {
        i32::from(self.flat[10])
    }

    /// An author's field.
    #[inline]
    pub fn field(&self, field: &WireField) -> i32 {
        let at = usize::from(field.half) - ROW_HALVES_FLAT as usize;
        match (field.bits > 16, field.signed != 0) {
            (true, _) => wide(self.rest[at], self.rest[at + 1]),
            (false, true) => i32::from(self.rest[at] as i16),
            (false, false) => i32::from(self.rest[at]),
        }
    }

    /// True if anything but the place differs.
    #[inline]
    pub fn differs(&self, other: &Self) -> bool {
        let fold = |a: &[u16], b: &[u16]| a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
        let places = if self.high { 2 } else { 0 };
        let rest = fold(&self.rest[places..], &other.rest[places..]);
        (self.flat[0] ^ other.flat[0]) | fold(&self.flat[5..], &other.flat[5..]) | rest != 0
    }
}

/// How tall a player was, in a game in which they crouch: a bit of its row says it.
#[derive(Clone, Copy)]
pub struct Low<'a> {
    field: &'a WireField,
    /// Of who crouches, and of who stands.
    heights: [i32; 2],
}

impl<'a> Low<'a> {
    /// None where nobody gets lower.
    pub fn of(
        head: &crate::gen::ConfigHead,
        kinds: &[WireKind],
        fields: &'a [WireField],
    ) -> Option<Self> {
        if head.crouch_column == 0 {
            return None;
        }
        let count = usize::from(kinds.first()?.count);
        let mut own = fields.get(..count)?.iter();
        let field = own.find(|f| u32::from(f.column) == head.crouch_column)?;
        Some(Self { field, heights: [head.stand_height, head.crouch_height] })
    }

    /// The height of a row of that game; None: it is no player's.
    pub fn height(&self, row: &Packed) -> Option<i32> {
        let player = head_kind(row.head()) == crate::gen::kind::PLAYER;
        player.then(|| self.heights[usize::from(row.field(self.field) != 0)])
    }
}

static NO_ROW: [u16; ROW_HALVES_FLAT as usize] = [0; ROW_HALVES_FLAT as usize];

#[inline(always)]
fn wide(low: u16, high: u16) -> i32 {
    (u32::from(low) | u32::from(high) << 16) as i32
}

/// The halves of a word, low one first.
#[inline(always)]
pub(crate) fn halves(value: i32) -> (u16, u16) {
    (value as u16, (value >> 16) as u16)
}

/// What is needed to read and write rows.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    /// Visible fields per kind.
    pub kinds: &'a [WireKind],
    /// Visible fields.
    pub fields: &'a [WireField],
    /// True with height.
    pub high: bool,
    /// True where somebody has a head.
    pub heads: bool,
    /// log2 of the position quantum.
    pub shift: u32,
    /// Bits of aim.
    pub aim_bits: u32,
    /// Largest health on the wire.
    pub health_max: i32,
}

impl<'a> Shape<'a> {
    /// The shape of a configuration whose tables stand in `kinds` and `fields`.
    pub fn new(config: &Config, kinds: &'a [WireKind], fields: &'a [WireField]) -> Self {
        let head = config.head;
        let (shift, aim_bits, health_max) = (head.position_shift, head.aim_bits, head.health_max);
        Self {
            kinds,
            fields,
            high: config.high(),
            heads: config.heads(),
            shift,
            aim_bits,
            health_max,
        }
    }

    /// The visible fields of a kind; none for a free row.
    #[inline]
    pub fn fields_of(&self, kind: i32) -> &'a [WireField] {
        let wire = self.kinds.get((kind - 1) as usize).copied().unwrap_or_default();
        let first = usize::from(wire.first);
        self.fields.get(first..first + usize::from(wire.count)).unwrap_or(&[])
    }

    /// Packs words into a row.
    pub fn store(&self, words: &Words, row: &mut [u16]) {
        let (flat, rest) = row.split_at_mut(ROW_HALVES_FLAT as usize);
        flat[0] = words[W_HEAD] as u16;
        flat[1] = words[W_X] as u16;
        flat[2] = (words[W_X] >> 16) as u16;
        flat[3] = words[W_Y] as u16;
        flat[4] = (words[W_Y] >> 16) as u16;
        flat[5] = words[W_VX] as u16;
        flat[6] = words[W_VY] as u16;
        flat[7] = words[W_AIM] as u16;
        flat[8] = words[W_HEALTH] as u16;
        flat[9] = (words[W_TEAM] | words[W_WEAPON] << 8) as u16;
        flat[10] = words[W_RADIUS] as u16;
        if self.high {
            rest[0] = words[W_Z] as u16;
            rest[1] = (words[W_Z] >> 16) as u16;
            rest[2] = words[W_VZ] as u16;
            rest[3] = words[W_PITCH] as u16;
        }
        for (k, field) in self.fields_of(head_kind(words[W_HEAD])).iter().enumerate() {
            let at = usize::from(field.half);
            row[at] = words[W_FIELDS + k] as u16;
            if field.bits > 16 {
                row[at + 1] = (words[W_FIELDS + k] >> 16) as u16;
            }
        }
    }

    /// Unpacks a row.
    #[inline]
    pub fn load(&self, row: &[u16]) -> Words {
        let mut words = [0; WIRE_WORDS];
        let packed = Packed::of(row, self.high);
        words[W_HEAD] = packed.head();
        words[W_X..=W_Z].copy_from_slice(&packed.place());
        words[W_VX..=W_VZ].copy_from_slice(&packed.velocity());
        words[W_AIM] = packed.aim() as i32;
        words[W_PITCH] = packed.pitch();
        words[W_HEALTH] = packed.health();
        words[W_TEAM] = packed.team() as i32;
        words[W_WEAPON] = packed.weapon() as i32;
        words[W_RADIUS] = packed.radius();
        let fields = self.fields_of(head_kind(packed.head()));
        for (word, field) in words[W_FIELDS..].iter_mut().zip(fields) {
            *word = packed.field(field);
        }
        words
    }
}
