//! The providers that every infrastructure has: hosts that exist ([`node_list`]), the controller itself
//! ([`localhost`]), and several services as one ([`hybrid`]). None makes machines itself.

pub mod hybrid;
pub mod localhost;
pub mod node_list;
mod tags;
