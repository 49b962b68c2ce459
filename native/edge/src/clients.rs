//! Who is at which address, and whose session it is. No socket and no memory of others is known here.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::packet::{Key, ReplayWindow};
use crate::rates::{Limits, Rates};
use crate::socket::Target;

/// Where datagrams come from or go to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Peer {
    /// Place of our own socket.
    pub socket: usize,
    /// Its address.
    pub address: SocketAddr,
}

/// Where packets of a client go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Session in whose name they go; never 0.
    pub session: u32,
    /// Worker of its room.
    pub worker: usize,
}

/// A connected client.
pub struct Client {
    /// Where it is.
    pub peer: Peer,
    /// The same for the system.
    pub target: Target,
    /// Told with everything that is said of it: another client may have had the place before.
    pub generation: u32,
    /// Of what comes.
    pub key_in: Key,
    /// Of what goes.
    pub key_out: Key,
    /// Number of the next packet that goes.
    pub sequence: u64,
    /// What has come.
    pub replay: ReplayWindow,
    /// Its limits.
    pub rates: Rates,
    /// It has shown that it knows that it is connected.
    pub confirmed: bool,
    /// When it was written to last.
    pub sent_us: u64,
    /// Past JavaScript, both ways; none: handed up.
    pub route: Option<Route>,
    /// Snapshots of the session go to it.
    pub takes: Option<u32>,
    /// Place of the newest record for it in the outbox that is being read.
    pub newest: usize,
}

impl Client {
    /// One that has been connected just now.
    pub fn new(peer: Peer, [key_in, key_out]: [Key; 2], (limits, now_us): (Limits, u64)) -> Self {
        Self {
            peer,
            target: Target::new(peer.address),
            generation: 0,
            key_in,
            key_out,
            sequence: 0,
            replay: ReplayWindow::default(),
            rates: Rates::new(limits, now_us),
            confirmed: false,
            sent_us: now_us,
            route: None,
            takes: None,
            newest: usize::MAX,
        }
    }
}

/// What is at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// It may answer a challenge.
    Expected,
    /// The client in this place.
    Client(usize),
}

/// All of them.
pub struct Clients {
    by_peer: HashMap<Peer, At>,
    all: Vec<Option<Client>>,
    /// Place of the client that takes a session's snapshots and one, by the session's slot.
    by_slot: Vec<u32>,
    count: usize,
}

impl Clients {
    /// At most `most`.
    pub fn new(most: usize) -> Self {
        let mut all = Vec::new();
        all.resize_with(most, || None);
        Self { by_peer: HashMap::new(), all, by_slot: vec![0; SLOTS], count: 0 }
    }

    /// How many are connected.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What is at an address.
    pub fn at(&self, peer: &Peer) -> Option<At> {
        self.by_peer.get(peer).copied()
    }

    /// The client in a place.
    pub fn get(&mut self, index: usize) -> Option<&mut Client> {
        self.all.get_mut(index)?.as_mut()
    }

    /// All, with their places.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Client)> {
        self.all.iter_mut().enumerate().filter_map(|(index, one)| Some((index, one.as_mut()?)))
    }

    /// Somebody may answer from there, or may not any more. Who is connected stays.
    pub fn expect(&mut self, peer: Peer, may: bool) {
        match self.by_peer.get(&peer) {
            None if may => {
                self.by_peer.insert(peer, At::Expected);
            }
            Some(At::Expected) if !may => {
                self.by_peer.remove(&peer);
            }
            _ => {}
        }
    }

    /// Puts a client in its place, and at its address.
    pub fn add(&mut self, index: usize, client: Client) {
        if index >= self.all.len() {
            return;
        }
        self.remove(index);
        self.by_peer.insert(client.peer, At::Client(index));
        self.all[index] = Some(client);
        self.count += 1;
    }

    /// Forgets a client and its keys.
    pub fn remove(&mut self, index: usize) -> Option<Client> {
        self.takes(index, None);
        let client = self.all.get_mut(index)?.take()?;
        self.by_peer.remove(&client.peer);
        self.count -= 1;
        Some(client)
    }

    /// From now on snapshots of the session go to the client; none: of no session.
    pub fn takes(&mut self, index: usize, session: Option<u32>) {
        let Some(client) = self.all.get_mut(index).and_then(Option::as_mut) else { return };
        let before = std::mem::replace(&mut client.takes, session);
        if let Some(before) = before {
            let place = &mut self.by_slot[slot(before)];
            if *place == index as u32 + 1 {
                *place = 0;
            }
        }
        if let Some(session) = session {
            self.by_slot[slot(session)] = index as u32 + 1;
        }
    }

    /// Who takes the snapshots of a session.
    pub fn taker(&mut self, session: u32) -> Option<(usize, &mut Client)> {
        let index = self.by_slot.get(slot(session))?.checked_sub(1)? as usize;
        let client = self.all.get_mut(index)?.as_mut()?;
        (client.takes == Some(session)).then_some((index, client))
    }
}

/// 14 bits of a session's id.
const SLOTS: usize = 1 << 14;

fn slot(session: u32) -> usize {
    (session >> 14) as usize & (SLOTS - 1)
}
