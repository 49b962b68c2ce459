//! Which packets are taken in, and what is said about them: a channel's sequence numbers against a plain set.

use bytemuck::Zeroable;
use fray_core::netchan::pool::{Chunk, Pool, PoolHead, CHUNK_BYTES};
use fray_core::netchan::{Age, Channel, Header};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The receiving end, in numbers that do not wrap.
#[derive(Default)]
struct Model {
    newest: i64,
    /// All up to this one came; of those above it, the ones in `seen`.
    whole: i64,
    seen: BTreeSet<i64>,
}

impl Model {
    /// New ones, and those of the 32 before the newest that have not come yet. The first packet of all has number 1.
    fn takes(&self, number: i64) -> Age {
        if number > self.newest {
            Age::Fresh
        } else if number >= self.newest - 32 && !self.has(number) && self.newest > 0 {
            Age::Late
        } else {
            Age::Stale
        }
    }

    fn has(&self, number: i64) -> bool {
        (1..=self.whole).contains(&number) || self.seen.contains(&number)
    }

    fn take(&mut self, number: i64) {
        self.newest = self.newest.max(number);
        self.seen.insert(number);
    }

    fn bits(&self) -> u32 {
        (0..32).filter(|k| self.has(self.newest - 1 - k)).map(|k| 1 << k).sum()
    }

    fn lost(&self) -> u32 {
        (self.newest - self.whole - self.seen.len() as i64) as u32
    }
}

/// Differences to the newest number: mostly the next, gaps, repeats, far behind, far ahead.
fn jumps() -> impl Strategy<Value = Vec<i64>> {
    let jump = prop_oneof![
        8 => Just(1i64),
        2 => 2i64..6,
        4 => -8i64..=0,
        2 => -40i64..=0,
        1 => 20i64..50,
        1 => 1000i64..5000,
    ];
    prop::collection::vec(jump, 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_in_is_what_a_set_says(jumps in jumps(), start in prop_oneof![0i64..100, 65_000i64..66_000]) {
        let (mut channel, mut model) = (Channel::zeroed(), Model::default());
        channel.open(0);
        // Up to the start in steps that leave nothing to be told of, so that numbers wrap in between.
        for number in 1..=start {
            channel.mark_received(number as u16);
        }
        (model.newest, model.whole) = (start, start);
        for jump in jumps {
            let number = model.newest + jump;
            if number < 1 {
                continue;
            }
            prop_assert_eq!(channel.age(number as u16), model.takes(number), "{}", number);
            if model.takes(number) != Age::Stale {
                channel.mark_received(number as u16);
                model.take(number);
            }
            prop_assert_eq!(channel.received, model.newest as u16);
            // Number 0 was never sent; where the count begins its bit says nothing.
            let sent = if model.newest <= 32 { (1u32 << (model.newest - 1)) - 1 } else { u32::MAX };
            prop_assert_eq!(channel.received_bits & sent, model.bits() & sent);
            prop_assert_eq!(channel.lost, model.lost());
        }
    }

    /// Headers in any order, each acknowledging what was seen when it was made: every packet is reported once, when the
    /// first header that names it comes, and none that was not seen.
    #[test]
    fn what_is_reported_as_arrived_was_acknowledged(
        fates in prop::collection::vec((any::<bool>(), any::<bool>(), 0usize..6), 1..400),
    ) {
        let mut memory = Memory::new();
        let mut channel = Channel::zeroed();
        channel.open(0);
        let (mut other, mut reported) = (Model::default(), BTreeSet::new());
        let mut on_way = Vec::new();
        for (tick, (arrives, answers, delay)) in fates.into_iter().enumerate() {
            let tick = tick as u32 + 1;
            let header = channel.next_packet(tick);
            let number = i64::from(tick);
            prop_assert_eq!(header.sequence, number as u16);
            if arrives {
                other.take(number);
            }
            if answers && other.newest > 0 {
                let (ack, ack_bits) = (other.newest as u16, other.bits());
                let named: Vec<i64> = (0..=32)
                    .map(|k| other.newest - k)
                    .filter(|number| other.has(*number))
                    .collect();
                on_way.push((tick as usize + delay, Header { sequence: 1, ack, ack_bits }, named));
            }
            let (now, later): (Vec<_>, Vec<_>) =
                on_way.into_iter().partition(|(due, ..)| *due <= tick as usize);
            on_way = later;
            for (_, header, named) in now {
                prop_assert!(channel.plausible(&header));
                let mut arrived = Vec::new();
                channel.acknowledge(&header, tick, &mut memory.pool(), |sent| arrived.push(sent));
                let fresh: BTreeSet<u32> = named
                    .iter()
                    .map(|number| *number as u32)
                    .filter(|tick| !reported.contains(tick))
                    .collect();
                prop_assert_eq!(&arrived.iter().copied().collect::<BTreeSet<_>>(), &fresh);
                prop_assert!(arrived.windows(2).all(|two| two[0] < two[1]), "oldest first, once");
                reported.extend(arrived);
            }
        }
    }
}

struct Memory {
    head: PoolHead,
    chunks: Vec<Chunk>,
    bytes: Vec<u8>,
}

impl Memory {
    fn new() -> Self {
        let mut memory = Self {
            head: PoolHead::zeroed(),
            chunks: vec![Chunk::zeroed(); 16],
            bytes: vec![0; 16 * CHUNK_BYTES],
        };
        memory.pool().clear();
        memory
    }

    fn pool(&mut self) -> Pool<'_> {
        Pool::new(&mut self.head, &mut self.chunks, &mut self.bytes)
    }
}

/// Sequences are u16: 65,535 is followed by 0. The packet with that number is like any other.
#[test]
fn packet_zero_is_acknowledged_and_taken_in_once() {
    let mut channel = Channel::zeroed();
    channel.open(0);
    for number in 1..=65_536u32 {
        channel.mark_received(number as u16);
    }
    assert_eq!((channel.received, channel.received_bits), (0, u32::MAX));
    channel.mark_received(1);
    assert_eq!(channel.received_bits & 1, 1, "0 was received");
    assert_eq!(channel.age(0), Age::Stale, "and is not taken in again");
    assert_eq!(channel.lost, 0);
}
