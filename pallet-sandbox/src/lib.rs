//! The sandbox: a compute service whose nodes are Linux namespaces on the controller itself.

mod compute;
mod error;
mod image;
mod net;
mod node;
mod probe;
mod process;
mod provider;
mod resolver;
mod service;
mod settings;
mod store;
mod talk;
mod tools;

use pallet::compute::Provider;

/// Returns the provider named `sandbox`.
pub fn provider() -> impl Provider {
    provider::SandboxProvider
}
