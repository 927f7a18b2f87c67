//! The provider: opens services.

use crate::doctor;
use crate::image::catalogue::Catalogue;
use crate::ledger::Ledger;
use crate::service::Service;
use crate::settings::{OBSOLETE, Settings};
use crate::shared::Shared;
use crate::side_by_side::Turns;
use crate::vboxmanage::VBoxManage;
use pallet::compute::{BoxFuture, Check, Compute, ComputeError, Heritage, Provider, ServiceConfig};
use pallet::options::{OptionError, Options};
use pallet::spec::ImageDefinition;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the provider that makes nodes with VirtualBox.
pub fn provider() -> VirtualBox {
    VirtualBox::default()
}

/// The provider that makes nodes with VirtualBox, and what the program tells it.
#[derive(Debug, Clone, Default)]
pub struct VirtualBox {
    images: BTreeMap<String, ImageDefinition>,
}

impl VirtualBox {
    /// Adds an image model. The configuration of a service wins over it, and it wins over files in the folder of models.
    ///
    /// ```
    /// use pallet::compute::Provider;
    /// use pallet::spec::{Attach, ImageDefinition};
    ///
    /// let provider = pallet_vbox::provider().image(
    ///     "debian-12",
    ///     ImageDefinition {
    ///         path: "/srv/models/debian-12.vdi".into(),
    ///         attach: Some(Attach::LinkedClone),
    ///         ..ImageDefinition::default()
    ///     },
    /// );
    /// assert_eq!(provider.name(), "vbox");
    /// ```
    #[must_use]
    pub fn image(mut self, id: impl Into<String>, definition: ImageDefinition) -> Self {
        self.images.insert(id.into(), definition);
        self
    }
}

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

    fn check(&self, options: &Options) -> Result<(), OptionError> {
        Settings::read(options, &self.images).map(drop)
    }

    /// VMFest had its models and machines in folders of its own.
    fn heritage(&self) -> Heritage {
        Heritage {
            obsolete: OBSOLETE,
            defaults: &[("model-path", "~/.vmfest/models"), ("node-path", "~/.vmfest/nodes")],
        }
    }

    fn doctor(&self, config: ServiceConfig) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(doctor::look(config, &self.images))
    }

    fn open(&self, config: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async move {
            let settings = Settings::read(&config.options, &self.images)?;
            let vbox = VBoxManage::find(config.runner, settings.vboxmanage.as_deref(), settings.home.clone())
                .await?;
            let service = Service {
                name: config.name,
                turns: Turns::new(settings.parallel),
                shared: Shared::default(),
                models: Catalogue::new(settings.images.clone()),
                settings,
                vbox,
                ledger: Ledger::new(config.state_dir.join("machines")),
                state_dir: config.state_dir,
                admin: config.admin,
            };
            service.read_images().await?;
            Ok(Arc::new(service) as Arc<dyn Compute>)
        })
    }
}
