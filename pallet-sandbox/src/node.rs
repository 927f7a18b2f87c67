//! One node: what is remembered of it, its disk, its start, and the way in.

pub(crate) mod boot;
pub(crate) mod cgroup;
pub(crate) mod disk;
pub(crate) mod endpoint;
pub(crate) mod init;
pub(crate) mod systemd;
mod sysv;

use crate::error::Result;
use crate::process::ProcessId;
use crate::store::{read_versioned, write_versioned};
use disk::Medium;
use init::Init;
use pallet::compute::ComputeError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// What is remembered of a node, in the file `node.json` of its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NodeState {
    /// The node's machine id, and its identity for pallet: a later node of the same name has another.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) medium: Medium,
    pub(crate) phase: Phase,
    /// What its process 1 is. In files of version 1 there was no choice.
    #[serde(default)]
    pub(crate) init_system: Init,
    /// The node's first process as the host sees it, if it was ever started: the small init, or the keeper of systemd.
    pub(crate) init: Option<ProcessId>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// How far a node has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// It is being made by this process. If the process is gone, what there is of the node is debris.
    Creating(ProcessId),
    /// It was made.
    Made,
}

impl NodeState {
    /// Tells whether whoever was making this node is gone.
    pub(crate) fn is_debris(&self) -> bool {
        matches!(&self.phase, Phase::Creating(creator) if creator.find().is_none())
    }

    /// Reads the state of the node in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let file = state_file(folder);
        read_versioned(&file)?.ok_or_else(|| {
            ComputeError::failed(format!("no {}", file.display()))
                .hint(format!("remove the folder {} if it is not needed", folder.display()))
        })
    }

    /// Writes the state into the node's folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        write_versioned(&state_file(folder), self)
    }
}

fn state_file(folder: &Path) -> PathBuf {
    folder.join("node.json")
}
