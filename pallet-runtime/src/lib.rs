//! placeholder
#![allow(missing_docs)]
pub mod event;
pub mod request;
pub mod transport;
