//! Whom a snapshot leaves out when not everything fits.

use super::client::{
    each, has, Sets, Viewer, Writer, FULL_BYTES_MAX, KEY_INDEX_BITS, MEMBER_BITS, SETS_HEAD_BITS,
    SET_WORDS_MAX,
};
use crate::bits::BitWriter;
use crate::codec::row::Origin;
use crate::packet::WIRE_DEFERRED;

impl Writer<'_, '_> {
    /// Chooses whom to leave out so that the rest takes at most `room` bits, by priority: accumulated neglect and
    /// nearness. Members left out keep their old state; entities that would enter wait.
    pub(super) fn defer(
        &mut self,
        sets: &mut Sets,
        client: &Viewer,
        origin: &Origin,
        base: Option<u32>,
        room: u32,
    ) {
        let words = self.frame.words;
        let age = base.map_or(0, |b| self.frame.tick - b);
        let all_keys = core::mem::take(&mut self.keys);
        let mut count = 0;
        each(&sets.now[..words], |e| {
            all_keys[count] = self.urgency(origin, e) << KEY_INDEX_BITS | e as u32;
            count += 1;
        });
        let keys = &mut all_keys[..count];
        keys.sort_unstable();
        let by_urgency =
            || keys.iter().rev().map(|key| (key & ((1 << KEY_INDEX_BITS) - 1)) as usize);
        sets.now = [0; SET_WORDS_MAX];
        sets.sent = [0; SET_WORDS_MAX];
        (sets.plain, sets.all_sent) = (false, false);
        // One leave bit per member; then half of the room at most to say that members stay.
        let mut left = room.saturating_sub(SETS_HEAD_BITS + sets.before_count);
        let mut kept = left / 2 / MEMBER_BITS;
        for e in by_urgency() {
            if kept > 0 && sets.before(e) && self.age_of(sets, e, age) != 0 {
                sets.now[e / 32] |= 1 << (e % 32);
                left -= MEMBER_BITS;
                kept -= 1;
            }
        }
        for e in by_urgency() {
            let own_age = if sets.before(e) { self.age_of(sets, e, age) } else { 0 };
            let paid = if has(&sets.now, e) { MEMBER_BITS } else { 0 };
            let size = self.size(client, sets, origin, e, own_age) - paid;
            let at = self.slot * self.frame.entities + e;
            if size <= left {
                left -= size;
                sets.now[e / 32] |= 1 << (e % 32);
                sets.sent[e / 32] |= 1 << (e % 32);
                self.r.priority[at] = 0;
            } else {
                self.r.priority[at] = self.r.priority[at].saturating_add(self.nearness(origin, e));
                let stats = &mut self.r.stats[0];
                stats.entities_deferred = stats.entities_deferred.wrapping_add(1);
            }
        }
        for w in 0..words {
            let before = sets.stay[w] | sets.gone[w];
            (sets.stay[w], sets.gone[w]) = (before & sets.now[w], before & !sets.now[w]);
        }
        self.r.clients[self.slot].wire[WIRE_DEFERRED] = 1;
        self.keys = all_keys;
    }

    /// Age of the baseline of a member; 0 for none.
    pub(super) fn age_of(&self, sets: &Sets, e: usize, age: u32) -> u32 {
        if has(&sets.fresh, e) {
            age
        } else {
            self.base_age(e)
        }
    }

    fn size(&mut self, client: &Viewer, sets: &Sets, origin: &Origin, e: usize, age: u32) -> u32 {
        let mut bytes = [0u8; FULL_BYTES_MAX];
        let mut writer = BitWriter::new(&mut bytes);
        if age == 0 {
            self.write_full(&mut writer, client, sets, origin, e);
        } else {
            self.write_member(&mut writer, e, age);
        }
        writer.bits() + MEMBER_BITS + self.frame.index_bits
    }

    fn urgency(&self, origin: &Origin, e: usize) -> u32 {
        let waited = self.r.priority[self.slot * self.frame.entities + e];
        u32::from(waited) + u32::from(self.nearness(origin, e))
    }

    /// 1 at the rim of the view and beyond, 32 at its middle.
    fn nearness(&self, origin: &Origin, e: usize) -> u16 {
        let [x, y, _] = self.packed_now(e).place();
        let (dx, dy) = (x.wrapping_sub(origin.x), y.wrapping_sub(origin.y));
        let far = dx.unsigned_abs().max(dy.unsigned_abs());
        let reach = origin.bits.saturating_sub(6);
        32 - (far >> reach).min(31) as u16
    }
}
