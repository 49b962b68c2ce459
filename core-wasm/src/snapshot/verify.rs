//! The witness: a 32-bit hash of what a snapshot is to convey, made by the server from its own history and the set of
//! entities it meant, and by the client from what it holds after decoding. Neither looks at the bits in between.

use crate::history::OwnFast;
use crate::rows::{Words, W_FIELDS};

/// The hash under way. Order: tick, own player, then each entity of the set by rising index.
pub struct Digest(u32);

impl Digest {
    /// Starts with tick and own exact state (without `touched`, which belongs to ticks, not to the state).
    pub fn start(tick: u32, own: &OwnFast, slow: &[i32]) -> Self {
        let mut digest = Self(0x811c_9dc5);
        digest.add(tick);
        for value in [own.x, own.y, own.z, own.vx, own.vy, own.vz] {
            digest.add(value as u32);
        }
        digest.add(u32::from(own.dash_left) | u32::from(own.dash_wait) << 16);
        digest.add(
            u32::from(own.weapon_wait)
                | u32::from(crate::codec::own::steady_flags(own.flags)) << 16,
        );
        for value in slow {
            digest.add(*value as u32);
        }
        digest
    }

    /// Adds an entity of the set with its row as the client holds it; `fields` is the number of its kind's fields.
    pub fn entity(&mut self, index: usize, row: &Words, fields: usize) {
        self.add(index as u32);
        for value in &row[..W_FIELDS + fields] {
            self.add(*value as u32);
        }
    }

    fn add(&mut self, word: u32) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b1);
        self.0 = mixed ^ mixed >> 15;
    }

    /// The hash.
    pub fn finish(self) -> u32 {
        self.0
    }
}
