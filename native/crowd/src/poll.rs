//! Calls to the system: which of many sockets have something.
#![allow(unsafe_code)]

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Sockets that are told of in one go.
const READY_MAX: usize = 256;

/// An epoll instance.
pub struct Poll {
    fd: OwnedFd,
    ready: [libc::epoll_event; READY_MAX],
}

impl Poll {
    /// Of no sockets.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointer; the answer is checked, and owned by nobody else.
        let fd =
            unsafe { OwnedFd::from_raw_fd(checked(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) };
        Ok(Self { fd, ready: [libc::epoll_event { events: 0, u64: 0 }; READY_MAX] })
    }

    /// Of this one, too, from now until it is closed; it is told by `index`.
    pub fn add(&self, socket: &UdpSocket, index: usize) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: index as u64 };
        // SAFETY: `event` lives over the call; both numbers are of what is open.
        checked(unsafe {
            libc::epoll_ctl(
                self.fd.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                socket.as_raw_fd(),
                &raw mut event,
            )
        })
        .map(drop)
    }

    /// Those that have something now.
    pub fn ready(&mut self) -> impl Iterator<Item = usize> + '_ {
        // SAFETY: `ready` has READY_MAX places, and lives over the call.
        let count = unsafe {
            libc::epoll_wait(self.fd.as_raw_fd(), self.ready.as_mut_ptr(), READY_MAX as i32, 0)
        };
        self.ready[..count.max(0) as usize].iter().map(|event| event.u64 as usize)
    }

    /// Sleeps until one has something, at most `us`.
    pub fn sleep(&self, us: u32) {
        let mut entry = libc::pollfd { fd: self.fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let time = libc::timespec { tv_sec: 0, tv_nsec: (us.min(999_999) * 1000).into() };
        // SAFETY: one entry and one time, which live over the call.
        unsafe { libc::ppoll(&raw mut entry, 1, &raw const time, std::ptr::null()) };
    }
}

/// This thread goes before others on its processor, where the system lets it, and its sleep ends when it should: a generator that
/// waits for its own handshakes is late.
pub fn hurry() {
    // SAFETY: no pointers. Both are of this thread alone; where they are refused nothing changes.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, -10);
        libc::prctl(libc::PR_SET_TIMERSLACK, 1);
    }
}

fn checked(answer: i32) -> io::Result<i32> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}
