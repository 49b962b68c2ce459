//! A client of the packet layer that decodes no entity: bench/io/lean-client.ts, which says it at
//! length, once more for a thread without JavaScript. From protocol/SPEC.md, sections 4 to 6.

/// Bytes before the body of a packet.
const HEADER_BYTES: usize = 13;
/// Bytes of the longest packet.
pub const PACKET_BYTES_MAX: usize = 1200;
/// Commands that a packet repeats at most.
const COMMANDS_MAX: u32 = 16;
/// Ticks that commands run ahead of the newest snapshot, least and most.
pub(crate) const LEAD: [u32; 2] = [3, 6];
/// A new heading on so many of 1,000 ticks.
pub(crate) const TURNS_PER_MILLE: u32 = 60;
const PACKET: u8 = 6;
const GOLDEN: u32 = 0x9e37_79b1;
const NO_TICK: u32 = u32::MAX;

/// What the handshake has said, and the schema.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Of the room.
    pub epoch: u32,
    /// Where the room was.
    pub tick: u32,
    /// `inputButtons` of the schema.
    pub button_bits: u32,
    /// 16-bit fields of a command that stay 0: pitch and axes.
    pub zeros: u32,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A snapshot of this tick.
    Snapshot(u32),
    /// Not newer than all before.
    Late,
    /// Does not parse, or its check is wrong.
    Broken,
    /// Without a snapshot.
    Nothing,
}

/// A client.
pub struct Lean {
    place: Place,
    random: u32,
    tick: u32,
    command: u32,
    sequence: u16,
    newest: u16,
    bits: u32,
    /// Tick of the snapshot in the packet with sequence index.
    ticks: [u32; 256],
    commands: [u32; 64],
}

impl Lean {
    /// `seed`: what it does.
    pub fn new(place: Place, seed: u32) -> Self {
        Self {
            place,
            random: seed | 1,
            tick: place.tick,
            command: place.tick,
            sequence: 0,
            newest: 0,
            bits: 0,
            ticks: [NO_TICK; 256],
            commands: [0; 64],
        }
    }

    /// Takes a packet of the server. Never panics.
    pub fn receive(&mut self, bytes: &[u8]) -> Taken {
        if bytes.len() <= HEADER_BYTES || bytes[0] & 15 != PACKET {
            return Taken::Broken;
        }
        let sequence = u16::from_le_bytes([bytes[1], bytes[2]]);
        let ahead = sequence.wrapping_sub(self.newest) as i16;
        if ahead <= 0 && self.newest != 0 {
            return Taken::Late;
        }
        if check_of(bytes, self.place.epoch) != word(bytes, 9) {
            return Taken::Broken;
        }
        let Some(tick) = self.tick_of(bytes, sequence) else { return Taken::Broken };
        self.bits = match (self.newest, ahead) {
            (0, _) => 0,
            (_, 1..=31) => self.bits << ahead | 1 << (ahead - 1),
            (_, 32) => 1 << 31,
            _ => 0,
        };
        self.newest = sequence;
        self.ticks[usize::from(sequence & 255)] = tick;
        self.tick = tick;
        Taken::Snapshot(tick)
    }

    /// Writes the packet of this tick; answers its length.
    pub fn packet(&mut self, into: &mut [u8; PACKET_BYTES_MAX]) -> usize {
        self.decide();
        let mut out = Writer { bytes: into, at: HEADER_BYTES, word: 0, held: 0 };
        out.put(0, 1);
        self.put_commands(&mut out);
        let length = out.end();
        self.sequence = self.sequence.wrapping_add(1);
        into[0] = PACKET | ((self.place.epoch & 15) as u8) << 4;
        into[1..3].copy_from_slice(&self.sequence.to_le_bytes());
        into[3..5].copy_from_slice(&self.newest.to_le_bytes());
        into[5..9].copy_from_slice(&self.bits.to_le_bytes());
        let check = check_of(&into[..length], self.place.epoch);
        into[9..13].copy_from_slice(&check.to_le_bytes());
        length
    }

    /// The command of the next tick: straight on, now and then another way.
    fn decide(&mut self) {
        let next = (self.command + 1).max(self.tick.wrapping_add(LEAD[0]));
        if next > self.tick.wrapping_add(LEAD[1]) {
            return;
        }
        let before = self.commands[(self.command & 63) as usize];
        for tick in (self.command + 1..next).rev().take(self.commands.len()) {
            self.commands[(tick & 63) as usize] = before;
        }
        let turns = before == 0 || self.chance() % 1000 < TURNS_PER_MILLE;
        self.commands[(next & 63) as usize] = if turns { self.chance() | 1 } else { before };
        self.command = next;
    }

    fn put_commands(&self, out: &mut Writer) {
        let count = self.command.saturating_sub(self.tick).min(COMMANDS_MAX);
        out.put(count, 5);
        if count == 0 {
            return;
        }
        out.put(self.command & 0xffff, 16);
        out.put(self.command >> 16, 16);
        let mut later = None;
        for back in 0..count {
            let controls = self.commands[((self.command - back) & 63) as usize];
            if let Some(later) = later {
                out.put(u32::from(controls == later), 1);
            }
            if later != Some(controls) {
                // Nobody shoots, dashes or jumps. 24 bits of chance are a way to go and one to look.
                out.put(0, self.place.button_bits);
                out.put(axis(controls), 8);
                out.put(axis(controls >> 8), 8);
                out.put(controls >> 8 & 0xffff, 16);
                for _ in 0..self.place.zeros {
                    out.put(0, 16);
                }
            }
            later = Some(controls);
        }
    }

    /// Tick of a snapshot. None: its reference is not known, or its head does not parse.
    fn tick_of(&self, bytes: &[u8], sequence: u16) -> Option<u32> {
        let mut bits = Reader { bytes, at: 8 * HEADER_BYTES };
        if bits.take(1)? == 1 {
            let fragments = bits.take(3)? + 1;
            bits.take(16)?;
            for _ in 0..fragments {
                bits.take(6)?;
                let length = bits.take(8)? + 1;
                bits.at += 1 + 8 * length as usize;
            }
        }
        let back = if bits.take(1)? == 1 { bits.take(3)? + 1 } else { bits.take(8)? };
        if back == 0 {
            return Some(bits.take(16)? | bits.take(16)? << 16);
        }
        let reference = self.ticks[usize::from(sequence.wrapping_sub(back as u16) & 255)];
        if reference == NO_TICK {
            return None;
        }
        let ticks = if bits.take(1)? == 1 { bits.take(8)? } else { back };
        reference.checked_add(ticks)
    }

    fn chance(&mut self) -> u32 {
        chance(&mut self.random)
    }
}

/// 31 bits that `state`, never 0, decides.
pub(crate) fn chance(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state >> 1
}

/// Check of a packet, SPEC.md section 4.
pub fn check_of(bytes: &[u8], epoch: u32) -> u32 {
    let mix = |sum: u32, word: u32| {
        let product = (sum ^ word).wrapping_mul(GOLDEN);
        product ^ product >> 15
    };
    let mut sum = epoch ^ (bytes.len() as u32).wrapping_mul(GOLDEN);
    sum = mix(sum, word(bytes, 0));
    sum = mix(sum, word(bytes, 4));
    sum = mix(sum, u32::from(bytes[8]));
    let words = bytes[HEADER_BYTES..].chunks_exact(4);
    let rest = words.remainder().iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    for four in words {
        sum = mix(sum, word(four, 0));
    }
    sum = mix(sum, rest);
    sum ^ sum >> 13
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// -127..=127, as 8 bits.
fn axis(chance: u32) -> u32 {
    u32::from((chance as i8).max(-127) as u8)
}

/// Bits, the lowest first.
struct Writer<'a> {
    bytes: &'a mut [u8; PACKET_BYTES_MAX],
    at: usize,
    word: u64,
    held: u32,
}

impl Writer<'_> {
    fn put(&mut self, value: u32, bits: u32) {
        self.word |= u64::from(value & ((1 << bits) - 1)) << self.held;
        self.held += bits;
        while self.held >= 8 {
            self.bytes[self.at] = self.word as u8;
            self.at += 1;
            self.word >>= 8;
            self.held -= 8;
        }
    }

    /// Fills up the last byte; where the bytes end.
    fn end(&mut self) -> usize {
        if self.held > 0 {
            self.put(0, 8 - self.held);
        }
        self.at
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// Up to 16 bits.
    fn take(&mut self, bits: usize) -> Option<u32> {
        let end = self.at + bits;
        if end > 8 * self.bytes.len() {
            return None;
        }
        let byte = |at: usize| u32::from(self.bytes.get(at).copied().unwrap_or(0));
        let at = self.at / 8;
        let word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16;
        let value = word >> (self.at % 8) & ((1 << bits) - 1);
        self.at = end;
        Some(value)
    }
}
