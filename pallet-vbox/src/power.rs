//! What can be done with a node that runs, beyond starting and stopping it.

use crate::command::controlvm::{self, Control};
use crate::command::showvminfo;
use crate::destroy;
use crate::machine::{MachineInfo, VmState};
use crate::service::Service;
use pallet::compute::{BoxFuture, ComputeError, NodeId, NodeRecord, Power, Progress};

impl Power for Service {
    fn pause<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let info = self.info(id).await?;
            match info.state {
                VmState::Paused => Ok(()),
                VmState::Running => self.control(&info, Control::Pause).await,
                _ => Err(not_running(&info)),
            }
        })
    }

    fn resume<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let info = self.info(id).await?;
            match info.state {
                VmState::Running => Ok(()),
                VmState::Paused => self.control(&info, Control::Resume).await,
                state => {
                    Err(ComputeError::failed(format!("the node {} is not paused: it is {state}", info.name))
                        .hint("`start` starts a node that is switched off or saved"))
                }
            }
        })
    }

    fn save<'a>(&'a self, id: &'a NodeId, progress: Progress<'a>) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let info = self.info(id).await?;
            match info.state {
                VmState::Saved => Ok(()),
                VmState::Running | VmState::Paused => {
                    progress("writing its memory");
                    self.control(&info, Control::SaveState).await
                }
                _ => Err(not_running(&info)),
            }
        })
    }

    fn reset<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let info = self.info(id).await?;
            match info.state {
                VmState::Running => self.control(&info, Control::Reset).await,
                _ => Err(not_running(&info)),
            }
        })
    }

    fn reboot<'a>(
        &'a self,
        id: &'a NodeId,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move {
            let info = self.info(id).await?;
            match info.state {
                VmState::Running | VmState::Paused | VmState::Stuck => {}
                VmState::Off | VmState::Saved | VmState::Changing(_) => return Err(not_running(&info)),
            }
            progress("shutting down");
            destroy::stop(self, &info).await?;
            self.start_node(id, progress).await
        })
    }

    fn cut<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let info = self.info(id).await?;
            destroy::switch_off(self, &info).await
        })
    }
}

impl Service {
    /// Returns what VirtualBox knows about a node of ours.
    pub(crate) async fn info(&self, id: &NodeId) -> Result<MachineInfo, ComputeError> {
        let (machine, _) = self.node(id).await?;
        Ok(showvminfo::run(&self.vbox, &machine).await?)
    }

    async fn control(&self, info: &MachineInfo, control: Control) -> Result<(), ComputeError> {
        match controlvm::run(&self.vbox, &info.id, control).await? {
            true => Ok(()),
            false => Err(ComputeError::failed(format!("the node {} stopped meanwhile", info.name))),
        }
    }
}

fn not_running(info: &MachineInfo) -> ComputeError {
    ComputeError::failed(format!("the node {} does not run: it is {}", info.name, info.state))
        .hint("`start` starts it")
}
