//! What the thread counts. All rise only; whoever asks reads them from another thread.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

macro_rules! figures {
    ($($name:ident $key:literal),+ $(,)?) => {
        /// Counters of a thread, in the order of [`NAMES`].
        #[derive(Default)]
        pub struct Figures { $(#[doc = $key] pub $name: Count),+ }
        /// What JavaScript calls them.
        pub const NAMES: &[&str] = &[$($key),+];
        impl Figures {
            /// All of them, in the order of [`NAMES`].
            pub fn all(&self) -> [u64; NAMES.len()] { [$(self.$name.get()),+] }
        }
    };
}

figures! {
    // Datagrams of the sockets, and their bytes.
    datagrams_in "datagramsIn", bytes_in "bytesIn", datagrams_out "datagramsOut", bytes_out "bytesOut",
    // Not sent: the socket's buffer was full.
    dropped_full "droppedFull",
    // The system refused.
    errors "errors",
    // Not received: the kernel's buffer was full (SO_RXQ_OVFL).
    overflow "overflow",
    // Calls to the system that brought or took something.
    receives "receives", sends "sends",
    // Times that the thread slept and was woken by a worker, and all times it woke.
    wakes "wakes", turns "turns",
    // Packets of netcode, named as those of the JavaScript end.
    payloads_in "payloadsIn", payloads_out "payloadsOut", keep_alives_out "keepAlivesOut",
    drop_size "dropSize", drop_kind "dropKind", drop_unknown "dropUnknown", drop_state "dropState",
    drop_connected "dropConnected",
    drop_replay "dropReplay", drop_sealed "dropSealed", drop_length "dropLength",
    // Payloads longer than a datagram of ours.
    violations "violations",
    // Put into inboxes, and refused by full ones.
    carried_in "carriedIn", carried_in_bytes "carriedInBytes", inbox_full "inboxFull",
    // Over the rate of its session.
    refused "refused",
    // Taken out of outboxes: sent, superseded by a newer one of the same turn, or without a client here.
    carried_out "carriedOut", carried_out_bytes "carriedOutBytes", replaced "replaced", packets_gone "packetsGone",
    // Mailboxes that do not parse: they are not read any more.
    damaged "damaged",
    // Not handed up: too much waits already.
    drop_waiting "dropWaiting",
}

/// One counter; one thread writes it.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, count: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(count), Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What the other side looks at of each client, some twenty times a second. Wraps.
#[derive(Default)]
pub struct ClientFigures {
    /// Packets that opened.
    pub heard: AtomicU32,
    /// Of those the ones that were put into an inbox.
    pub carried: AtomicU32,
    /// Of those the ones over the rate.
    pub refused: AtomicU32,
}

impl ClientFigures {
    /// One more.
    pub fn count(figure: &AtomicU32) {
        figure.store(figure.load(Relaxed).wrapping_add(1), Relaxed);
    }
}
