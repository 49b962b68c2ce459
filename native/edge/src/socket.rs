//! Calls to the system: UDP sockets that read and write many datagrams at once. Linux.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::null_mut;

/// Datagrams of one call.
pub const BATCH: usize = 64;
/// Bytes of one that are read or written: netcode's longest packet has 1,225.
pub const DATAGRAM_BYTES: usize = 1280;
/// Datagrams that go as one: below 64 KiB together.
const RUN_MAX: usize = 40;
/// Space for the count of lost datagrams.
const CONTROL_BYTES: usize = 32;

/// A UDP socket that is bound and does not block.
pub struct UdpSocket {
    fd: OwnedFd,
}

/// How a socket is opened.
#[derive(Clone, Copy)]
pub struct Binding {
    /// What it is bound to.
    pub address: SocketAddr,
    /// Others may be bound to the same.
    pub shared: bool,
    /// Asked of the kernel for each of its two buffers.
    pub buffer_bytes: i32,
}

impl UdpSocket {
    /// Opens and binds.
    pub fn bind(binding: Binding) -> io::Result<Self> {
        let six = binding.address.is_ipv6();
        let family = if six { libc::AF_INET6 } else { libc::AF_INET };
        let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: no pointer; the answer is checked, and owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(checked(libc::socket(family, kind, 0))?) };
        let socket = Self { fd };
        if six {
            socket.set(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
        }
        if binding.shared {
            socket.set(libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
        }
        socket.set(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)?;
        // The kernel cuts what it does not give; `buffers` tells.
        socket.set(libc::SOL_SOCKET, libc::SO_RCVBUF, binding.buffer_bytes)?;
        socket.set(libc::SOL_SOCKET, libc::SO_SNDBUF, binding.buffer_bytes)?;
        let (storage, bytes) = raw_address(binding.address);
        // SAFETY: `storage` holds an address of `bytes` bytes and lives over the call.
        checked(unsafe { libc::bind(socket.fd.as_raw_fd(), (&raw const storage).cast(), bytes) })?;
        Ok(socket)
    }

    /// What it is bound to.
    pub fn address(&self) -> io::Result<SocketAddr> {
        // SAFETY: all zeros is a valid storage.
        let mut storage: libc::sockaddr_storage = unsafe { zeroed() };
        let mut bytes = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        // SAFETY: both live over the call, and `bytes` says how much there is.
        checked(unsafe {
            libc::getsockname(self.fd.as_raw_fd(), (&raw mut storage).cast(), &raw mut bytes)
        })?;
        read_address(&storage).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    /// Bytes of its buffers that datagrams may fill: Linux answers twice what it took.
    pub fn buffers(&self) -> io::Result<[i32; 2]> {
        Ok([self.get(libc::SO_RCVBUF)? / 2, self.get(libc::SO_SNDBUF)? / 2])
    }

    /// Its number, as long as it lives.
    pub(crate) fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    fn set(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        let bytes = size_of::<i32>() as libc::socklen_t;
        // SAFETY: `value` lives over the call and has `bytes` bytes.
        checked(unsafe {
            libc::setsockopt(self.fd.as_raw_fd(), level, name, (&raw const value).cast(), bytes)
        })
        .map(drop)
    }

    fn get(&self, name: i32) -> io::Result<i32> {
        let mut value = 0i32;
        let mut bytes = size_of::<i32>() as libc::socklen_t;
        // SAFETY: both live over the call, and `bytes` says how much there is.
        checked(unsafe {
            libc::getsockopt(
                self.fd.as_raw_fd(),
                libc::SOL_SOCKET,
                name,
                (&raw mut value).cast(),
                &raw mut bytes,
            )
        })?;
        Ok(value)
    }
}

/// Datagrams that a socket has brought.
pub struct Inbound {
    bytes: Box<[[u8; DATAGRAM_BYTES]; BATCH]>,
    lengths: [usize; BATCH],
    from: [libc::sockaddr_storage; BATCH],
    control: [[u64; CONTROL_BYTES / 8]; BATCH],
}

impl Inbound {
    /// Empty.
    pub fn new() -> Self {
        // SAFETY: all zeros is a valid storage.
        let from = unsafe { zeroed() };
        let control = [[0; CONTROL_BYTES / 8]; BATCH];
        Self { bytes: boxed(), lengths: [0; BATCH], from, control }
    }

    /// Takes what waits, at most [`BATCH`]; answers how many, and how many the kernel has lost since
    /// the socket was opened, where it says so.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<(usize, Option<u32>)> {
        let mut parts: [libc::iovec; BATCH] =
            std::array::from_fn(|_| libc::iovec { iov_base: null_mut(), iov_len: DATAGRAM_BYTES });
        // SAFETY: all zeros is a valid header: null pointers and lengths of 0.
        let mut heads: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        for (index, head) in heads.iter_mut().enumerate() {
            parts[index].iov_base = self.bytes[index].as_mut_ptr().cast();
            head.msg_hdr.msg_iov = &raw mut parts[index];
            head.msg_hdr.msg_iovlen = 1;
            head.msg_hdr.msg_name = (&raw mut self.from[index]).cast();
            head.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            head.msg_hdr.msg_control = (&raw mut self.control[index]).cast();
            head.msg_hdr.msg_controllen = CONTROL_BYTES as _;
        }
        // SAFETY: every header names memory of `self` or of this frame with its true length, all of
        // which lives over the call; no two overlap.
        let got = unsafe {
            libc::recvmmsg(
                socket.fd.as_raw_fd(),
                heads.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                null_mut(),
            )
        };
        if got < 0 {
            let error = io::Error::last_os_error();
            let is_calm = error.kind() == io::ErrorKind::WouldBlock
                || error.kind() == io::ErrorKind::Interrupted;
            return if is_calm { Ok((0, None)) } else { Err(error) };
        }
        let got = (got as usize).min(BATCH);
        for (length, head) in self.lengths.iter_mut().zip(&heads).take(got) {
            let cut = head.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            // One byte more than there can be: whoever reads it throws it away.
            *length =
                if cut { DATAGRAM_BYTES } else { (head.msg_len as usize).min(DATAGRAM_BYTES) };
        }
        let lost = got.checked_sub(1).and_then(|last| lost_in(&heads[last].msg_hdr));
        Ok((got, lost))
    }

    /// The datagram in a place, and whose it is.
    pub fn get(&mut self, index: usize) -> Option<(SocketAddr, &mut [u8])> {
        let from = read_address(self.from.get(index)?)?;
        let length = *self.lengths.get(index)?;
        Some((from, self.bytes.get_mut(index)?.get_mut(..length)?))
    }
}

impl Default for Inbound {
    fn default() -> Self {
        Self::new()
    }
}

/// How many datagrams the kernel says it has lost.
fn lost_in(head: &libc::msghdr) -> Option<u32> {
    // SAFETY: the header was filled by recvmmsg, and its control memory still lives; the macro
    // answers null or a header inside of it.
    let first = unsafe { libc::CMSG_FIRSTHDR(head) };
    // SAFETY: null is looked at first.
    let control = unsafe { first.as_ref() }?;
    let is_count = control.cmsg_level == libc::SOL_SOCKET && control.cmsg_type == libc::SO_RXQ_OVFL;
    // SAFETY: the kernel puts a u32 behind a header of this type, inside of the control memory.
    is_count.then(|| unsafe { libc::CMSG_DATA(first).cast::<u32>().read_unaligned() })
}

/// Datagrams that wait to be sent together.
pub struct Outbound {
    bytes: Box<[[u8; DATAGRAM_BYTES]; BATCH]>,
    lengths: [usize; BATCH],
    to: [Target; BATCH],
    count: usize,
    /// The system takes several datagrams as one.
    segments: bool,
}

/// An address as the system wants it.
#[derive(Clone, Copy)]
pub struct Target {
    storage: libc::sockaddr_storage,
    bytes: libc::socklen_t,
}

impl Target {
    /// From an address.
    pub fn new(address: SocketAddr) -> Self {
        let (storage, bytes) = raw_address(address);
        Self { storage, bytes }
    }
}

/// What became of datagrams.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Given to the kernel.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Thrown away: its buffer was full.
    pub full: u64,
    /// Thrown away: the system refused.
    pub errors: u64,
    /// Calls.
    pub calls: u64,
}

impl Outbound {
    /// Empty.
    pub fn new() -> Self {
        // SAFETY: all zeros is a valid storage.
        let storage = unsafe { zeroed() };
        let to = [Target { storage, bytes: 0 }; BATCH];
        Self { bytes: boxed(), lengths: [0; BATCH], to, count: 0, segments: true }
    }

    /// No further one has a place.
    pub fn is_full(&self) -> bool {
        self.count >= BATCH
    }

    /// Puts one more in; `write` fills its bytes and answers how many, or nothing to leave it out.
    pub fn put(
        &mut self,
        to: &Target,
        write: impl FnOnce(&mut [u8; DATAGRAM_BYTES]) -> Option<usize>,
    ) -> bool {
        let index = self.count;
        let Some(bytes) = self.bytes.get_mut(index) else { return false };
        let Some(length) = write(bytes) else { return false };
        self.lengths[index] = length.min(DATAGRAM_BYTES);
        self.to[index] = *to;
        self.count += 1;
        true
    }

    /// Sends all of them. Where several of one length follow each other to one place they go as one
    /// (UDP_SEGMENT), unless the system does not know that.
    pub fn flush(&mut self, socket: &UdpSocket) -> Sent {
        let mut sent = Sent::default();
        let mut at = 0;
        while at < self.count {
            let (done, runs) = self.send_from(at, socket);
            sent.calls += 1;
            if done > 0 {
                let count = runs.iter().take(done as usize).sum::<usize>();
                sent.count += count as u64;
                sent.bytes += self.lengths[at..at + count].iter().sum::<usize>() as u64;
                at += count;
                continue;
            }
            match io::Error::last_os_error().kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => {
                    sent.full += (self.count - at) as u64;
                    break;
                }
                _ if runs[0] > 1 => self.segments = false,
                // One that has gone answers with a refusal once; the next one is served.
                _ => {
                    sent.errors += 1;
                    at += 1;
                }
            }
        }
        self.count = 0;
        sent
    }

    /// One call: what it answers, and how many datagrams each of its messages has.
    fn send_from(&mut self, first: usize, socket: &UdpSocket) -> (i32, [usize; BATCH]) {
        let mut parts: [libc::iovec; BATCH] =
            std::array::from_fn(|_| libc::iovec { iov_base: null_mut(), iov_len: 0 });
        // SAFETY: all zeros is a valid header: null pointers and lengths of 0.
        let mut heads: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        let mut controls = [[0u64; 3]; BATCH];
        let mut runs = [0usize; BATCH];
        let (mut count, mut at) = (0, first);
        while at < self.count {
            let run = if self.segments { self.run_from(at) } else { 1 };
            for (part, index) in parts[at..at + run].iter_mut().zip(at..) {
                part.iov_base = self.bytes[index].as_mut_ptr().cast();
                part.iov_len = self.lengths[index];
            }
            let head = &mut heads[count].msg_hdr;
            head.msg_iov = &raw mut parts[at];
            head.msg_iovlen = run as _;
            head.msg_name = (&raw mut self.to[at].storage).cast();
            head.msg_namelen = self.to[at].bytes;
            if run > 1 {
                segment(head, &mut controls[count], self.lengths[at] as u16);
            }
            runs[count] = run;
            count += 1;
            at += run;
        }
        // SAFETY: `count` headers name memory of `self` or of this frame with its true length, all of
        // which lives over the call and is only read.
        let done = unsafe {
            libc::sendmmsg(
                socket.fd.as_raw_fd(),
                heads.as_mut_ptr(),
                count as u32,
                libc::MSG_DONTWAIT,
            )
        };
        (done, runs)
    }

    /// How many from `at` on go to one place and have one length; the last may be shorter.
    fn run_from(&self, at: usize) -> usize {
        let mut run = 1;
        while at + run < self.count
            && run < RUN_MAX
            && self.same_place(at, at + run)
            && self.lengths[at + run] <= self.lengths[at]
            && self.lengths[at + run - 1] == self.lengths[at]
        {
            run += 1;
        }
        run
    }

    fn same_place(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.to[one], &self.to[other]);
        one.bytes == other.bytes && read_address(&one.storage) == read_address(&other.storage)
    }
}

impl Default for Outbound {
    fn default() -> Self {
        Self::new()
    }
}

/// Says that the parts of a message are datagrams of `bytes` bytes each.
fn segment(head: &mut libc::msghdr, control: &mut [u64; 3], bytes: u16) {
    head.msg_control = control.as_mut_ptr().cast();
    // SAFETY: plain arithmetic.
    head.msg_controllen = unsafe { libc::CMSG_SPACE(2) } as _;
    assert!(head.msg_controllen <= size_of::<[u64; 3]>());
    // SAFETY: the control memory holds one header with two bytes (above) and is aligned to 8.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(head);
        (*first).cmsg_level = libc::SOL_UDP;
        (*first).cmsg_type = libc::UDP_SEGMENT;
        (*first).cmsg_len = libc::CMSG_LEN(2) as _;
        libc::CMSG_DATA(first).cast::<u16>().write_unaligned(bytes);
    }
}

pub(crate) fn checked(answer: i32) -> io::Result<i32> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}

fn boxed() -> Box<[[u8; DATAGRAM_BYTES]; BATCH]> {
    let rows: Box<[[u8; DATAGRAM_BYTES]]> = vec![[0; DATAGRAM_BYTES]; BATCH].into_boxed_slice();
    rows.try_into().unwrap_or_else(|_| unreachable!("as many rows as asked for"))
}

fn raw_address(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: all zeros is a valid storage.
    let mut storage: libc::sockaddr_storage = unsafe { zeroed() };
    let at = &raw mut storage;
    let bytes = match address {
        SocketAddr::V4(four) => {
            let own = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: four.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from(*four.ip()).to_be() },
                sin_zero: [0; 8],
            };
            // SAFETY: a storage is large and aligned enough for every kind of address.
            unsafe { at.cast::<libc::sockaddr_in>().write(own) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(six) => {
            let own = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: six.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: six.ip().octets() },
                sin6_scope_id: six.scope_id(),
            };
            // SAFETY: as above.
            unsafe { at.cast::<libc::sockaddr_in6>().write(own) };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, bytes as libc::socklen_t)
}

fn read_address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let at = std::ptr::from_ref(storage);
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: a storage is large and aligned enough, and all bytes of it are set.
            let four = unsafe { at.cast::<libc::sockaddr_in>().read() };
            let ip = Ipv4Addr::from(u32::from_be(four.sin_addr.s_addr));
            Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(four.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let six = unsafe { at.cast::<libc::sockaddr_in6>().read() };
            let ip = Ipv6Addr::from(six.sin6_addr.s6_addr);
            let port = u16::from_be(six.sin6_port);
            Some(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, six.sin6_scope_id)))
        }
        _ => None,
    }
}
