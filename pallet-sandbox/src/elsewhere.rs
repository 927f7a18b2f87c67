//! The provider on systems that are no Linux: it says so.

use pallet::compute::{BoxFuture, Compute, ComputeError, Provider, ServiceConfig};
use std::sync::Arc;

/// The provider named `sandbox`.
pub(crate) struct SandboxProvider;

impl Provider for SandboxProvider {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn open(&self, _: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async {
            Err(ComputeError::input("the sandbox is made of Linux namespaces, and this is no Linux")
                .hint("use another provider: virtualbox, node-list"))
        })
    }
}
