//! Opens sandbox services.

use crate::compute::Sandbox;
use crate::error::{Context, Result};
use crate::probe;
use crate::service::Service;
use crate::settings::Settings;
use crate::tools::{Rights, Tools};
use pallet::compute::{BoxFuture, Compute, Provider, ServiceConfig};
use std::path::absolute;
use std::sync::Arc;

/// The provider named `sandbox`.
pub(crate) struct SandboxProvider;

impl Provider for SandboxProvider {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn open(&self, config: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>>> {
        Box::pin(async move { open(&config).map(|sandbox| Arc::new(sandbox) as Arc<dyn Compute>) })
    }
}

fn open(config: &ServiceConfig) -> Result<Sandbox> {
    let settings = Settings::read(&config.options)?;
    let rights = if rustix::process::geteuid().is_root() { Rights::Root } else { Rights::User };
    let tools = Tools::find(rights)?;
    probe::root()?;
    let state_dir = absolute(&config.state_dir)
        .context(|| format!("cannot make sense of the path {}", config.state_dir.display()))?;
    Ok(Sandbox::new(Service { state_dir, settings, tools }))
}
