//! placeholder
#![allow(missing_docs)]
pub mod credentials;
pub mod engine;
pub mod event;
pub mod known_hosts;
pub mod request;
pub mod shell;
pub mod ssh_config;
pub mod transport;
