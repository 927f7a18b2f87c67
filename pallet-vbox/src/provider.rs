//! The provider: opens services.

use crate::doctor;
use crate::ledger::Ledger;
use crate::service::Service;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::side_by_side::Turns;
use crate::vboxmanage::VBoxManage;
use pallet::compute::{BoxFuture, Check, Compute, ComputeError, Provider, ServiceConfig};
use std::sync::Arc;

/// Returns the provider that makes nodes with VirtualBox.
pub fn provider() -> impl Provider {
    VirtualBox
}

struct VirtualBox;

impl Provider for VirtualBox {
    fn name(&self) -> &'static str {
        "vbox"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["virtualbox", "vmfest"]
    }

    fn can_be_elsewhere(&self) -> bool {
        true
    }

    fn doctor(&self, config: ServiceConfig) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(doctor::look(config))
    }

    fn open(&self, config: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async move {
            let settings = Settings::read(&config.options)?;
            let vbox = VBoxManage::find(config.runner, settings.vboxmanage.as_deref(), settings.home.clone())
                .await?;
            let service: Arc<dyn Compute> = Arc::new(Service {
                name: config.name,
                turns: Turns::new(settings.parallel),
                shared: Shared::default(),
                settings,
                vbox,
                ledger: Ledger::new(config.state_dir.join("machines")),
                state_dir: config.state_dir,
            });
            Ok(service)
        })
    }
}
