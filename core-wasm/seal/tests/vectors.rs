//! RFC 8439 and the edges of the tables.

use fray_seal::{open, seal, status, Packet, Tables, JOBS_MAX, JOB_BYTES, PACKETS_BYTES};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// Appendix A.5 has a nonce of `00000000 0102030405060708`, which is one of ours, and 12 bytes of
/// associated data, which are not: so the cipher text is compared, and the tag in the tests of
/// the binding, against another implementation.
#[test]
fn the_key_stream_is_that_of_rfc_8439_a_5() {
    let key: [u8; 32] =
        hex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0").try_into().unwrap();
    let cipher = hex("64a0861575861af460f062c79be643bd 5e805cfd345cf389f108670ac76c8cb2");
    let packet = Packet { key: &key, sequence: 0x0807_0605_0403_0201, associated: None };
    let mut bytes = b"Internet-Drafts are draft documents valid".to_vec();
    let tag = seal(&packet, &mut bytes);
    assert_eq!(bytes[..32], cipher[..]);
    assert!(open(&packet, &mut bytes, &tag));
    assert_eq!(bytes, b"Internet-Drafts are draft documents valid");
}

struct Bench {
    jobs: Vec<u8>,
    packets: Vec<u8>,
    keys: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let keys = (0..64).collect();
        Bench { jobs: vec![0; JOBS_MAX * JOB_BYTES], packets: vec![7; PACKETS_BYTES], keys }
    }

    fn job(&mut self, index: usize, words: [u32; 6]) {
        for (k, word) in words.iter().enumerate() {
            let at = index * JOB_BYTES + k * 4;
            self.jobs[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
    }

    fn answer(&self, index: usize) -> u32 {
        let at = index * JOB_BYTES + 24;
        u32::from_le_bytes(self.jobs[at..at + 4].try_into().unwrap())
    }

    fn tables(&mut self) -> Tables<'_> {
        Tables {
            associated: &[9; 21],
            jobs: &mut self.jobs,
            packets: &mut self.packets,
            keys: &self.keys,
        }
    }
}

#[test]
fn a_batch_is_what_single_packets_are() {
    let mut many = Bench::new();
    let mut one = Bench::new();
    for index in 0..JOBS_MAX {
        let words =
            [index as u32 % 2, 5 + index as u32, 0, index as u32 * 1280, index as u32 * 19, 0x45];
        many.job(index, words);
        one.job(0, words);
        assert_eq!(one.tables().seal(1), 1);
    }
    assert_eq!(many.tables().seal(JOBS_MAX), JOBS_MAX as u32);
    assert!(many.packets == one.packets);
    assert_ne!(many.packets[1280..1299], [7; 19]);
    assert_eq!(many.tables().open(JOBS_MAX), JOBS_MAX as u32);
    assert_eq!(many.packets[1280..1299], [7; 19]);
}

#[test]
fn whatever_differs_does_not_open() {
    let words = [1, 5, 0, 100, 40, 0x45];
    let mut bench = Bench::new();
    bench.job(0, words);
    bench.tables().seal(1);
    let sealed = bench.packets.clone();
    let changed: [[u32; 6]; 5] = [
        [0, 5, 0, 100, 40, 0x45],
        [1, 6, 0, 100, 40, 0x45],
        [1, 5, 1, 100, 40, 0x45],
        [1, 5, 0, 100, 40, 0x46],
        [1, 5, 0, 100, 40, 256],
    ];
    for other in changed {
        bench.job(0, other);
        assert_eq!(bench.tables().open(1), 0, "{other:?}");
        assert_eq!(bench.answer(0), status::FORGED);
        assert!(bench.packets == sealed, "untouched");
    }
    bench.job(0, words);
    for bit in 0..8 * 56 {
        bench.packets[100 + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(bench.tables().open(1), 0, "bit {bit}");
        bench.packets[100 + bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(bench.tables().open(1), 1);
}

#[test]
fn a_mistaken_job_harms_nothing() {
    let end = PACKETS_BYTES as u32;
    let mut bench = Bench::new();
    for words in [
        [2, 0, 0, 0, 10, 1],
        [u32::MAX, 0, 0, 0, 10, 1],
        [0, 0, 0, end - 15, 0, 1],
        [0, 0, 0, end - 16, 1, 1],
        [0, 0, 0, u32::MAX, u32::MAX, 1],
        [0, 0, 0, 0, u32::MAX, 1],
    ] {
        bench.job(0, words);
        assert_eq!(bench.tables().seal(1), 0, "{words:?}");
        assert_eq!(bench.answer(0), status::OUTSIDE);
        assert_eq!(bench.tables().open(1), 0, "{words:?}");
    }
    assert!(bench.packets.iter().all(|byte| *byte == 7));
    bench.job(0, [1, 0, 0, end - 16, 0, 1]);
    assert_eq!(bench.tables().seal(usize::MAX), JOBS_MAX as u32, "the others are empty packets");
}
