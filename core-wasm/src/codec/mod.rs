//! The codes of the wire: how input commands, entity rows, own state and events become bits, and back.
//!
//! Writers are given values that are in range by construction (rows of the history, checked configurations). Readers
//! are given anything: whatever is out of range makes the reader refuse, and the caller drops the packet.

pub mod event;
pub mod heading;
pub mod input;
pub mod number;
pub mod own;
pub mod row;
pub mod stride;
pub mod turn;
