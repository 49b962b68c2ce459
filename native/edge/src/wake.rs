//! Calls to the system: an eventfd, sleeping until it or a socket has something, and the clock.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::socket::{checked, UdpSocket};

/// What wakes the thread from another.
pub struct Waker(OwnedFd);

impl Waker {
    /// An eventfd.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointer; the answer is checked, and owned by nobody else.
        let fd = checked(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
        // SAFETY: as above.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Its number, for whoever rings a bell.
    pub fn number(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Wakes.
    pub fn wake(&self) {
        wake_number(self.number());
    }

    /// Forgets that it was woken.
    pub fn clear(&self) {
        let mut count = 0u64;
        // SAFETY: `count` has the 8 bytes that are asked for.
        unsafe { libc::read(self.number(), (&raw mut count).cast(), 8) };
    }
}

/// Writes to an eventfd by its number. One that is no eventfd takes 8 bytes or refuses.
pub fn wake_number(fd: RawFd) {
    let one = 1u64;
    // SAFETY: `one` has the 8 bytes that are given.
    unsafe { libc::write(fd, (&raw const one).cast(), 8) };
}

/// Sleeps until the waker, or one of the sockets, or `timeout_us`; `None`: for ever. True: the waker.
pub fn wait(waker: &Waker, sockets: &[UdpSocket], timeout_us: Option<u64>) -> bool {
    let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut list = [entry(-1); 1 + 8];
    list[0].fd = waker.number();
    for (place, socket) in list[1..].iter_mut().zip(sockets) {
        place.fd = socket.number();
    }
    let time = timeout_us.map(|us| libc::timespec {
        tv_sec: (us / 1_000_000) as libc::time_t,
        tv_nsec: (us % 1_000_000 * 1000) as _,
    });
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let count = (1 + sockets.len()).min(list.len());
    // SAFETY: `list` has `count` entries, `time` is null or lives over the call.
    let ready =
        unsafe { libc::ppoll(list.as_mut_ptr(), count as libc::nfds_t, time, std::ptr::null()) };
    ready > 0 && list[0].revents != 0
}

/// The machine's monotonic clock, us: the axis of src/clock.ts.
pub fn now_us() -> u64 {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: filled by the call, which cannot fail for this clock.
    let time = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr());
        time.assume_init()
    };
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000
}
