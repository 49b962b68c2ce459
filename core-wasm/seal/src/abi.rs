//! The exports of the WASM build, and the only `unsafe` of the crate: turning linear memory into
//! slices.
//!
//! The host makes the memory, which never grows. Behind stack and static data lie, from
//! `__heap_base` on: what associated data begin with (32 bytes), jobs, packets, and keys up to the
//! end. No call keeps a reference beyond its return.
#![allow(unsafe_code)]

use crate::tables::{Tables, JOBS_MAX, JOB_BYTES, PACKETS_BYTES};
use crate::{ASSOCIATED_BYTES, KEY_BYTES};

const PAGE: usize = 65_536;
const HEAD: usize = 32;
const JOBS: usize = JOBS_MAX * JOB_BYTES;

extern "C" {
    static __heap_base: u8;
}

/// Cannot come: nothing here indexes without a check. Its host would see a trap.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

fn base() -> usize {
    // Only its address is used: the linker defines it as the first byte after stack and static
    // data.
    ((&raw const __heap_base) as usize + 15) & !15
}

fn with_tables(run: impl FnOnce(&mut Tables) -> u32) -> u32 {
    let end = core::arch::wasm32::memory_size(0) * PAGE;
    // SAFETY: base..end lies inside the imported memory, which never shrinks; nothing else refers
    // to it (no allocator runs, stack and static data end before __heap_base); exports are not
    // re-entered, and each calls this once.
    let memory =
        unsafe { core::slice::from_raw_parts_mut(base() as *mut u8, end.saturating_sub(base())) };
    let Some((head, rest)) = memory.split_at_mut_checked(HEAD) else { return 0 };
    let Some((jobs, rest)) = rest.split_at_mut_checked(JOBS) else { return 0 };
    let Some((packets, keys)) = rest.split_at_mut_checked(PACKETS_BYTES) else { return 0 };
    let Some(associated) = head.first_chunk::<ASSOCIATED_BYTES>() else { return 0 };
    run(&mut Tables { associated, jobs, packets, keys })
}

/// A place in memory: 0 associated data, 1 jobs, 2 packets, 3 keys; 4 is the number of jobs of a
/// call, 5 the bytes for packets, 6 the number of keys.
#[no_mangle]
pub extern "C" fn place(which: u32) -> u32 {
    let place = match which {
        0 => base(),
        1 => base() + HEAD,
        2 => base() + HEAD + JOBS,
        3 => base() + HEAD + JOBS + PACKETS_BYTES,
        4 => JOBS_MAX,
        5 => PACKETS_BYTES,
        6 => return with_tables(|tables| (tables.keys.len() / KEY_BYTES) as u32),
        _ => 0,
    };
    place as u32
}

/// Seals the packets of the first `count` jobs; answers how many were done.
#[no_mangle]
pub extern "C" fn seal(count: u32) -> u32 {
    with_tables(|tables| tables.seal(count as usize))
}

/// Opens the packets of the first `count` jobs; answers how many were done.
#[no_mangle]
pub extern "C" fn open(count: u32) -> u32 {
    with_tables(|tables| tables.open(count as usize))
}
