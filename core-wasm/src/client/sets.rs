//! The sets of a snapshot: who leaves, what members do, who enters.

use super::receive::{has, members, Refusal, Set, Snapshot, SET_WORDS_MAX};
use super::{Client, Enter};
use crate::bits::{bits_for, BitReader};
use crate::codec::number::{take_unsigned, COUNT};
use crate::codec::row::{Origin, RowCode};
use crate::gen::kind;
use crate::rows::{head_kind, W_HEAD};

impl Client<'_> {
    pub(super) fn decode_sets(
        &mut self,
        reader: &mut BitReader,
        s: &mut Snapshot,
        origin: &Origin,
        before: &Set,
        base: Option<u32>,
        code: &RowCode,
    ) -> Result<(), Refusal> {
        let words = self.m.head[0].sizes.set_words as usize;
        let scratch = self.scratch();
        let mut now = *before;
        if reader.bit() && !read_leaves(reader, &before[..words], &mut now) {
            return Err(Refusal::Malformed);
        }
        let mut sent: Set = [0; SET_WORDS_MAX];
        let age = base.map_or(0, |b| s.tick - b);
        let mixed = reader.bit();
        let stays = now;
        for e in members(&stays[..words]) {
            let (mut deferred, mut own_age) = (false, age);
            if mixed {
                deferred = reader.bit();
                own_age = if reader.bit() { reader.take(8) } else { age };
            }
            if !deferred && own_age == 0 {
                self.read_enter(reader, s, origin, before, e, code)?;
                sent[e / 32] |= 1 << (e % 32);
                continue;
            }
            if own_age > s.tick || !self.has_row(s.tick - own_age, e) {
                return Err(if reader.ok() { Refusal::Reference } else { Refusal::Malformed });
            }
            self.m.ages[e] = own_age as u8;
            if deferred {
                continue;
            }
            let row = self.row_at(code.shape, s.tick - own_age, e);
            let start = reader.position();
            let row = code.read_delta(reader, &row, own_age as i32);
            self.put_row(code.shape, scratch, e, &row);
            self.m.bits[e] = (reader.position() - start) as u16;
            sent[e / 32] |= 1 << (e % 32);
        }
        if reader.bit() {
            let index_bits = bits_for(self.m.head[0].sizes.entities - 1);
            let count = take_unsigned(reader, &COUNT) + 1;
            for _ in 0..count {
                let e = reader.take(index_bits) as usize;
                if e >= self.m.handles.len() || has(&now, e) || has(before, e) || !reader.ok() {
                    return Err(Refusal::Malformed);
                }
                self.read_enter(reader, s, origin, before, e, code)?;
                now[e / 32] |= 1 << (e % 32);
                sent[e / 32] |= 1 << (e % 32);
            }
        }
        self.m.sets[scratch * words..][..words].copy_from_slice(&now[..words]);
        self.m.updates[scratch * words..][..words].copy_from_slice(&sent[..words]);
        if reader.ok() {
            Ok(())
        } else {
            Err(Refusal::Malformed)
        }
    }

    fn read_enter(
        &mut self,
        reader: &mut BitReader,
        s: &mut Snapshot,
        origin: &Origin,
        before: &Set,
        e: usize,
        code: &RowCode,
    ) -> Result<(), Refusal> {
        let start = reader.position();
        let (row, generation) = code.read_full(reader, origin);
        let mut enter = Enter { index: e as u32, generation, owner: 0, command: 0 };
        if head_kind(row[W_HEAD]) == kind::PROJECTILE {
            enter.owner =
                self.with_events(s.tick, origin, before, code, |events| events.read_handle(reader));
            if enter.owner == self.m.head[0].handle {
                let back = reader.take(10);
                enter.command = if back < 1023 { s.tick.wrapping_sub(back) } else { 0 };
            }
        }
        if !reader.ok() || s.enters >= self.m.enters.len() {
            return Err(Refusal::Malformed);
        }
        self.put_row(code.shape, self.scratch(), e, &row);
        self.m.bits[e] = (reader.position() - start) as u16;
        self.m.enters[s.enters] = enter;
        s.enters += 1;
        Ok(())
    }
}

/// Takes out of `now` who leaves the set of the reference, `before`. False for a rank that no member has, or that does not rise.
#[inline(never)]
fn read_leaves(reader: &mut BitReader, before: &[u32], now: &mut Set) -> bool {
    let ranked = reader.bit();
    let count: u32 = before.iter().map(|word| word.count_ones()).sum();
    let rank_bits = bits_for(count.saturating_sub(1));
    let mut leaver = if ranked { reader.take(rank_bits) } else { RANK_NONE };
    let mut rank = 0;
    for (w, word) in before.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            let lowest = left & left.wrapping_neg();
            left ^= lowest;
            let leaves = if ranked { rank == leaver } else { reader.bit() };
            if leaves {
                now[w] ^= lowest;
                leaver = if ranked && reader.bit() { reader.take(rank_bits) } else { RANK_NONE };
            }
            rank += 1;
        }
    }
    leaver == RANK_NONE
}

/// Nobody else leaves.
const RANK_NONE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    /// What is left of nine members, of which `ranks` are named to leave.
    fn without(ranks: &[u32]) -> Option<u32> {
        const NINE: u32 = 0b1_0110_1110_0101_1000;
        let mut bytes = [0u8; 16];
        let mut out = BitWriter::new(&mut bytes);
        out.bit(true);
        for (k, rank) in ranks.iter().enumerate() {
            out.put(*rank, 4);
            out.bit(k + 1 < ranks.len());
        }
        out.finish();
        let mut now = [0; SET_WORDS_MAX];
        now[1] = NINE;
        read_leaves(&mut BitReader::new(&bytes), &[0, NINE], &mut now).then_some(now[1])
    }

    #[test]
    fn ranks_name_members_once_and_in_order() {
        assert_eq!(without(&[0]), Some(0b1_0110_1110_0101_0000));
        assert_eq!(without(&[1, 4, 8]), Some(0b0_0110_1010_0100_1000));
        assert_eq!(without(&[9]), None, "there are nine");
        assert_eq!(without(&[2, 2]), None, "one twice");
        assert_eq!(without(&[4, 1]), None, "not rising");
    }
}
