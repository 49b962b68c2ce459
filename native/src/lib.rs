//! What JavaScript sees of the edge: see native/addon.ts, which says the same in its language.
//!
//! Nothing is decided here. Arguments are checked, the memory of JavaScript is named, and all else
//! is `fray_edge`.
#![deny(missing_docs)]

use std::net::{IpAddr, SocketAddr};

use fray_edge::clients::{Peer, Route};
use fray_edge::edge::{Command, Config, Edge as Thread};
use fray_edge::figures::NAMES;
use fray_edge::packet::Key;
use fray_edge::rates::Limits;
use fray_edge::shared::{Bell, Memory, Ring};
use fray_edge::socket::Binding;
use fray_edge::wake::wake_number;
use napi::bindgen_prelude::{Error, Float64Array, Function, Result, Uint32Array, Uint8Array};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use std::sync::atomic::Ordering::Relaxed;

/// What is fixed for the life of a thread.
#[napi(object)]
pub struct EdgeOptions {
    /// `127.0.0.1:40000`.
    pub bind: Vec<String>,
    /// Other threads are bound to the same.
    pub shared: bool,
    /// Asked of the kernel for each buffer.
    pub buffer_bytes: u32,
    /// 21 bytes.
    pub associated: Uint8Array,
    /// Places for clients.
    pub clients_max: u32,
    /// Longest datagram of ours.
    pub datagram_bytes_max: u32,
    /// First byte, lower half, of those that go to rooms.
    pub packet_kind: u32,
    /// Kind of records in mailboxes.
    pub record_kind: u32,
    /// Of each session.
    pub packets_per_second: f64,
    /// Of each session.
    pub bytes_per_second: f64,
    /// Looks so long for work before it sleeps, us.
    pub spin_us: u32,
    /// Memory of its bell.
    pub bell: Uint8Array,
}

/// A client that is connected.
#[napi(object)]
pub struct EdgeClient {
    /// Its place.
    pub index: u32,
    /// Told with what is said of it.
    pub generation: u32,
    /// Place of our socket.
    pub socket: u32,
    /// Its address, as text.
    pub address: String,
    /// Its port.
    pub port: u32,
    /// Of what comes, 32 bytes.
    pub key_in: Uint8Array,
    /// Of what goes.
    pub key_out: Uint8Array,
    /// Number of the first packet.
    pub sequence: f64,
}

/// A thread that runs.
#[napi]
pub struct Edge {
    thread: Thread,
    /// Memory that the thread works in; dropped after it.
    held: Vec<Uint8Array>,
}

#[napi]
impl Edge {
    /// Opens the sockets and starts. `tell` is called when there is something to fetch.
    #[napi(constructor)]
    pub fn new(options: EdgeOptions, tell: Function<(), ()>) -> Result<Self> {
        let tell = tell.build_threadsafe_function::<()>().weak::<true>().build()?;
        let bindings = options
            .bind
            .iter()
            .map(|text| {
                Ok(Binding {
                    address: text.parse().map_err(|_| wrong("an address"))?,
                    shared: options.shared,
                    buffer_bytes: options.buffer_bytes as i32,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        if bindings.is_empty() || bindings.len() > 8 {
            return Err(wrong("a number of sockets"));
        }
        let bell = Bell::new(memory(&options.bell)?).ok_or_else(|| wrong("a bell"))?;
        let config = Config {
            bindings,
            associated: options.associated[..].try_into().map_err(|_| wrong("associated data"))?,
            clients_max: options.clients_max as usize,
            datagram_bytes_max: options.datagram_bytes_max as usize,
            packet_kind: options.packet_kind as u8,
            record_kind: options.record_kind as u8,
            limits: Limits {
                packets_per_second: options.packets_per_second,
                bytes_per_second: options.bytes_per_second,
            },
            spin_us: u64::from(options.spin_us),
        };
        let call = Box::new(move || {
            tell.call((), ThreadsafeFunctionCallMode::NonBlocking);
        });
        let thread = Thread::start(config, bell, call)
            .map_err(|error| Error::from_reason(format!("Cannot bind UDP: {error}")))?;
        Ok(Self { thread, held: vec![options.bell] })
    }

    /// What the sockets are bound to.
    #[napi]
    pub fn addresses(&self) -> Vec<String> {
        self.thread.addresses().iter().map(SocketAddr::to_string).collect()
    }

    /// Bytes of each socket's buffers: received, sent, received, ...
    #[napi]
    pub fn buffers(&self) -> Vec<i32> {
        self.thread.buffers().as_flattened().to_vec()
    }

    /// For `ring`.
    #[napi]
    pub fn waker(&self) -> i32 {
        self.thread.waker()
    }

    /// It has ended by a mistake of its own.
    #[napi]
    pub fn failed(&self) -> bool {
        self.thread.failed()
    }

    /// The mailboxes of a worker.
    #[napi]
    pub fn attach(&mut self, worker: u32, inbox: Uint8Array, outbox: Uint8Array) -> Result<()> {
        let to = Ring::writer(memory(&inbox)?).ok_or_else(|| wrong("an inbox"))?;
        let from = Ring::reader(memory(&outbox)?).ok_or_else(|| wrong("an outbox"))?;
        if worker >= WORKERS_MAX {
            return Err(wrong("a worker"));
        }
        // Before the thread hears of them, and until it has ended.
        self.held.extend([inbox, outbox]);
        self.thread.command(Command::Attach { worker: worker as usize, inbox: to, outbox: from });
        Ok(())
    }

    /// Somebody may answer a challenge from there, or may not any more.
    #[napi]
    pub fn expect(&self, socket: u32, address: String, port: u32, may: bool) -> Result<()> {
        self.thread.command(Command::Expect(peer(socket, &address, port)?, may));
        Ok(())
    }

    /// A client is connected.
    #[napi]
    pub fn connect(&self, client: EdgeClient) -> Result<()> {
        let key = |bytes: &Uint8Array| {
            bytes[..].try_into().ok().and_then(Key::new).ok_or_else(|| wrong("a key"))
        };
        self.thread.command(Command::Connect {
            index: client.index as usize,
            generation: client.generation,
            peer: peer(client.socket, &client.address, client.port)?,
            keys: Box::new([key(&client.key_in)?, key(&client.key_out)?]),
            sequence: client.sequence as u64,
        });
        Ok(())
    }

    /// It is over; `farewells` disconnects go out first.
    #[napi]
    pub fn remove(&self, index: u32, farewells: u32) {
        let farewells = farewells.min(FAREWELLS_MAX);
        self.thread.command(Command::Remove { index: index as usize, farewells });
    }

    /// What it sends goes to `worker` in the name of `session`; 0: to JavaScript.
    #[napi]
    pub fn route(&self, index: u32, session: u32, worker: u32) {
        let route = (session != 0).then_some(Route { session, worker: worker as usize });
        self.thread.command(Command::Route(index as usize, route));
    }

    /// It is sent what rooms make for `session`; 0: nothing.
    #[napi]
    pub fn takes(&self, index: u32, session: u32) {
        let session = (session != 0).then_some(session);
        self.thread.command(Command::Takes(index as usize, session));
    }

    /// A datagram for a client. False: too many wait.
    #[napi]
    pub fn send(&self, index: u32, bytes: &[u8]) -> bool {
        self.thread.command(Command::Send(index as usize, bytes.to_vec()))
    }

    /// Tells a client its place.
    #[napi]
    pub fn keep_alive(&self, index: u32) {
        self.thread.command(Command::KeepAlive(index as usize));
    }

    /// Bytes for an address, as they are. False: too many wait.
    #[napi]
    pub fn raw(&self, socket: u32, address: String, port: u32, bytes: &[u8]) -> Result<bool> {
        Ok(self.thread.command(Command::Raw(peer(socket, &address, port)?, bytes.to_vec())))
    }

    /// Whole records of what was handed up; answers their bytes. Call until 0.
    #[napi]
    pub fn fetch(&self, mut into: Uint8Array) -> u32 {
        // SAFETY: private memory of the caller, who waits for the return.
        self.thread.fetch(unsafe { into.as_mut() }) as u32
    }

    /// What it has counted, in the order of `figureNames`.
    #[napi]
    pub fn figures(&self, mut into: Float64Array) {
        // SAFETY: private memory of the caller, who waits for the return.
        let into = unsafe { into.as_mut() };
        for (place, count) in into.iter_mut().zip(self.thread.figures().all()) {
            *place = count as f64;
        }
    }

    /// Of each client: packets that opened, those that went past JavaScript, those over the rate. Each wraps at 2^32.
    #[napi]
    pub fn clients(&self, mut into: Uint32Array) {
        // SAFETY: private memory of the caller, who waits for the return.
        let into = unsafe { into.as_mut() };
        for (places, client) in into.chunks_exact_mut(3).zip(self.thread.clients()) {
            let counts = [&client.heard, &client.carried, &client.refused];
            for (place, count) in places.iter_mut().zip(counts) {
                *place = count.load(Relaxed);
            }
        }
    }

    /// Ends it; what was told before is done first.
    #[napi]
    pub fn stop(&mut self) {
        self.thread.stop();
        self.held.clear();
    }
}

/// Names of what is counted.
#[napi]
pub fn figure_names() -> Vec<String> {
    NAMES.iter().map(ToString::to_string).collect()
}

/// Wakes a thread by the number of its waker. For workers: see src/mailbox/bell.ts.
#[napi]
pub fn ring(waker: i32) {
    wake_number(waker);
}

/// Of a SharedArrayBuffer, whole.
fn memory(of: &Uint8Array) -> Result<Memory> {
    let bytes: &[u8] = of;
    let at = bytes.as_ptr().cast_mut();
    if bytes.is_empty() || !at.cast::<u64>().is_aligned() {
        return Err(wrong("shared memory"));
    }
    // SAFETY: aligned (above). The buffer does not move, and lives as long as `held` does, which is
    // dropped after the thread has ended. Its owner keeps to the rules of the mailbox.
    Ok(unsafe { Memory::new(at, bytes.len()) })
}

fn peer(socket: u32, address: &str, port: u32) -> Result<Peer> {
    let (ip, scope) = address.split_once('%').unwrap_or((address, "0"));
    let ip: IpAddr = ip.parse().map_err(|_| wrong("an address"))?;
    let mut address = SocketAddr::new(ip, port as u16);
    if let SocketAddr::V6(six) = &mut address {
        six.set_scope_id(scope.parse().map_err(|_| wrong("a scope"))?);
    }
    Ok(Peer { socket: socket as usize, address })
}

fn wrong(what: &str) -> Error {
    Error::from_reason(format!("Cannot use the native edge: that is not {what}"))
}

/// Of a server.
const WORKERS_MAX: u32 = 1024;
/// Disconnects that one call sends.
const FAREWELLS_MAX: u32 = 32;
