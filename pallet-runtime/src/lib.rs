//! The effects of pallet: converge, lift, plan and destroy, over SSH or locally, and the command line.
//!
//! An infrastructure is a binary crate whose `main` is [`main()`] with the providers it uses:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     pallet_runtime::main().run()
//! }
//! ```
//!
//! What can be known and what cannot: a script that was sent and not answered may have run, in part or to its
//! end, or not at all. Every action leaves alone what is as declared, and what is owed to services is written down
//! on the node before it can be lost, so the answer to all of that is to run again.
//!
//! # Where things are
//!
//! | for | see |
//! |---|---|
//! | a program of one's own | [`main()`]; [`main_of`] for groups that are made from data |
//! | the order of a run | [`engine`] |
//! | the command line and its exit codes | [`cli`], [`cli::exit`] |
//! | `pallet.toml` and what lies below it | [`config`] |
//! | what happens, as values and as JSON | [`event`] |
//! | what people read of it | [`report`] |
//! | reaching nodes: SSH, this machine, sudo and doas | [`transport`], [`ssh_config`], [`known_hosts`], [`credentials`] |
//! | scripts and answers over an open shell | [`shell`] |
//! | hosts that exist, and this machine | [`providers`] |
//! | services on other machines | [`hosts`] |
//! | files on the controller | [`home`], [`lock`] |

pub mod cli;
pub mod config;
mod connector;
pub mod credentials;
pub mod engine;
pub mod error;
pub mod event;
pub mod home;
pub mod hosts;
pub mod known_hosts;
pub mod lock;
mod program;
pub mod providers;
pub mod report;
pub mod request;
pub mod shell;
pub mod ssh_config;
pub mod transport;

pub use cli::Main;
pub use connector::Reach;
pub use program::{main, main_of};
