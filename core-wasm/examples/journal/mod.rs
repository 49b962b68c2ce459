//! Reads a journal without compression (SPEC.md, "The journal"). Its checks are left to `fray replay`.

const MAGIC: u32 = 0x444a_5246;
/// The same entries: 5 adds the summary behind the end, 6 packs checkpoints.
const VERSIONS: std::ops::RangeInclusive<u32> = 4..=6;
/// Bytes of the head before the room's id and the configuration.
const HEAD_BYTES: usize = 76;
const BLOCK_HEAD_BYTES: usize = 36;
const STORED: u32 = 0;
/// The room's memory, which follows from the records: as deflate, and packed.
const CHECKPOINT: [u32; 2] = [4, 5];

/// Records given to `begin`.
pub const BEGIN: u32 = 1;
/// Commands given to `end`.
pub const END: u32 = 2;
/// A state hash.
pub const HASH: u32 = 3;
/// What of the game lies outside the region: no part of a replay.
pub const GAME: u32 = 6;

/// What entered a room, or what it hashed to.
pub struct Entry<'a> {
    pub stage: u32,
    pub tick: u32,
    pub payload: &'a [u8],
}

/// A journal on its way to its end.
pub struct Journal<'a> {
    file: &'a [u8],
    at: usize,
    /// Where the entries of this block end.
    block_end: usize,
    /// Configuration of the room.
    pub config: &'a [u8],
}

impl<'a> Journal<'a> {
    pub fn open(file: &'a [u8]) -> Result<Self, String> {
        if word(file, 0)? != MAGIC || !VERSIONS.contains(&word(file, 4)?) {
            return Err("not a journal".into());
        }
        let (bytes, id_bytes, config_bytes) =
            (word(file, 8)? as usize, word(file, 36)? as usize, word(file, 40)? as usize);
        let config = slice(file, HEAD_BYTES + id_bytes.next_multiple_of(4), config_bytes)?;
        Ok(Self { file, at: bytes + 4, block_end: bytes + 4, config })
    }

    /// The next entry; none after the last whole one.
    pub fn next(&mut self) -> Result<Option<Entry<'a>>, String> {
        while self.at == self.block_end {
            let Ok(bytes) = word(self.file, self.at + 16) else { return Ok(None) };
            let codec = word(self.file, self.at + 8)?;
            if CHECKPOINT.contains(&codec) {
                self.at += BLOCK_HEAD_BYTES + word(self.file, self.at + 12)? as usize;
                self.block_end = self.at;
                continue;
            }
            if codec != STORED {
                return Err("the journal is compressed".into());
            }
            self.at += BLOCK_HEAD_BYTES;
            self.block_end = self.at + bytes as usize;
        }
        let (stage, tick, bytes) = (
            word(self.file, self.at)?,
            word(self.file, self.at + 4)?,
            word(self.file, self.at + 8)? as usize,
        );
        let Ok(payload) = slice(self.file, self.at + 12, bytes) else { return Ok(None) };
        self.at += 12 + bytes.next_multiple_of(4);
        Ok(Some(Entry { stage, tick, payload }))
    }
}

fn word(file: &[u8], at: usize) -> Result<u32, String> {
    slice(file, at, 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn slice(file: &[u8], at: usize, bytes: usize) -> Result<&[u8], String> {
    file.get(at..at + bytes).ok_or_else(|| "the file ends early".into())
}
