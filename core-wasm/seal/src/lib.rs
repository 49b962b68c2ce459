//! ChaCha20-Poly1305 (RFC 8439) for packets in linear memory, many in one call.
//!
//! Why a module of its own: sealing a small packet with node:crypto takes longer than all the rest
//! of sending it. The primitives are RustCrypto's; this crate only lays them over flat tables, so
//! that a call costs no object and no copy. It belongs to an I/O thread, not to a room: floats,
//! clocks and allocation are absent here as in the core, and no input can make it panic.
//!
//! The nonce of a packet is 4 zero bytes and its sequence (u64, little-endian). Its associated data
//! are [`ASSOCIATED_BYTES`] bytes that are the same for all packets, then one byte of the packet's
//! own; or nothing.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![deny(unsafe_code)]
#![deny(missing_docs)]

#[cfg(target_arch = "wasm32")]
mod abi;
mod aead;
mod tables;

pub use aead::{open, seal, Packet, TAG_BYTES};
pub use tables::{status, Tables, JOBS_MAX, JOB_BYTES, PACKETS_BYTES};

/// Bytes of associated data that all packets share.
pub const ASSOCIATED_BYTES: usize = 21;
/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
