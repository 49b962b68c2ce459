//! Packets of netcode against the vectors of the other implementation, and against a slow model.

use fray_edge::packet::{read_head, Key, ReplayWindow, Sealer, Unread, ASSOCIATED_BYTES};

fn sealer() -> Sealer {
    let mut associated = [0; ASSOCIATED_BYTES];
    associated[..13].copy_from_slice(b"NETCODE 1.02\0");
    associated[13..].copy_from_slice(&0x1122_3344_5566_7788u64.to_le_bytes());
    Sealer::new(associated)
}

fn key(byte: u8) -> Key {
    Key::new(&[byte; 32]).unwrap()
}

#[test]
fn what_is_sealed_opens_with_its_key_alone() {
    let (sealer, key, other) = (sealer(), key(1), key(2));
    for sequence in [0, 1, 255, 256, 65_535, 65_536, 1 << 24, (1 << 53) - 1, u64::MAX] {
        for body in [&b""[..], b"x", &[7; 1200]] {
            let mut packet = [0; 1280];
            let length = sealer.seal(&key, 5, sequence, body, &mut packet).unwrap();
            let head = read_head(&packet[..length]).unwrap();
            assert_eq!((head.kind, head.sequence), (5, sequence));
            assert_eq!(length, head.bytes + body.len() + 16);
            let opened = sealer.open(&key, head, &mut { packet }[..length]).map(|b| b.to_vec());
            assert_eq!(opened.as_deref(), Some(body));
            assert!(sealer.open(&other, head, &mut { packet }[..length]).is_none());
            for bit in 0..8 * head.bytes + 8 {
                let mut forged = packet;
                forged[bit / 8] ^= 1 << (bit % 8);
                let Ok(head) = read_head(&forged[..length]) else { continue };
                assert!(sealer.open(&key, head, &mut forged[..length]).is_none(), "bit {bit}");
            }
        }
    }
}

#[test]
fn a_packet_that_does_not_fit_is_not_written() {
    let mut short = [0; 40];
    assert_eq!(sealer().seal(&key(1), 5, 1, &[0; 23], &mut short), None);
    assert_eq!(sealer().seal(&key(1), 5, 1, &[0; 22], &mut short), Some(40));
}

#[test]
fn heads_say_what_is_wrong() {
    assert_eq!(read_head(&[]), Err(Unread::Size));
    assert_eq!(read_head(&[0x15; 17]), Err(Unread::Size));
    assert_eq!(read_head(&[0x15; 1226]), Err(Unread::Size));
    assert_eq!(read_head(&[0x10; 30]), Err(Unread::Kind));
    assert_eq!(read_head(&[0x17; 30]), Err(Unread::Kind));
    assert_eq!(read_head(&[0x05; 30]), Err(Unread::Kind));
    assert_eq!(read_head(&[0x95; 30]), Err(Unread::Kind));
    assert_eq!(read_head(&[0x85; 24]), Err(Unread::Size));
    assert!(read_head(&[0x85; 25]).is_ok());
}

#[test]
fn the_window_knows_what_a_list_of_all_numbers_knows() {
    let mut window = ReplayWindow::default();
    let mut seen = std::collections::HashSet::new();
    let mut newest: i128 = -1;
    let mut state = 1u64;
    for _ in 0..200_000 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chance = state >> 33;
        let step = (chance % 700) as i128 - 350;
        let leap = if chance.is_multiple_of(997) { 100_000 } else { 0 };
        let sequence = (newest + step + leap).max(0);
        let expected = sequence > newest - 256 && !seen.contains(&sequence);
        assert_eq!(window.is_fresh(sequence as u64), expected, "{sequence} after {newest}");
        if expected {
            window.mark(sequence as u64);
            seen.insert(sequence);
            newest = newest.max(sequence);
        }
    }
    assert!(!window.is_fresh(1 << 53));
    assert!(!window.is_fresh(u64::MAX));
}
