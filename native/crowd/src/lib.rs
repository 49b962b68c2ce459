//! Thousands of clients of the packet layer over UDP, on one thread without JavaScript: for load
//! tests, whose generator is otherwise full before the server is.
//!
//! Who wants to play shakes hands elsewhere, through a socket that is opened here; then it is handed
//! over with its keys. A client sends commands like a player who walks and turns, and checks each
//! snapshot's number, check and tick; some decode everything, with the client core.
#![deny(unsafe_code)]
#![deny(missing_docs)]

pub mod crowd;
pub mod lean;
#[cfg(feature = "node")]
mod node;
mod poll;
pub mod whole;
