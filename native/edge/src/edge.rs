//! The thread from outside: started, told things, asked.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::clients::{Peer, Route};
use crate::figures::{ClientFigures, Figures};
use crate::handed::Handed;
use crate::packet::{Key, ASSOCIATED_BYTES};
use crate::rates::Limits;
use crate::shared::{Bell, Ring};
use crate::socket::{Binding, UdpSocket};
use crate::wake::Waker;
use crate::work::Work;

/// What is fixed for the life of a thread.
pub struct Config {
    /// Sockets, at most 8.
    pub bindings: Vec<Binding>,
    /// What is sealed with every packet.
    pub associated: [u8; ASSOCIATED_BYTES],
    /// Places for clients.
    pub clients_max: usize,
    /// Longest datagram of ours.
    pub datagram_bytes_max: usize,
    /// First byte, lower half, of those that go to rooms.
    pub packet_kind: u8,
    /// `kind` of records in mailboxes.
    pub record_kind: u8,
    /// Of each session.
    pub limits: Limits,
    /// Looks so long for work before it sleeps, us.
    pub spin_us: u64,
}

/// What it is told.
pub enum Command {
    /// Somebody may answer from there (or may not any more).
    Expect(Peer, bool),
    /// A client is connected.
    Connect {
        /// Its place.
        index: usize,
        /// Told with what is said of it.
        generation: u32,
        /// Where it is.
        peer: Peer,
        /// Of what comes and of what goes.
        keys: Box<[Key; 2]>,
        /// Number of the first packet.
        sequence: u64,
    },
    /// It is over; `farewells` disconnects go out first.
    Remove {
        /// Its place.
        index: usize,
        /// How many.
        farewells: u32,
    },
    /// Its packets go past JavaScript, or not any more.
    Route(usize, Option<Route>),
    /// It takes the snapshots of a session, or of none.
    Takes(usize, Option<u32>),
    /// A datagram for a client.
    Send(usize, Vec<u8>),
    /// Tells a client its place.
    KeepAlive(usize),
    /// Bytes for an address, as they are.
    Raw(Peer, Vec<u8>),
    /// The mailboxes of a worker: what goes to it and what comes from it.
    Attach {
        /// The worker.
        worker: usize,
        /// To it.
        inbox: Ring,
        /// From it.
        outbox: Ring,
    },
}

/// What both sides see.
pub(crate) struct Shared {
    pub(crate) commands: Mutex<VecDeque<Command>>,
    pub(crate) handed: Mutex<Handed>,
    pub(crate) waker: Waker,
    pub(crate) sleeping: AtomicBool,
    pub(crate) stopping: AtomicBool,
    /// Something was handed up and not fetched yet.
    pub(crate) told: AtomicBool,
    pub(crate) failed: AtomicBool,
    pub(crate) figures: Figures,
    pub(crate) clients: Box<[ClientFigures]>,
    pub(crate) tell: Box<dyn Fn() + Send + Sync>,
}

/// A thread that runs, from outside.
pub struct Edge {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    buffers: Vec<[i32; 2]>,
    thread: Option<JoinHandle<()>>,
}

impl Edge {
    /// Opens the sockets and starts. `tell` is called when something is handed up, until it is fetched
    /// at most once more; `bell` is that of workers for this thread.
    pub fn start(
        config: Config,
        bell: Bell,
        tell: Box<dyn Fn() + Send + Sync>,
    ) -> io::Result<Self> {
        let sockets = config
            .bindings
            .iter()
            .map(|binding| UdpSocket::bind(*binding))
            .collect::<io::Result<Vec<_>>>()?;
        let addresses = sockets.iter().map(UdpSocket::address).collect::<io::Result<Vec<_>>>()?;
        let buffers = sockets.iter().map(UdpSocket::buffers).collect::<io::Result<Vec<_>>>()?;
        let mut clients = Vec::new();
        clients.resize_with(config.clients_max, ClientFigures::default);
        let shared = Arc::new(Shared {
            commands: Mutex::default(),
            handed: Mutex::default(),
            waker: Waker::new()?,
            sleeping: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            told: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            figures: Figures::default(),
            clients: clients.into(),
            tell,
        });
        let mut work = Work::new(config, sockets, (bell, Arc::clone(&shared)));
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("fray-edge".into()).spawn(move || {
            // A panic is a mistake of ours, no input leads to one; it ends this thread alone.
            if catch_unwind(AssertUnwindSafe(|| work.run())).is_err() {
                own.failed.store(true, SeqCst);
                (own.tell)();
            }
        })?;
        Ok(Self { shared, addresses, buffers, thread: Some(thread) })
    }

    /// What the sockets are bound to.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Bytes of each socket's buffers, received and sent.
    pub fn buffers(&self) -> &[[i32; 2]] {
        &self.buffers
    }

    /// Number of the eventfd that wakes it.
    pub fn waker(&self) -> i32 {
        self.shared.waker.number()
    }

    /// Tells it something. False: too much waits already, and it is not told.
    pub fn command(&self, command: Command) -> bool {
        let mut waiting = locked(&self.shared.commands);
        // What is said of clients must not be lost; datagrams may be.
        let may_go = matches!(command, Command::Send(..) | Command::Raw(..));
        if may_go && waiting.len() >= COMMANDS_MAX {
            return false;
        }
        waiting.push_back(command);
        drop(waiting);
        if self.shared.sleeping.swap(false, SeqCst) {
            self.shared.waker.wake();
        }
        true
    }

    /// Whole records of what was handed up, see [`crate::handed::Kind`]; answers their bytes. Call until 0.
    pub fn fetch(&self, into: &mut [u8]) -> usize {
        let mut handed = locked(&self.shared.handed);
        let bytes = handed.fetch(into);
        if bytes == 0 {
            self.shared.told.store(false, SeqCst);
        }
        bytes
    }

    /// What it has counted.
    pub fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// What it has counted of each client.
    pub fn clients(&self) -> &[ClientFigures] {
        &self.shared.clients
    }

    /// It has ended by a mistake of its own.
    pub fn failed(&self) -> bool {
        self.shared.failed.load(SeqCst)
    }

    /// Ends it; what was commanded before is done first.
    pub fn stop(&mut self) {
        self.shared.stopping.store(true, SeqCst);
        self.shared.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Datagrams that may wait to be sent.
const COMMANDS_MAX: usize = 16_384;
