//! The thread on which clients play: each sends once per interval, at a moment of its own, and reads
//! what comes.

use crate::lean::{Lean, Place, Taken, PACKET_BYTES_MAX};
use crate::poll::{hurry, Poll};
use crate::whole::{Seat, Whole};
use fray_edge::packet::{
    self, kind, Key, ReplayWindow, Sealer, PACKET_BYTES_MAX as WIRE_BYTES_MAX,
};
use std::collections::VecDeque;
use std::io;
use std::net::UdpSocket;
use std::sync::mpsc::{channel, Receiver, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What is the same for all.
#[derive(Clone, Copy)]
pub struct Config {
    /// What the associated data of all packets begin with.
    pub associated: [u8; packet::ASSOCIATED_BYTES],
    /// Packets a second of each.
    pub rate_hz: f64,
    /// Order of their moments.
    pub seed: u32,
}

/// One whose handshake is done.
pub struct Client {
    /// Connected to its server.
    pub socket: UdpSocket,
    /// Of what comes.
    pub key_in: Key,
    /// Of what goes.
    pub key_out: Key,
    /// Number of its first packet.
    pub sequence: u64,
    /// What the handshake has said.
    pub place: Place,
    /// What it does.
    pub seed: u32,
    /// It decodes everything.
    pub seat: Option<Seat>,
}

/// What was seen since [`Crowd::begin`], over all clients.
#[derive(Clone, Copy, Default, Debug)]
pub struct Figures {
    /// Who play.
    pub clients: u64,
    /// Of them who decode everything.
    pub decoders: u64,
    /// Snapshots.
    pub received: u64,
    /// Bytes of UDP payload that came.
    pub received_bytes: u64,
    /// From the first to the last snapshot of each.
    pub ticks_seen: u64,
    /// How many of them the clock says are due.
    pub ticks_due: f64,
    /// Packets that went.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Most between two snapshots of one.
    pub gap_ticks_max: u64,
    /// How late packets went, 99th percentile.
    pub late_ms_p99: f64,
    /// Since the start: those whom the server has closed.
    pub closed: u64,
    /// Since the start: packets that do not open or do not parse, or were late.
    pub broken: u64,
    /// Hashes that decoders compared, and that were wrong.
    pub checks: [u64; 2],
}

enum Mind {
    Lean(Box<Lean>),
    Whole(Whole),
}

enum Ask {
    Play(usize, Box<Client>),
    Leave(usize),
    Begin,
    Figures(Sender<Figures>),
}

/// The thread from outside. Dropped, it ends.
pub struct Crowd {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Starts it.
    pub fn start(config: Config) -> io::Result<Self> {
        let (asks, heard) = channel();
        let mut play = Play::new(config, heard)?;
        let thread =
            std::thread::Builder::new().name("fray-crowd".into()).spawn(move || play.run())?;
        Ok(Self { asks: Some(asks), thread: Some(thread) })
    }

    /// It plays from now on, and is known as `index`.
    pub fn play(&self, index: usize, client: Client) {
        self.ask(Ask::Play(index, Box::new(client)));
    }

    /// It says farewell.
    pub fn leave(&self, index: usize) {
        self.ask(Ask::Leave(index));
    }

    /// Counts from here.
    pub fn begin(&self) {
        self.ask(Ask::Begin);
    }

    /// What was counted. None: the thread has ended.
    pub fn figures(&self) -> Option<Figures> {
        let (answer, heard) = channel();
        self.ask(Ask::Figures(answer));
        heard.recv().ok()
    }

    fn ask(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // A thread that has ended answers to nothing; `figures` tells.
            let _ = asks.send(ask);
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One that plays.
struct Player {
    client: Client,
    mind: Mind,
    replay: ReplayWindow,
    sequence: u64,
    seen: Seen,
}

/// Ticks that one saw since [`Crowd::begin`].
#[derive(Clone, Copy)]
struct Seen {
    begun: Instant,
    received: u64,
    first: (u32, Instant),
    last: (u32, Instant),
    gap_ticks_max: u64,
}

impl Seen {
    fn new(now: Instant) -> Self {
        Self { begun: now, received: 0, first: (0, now), last: (0, now), gap_ticks_max: 0 }
    }

    fn snapshot(&mut self, tick: u32, now: Instant) {
        if self.received == 0 {
            self.first = (tick, now);
        } else {
            let gap = u64::from(tick.saturating_sub(self.last.0));
            self.gap_ticks_max = self.gap_ticks_max.max(gap);
        }
        self.received += 1;
        self.last = (tick, now);
    }
}

struct Play {
    config: Config,
    sealer: Sealer,
    asks: Receiver<Ask>,
    poll: Poll,
    /// By index, with holes.
    players: Vec<Option<Box<Player>>>,
    /// Who sends when, the next one first.
    due: VecDeque<(Instant, usize)>,
    /// Packets that went so many times 0.1 ms late.
    lateness: Vec<u64>,
    total: Figures,
}

impl Play {
    fn new(config: Config, asks: Receiver<Ask>) -> io::Result<Self> {
        Ok(Self {
            config,
            sealer: Sealer::new(config.associated),
            asks,
            poll: Poll::new()?,
            players: Vec::new(),
            due: VecDeque::new(),
            lateness: vec![0; LATE_BUCKETS],
            total: Figures::default(),
        })
    }

    fn run(&mut self) {
        hurry();
        loop {
            loop {
                match self.asks.try_recv() {
                    Ok(ask) => self.hear(ask),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let sent = self.send_due();
            let received = self.receive();
            if !sent && !received {
                let left = self.due.front().map_or(SLEEP_US_MAX, |(due, _)| {
                    due.saturating_duration_since(Instant::now()).as_micros() as u32
                });
                self.poll.sleep(left.clamp(SLEEP_US_MIN, SLEEP_US_MAX));
            }
        }
    }

    fn hear(&mut self, ask: Ask) {
        match ask {
            Ask::Play(index, client) => self.join(index, *client),
            Ask::Leave(index) => self.leave(index),
            Ask::Begin => self.begin(),
            Ask::Figures(answer) => {
                let _ = answer.send(self.figures());
            }
        }
    }

    fn join(&mut self, index: usize, client: Client) {
        let Place { epoch, tick, .. } = client.place;
        let mind = match &client.seat {
            None => Some(Mind::Lean(Box::new(Lean::new(client.place, client.seed)))),
            Some(seat) => Whole::new(seat, epoch, tick, client.seed).map(Mind::Whole),
        };
        let (Some(mind), Ok(())) = (mind, self.poll.add(&client.socket, index)) else {
            self.total.closed += 1;
            return;
        };
        let player = Box::new(Player {
            mind,
            replay: ReplayWindow::default(),
            sequence: client.sequence,
            seen: Seen::new(Instant::now()),
            client,
        });
        if self.players.len() <= index {
            self.players.resize_with(index + 1, || None);
        }
        self.players[index] = Some(player);
        // A moment of its own in the interval; those of all are spread evenly.
        let turn = self.config.seed.wrapping_add(index as u32).wrapping_mul(GOLDEN);
        let part = f64::from(turn) / f64::from(u32::MAX);
        let first = Instant::now() + self.interval().mul_f64(part);
        self.enqueue(first, index);
    }

    fn leave(&mut self, index: usize) {
        let Some(mut player) = self.players.get_mut(index).and_then(Option::take) else { return };
        for _ in 0..FAREWELLS {
            player.send(self.sealer, kind::DISCONNECT, &[]);
        }
    }

    /// All have one interval, so this is the end, or near it.
    fn enqueue(&mut self, due: Instant, index: usize) {
        let later = self.due.iter().rev().take_while(|(other, _)| *other > due).count();
        self.due.insert(self.due.len() - later, (due, index));
    }

    fn interval(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.config.rate_hz)
    }

    fn begin(&mut self) {
        let now = Instant::now();
        for player in self.players.iter_mut().flatten() {
            player.seen = Seen::new(now);
        }
        self.lateness.fill(0);
        let Figures { closed, broken, .. } = self.total;
        self.total = Figures { closed, broken, ..Figures::default() };
    }

    fn figures(&mut self) -> Figures {
        let now = Instant::now();
        let rate_hz = self.config.rate_hz;
        let ticks = |time: Duration| time.as_secs_f64() * rate_hz;
        let mut sum = self.total;
        for player in self.players.iter_mut().flatten() {
            let seen = &player.seen;
            sum.clients += 1;
            if let Mind::Whole(whole) = &mut player.mind {
                sum.decoders += 1;
                let counts = whole.checks();
                sum.checks = [0, 1].map(|at| sum.checks[at] + u64::from(counts[at]));
            }
            sum.received += seen.received;
            sum.ticks_seen += u64::from(seen.last.0 - seen.first.0);
            // Who got nothing waits for all of the window.
            sum.ticks_due += ticks(match seen.received {
                0 | 1 => now - seen.begun,
                _ => seen.last.1 - seen.first.1,
            });
            let since = if seen.received == 0 { seen.begun } else { seen.last.1 };
            sum.gap_ticks_max =
                sum.gap_ticks_max.max(seen.gap_ticks_max).max(ticks(now - since) as u64);
        }
        let all: u64 = self.lateness.iter().sum();
        let mut left = all - all / 100;
        let bucket = self.lateness.iter().position(|count| {
            left = left.saturating_sub(*count);
            left == 0
        });
        sum.late_ms_p99 = bucket.unwrap_or(LATE_BUCKETS) as f64 / 10.0;
        sum
    }

    /// Sends what is due, but not for ever: what comes is read in between.
    fn send_due(&mut self) -> bool {
        let interval = self.interval();
        let mut sent = 0;
        while sent < SENDS_MAX {
            let Some(&(due, index)) = self.due.front() else { break };
            let Some(late) = Instant::now().checked_duration_since(due) else { break };
            self.due.pop_front();
            sent += 1;
            // One that has gone does not come back.
            let Some(player) = self.players[index].as_mut() else { continue };
            let bucket = (late.as_micros() / 100).min(LATE_BUCKETS as u128 - 1);
            self.lateness[bucket as usize] += 1;
            let mut bytes = [0; PACKET_BYTES_MAX];
            let length = match &mut player.mind {
                Mind::Lean(lean) => lean.packet(&mut bytes),
                Mind::Whole(whole) => whole.packet(&mut bytes),
            };
            if let Some(length) = player.send(self.sealer, kind::PAYLOAD, &bytes[..length]) {
                self.total.sent += 1;
                self.total.sent_bytes += length as u64;
            }
            self.enqueue(due + interval, index);
        }
        sent > 0
    }

    /// Reads what has come, some of each that has something.
    fn receive(&mut self) -> bool {
        let now = Instant::now();
        let mut any = false;
        let mut gone = Vec::new();
        for index in self.poll.ready() {
            let Some(player) = self.players.get_mut(index).and_then(Option::as_mut) else {
                continue;
            };
            any = true;
            let mut bytes = [0; WIRE_BYTES_MAX + 1];
            // An error is the machine's word that nobody listens there: the rule sees the silence.
            let Ok(length) = player.client.socket.recv(&mut bytes) else { continue };
            self.total.received_bytes += length as u64;
            match player.take(self.sealer, &mut bytes[..length]) {
                Heard::Snapshot(tick) => player.seen.snapshot(tick, now),
                Heard::Other => {}
                Heard::Broken => self.total.broken += 1,
                Heard::Farewell => gone.push(index),
            }
        }
        for index in gone {
            self.players[index] = None;
            self.total.closed += 1;
        }
        any
    }
}

enum Heard {
    Snapshot(u32),
    Other,
    Broken,
    Farewell,
}

impl Player {
    /// Seals and sends; its bytes. None: the kernel did not take it.
    fn send(&mut self, sealer: Sealer, kind: u8, body: &[u8]) -> Option<usize> {
        let mut bytes = [0; WIRE_BYTES_MAX];
        let length = sealer.seal(&self.client.key_out, kind, self.sequence, body, &mut bytes)?;
        self.sequence += 1;
        self.client.socket.send(&bytes[..length]).ok()
    }

    fn take(&mut self, sealer: Sealer, bytes: &mut [u8]) -> Heard {
        let Ok(head) = packet::read_head(bytes) else { return Heard::Broken };
        if !self.replay.is_fresh(head.sequence) {
            return Heard::Broken;
        }
        let Some(body) = sealer.open(&self.client.key_in, head, bytes) else {
            return Heard::Broken;
        };
        self.replay.mark(head.sequence);
        match head.kind {
            kind::KEEP_ALIVE => Heard::Other,
            kind::DISCONNECT => Heard::Farewell,
            // An answer of the handshake that came twice.
            kind::PAYLOAD if body.first().is_some_and(|first| first & 15 != PACKET_KIND) => {
                Heard::Other
            }
            kind::PAYLOAD => match match &mut self.mind {
                Mind::Lean(lean) => lean.receive(body),
                Mind::Whole(whole) => whole.receive(body),
            } {
                Taken::Snapshot(tick) => Heard::Snapshot(tick),
                Taken::Nothing => Heard::Other,
                Taken::Late | Taken::Broken => Heard::Broken,
            },
            _ => Heard::Broken,
        }
    }
}

/// Of packets among our datagrams.
const PACKET_KIND: u8 = 6;
/// As netcode's standard has it.
const FAREWELLS: u32 = 10;
/// 0.1 ms each.
const LATE_BUCKETS: usize = 1000;
const SENDS_MAX: u32 = 32;
const GOLDEN: u32 = 0x9e37_79b1;
const SLEEP_US_MIN: u32 = 50;
const SLEEP_US_MAX: u32 = 500;
