//! The thread from inside: what comes, what goes, and when it sleeps.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::Arc;

use crate::clients::{At, Client, Clients, Peer};
use crate::edge::{locked, Command, Config, Shared};
use crate::figures::ClientFigures;
use crate::handed::Kind;
use crate::packet::{body_fits, kind, read_head, Sealer, Unread, PAYLOAD_BYTES_MAX, REQUEST_BYTES};
use crate::shared::{Bell, Damaged, Record, Ring};
use crate::socket::{Inbound, Outbound, Sent, Target, UdpSocket, BATCH, DATAGRAM_BYTES};
use crate::wake::{now_us, wait};

struct Mailbox {
    inbox: Ring,
    outbox: Ring,
    is_damaged: bool,
}

pub(crate) struct Work {
    config: Config,
    shared: Arc<Shared>,
    bell: Bell,
    sealer: Sealer,
    sockets: Vec<UdpSocket>,
    /// Lent out while it is read.
    inbound: Option<Box<Inbound>>,
    outbound: Vec<Outbound>,
    clients: Clients,
    mailboxes: Vec<Option<Mailbox>>,
    records: Vec<Record>,
    taken: VecDeque<Command>,
    /// What each socket has lost, as the kernel said last.
    lost: Vec<u32>,
    now_us: u64,
    sweep_us: u64,
}

impl Work {
    pub(crate) fn new(
        config: Config,
        sockets: Vec<UdpSocket>,
        (bell, shared): (Bell, Arc<Shared>),
    ) -> Self {
        Self {
            sealer: Sealer::new(config.associated),
            inbound: Some(Box::default()),
            outbound: sockets.iter().map(|_| Outbound::new()).collect(),
            clients: Clients::new(config.clients_max),
            mailboxes: Vec::new(),
            records: Vec::new(),
            taken: VecDeque::new(),
            lost: vec![0; sockets.len()],
            now_us: now_us(),
            sweep_us: 0,
            config,
            shared,
            bell,
            sockets,
        }
    }

    pub(crate) fn run(&mut self) {
        loop {
            self.shared.figures.turns.add(1);
            self.now_us = now_us();
            let stopping = self.shared.stopping.load(SeqCst);
            self.obey();
            self.drain();
            let received = if stopping { 0 } else { self.receive() };
            if self.now_us >= self.sweep_us {
                self.sweep();
            }
            self.flush();
            if stopping {
                return;
            }
            self.sleep(received > 0);
        }
    }

    /// While datagrams come it does not wake for each: it looks again after [`LOOK_US`], and a worker
    /// or a command wakes it before. Nobody waits for a single datagram, rooms read theirs at a tick.
    fn sleep(&mut self, is_busy: bool) {
        if self.config.spin_us > 0 && self.spin() {
            return;
        }
        self.bell.sleeping();
        self.shared.sleeping.store(true, SeqCst);
        if self.waits() {
            self.bell.awake();
            self.shared.sleeping.store(false, SeqCst);
            return;
        }
        let sweep = self.sweep_us.saturating_sub(self.now_us);
        let (sockets, time): (&[UdpSocket], _) = if is_busy {
            (&[], Some(LOOK_US.min(sweep)))
        } else {
            (&self.sockets, (self.clients.count() > 0).then_some(sweep))
        };
        if wait(&self.shared.waker, sockets, time) {
            self.shared.waker.clear();
        }
        self.shared.sleeping.store(false, SeqCst);
        if self.bell.awake() {
            self.shared.figures.wakes.add(1);
        }
    }

    /// Busy waiting; true: there is something to do.
    fn spin(&mut self) -> bool {
        let until = now_us() + self.config.spin_us;
        loop {
            if self.waits() || self.receive() > 0 {
                return true;
            }
            if now_us() >= until {
                return false;
            }
            std::hint::spin_loop();
        }
    }

    fn waits(&self) -> bool {
        let snapshots =
            self.mailboxes.iter().flatten().any(|one| !one.is_damaged && one.outbox.waits());
        snapshots || !locked(&self.shared.commands).is_empty() || self.shared.stopping.load(SeqCst)
    }

    fn obey(&mut self) {
        std::mem::swap(&mut *locked(&self.shared.commands), &mut self.taken);
        while let Some(command) = self.taken.pop_front() {
            self.obey_one(command);
        }
    }

    fn obey_one(&mut self, command: Command) {
        match command {
            Command::Expect(peer, may) => self.clients.expect(peer, may),
            Command::Connect { index, generation, peer, keys, sequence } => {
                let client = Client {
                    generation,
                    ..Client::new(peer, *keys, (self.config.limits, self.now_us))
                };
                self.clients.add(index, Client { sequence, ..client });
            }
            Command::Remove { index, farewells } => {
                for _ in 0..farewells {
                    self.say(index, kind::DISCONNECT, &[]);
                }
                self.clients.remove(index);
            }
            Command::Route(index, route) => {
                if let Some(client) = self.clients.get(index) {
                    client.route = route;
                }
            }
            Command::Takes(index, session) => self.clients.takes(index, session),
            Command::Send(index, bytes) => {
                self.payload(index, &bytes);
            }
            Command::KeepAlive(index) => self.keep_alive(index),
            Command::Raw(peer, bytes) => {
                self.put(peer.socket, &Target::new(peer.address), |into| {
                    into.get_mut(..bytes.len())?.copy_from_slice(&bytes);
                    Some(bytes.len())
                })
            }
            Command::Attach { worker, inbox, outbox } => {
                if worker >= self.mailboxes.len() {
                    self.mailboxes.resize_with(worker + 1, || None);
                }
                self.mailboxes[worker] = Some(Mailbox { inbox, outbox, is_damaged: false });
            }
        }
    }

    /// Snapshots: of each client the newest of those that wait, as `drainOutbox` (src/room/drain.ts).
    fn drain(&mut self) {
        for worker in 0..self.mailboxes.len() {
            self.drain_one(worker);
        }
    }

    fn drain_one(&mut self, worker: usize) {
        let Some(Some(mailbox)) = self.mailboxes.get_mut(worker) else { return };
        if mailbox.is_damaged {
            return;
        }
        let mut records = std::mem::take(&mut self.records);
        records.clear();
        loop {
            match mailbox.outbox.next() {
                Ok(Some(record)) => {
                    if let Some((_, client)) = self.clients.taker(record.id) {
                        client.newest = records.len();
                    }
                    records.push(record);
                }
                Ok(None) => break,
                Err(Damaged) => {
                    mailbox.is_damaged = true;
                    self.shared.figures.damaged.add(1);
                    break;
                }
            }
        }
        let mut bytes = [0; PAYLOAD_BYTES_MAX];
        for (place, record) in records.iter().enumerate() {
            let figures = &self.shared.figures;
            let Some((index, client)) = self.clients.taker(record.id) else {
                figures.packets_gone.add(1);
                continue;
            };
            if client.newest != place {
                figures.replaced.add(1);
                continue;
            }
            let Some(Some(mailbox)) = self.mailboxes.get(worker) else { break };
            if !mailbox.outbox.copy(*record, &mut bytes) {
                continue;
            }
            let Some(body) = bytes.get(..record.bytes) else { continue };
            if self.payload(index, body) {
                self.shared.figures.carried_out.add(1);
                self.shared.figures.carried_out_bytes.add(record.bytes as u64);
            }
        }
        if let Some(Some(mailbox)) = self.mailboxes.get_mut(worker) {
            mailbox.outbox.release();
        }
        self.records = records;
    }

    /// As the standard asks: a client that has not shown that it knows its place is told before.
    fn payload(&mut self, index: usize, body: &[u8]) -> bool {
        match self.clients.get(index) {
            None => return false,
            Some(client) if !client.confirmed => self.keep_alive(index),
            Some(_) => {}
        }
        let is_said = self.say(index, kind::PAYLOAD, body);
        if is_said {
            self.shared.figures.payloads_out.add(1);
        }
        is_said
    }

    fn keep_alive(&mut self, index: usize) {
        let mut body = [0; 8];
        body[..4].copy_from_slice(&(index as u32).to_le_bytes());
        body[4..].copy_from_slice(&(self.config.clients_max as u32).to_le_bytes());
        if self.say(index, kind::KEEP_ALIVE, &body) {
            self.shared.figures.keep_alives_out.add(1);
        }
    }

    fn say(&mut self, index: usize, kind: u8, body: &[u8]) -> bool {
        let Some(client) = self.clients.get(index) else { return false };
        let Some(out) = self.outbound.get_mut(client.peer.socket) else { return false };
        let socket = client.peer.socket;
        // Its number is spent whatever becomes of it.
        let sequence = client.sequence;
        client.sequence += 1;
        client.sent_us = self.now_us;
        let sealer = &self.sealer;
        let is_put = out
            .put(&client.target, |into| sealer.seal(&client.key_out, kind, sequence, body, into));
        if out.is_full() {
            self.flush_one(socket);
        }
        is_put
    }

    fn put(
        &mut self,
        socket: usize,
        target: &Target,
        write: impl FnOnce(&mut [u8; DATAGRAM_BYTES]) -> Option<usize>,
    ) {
        let Some(out) = self.outbound.get_mut(socket) else { return };
        out.put(target, write);
        if out.is_full() {
            self.flush_one(socket);
        }
    }

    fn flush(&mut self) {
        for socket in 0..self.sockets.len() {
            self.flush_one(socket);
        }
    }

    fn flush_one(&mut self, index: usize) {
        let (Some(out), Some(socket)) = (self.outbound.get_mut(index), self.sockets.get(index))
        else {
            return;
        };
        let Sent { count, bytes, full, errors, calls } = out.flush(socket);
        let figures = &self.shared.figures;
        figures.datagrams_out.add(count);
        figures.bytes_out.add(bytes);
        figures.dropped_full.add(full);
        figures.errors.add(errors);
        figures.sends.add(calls);
    }

    /// Signs of life that are due.
    fn sweep(&mut self) {
        self.sweep_us = self.now_us + SWEEP_US;
        let now_us = self.now_us;
        let due: Vec<usize> = self
            .clients
            .iter_mut()
            .filter(|(_, client)| now_us.saturating_sub(client.sent_us) >= SEND_EVERY_US)
            .map(|(index, _)| index)
            .collect();
        for index in due {
            self.keep_alive(index);
        }
    }

    /// Takes what has come, within bounds; answers how many datagrams.
    fn receive(&mut self) -> usize {
        let Some(mut inbound) = self.inbound.take() else { return 0 };
        let mut total = 0;
        for socket in 0..self.sockets.len() {
            for _ in 0..BATCHES_PER_TURN {
                let count = self.receive_some(socket, &mut inbound);
                total += count;
                if count < BATCH {
                    break;
                }
            }
        }
        self.inbound = Some(inbound);
        if total > 0 {
            for mailbox in self.mailboxes.iter_mut().flatten() {
                mailbox.inbox.publish();
            }
        }
        total
    }

    fn receive_some(&mut self, socket: usize, inbound: &mut Inbound) -> usize {
        let Some(at) = self.sockets.get(socket) else { return 0 };
        let figures = &self.shared.figures;
        let count = match inbound.receive(at) {
            Ok((0, _)) => return 0,
            Ok((count, lost)) => {
                figures.receives.add(1);
                self.note_lost(socket, lost);
                count
            }
            Err(_) => {
                figures.errors.add(1);
                return 0;
            }
        };
        for index in 0..count {
            if let Some((address, bytes)) = inbound.get(index) {
                self.datagram(Peer { socket, address }, bytes);
            }
        }
        count
    }

    fn note_lost(&mut self, socket: usize, lost: Option<u32>) {
        if let (Some(lost), Some(before)) = (lost, self.lost.get_mut(socket)) {
            self.shared.figures.overflow.add(u64::from(lost.wrapping_sub(*before)));
            *before = lost;
        }
    }

    /// Any bytes from anybody. The order of checks is that of `NetcodeServer.handle`.
    fn datagram(&mut self, peer: Peer, bytes: &mut [u8]) {
        let shared = Arc::clone(&self.shared);
        let figures = &shared.figures;
        figures.datagrams_in.add(1);
        figures.bytes_in.add(bytes.len() as u64);
        if bytes.first() == Some(&kind::REQUEST) {
            if bytes.len() == REQUEST_BYTES {
                self.hand_up_datagram(peer, bytes);
            } else {
                figures.drop_size.add(1);
            }
            return;
        }
        let head = match read_head(bytes) {
            Ok(head) if head.kind >= kind::RESPONSE => head,
            Ok(_) | Err(Unread::Kind) => return figures.drop_kind.add(1),
            Err(Unread::Size) => return figures.drop_size.add(1),
        };
        let index = match (self.clients.at(&peer), head.kind) {
            (None, _) => return figures.drop_unknown.add(1),
            (Some(At::Expected), kind::RESPONSE) => return self.hand_up_datagram(peer, bytes),
            (Some(At::Expected), _) => return figures.drop_state.add(1),
            (Some(At::Client(_)), kind::RESPONSE) => return figures.drop_connected.add(1),
            (Some(At::Client(index)), _) => index,
        };
        let sealer = self.sealer;
        let Some(client) = self.clients.get(index) else { return };
        if !client.replay.is_fresh(head.sequence) {
            return figures.drop_replay.add(1);
        }
        let Some(body) = sealer.open(&client.key_in, head, bytes) else {
            return figures.drop_sealed.add(1);
        };
        client.replay.mark(head.sequence);
        if !body_fits(head.kind, body.len()) {
            return figures.drop_length.add(1);
        }
        if head.kind == kind::DISCONNECT {
            client.route = None;
            let generation = client.generation;
            self.hand_up(Kind::Gone, [index as u32, generation, 0], "", &[]);
            return;
        }
        if let Some(own) = shared.clients.get(index) {
            ClientFigures::count(&own.heard);
        }
        client.confirmed = true;
        if head.kind == kind::PAYLOAD {
            figures.payloads_in.add(1);
            self.carry(index, body);
        }
    }

    /// To the room, or to JavaScript.
    fn carry(&mut self, index: usize, body: &[u8]) {
        let shared = Arc::clone(&self.shared);
        let figures = &shared.figures;
        if body.len() > self.config.datagram_bytes_max {
            return figures.violations.add(1);
        }
        let Some(client) = self.clients.get(index) else { return };
        let is_packet = body.first().is_some_and(|first| first & 15 == self.config.packet_kind);
        let (true, Some(route)) = (is_packet, client.route) else {
            let generation = client.generation;
            self.hand_up(Kind::Payload, [index as u32, generation, 0], "", body);
            return;
        };
        let own = shared.clients.get(index);
        if !client.rates.take(self.config.limits, body.len(), self.now_us) {
            figures.refused.add(1);
            if let Some(own) = own {
                ClientFigures::count(&own.refused);
            }
            return;
        }
        if let Some(own) = own {
            ClientFigures::count(&own.carried);
        }
        figures.carried_in.add(1);
        figures.carried_in_bytes.add(body.len() as u64);
        let mailbox = self.mailboxes.get_mut(route.worker).and_then(Option::as_mut);
        let arrival = self.now_us as u32;
        let is_written = mailbox.is_some_and(|mailbox| {
            mailbox.inbox.write(self.config.record_kind, route.session, arrival, body)
        });
        if !is_written {
            figures.inbox_full.add(1);
        }
    }

    fn hand_up_datagram(&self, peer: Peer, bytes: &[u8]) {
        let address = match peer.address {
            SocketAddr::V4(four) => four.ip().to_string(),
            SocketAddr::V6(six) if six.scope_id() == 0 => six.ip().to_string(),
            SocketAddr::V6(six) => format!("{}%{}", six.ip(), six.scope_id()),
        };
        let words = [peer.socket as u32, 0, u32::from(peer.address.port())];
        self.hand_up(Kind::Datagram, words, &address, bytes);
    }

    fn hand_up(&self, kind: Kind, words: [u32; 3], text: &str, bytes: &[u8]) {
        if !locked(&self.shared.handed).add(kind, words, text, bytes) {
            return self.shared.figures.drop_waiting.add(1);
        }
        if !self.shared.told.swap(true, SeqCst) {
            (self.shared.tell)();
        }
    }
}

/// us between two looks at the sockets while datagrams come. Adds half of it to the way of one; a look
/// is a timer, a wake and two calls, which 500 players at 30 Hz share 30 at a time (bench/RESULTS.md).
const LOOK_US: u64 = 2000;
/// Of each socket in one turn; then snapshots have theirs.
const BATCHES_PER_TURN: usize = 8;
/// us without a packet to a client until it gets a sign of life; the standard says 10 a second.
const SEND_EVERY_US: u64 = 100_000;
const SWEEP_US: u64 = 50_000;
