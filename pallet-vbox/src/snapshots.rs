//! States of nodes that are kept, and the way back to them.
//!
//! A snapshot keeps a node's disks and settings, but not its extra data. So our tags, which say among other things
//! whether the node was bootstrapped, are kept in the snapshot's description, and come back with it.
//!
//! The model is in no danger here: what a snapshot keeps is the node's difference to it, and what is merged when one is
//! deleted are differences in the node's own folder.

use crate::command::snapshot::{self, Kept};
use crate::command::{modifyvm, showvminfo};
use crate::machine::MachineId;
use crate::service::Service;
use crate::tags::{self, Member};
use crate::{address, destroy, network};
use pallet::compute::{BoxFuture, ComputeError, NodeId, Progress, Snapshot, Snapshots};
use pallet::name::SnapshotName;
use std::collections::BTreeMap;

/// What descriptions of ours begin with.
const OURS: &str = "pallet:";

impl Snapshots for Service {
    fn list<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<Vec<Snapshot>, ComputeError>> {
        Box::pin(async move {
            let (machine, _) = self.node(id).await?;
            let kept = snapshot::list(&self.vbox, &machine).await?;
            let public = |Kept { id, name, parent, current, .. }| Snapshot { name, id, parent, current };
            Ok(kept.into_iter().map(public).collect())
        })
    }

    fn take<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a SnapshotName,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (machine, member) = self.node(id).await?;
            if self.kept(&machine).await?.iter().any(|kept| kept.name == name.as_str()) {
                return Err(ComputeError::failed(format!("the node has a snapshot `{name}` already"))
                    .hint("give it another name, or delete the old one first"));
            }
            progress("taking a snapshot");
            Ok(snapshot::take(&self.vbox, &machine, name.as_str(), &describe(&member.tags)).await?)
        })
    }

    fn restore<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (machine, mut member) = self.node(id).await?;
            let kept = only(self.kept(&machine).await?, name)?;
            let info = showvminfo::run(&self.vbox, &machine).await?;
            progress("switching off");
            destroy::switch_off(self, &info).await?;
            let then = tags_of(&kept.description);
            // First away with what is not true of it any more: a node that seems not to be bootstrapped is bootstrapped
            // once more, which does no harm; the other way round nobody could log in.
            if let Some(then) = &then {
                let before = member.tags.len();
                member.tags.retain(|key, _| then.contains_key(key));
                if member.tags.len() != before {
                    tags::write(&self.vbox, &machine, &member).await?;
                }
            }
            progress("going back to the snapshot");
            snapshot::restore(&self.vbox, &machine, &kept.id).await?;
            self.keep_its_port(&machine, &member).await?;
            if let Some(then) = then.filter(|then| *then != member.tags) {
                member.tags = then;
                tags::write(&self.vbox, &machine, &member).await?;
            }
            Ok(())
        })
    }

    fn delete<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (machine, _) = self.node(id).await?;
            let all = self.kept(&machine).await?;
            let children = |id: &str| all.iter().filter(|kept| kept.parent.as_deref() == Some(id)).count();
            let doomed = only(all.clone(), name)?;
            if children(&doomed.id) > 1 {
                return Err(ComputeError::failed(format!(
                    "the snapshot `{name}` cannot be deleted: {} others are based on it",
                    children(&doomed.id)
                ))
                .hint("delete those first; VirtualBox merges a snapshot only into one other"));
            }
            progress("merging its disks");
            Ok(snapshot::delete(&self.vbox, &machine, &doomed.id).await?)
        })
    }
}

impl Service {
    async fn kept(&self, machine: &MachineId) -> Result<Vec<Kept>, ComputeError> {
        Ok(snapshot::list(&self.vbox, machine).await?)
    }

    /// A snapshot brings back the port of then, which may be another machine's by now: the one that is claimed stays.
    async fn keep_its_port(&self, machine: &MachineId, member: &Member) -> Result<(), ComputeError> {
        let info = showvminfo::run(&self.vbox, machine).await?;
        let port = info.adapter(member.adapter).and_then(address::ssh_port);
        match (port, member.port) {
            (Some(then), Some(claimed)) if then != claimed => {
                modifyvm::run(&self.vbox, machine, &network::move_ssh_port(member.adapter, claimed)).await
            }
            _ => Ok(()),
        }
    }
}

/// VirtualBox lets several snapshots share a name and takes the first.
fn only(all: Vec<Kept>, name: &str) -> Result<Kept, ComputeError> {
    let names: Vec<String> = all.iter().map(|kept| kept.name.clone()).collect();
    let mut found = all.into_iter().filter(|kept| kept.name == name);
    match (found.next(), found.next()) {
        (Some(kept), None) => Ok(kept),
        (Some(_), Some(_)) => Err(ComputeError::failed(format!("the node has several snapshots `{name}`"))
            .hint("rename all but one with `VBoxManage snapshot … edit`")),
        (None, _) => Err(ComputeError::failed(format!("the node has no snapshot `{name}`")).hint(
            match names.is_empty() {
                true => "it has none at all; `snapshot take` takes one".to_owned(),
                false => format!("snapshots: {}", names.join(", ")),
            },
        )),
    }
}

/// Returns tags as one line.
fn describe(tags: &BTreeMap<String, String>) -> String {
    let pairs = tags.iter().map(|(key, value)| format!(" {}={}", tags::encode(key), tags::encode(value)));
    OURS.to_owned() + &pairs.collect::<String>()
}

/// Returns the tags in a description, or nothing if it is not ours.
fn tags_of(description: &str) -> Option<BTreeMap<String, String>> {
    let pairs = description.strip_prefix(OURS)?.split_whitespace();
    Some(
        pairs
            .filter_map(|pair| pair.split_once('='))
            .map(|(k, v)| (tags::decode(k), tags::decode(v)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_survive_in_a_description() {
        let tags: BTreeMap<String, String> = [("bootstrapped", "1"), ("a = b", "two\nlines"), ("empty", "")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let line = describe(&tags);
        assert!(!line.contains('\n') && !line.contains('"'), "{line}");
        assert_eq!(tags_of(&line), Some(tags));
        assert_eq!(tags_of(&describe(&BTreeMap::new())), Some(BTreeMap::new()));
        assert_eq!(tags_of("made by hand"), None);
    }

    #[test]
    fn a_name_must_mean_one_snapshot() {
        let kept = |name: &str| Kept {
            id: String::new(),
            name: name.to_owned(),
            description: String::new(),
            parent: None,
            current: false,
        };
        assert!(only(vec![kept("a"), kept("b")], "b").is_ok());
        let hint = only(vec![kept("a"), kept("b")], "c").expect_err("none").hint;
        assert_eq!(hint.as_deref(), Some("snapshots: a, b"));
        assert!(only(vec![kept("a"), kept("a")], "a").expect_err("two").message.contains("several"));
    }
}
