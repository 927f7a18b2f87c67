//! placeholder
#![allow(missing_docs)]
pub mod compute;
pub mod facts;
pub mod name;
pub mod options;
mod secret;
pub mod spec;
pub use secret::Secret;
