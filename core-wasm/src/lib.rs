//! The Fray core: one deterministic room (the server half) and one predicting client (the client
//! half), in integers.
//!
//! Absent by design: clocks, sockets, floats, allocation after init, hash maps, host imports but a game's own step.
//! Everything that enters a room is a record in its input buffer; everything that leaves is a
//! packet or an event in its output buffer. `room.rs` holds the list of stages; each stage is a
//! file. `abi.rs` is the only `unsafe`.

// Without std a panic is a trap and nothing more: its messages are a fifth of the module.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(target_arch = "wasm32")]
pub mod abi;
pub mod areas;
pub mod bits;
pub mod blast;
pub mod budget;
pub mod client;
pub mod codec;
pub mod collide;
pub mod combat;
pub mod command;
pub mod config;
pub mod events;
pub mod fixed;
pub mod gen;
pub mod grid;
pub mod harm;
pub mod hash;
pub mod history;
#[cfg(not(target_arch = "wasm32"))]
pub mod host;
pub mod indices;
pub mod ingest;
pub mod input;
pub mod interest;
pub mod movement;
pub mod movers;
pub mod netchan;
pub mod packet;
pub mod physics;
pub mod receipt;
pub mod region;
pub mod rewind;
pub mod rng;
pub mod room;
pub mod roster;
pub mod rows;
pub mod sent;
pub mod shown;
pub mod sight;
pub mod snapshot;
pub mod step;
pub mod strike;
pub mod timers;
pub mod walls;
pub mod world;
