//! A thread with one worker's mailboxes, and clients on loopback sockets.
#![allow(dead_code, reason = "tests use a part of it, examples/fuzz.rs another")]

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use fray_edge::clients::{Peer, Route};
use fray_edge::edge::{Command, Config, Edge};
use fray_edge::figures::NAMES;
use fray_edge::packet::{read_head, Key, Sealer, ASSOCIATED_BYTES};
use fray_edge::rates::Limits;
use fray_edge::shared::{Bell, Memory, Ring};
use fray_edge::socket::Binding;

pub const SESSION: u32 = 5 << 14 | 1;
const ASSOCIATED: [u8; ASSOCIATED_BYTES] = [3; ASSOCIATED_BYTES];
const CAPACITY: usize = 1 << 14;
const PATIENCE: Duration = Duration::from_secs(5);

/// Kind, whose, generation, bytes.
pub type Handed = (u32, u32, u32, Vec<u8>);

pub struct House {
    pub edge: Edge,
    inbox: Ring,
    outbox: Ring,
    at_outbox: *mut u8,
    bell: Bell,
    waker: i32,
}

/// Memory that is never given back, as an owner of it would keep it for as long as the thread lives.
fn memory(bytes: usize) -> (Memory, Memory, *mut u8) {
    let block: &'static mut [u64] = Box::leak(vec![0u64; bytes / 8].into_boxed_slice());
    let at = block.as_mut_ptr().cast::<u8>();
    // SAFETY: aligned to 8, never given back; both ends keep to the rules of a ring.
    unsafe { (Memory::new(at, bytes), Memory::new(at, bytes), at) }
}

/// As `createRing` of src/mailbox/ring.ts.
fn ring() -> (Memory, Memory, *mut u8) {
    let made = memory(192 + CAPACITY);
    // SAFETY: nobody else has it yet; the header is inside.
    let words = unsafe { std::slice::from_raw_parts_mut(made.2.cast::<u32>(), 48) };
    words[..3].copy_from_slice(&[0x474e_5246, 1, CAPACITY as u32]);
    made
}

impl House {
    pub fn new(spin_us: u64) -> Self {
        let (bell, ours, _) = memory(192);
        let config = Config {
            bindings: vec![Binding {
                address: "127.0.0.1:0".parse().unwrap(),
                shared: false,
                buffer_bytes: 1 << 20,
            }],
            associated: ASSOCIATED,
            clients_max: 16,
            datagram_bytes_max: 1120,
            packet_kind: 6,
            record_kind: 1,
            limits: Limits { packets_per_second: 240.0, bytes_per_second: 1e6 },
            spin_us,
        };
        let edge = Edge::start(config, Bell::new(bell).unwrap(), Box::new(|| {})).unwrap();
        let (to, read, _) = ring();
        let (from, write, at_outbox) = ring();
        edge.command(Command::Attach {
            worker: 1,
            inbox: Ring::writer(to).unwrap(),
            outbox: Ring::reader(from).unwrap(),
        });
        let waker = edge.waker();
        Self {
            edge,
            inbox: Ring::reader(read).unwrap(),
            outbox: Ring::writer(write).unwrap(),
            at_outbox,
            bell: Bell::new(ours).unwrap(),
            waker,
        }
    }

    pub fn route(&self) -> Route {
        Route { session: SESSION, worker: 1 }
    }

    pub fn stranger(&self) -> Client {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(self.edge.addresses()[0]).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Client {
            socket,
            out: Key::new(&[1; 32]).unwrap(),
            into: Key::new(&[2; 32]).unwrap(),
            sequence: 0,
        }
    }

    pub fn connect(&self, index: usize, generation: u32) -> Client {
        let client = self.stranger();
        let keys = Box::new([Key::new(&[1; 32]).unwrap(), Key::new(&[2; 32]).unwrap()]);
        let peer = client.peer();
        self.edge.command(Command::Connect { index, generation, peer, keys, sequence: 700 });
        self.settle();
        client
    }

    /// Until all that was commanded is done: it is answered by a turn that begins after.
    pub fn settle(&self) {
        let [before] = self.figures(["turns"]);
        self.await_figure("turns", before + 2);
    }

    /// A pause now and then, so that the kernel's buffer loses nothing.
    pub fn settle_some(&self) {
        std::thread::sleep(Duration::from_micros(50));
    }

    pub fn handed(&self) -> Vec<Handed> {
        self.handed_some(1)
    }

    pub fn handed_some(&self, count: usize) -> Vec<Handed> {
        let end = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        while all.len() < count {
            assert!(Instant::now() < end, "nothing was handed up");
            let mut bytes = vec![0; 1 << 16];
            let got = self.edge.fetch(&mut bytes);
            let mut rest = &bytes[..got];
            while !rest.is_empty() {
                let word =
                    |i: usize| u32::from_le_bytes(rest[4 * i..4 * i + 4].try_into().unwrap());
                let from = 24 + word(4) as usize;
                let to = from + word(5) as usize;
                all.push((word(0), word(1), word(2), rest[from..to].to_vec()));
                rest = &rest[to.next_multiple_of(4)..];
            }
        }
        all
    }

    /// What has come for the worker.
    pub fn inbox(&mut self, count: usize) -> Vec<(u8, u32, Vec<u8>)> {
        let end = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        while all.len() < count {
            assert!(Instant::now() < end, "nothing came into the inbox");
            while let Some(record) = self.inbox.next().unwrap() {
                let mut bytes = vec![0; record.bytes];
                assert!(self.inbox.copy(record, &mut bytes));
                all.push((record.kind, record.id, bytes));
            }
            self.inbox.release();
        }
        all
    }

    /// Forgets what has come for the worker.
    pub fn drain(&mut self) {
        while self.inbox.next().expect("the inbox is whole").is_some() {}
        self.inbox.release();
    }

    /// A worker's slot: packets, then one ring of the bell.
    pub fn say(&mut self, packets: &[(u32, &[u8])]) {
        for (session, bytes) in packets {
            assert!(self.outbox.write(1, *session, 0, bytes));
        }
        self.outbox.publish();
        if !self.bell.awake() {
            fray_edge::wake::wake_number(self.waker);
        }
    }

    /// A record that says more than there is.
    pub fn damage(&mut self) {
        assert!(self.outbox.write(1, SESSION, 0, &[0; 8]));
        // SAFETY: inside the data, whose reader has not been told of it yet.
        unsafe { self.at_outbox.add(192).cast::<u32>().write(1 << 24 | 0x00ff_ffff) };
        self.outbox.publish();
        fray_edge::wake::wake_number(self.waker);
    }

    pub fn figures<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let all = self.edge.figures().all();
        names.map(|name| all[NAMES.iter().position(|one| *one == name).unwrap()])
    }

    pub fn await_figure(&self, name: &str, least: u64) {
        let end = Instant::now() + PATIENCE;
        while self.figures([name])[0] < least {
            assert!(Instant::now() < end, "{name} stays below {least}");
            self.edge.command(Command::KeepAlive(usize::MAX));
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

pub struct Client {
    socket: UdpSocket,
    out: Key,
    into: Key,
    sequence: u64,
}

impl Client {
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn peer(&self) -> Peer {
        Peer { socket: 0, address: self.address() }
    }

    pub fn seal(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 1280];
        let sealer = Sealer::new(ASSOCIATED);
        let length = sealer.seal(&self.out, kind, self.sequence, body, &mut packet).unwrap();
        self.sequence += 1;
        packet.truncate(length);
        packet
    }

    /// None: it is too long.
    pub fn try_seal(&mut self, kind: u8, body: &[u8]) -> Option<Vec<u8>> {
        let mut packet = vec![0; 1400];
        let sealer = Sealer::new(ASSOCIATED);
        let length = sealer.seal(&self.out, kind, self.sequence, body, &mut packet)?;
        self.sequence += 1;
        packet.truncate(length);
        Some(packet)
    }

    pub fn try_send(&self, packet: &[u8]) {
        let _ = self.socket.send(packet);
    }

    pub fn send(&mut self, kind: u8, body: &[u8]) {
        let packet = self.seal(kind, body);
        self.send_raw(&packet);
    }

    pub fn send_raw(&self, packet: &[u8]) {
        self.socket.send(packet).unwrap();
    }

    pub fn hear(&mut self) -> (u8, Vec<u8>) {
        let mut packet = [0; 1300];
        let length = self.socket.recv(&mut packet).expect("the client hears something");
        let head = read_head(&packet[..length]).unwrap();
        assert!(head.sequence >= 700);
        let body = Sealer::new(ASSOCIATED).open(&self.into, head, &mut packet[..length]);
        (head.kind, body.expect("it opens").to_vec())
    }

    /// The next payload; signs of life are passed over.
    pub fn hear_payload(&mut self) -> Vec<u8> {
        loop {
            let (kind, body) = self.hear();
            if kind == 5 {
                return body;
            }
        }
    }
}
