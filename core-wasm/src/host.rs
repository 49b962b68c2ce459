//! A room in ordinary memory, for native use: tests, fuzzing, replays. The one file of the room's
//! side that allocates; not part of the WASM build.

use crate::config::{Config, Sizes};
use crate::gen::{error, PacketOut, RecordHeader};
use crate::history;
use crate::region::{Region, Row, Scratch};
use crate::room::{self, Room};
use crate::step::Words;
use bytemuck::Pod;
use core::cell::Cell;

/// A game's own step, compiled into the program: it changes the words and answers 0, or one of STEP_FAULTS.
pub type NativeStep = fn(&mut Words) -> i32;

std::thread_local! {
    static STEP: Cell<Option<NativeStep>> = const { Cell::new(None) };
}

/// The step of this thread's rooms and clients whose configuration has one: nothing here runs the module in it.
pub fn link_step(step: NativeStep) {
    STEP.set(Some(step));
}

/// Calls it. Without one every step fails.
pub(crate) fn call_step(words: &mut Words) -> i32 {
    STEP.get().map_or(crate::gen::step_fault::UNREACHABLE, |step| step(words))
}

/// One room with its memory.
#[derive(Clone)]
pub struct Instance {
    memory: Vec<u64>,
    sizes: Sizes,
}

/// Records or commands under construction.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Their bytes.
    pub bytes: Vec<u8>,
}

impl Records {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record without tail.
    pub fn add(&mut self, kind: u16, index: u16, payload: &impl Pod) -> &mut Self {
        self.add_bytes(kind, index, bytemuck::bytes_of(payload), &[])
    }

    /// Adds a record from its fixed part and tail.
    pub fn add_bytes(&mut self, kind: u16, index: u16, payload: &[u8], tail: &[u8]) -> &mut Self {
        let header = RecordHeader { kind, index, length: (payload.len() + tail.len()) as u32 };
        self.bytes.extend_from_slice(bytemuck::bytes_of(&header));
        self.bytes.extend_from_slice(payload);
        self.bytes.extend_from_slice(tail);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }
}

impl Instance {
    /// A room of a configuration, before onCreate's commands.
    pub fn new(config: &[u8]) -> Result<Self, i32> {
        let mut aligned = vec![0u64; config.len().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut aligned)[..config.len()].copy_from_slice(config);
        let bytes = bytemuck::cast_slice(&aligned).get(..config.len()).unwrap_or(&[]);
        let sizes = Sizes::of(&Config::parse(bytes)?, config.len() as u32);
        let whole = room::memory_bytes(&sizes).max(aligned.len() * 8 + 8);
        let mut memory = vec![0u64; whole.div_ceil(8)];
        memory[..aligned.len()].copy_from_slice(&aligned);
        room::init(bytemuck::cast_slice_mut(&mut memory), 0, config.len())?;
        Ok(Self { memory, sizes })
    }

    /// Lengths of its arrays.
    pub fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// The region: all of its state.
    pub fn region(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.memory)[..Region::bytes(&self.sizes)]
    }

    /// The same, to be written.
    pub fn region_mut(&mut self) -> &mut [u8] {
        let bytes = Region::bytes(&self.sizes);
        &mut bytemuck::cast_slice_mut(&mut self.memory)[..bytes]
    }

    /// A fresh instance with fresh scratch that goes on from a saved region.
    pub fn restore(region: &[u8]) -> Result<Self, i32> {
        let sizes = room::sizes_of(region).ok_or(error::E_CORE)?;
        if region.len() != Region::bytes(&sizes) {
            return Err(error::E_CORE);
        }
        let mut memory = vec![0xa5a5_a5a5_a5a5_a5a5u64; room::memory_bytes(&sizes).div_ceil(8)];
        bytemuck::cast_slice_mut(&mut memory)[..region.len()].copy_from_slice(region);
        Ok(Self { memory, sizes })
    }

    /// See [`room::adopt`].
    pub fn adopt(&mut self, epoch: u32, least: u32) -> Result<u32, i32> {
        let bytes = Region::bytes(&self.sizes);
        let (region, scratch) =
            bytemuck::cast_slice_mut::<u64, u8>(&mut self.memory).split_at_mut(bytes);
        room::adopt(region, scratch, epoch, least)
    }

    /// The views.
    pub fn room(&mut self) -> Room<'_> {
        let bytes = Region::bytes(&self.sizes);
        let (region, scratch) =
            bytemuck::cast_slice_mut::<u64, u8>(&mut self.memory).split_at_mut(bytes);
        room::open(region, scratch).expect("an instance is laid out")
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let room = self.room();
        let length = bytes.len().min(room.s.input.len());
        room.s.input[..length].copy_from_slice(&bytes[..length]);
        length
    }

    /// First half of a tick; the hook events.
    pub fn begin(&mut self, records: &[u8]) -> Result<Vec<u8>, i32> {
        let length = self.write(records);
        let mut room = self.room();
        let bytes = room::begin(&mut room, length)? as usize;
        Ok(room.s.output[..bytes].to_vec())
    }

    /// Second half of a tick; slot and bytes of each packet.
    pub fn end(&mut self, commands: &[u8]) -> Result<Vec<(usize, Vec<u8>)>, i32> {
        let length = self.write(commands);
        let mut room = self.room();
        let rows = room::end(&mut room, length)? as usize;
        let bytes = |row: &PacketOut| {
            let (offset, length) = (row.offset as usize, usize::from(row.bytes));
            (usize::from(row.slot), room.s.output[offset..offset + length].to_vec())
        };
        Ok(room.s.packets[..rows].iter().map(bytes).collect())
    }

    /// Hash of the live world.
    pub fn state_hash(&mut self) -> u64 {
        history::state_hash(&self.room())
    }

    /// Hash of the whole region.
    pub fn region_hash(&self) -> u32 {
        history::region_hash(self.region())
    }

    /// The layout tables: region, then scratch.
    pub fn layout(&self) -> (Vec<Row>, Vec<Row>) {
        let (mut region, mut scratch) = (Vec::new(), Vec::new());
        Region::rows(&self.sizes, |row| region.push(row));
        Scratch::rows(&self.sizes, |row| scratch.push(row));
        (region, scratch)
    }
}
