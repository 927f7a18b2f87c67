//! placeholder
#![allow(missing_docs)]
pub mod cli;
pub mod config;
pub mod error;
pub mod event;
pub mod home;
pub mod lock;
pub mod providers;
pub mod report;
pub mod request;
pub mod runner;
pub mod transport;
