//! The native edge: a thread with UDP sockets, the packets of netcode 1.02, and the mailboxes of
//! room workers.
//!
//! It is one more I/O thread: it opens what connected clients send and puts it into inboxes, takes
//! snapshots out of outboxes and seals them. Who is let in, and for how long, is not decided here:
//! what comes from addresses that it has not been told of is handed up, within limits, and policy
//! comes down as commands. Absent: handshakes, tokens, sessions, Node.
//!
//! `unsafe` stands in three modules alone: [`shared`] (memory of JavaScript), [`socket`] and [`wake`]
//! (calls to the system). No bytes of the wire can make it panic; a test and a fuzzer try.
#![deny(unsafe_code)]
#![deny(missing_docs)]

pub mod clients;
pub mod edge;
pub mod figures;
pub mod handed;
pub mod packet;
pub mod rates;
pub mod shared;
pub mod socket;
pub mod wake;
mod work;
