//! What one session may send: the two buckets of `SessionRates` (src/session/server/limits.ts).

/// What a second may hold.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Datagrams.
    pub packets_per_second: f64,
    /// Their bytes.
    pub bytes_per_second: f64,
}

/// Buckets of one second's depth, full at first.
pub struct Rates {
    packets: f64,
    bytes: f64,
    refilled_us: u64,
}

impl Rates {
    /// Full.
    pub fn new(limits: Limits, now_us: u64) -> Self {
        let Limits { packets_per_second: packets, bytes_per_second: bytes } = limits;
        Self { packets, bytes, refilled_us: now_us }
    }

    /// False: over the limit, and nothing is charged.
    pub fn take(&mut self, limits: Limits, bytes: usize, now_us: u64) -> bool {
        let seconds = now_us.saturating_sub(self.refilled_us) as f64 / 1e6;
        self.packets =
            limits.packets_per_second.min(self.packets + seconds * limits.packets_per_second);
        self.bytes = limits.bytes_per_second.min(self.bytes + seconds * limits.bytes_per_second);
        self.refilled_us = self.refilled_us.max(now_us);
        let passes = self.packets >= 1.0 && self.bytes >= bytes as f64;
        if passes {
            self.packets -= 1.0;
            self.bytes -= bytes as f64;
        }
        passes
    }
}
