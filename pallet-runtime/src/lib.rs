//! placeholder
#![allow(missing_docs)]
pub mod credentials;
pub mod event;
pub mod known_hosts;
pub mod request;
pub mod ssh_config;
pub mod transport;
