//! What creations that run side by side need to know once and not each.
//!
//! What is kept here is checked again where it matters: a name that was taken meanwhile by VirtualBox itself, where the
//! new machine's folder would be the other's; a model whose holder was removed when it is attached.

use crate::command::list::{self, Listed};
use crate::command::medium::Medium;
use crate::holder;
use crate::image::Model;
use crate::machine::MachineId;
use crate::service::Service;
use pallet::compute::ComputeError;
use pallet::name::NodeName;
use pallet::spec::Attach;
use std::collections::HashMap;
use std::sync::{Mutex as SyncMutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a list of the machines' names is believed: shorter than anybody takes to make one by hand.
const FRESH: Duration = Duration::from_secs(5);

/// Answers that several creations use.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    machines: Mutex<Option<(Instant, Vec<Listed>)>>,
    disks: SyncMutex<HashMap<String, Medium>>,
}

impl Shared {
    /// Returns the machine that has a name. Who asks while the registry is being asked gets the same answer.
    pub(crate) async fn machine_named(
        &self,
        service: &Service,
        name: &NodeName,
    ) -> Result<Option<MachineId>, ComputeError> {
        let mut known = self.machines.lock().await;
        let has_name = |listed: &&Listed| listed.name.as_deref() == Some(name.as_str());
        if let Some((asked, machines)) = &*known
            && asked.elapsed() < FRESH
            // Whoever had the name may be gone by now.
            && !machines.iter().any(|listed| has_name(&listed))
        {
            return Ok(None);
        }
        let asked = Instant::now();
        let machines = list::machines(&service.vbox).await?;
        let found = machines.iter().find(has_name).map(|listed| listed.id.clone());
        *known = Some((asked, machines));
        Ok(found)
    }

    /// Takes note of a machine that is about to be made.
    pub(crate) async fn add(&self, id: &MachineId, name: &NodeName) {
        if let Some((_, machines)) = &mut *self.machines.lock().await {
            machines.push(Listed { id: id.clone(), name: Some(name.to_string()) });
        }
    }

    /// Returns the disk of a model once machines can be attached to it.
    pub(crate) async fn disk(&self, service: &Service, model: &Model) -> Result<Medium, ComputeError> {
        // How nodes use a disk decides what has to be done to it first.
        let key = format!("{} {}", model.attach, model.disk.argument());
        if let Some(disk) = self.disks().get(&key) {
            return Ok(disk.clone());
        }
        let disk = holder::ready(service, model).await?;
        // Nothing that follows would notice that the holder of an immutable disk is gone.
        if model.attach != Attach::Immutable {
            self.disks().insert(key, disk.clone());
        }
        Ok(disk)
    }

    /// Forgets all of it, since something was not as it seemed.
    pub(crate) fn forget(&self) {
        self.disks().clear();
    }

    fn disks(&self) -> std::sync::MutexGuard<'_, HashMap<String, Medium>> {
        self.disks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
