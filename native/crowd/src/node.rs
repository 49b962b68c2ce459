//! What JavaScript sees of it: native/crowd.ts.

use crate::crowd::{Client, Config, Crowd};
use crate::lean::{Lean, Place, Taken, PACKET_BYTES_MAX};
use crate::whole::Seat;
use fray_edge::packet::Key;
use napi::bindgen_prelude::{Error, Result, Uint8Array};
use napi_derive::napi;
use std::net::{SocketAddr, UdpSocket};

/// What the handshake has said, and the schema.
#[napi(object)]
pub struct LeanPlace {
    /// Of the room.
    pub epoch: u32,
    /// Where the room was.
    pub tick: u32,
    /// Of the schema.
    pub input_buttons: u32,
    /// 16-bit fields that stay 0.
    pub zeros: u32,
    /// What it does.
    pub seed: u32,
}

impl From<&LeanPlace> for Place {
    fn from(place: &LeanPlace) -> Self {
        let LeanPlace { epoch, tick, input_buttons: button_bits, zeros, .. } = *place;
        Self { epoch, tick, button_bits: button_bits.min(24), zeros: zeros.min(5) }
    }
}

/// One whose handshake is done.
#[napi(object)]
pub struct CrowdClient {
    /// Of `open`.
    pub index: u32,
    /// Of what comes, 32 bytes.
    pub key_in: Uint8Array,
    /// Of what goes.
    pub key_out: Uint8Array,
    /// Number of its first packet.
    pub sequence: f64,
    /// Where it plays.
    pub place: LeanPlace,
    /// It decodes everything.
    pub whole: Option<WholeSeat>,
}

/// What who decodes has to know.
#[napi(object)]
pub struct WholeSeat {
    /// Of the schema.
    pub config: Uint8Array,
    /// Its own number.
    pub player_id: u32,
    /// Its own entity.
    pub handle: u32,
    /// Hashes are compared.
    pub verify: bool,
}

/// What was seen.
#[napi(object)]
pub struct CrowdFigures {
    /// See [`crate::crowd::Figures`].
    pub clients: f64,
    /// Who decode.
    pub decoders: f64,
    /// Snapshots.
    pub received: f64,
    /// Their bytes.
    pub received_bytes: f64,
    /// From first to last.
    pub ticks_seen: f64,
    /// By the clock.
    pub ticks_due: f64,
    /// Packets.
    pub sent: f64,
    /// Their bytes.
    pub sent_bytes: f64,
    /// Most between two.
    pub gap_ticks_max: f64,
    /// 99th percentile.
    pub late_ms_p99: f64,
    /// By the server.
    pub closed: f64,
    /// Packets.
    pub broken: f64,
    /// Hashes compared.
    pub checks: f64,
    /// Of them wrong.
    pub mismatches: f64,
}

/// The thread.
#[napi(js_name = "Crowd")]
pub struct NodeCrowd {
    crowd: Option<Crowd>,
    /// Those whose handshake is not done, by index.
    sockets: Vec<Option<UdpSocket>>,
}

#[napi]
impl NodeCrowd {
    /// Starts it.
    #[napi(constructor)]
    pub fn new(associated: &[u8], rate_hz: f64, seed: u32) -> Result<Self> {
        let associated = associated.try_into().map_err(|_| wrong("associated data"))?;
        if !(1.0..=1000.0).contains(&rate_hz) {
            return Err(wrong("a rate"));
        }
        let crowd = Crowd::start(Config { associated, rate_hz, seed }).map_err(failed)?;
        Ok(Self { crowd: Some(crowd), sockets: Vec::new() })
    }

    /// A socket to a server; its index.
    #[napi]
    pub fn open(&mut self, server: String) -> Result<u32> {
        let server: SocketAddr = server.parse().map_err(|_| wrong("an address"))?;
        let any = if server.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
        let here = if server.ip().is_loopback() {
            SocketAddr::new(server.ip(), 0)
        } else {
            any.parse().map_err(|_| wrong("an address"))?
        };
        let socket = UdpSocket::bind(here).map_err(failed)?;
        socket.connect(server).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        self.sockets.push(Some(socket));
        Ok(self.sockets.len() as u32 - 1)
    }

    /// Of one that does not play yet. What the kernel does not take is lost.
    #[napi]
    pub fn send(&self, index: u32, bytes: &[u8]) {
        if let Some(Some(socket)) = self.sockets.get(index as usize) {
            let _ = socket.send(bytes);
        }
    }

    /// A datagram for one that does not play yet; its length, 0: none.
    #[napi]
    #[allow(unsafe_code)]
    pub fn receive(&self, index: u32, mut into: Uint8Array) -> u32 {
        let Some(Some(socket)) = self.sockets.get(index as usize) else { return 0 };
        // SAFETY: private memory of the caller, who waits for the return.
        socket.recv(unsafe { into.as_mut() }).unwrap_or(0) as u32
    }

    /// Plays from now on.
    #[napi]
    pub fn play(&mut self, client: CrowdClient) -> Result<()> {
        let index = client.index as usize;
        let socket = self.sockets.get_mut(index).and_then(Option::take);
        let key = |bytes: &Uint8Array| {
            bytes[..].try_into().ok().and_then(Key::new).ok_or_else(|| wrong("a key"))
        };
        let client = Client {
            socket: socket.ok_or_else(|| wrong("a client"))?,
            key_in: key(&client.key_in)?,
            key_out: key(&client.key_out)?,
            sequence: client.sequence as u64,
            place: (&client.place).into(),
            seed: client.place.seed,
            seat: client.whole.map(|whole| Seat {
                config: whole.config.to_vec(),
                player_id: whole.player_id,
                handle: whole.handle,
                verify: whole.verify,
            }),
        };
        if let Some(crowd) = &self.crowd {
            crowd.play(index, client);
        }
        Ok(())
    }

    /// Goes, whether it plays or not.
    #[napi]
    pub fn leave(&mut self, index: u32) {
        if let Some(socket) = self.sockets.get_mut(index as usize) {
            *socket = None;
        }
        if let Some(crowd) = &self.crowd {
            crowd.leave(index as usize);
        }
    }

    /// Counts from here.
    #[napi]
    pub fn begin(&self) {
        if let Some(crowd) = &self.crowd {
            crowd.begin();
        }
    }

    /// What was seen since.
    #[napi]
    pub fn figures(&self) -> Result<CrowdFigures> {
        let figures = self.crowd.as_ref().and_then(Crowd::figures);
        let figures = figures
            .ok_or_else(|| Error::from_reason("Cannot load: the crowd's thread has ended"))?;
        Ok(CrowdFigures {
            clients: figures.clients as f64,
            decoders: figures.decoders as f64,
            received: figures.received as f64,
            received_bytes: figures.received_bytes as f64,
            ticks_seen: figures.ticks_seen as f64,
            ticks_due: figures.ticks_due,
            sent: figures.sent as f64,
            sent_bytes: figures.sent_bytes as f64,
            gap_ticks_max: figures.gap_ticks_max as f64,
            late_ms_p99: figures.late_ms_p99,
            closed: figures.closed as f64,
            broken: figures.broken as f64,
            checks: figures.checks[0] as f64,
            mismatches: figures.checks[1] as f64,
        })
    }

    /// Ends it.
    #[napi]
    pub fn stop(&mut self) {
        self.crowd = None;
        self.sockets.clear();
    }
}

/// One client by itself: a test holds it against the one in JavaScript.
#[napi(js_name = "Lean")]
pub struct NodeLean(Lean);

#[napi]
impl NodeLean {
    /// See [`Lean::new`].
    #[napi(constructor)]
    pub fn new(place: LeanPlace) -> Self {
        Self(Lean::new((&place).into(), place.seed))
    }

    /// The tick of a snapshot, -1: late, -2: broken.
    #[napi]
    pub fn receive(&mut self, bytes: &[u8]) -> i64 {
        match self.0.receive(bytes) {
            Taken::Snapshot(tick) => tick.into(),
            Taken::Late => -1,
            Taken::Broken | Taken::Nothing => -2,
        }
    }

    /// The next packet.
    #[napi]
    pub fn packet(&mut self) -> Uint8Array {
        let mut bytes = [0; PACKET_BYTES_MAX];
        let length = self.0.packet(&mut bytes);
        Uint8Array::from(&bytes[..length])
    }
}

fn wrong(what: &str) -> Error {
    Error::from_reason(format!("Cannot use the crowd: that is not {what}"))
}

fn failed(error: std::io::Error) -> Error {
    Error::from_reason(format!("Cannot open a client: {error}"))
}
