//! placeholder
#![allow(missing_docs)]
pub mod credentials;
pub mod known_hosts;
pub mod ssh_config;
pub mod transport;
