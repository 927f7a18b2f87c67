//! The providers that every infrastructure has: hosts that exist ([`node_list`]) and the controller itself
//! ([`localhost`]). Neither makes machines.

pub mod localhost;
pub mod node_list;
mod tags;
