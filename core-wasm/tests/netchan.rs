//! The packet layer against a plain list: whatever the link does, messages arrive once, whole and in order.

use bytemuck::Zeroable;
use fray_core::bits::{BitReader, BitWriter};
use fray_core::netchan::pool::{Chunk, Pool, PoolHead, CHUNK_BYTES};
use fray_core::netchan::{
    counts, read_header, write_header, Age, Channel, FragmentSlot, Header, Read, Reliable,
    SendLimits, HEADER_BYTES,
};
use proptest::prelude::*;
use std::collections::VecDeque;

const EPOCH: u32 = 0x1234_5671;

/// One end: channel, pool, window, and what it has read.
#[derive(Clone)]
struct End {
    channel: Box<Channel>,
    head: PoolHead,
    chunks: Vec<Chunk>,
    bytes: Vec<u8>,
    window: Vec<FragmentSlot>,
    limits: SendLimits,
    /// The server's way to read: message by message.
    whole: bool,
    partial: Vec<u8>,
    read: Vec<Vec<u8>>,
    arrived: Vec<u32>,
    /// Sequences of the packets it took in.
    taken: Vec<u16>,
    epoch: u32,
}

impl End {
    fn new(server: bool) -> Self {
        let chunks = 2048;
        let mut end = Self {
            channel: Box::new(Channel::zeroed()),
            head: PoolHead::zeroed(),
            chunks: vec![Chunk::zeroed(); chunks],
            bytes: vec![0; chunks * CHUNK_BYTES],
            window: vec![FragmentSlot::zeroed(); if server { 24 } else { 64 }],
            limits: if server { SendLimits::TO_CLIENT } else { SendLimits::TO_SERVER },
            whole: server,
            partial: Vec::new(),
            read: Vec::new(),
            arrived: Vec::new(),
            taken: Vec::new(),
            epoch: EPOCH,
        };
        Pool::new(&mut end.head, &mut end.chunks, &mut end.bytes).clear();
        end.channel.open(0);
        end
    }

    fn send(&mut self, message: &[u8]) -> bool {
        let mut pool = Pool::new(&mut self.head, &mut self.chunks, &mut self.bytes);
        let Some(id) = pool.store(message, 0) else { return false };
        let queued = self.channel.enqueue(&mut pool, id);
        pool.settle(id);
        queued
    }

    fn packet(&mut self, now: u32, room: u32) -> Vec<u8> {
        let mut packet = vec![0u8; 1120];
        let header = self.channel.next_packet(now);
        let mut out = BitWriter::new(&mut packet[HEADER_BYTES..]);
        let pool = Pool::new(&mut self.head, &mut self.chunks, &mut self.bytes);
        self.channel.write_reliable(&pool, &mut out, room, self.limits);
        // The unreliable part of this test: the tick.
        out.put(now, 32);
        let length = out.finish().unwrap() + HEADER_BYTES;
        write_header(&mut packet[..length], header, self.epoch);
        packet.truncate(length);
        packet
    }

    fn receive(&mut self, packet: &[u8], now: u32) {
        let Ok(header) = read_header(packet, self.epoch) else { return };
        if !self.channel.plausible(&header) || self.channel.age(header.sequence) == Age::Stale {
            return;
        }
        let stream = &packet[HEADER_BYTES..];
        let mut reader = BitReader::new(stream);
        let mut part = Reliable::none();
        part.read(&mut reader);
        let tick = reader.take(32);
        if !reader.at_end() || !self.channel.fits(&part, self.window.len()) {
            return;
        }
        self.channel.store(&part, &BitReader::new(stream), &mut self.window);
        self.channel.mark_received(header.sequence);
        self.taken.push(header.sequence);
        let mut pool = Pool::new(&mut self.head, &mut self.chunks, &mut self.bytes);
        self.channel.acknowledge(&header, now, &mut pool, |sent| self.arrived.push(sent));
        assert!(tick <= now);
        self.drain();
    }

    /// The server's end after its client has lost all: what it read belongs to the one before.
    fn restart(&mut self, now: u32) {
        let mut pool = Pool::new(&mut self.head, &mut self.chunks, &mut self.bytes);
        self.channel.restart(now, &mut pool, None);
        self.window.fill(FragmentSlot::zeroed());
        self.epoch = self.epoch.wrapping_add(1);
        self.read.clear();
        self.taken.clear();
    }

    /// Either end after the server has gone back to what it was: the other one has read so many messages. Answers the lost.
    fn go_on(&mut self, now: u32, epoch: u32, count: u16) -> u32 {
        let mut pool = Pool::new(&mut self.head, &mut self.chunks, &mut self.bytes);
        let lost = self.channel.restart(now, &mut pool, Some(Read { count, recent: true }));
        self.window.fill(FragmentSlot::zeroed());
        self.partial.clear();
        self.taken.clear();
        self.arrived.clear();
        self.epoch = epoch;
        lost
    }

    /// How many messages that count it has read, in all epochs.
    fn count(&self) -> u16 {
        self.channel.messages_received as u16
    }

    /// The number of the message that waits first.
    fn done(&self) -> u16 {
        self.channel.messages_done as u16
    }

    fn drain(&mut self) {
        let mut bytes = vec![0u8; 4096];
        if self.whole {
            while let Some(length) =
                self.channel.take_message(&mut self.window, &mut bytes).unwrap()
            {
                self.read.push(bytes[..length].to_vec());
            }
            return;
        }
        while let Some((length, last)) = self.channel.take_fragment(&mut self.window, &mut bytes) {
            self.partial.extend_from_slice(&bytes[..length]);
            if last {
                self.channel.note_read(self.partial[0]);
                self.read.push(std::mem::take(&mut self.partial));
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Messages of such lengths to (client, server).
    Say(bool, usize),
    /// A tick in which both ends send; fate of the two packets.
    Tick(Fate, Fate),
    /// The client loses all and begins anew. What is on its way stays there.
    Fresh,
    /// The server is kept as it is.
    Keep,
    /// The server goes back to what was kept and says so many messages before the client is back, which knows all it knew; or it is kept
    /// again before that, as another owner would find it.
    Back(usize, bool),
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives(u32),
    Lost,
    Twice(u32, u32),
    Damaged(u32, u32),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => (0u32..4).prop_map(Fate::Arrives),
        2 => Just(Fate::Lost),
        1 => (0u32..40).prop_map(Fate::Arrives),
        1 => (0u32..3, 0u32..20).prop_map(|(a, b)| Fate::Twice(a, b)),
        1 => (0u32..3, any::<u32>()).prop_map(|(a, b)| Fate::Damaged(a, b)),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![3 => 1usize..60, 1 => 200usize..600, 1 => 3000usize..4097];
    prop::collection::vec(
        prop_oneof![
            8 => (any::<bool>(), length).prop_map(|(to, n)| Step::Say(to, n)),
            24 => (fate(), fate()).prop_map(|(a, b)| Step::Tick(a, b)),
            1 => Just(Step::Fresh),
            2 => Just(Step::Keep),
            1 => (0usize..4, any::<bool>()).prop_map(|(says, again)| Step::Back(says, again)),
        ],
        1..300,
    )
}

fn carry(way: &mut VecDeque<(u32, Vec<u8>)>, now: u32, packet: Vec<u8>, fate: Fate) {
    match fate {
        Fate::Arrives(delay) => way.push_back((now + delay, packet)),
        Fate::Lost => {}
        Fate::Twice(a, b) => {
            way.push_back((now + a, packet.clone()));
            way.push_back((now + b, packet));
        }
        Fate::Damaged(delay, at) => {
            let mut packet = packet;
            let bit = at as usize % (packet.len() * 8);
            packet[bit / 8] ^= 1 << (bit % 8);
            way.push_back((now + delay, packet));
        }
    }
}

fn deliver(way: &mut VecDeque<(u32, Vec<u8>)>, now: u32, end: &mut End) {
    let mut later = VecDeque::new();
    while let Some((when, packet)) = way.pop_front() {
        if when <= now {
            end.receive(&packet, now);
        } else {
            later.push_back((when, packet));
        }
    }
    *way = later;
}

/// True if no value stands there twice.
fn once<T: Ord + Clone>(list: &[T]) -> bool {
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|two| two[0] != two[1])
}

/// A message with its place among all that were said.
type Said = (u32, Vec<u8>);

/// No two are alike. One in four to the client tells of the room's state: it does not count. A client says none of those.
fn message(number: u32, length: usize, to_client: bool) -> Vec<u8> {
    let kind = if to_client { number % 4 } else { number % 2 } as u8;
    let kind = if kind == 3 { 1 } else { kind };
    let text = number.to_le_bytes().into_iter().chain((0..length).map(|i| (i as u32 * 31) as u8));
    std::iter::once(kind).chain(text).take(length.max(5)).collect()
}

/// What of a list waits in the end that says it.
fn waiting(end: &End, list: &[Said]) -> Vec<Said> {
    list[list.len() - end.channel.messages_waiting() as usize..].to_vec()
}

fn newest(list: &[Said]) -> u32 {
    list.iter().filter(|(_, message)| counts(message[0])).map(|(id, _)| *id).max().unwrap_or(0)
}

fn starts(list: &[Said], read: &[Vec<u8>]) -> bool {
    read.len() <= list.len() && list.iter().zip(read).all(|((_, said), read)| said == read)
}

struct Pair {
    client: End,
    server: End,
    up: VecDeque<(u32, Vec<u8>)>,
    down: VecDeque<(u32, Vec<u8>)>,
    now: u32,
}

impl Pair {
    /// The same page loaded again: an end that knows nothing, under the next epoch.
    fn fresh(&mut self) {
        self.server.restart(self.now);
        self.client = End { epoch: self.server.epoch, ..End::new(false) };
        self.client.channel.number(self.server.count(), self.server.done());
    }

    fn tick(&mut self, up: Fate, down: Fate) {
        self.now += 1;
        let packet = self.client.packet(self.now, 8000);
        carry(&mut self.up, self.now, packet, up);
        let packet = self.server.packet(self.now, 4000);
        carry(&mut self.down, self.now, packet, down);
        deliver(&mut self.up, self.now, &mut self.server);
        deliver(&mut self.down, self.now, &mut self.client);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_channels_agree_with_a_plain_list(steps in steps()) {
        let mut pair = Pair { client: End::new(false), server: End::new(true), up: VecDeque::new(), down: VecDeque::new(), now: 0 };
        let (mut to_client, mut to_server): (Vec<Said>, Vec<Said>) = (Vec::new(), Vec::new());
        let mut number = 0u32;
        // The server, what it has been handed, and what waits in it.
        let mut kept_server: Option<(End, Vec<Said>)> = None;
        let mut epochs = EPOCH;
        // The newest message that this client or one before it has had, of those that count.
        let mut had = 0u32;
        for step in steps {
            match step {
                Step::Say(to, length) => {
                    number += 1;
                    let (end, list) = if to { (&mut pair.server, &mut to_client) } else { (&mut pair.client, &mut to_server) };
                    let message = message(number, length, to);
                    if end.send(&message) {
                        list.push((number, message));
                    }
                }
                Step::Tick(up, down) => pair.tick(up, down),
                Step::Keep => kept_server = Some((pair.server.clone(), waiting(&pair.server, &to_client))),
                Step::Back(says, again) => {
                    let Some((server, mut waits)) = kept_server.clone() else { continue };
                    let waited = pair.client.channel.messages_waiting() as usize;
                    pair.server = server;
                    pair.server.channel.inherit();
                    for _ in 0..says {
                        number += 1;
                        let message = message(number, 9, true);
                        if pair.server.send(&message) {
                            waits.push((number, message));
                        }
                    }
                    if again {
                        kept_server = Some((pair.server.clone(), waits.clone()));
                    }
                    epochs += 0x100;
                    let (heard, read) = (pair.client.count(), pair.server.count());
                    let ahead = i32::from(read.wrapping_sub(pair.client.done()) as i16);
                    prop_assert!(ahead <= waited as i32, "it has read what was not said");
                    pair.server.go_on(pair.now, epochs, heard);
                    let lost = pair.client.go_on(pair.now, epochs, read);
                    pair.client.channel.number(read, pair.server.done());
                    prop_assert_eq!(lost as i32, (-ahead).max(0));
                    let unread = to_server.split_off(to_server.len() - waited + ahead.max(0) as usize);
                    had = had.max(newest(&to_client[..pair.client.read.len()]));
                    to_client.truncate(pair.client.read.len());
                    to_client.extend(waits.into_iter().filter(|(id, message)| counts(message[0]) && *id > had));
                    to_server = pair.server.read.iter().map(|message| (0, message.clone())).collect();
                    to_server.extend(unread);
                }
                Step::Fresh => {
                    // All but what waits has been acknowledged wholly, and so was read.
                    let known = to_client.len() - pair.server.channel.messages_waiting() as usize;
                    prop_assert!(known <= pair.client.read.len(), "something acknowledged was not read");
                    had = had.max(newest(&to_client[..known]));
                    to_client = waiting(&pair.server, &to_client).into_iter().filter(|(_, message)| counts(message[0])).collect();
                    to_server.clear();
                    pair.fresh();
                }
            }
            prop_assert!(starts(&to_client, &pair.client.read));
            prop_assert!(starts(&to_server, &pair.server.read));
        }
        for _ in 0..3000 {
            if pair.client.channel.messages_waiting() + pair.server.channel.messages_waiting() == 0 {
                break;
            }
            pair.tick(Fate::Arrives(0), Fate::Arrives(1));
        }
        prop_assert!(starts(&to_client, &pair.client.read) && pair.client.read.len() == to_client.len());
        prop_assert!(starts(&to_server, &pair.server.read) && pair.server.read.len() == to_server.len());
        for end in [&mut pair.client, &mut pair.server] {
            prop_assert_eq!(end.head.used, 0, "everything acknowledged was freed");
            prop_assert!(once(&end.arrived), "a packet is reported as arrived once");
            prop_assert!(once(&end.taken), "a packet is taken in once");
        }
    }

    #[test]
    fn hostile_bytes_change_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400), sealed in any::<bool>()) {
        let mut end = End::new(true);
        let mut packet = bytes;
        if sealed && packet.len() >= HEADER_BYTES {
            let header = fray_core::netchan::Header { sequence: 1, ack: 0, ack_bits: 0 };
            write_header(&mut packet, header, EPOCH);
        }
        let before = *end.channel;
        let window = end.window.clone();
        end.receive(&packet, 1);
        if *end.channel == before {
            prop_assert!(window == end.window);
        }
    }
}

#[test]
fn a_message_of_sixty_four_kib_passes_a_window_of_sixty_four_fragments() {
    let mut pair = Pair {
        client: End::new(false),
        server: End::new(true),
        up: VecDeque::new(),
        down: VecDeque::new(),
        now: 0,
    };
    let message: Vec<u8> = (0..65536u32).map(|i| ((i * i) >> 5) as u8).collect();
    assert!(pair.server.send(&message));
    for k in 0..1200 {
        pair.tick(Fate::Arrives(2), if k % 3 == 0 { Fate::Lost } else { Fate::Arrives(2) });
    }
    assert_eq!(pair.client.read, [message]);
}

#[test]
fn sequence_and_fragment_numbers_wrap() {
    let mut pair = Pair {
        client: End::new(false),
        server: End::new(true),
        up: VecDeque::new(),
        down: VecDeque::new(),
        now: 0,
    };
    let mut said = 0u32;
    for k in 0..70_000u32 {
        if k % 2 == 0 && pair.server.send(&k.to_le_bytes()) && pair.client.send(&k.to_le_bytes()) {
            said += 1;
        }
        pair.tick(Fate::Arrives(1), if k % 7 == 0 { Fate::Lost } else { Fate::Arrives(1) });
    }
    for _ in 0..100 {
        pair.tick(Fate::Arrives(0), Fate::Arrives(0));
    }
    assert_eq!((pair.client.read.len() as u32, pair.server.read.len() as u32), (said, said));
    assert!(said > 30_000);
    assert!(pair.client.read.windows(2).all(|two| u32::from_le_bytes(
        two[0][..4].try_into().unwrap()
    ) < u32::from_le_bytes(
        two[1][..4].try_into().unwrap()
    )));
}

#[test]
fn a_packet_of_another_epoch_is_refused_also_where_the_low_bits_are_the_same() {
    for epoch in [EPOCH, 1, 0, u32::MAX] {
        let mut packet = vec![0u8; HEADER_BYTES + 5];
        let header = Header { sequence: 1, ack: 0, ack_bits: 0 };
        write_header(&mut packet, header, epoch);
        assert_eq!(read_header(&packet, epoch), Ok(header));
        for shift in 0..32 {
            assert!(read_header(&packet, epoch ^ 1 << shift).is_err(), "{epoch} bit {shift}");
        }
    }
}

#[test]
fn only_what_was_sent_can_be_acknowledged() {
    let mut end = End::new(true);
    for sent in [0u16, 1, 700, u16::MAX] {
        end.channel.sequence = sent;
        let plausible = |ack: u16| end.channel.plausible(&Header { sequence: 1, ack, ack_bits: 0 });
        for back in [0, 1, 500, 0x7fff] {
            assert!(plausible(sent.wrapping_sub(back)), "{back} before {sent}");
        }
        for ahead in [1, 2, 500, 0x7fff, 0x8000] {
            assert!(!plausible(sent.wrapping_add(ahead)), "{ahead} after {sent}");
        }
    }
}

/// A packet whose reliable part is one byte of the fragment `id`.
fn with_fragment(id: u16) -> Vec<u8> {
    let mut bytes = vec![0u8; 16];
    let mut out = BitWriter::new(&mut bytes);
    out.bit(true);
    for (value, bits) in [(0, 3), (u32::from(id), 16), (0, 6), (0, 8), (1, 1), (7, 8)] {
        out.put(value, bits);
    }
    bytes
}

#[test]
fn a_fragment_has_a_place_in_the_window_or_its_packet_is_refused() {
    let end = End::new(true);
    for (id, fits) in [(0, true), (1, true), (24, true), (25, false), (26, false), (20_000, false)]
    {
        let bytes = with_fragment(id);
        let mut reader = BitReader::new(&bytes);
        let mut part = Reliable::none();
        part.read(&mut reader);
        assert!(reader.ok());
        assert_eq!(end.channel.fits(&part, end.window.len()), fits, "fragment {id}");
    }
}
