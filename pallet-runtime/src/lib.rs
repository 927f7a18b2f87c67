//! placeholder
#![allow(missing_docs)]
pub mod known_hosts;
pub mod transport;
