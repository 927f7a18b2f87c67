//! `snapshot`: states of a machine that are kept.

use crate::machine::MachineId;
use crate::vboxmanage::{Answer, Call, CallError, Unexpected, VBoxManage};
use std::time::Duration;

/// A state that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The first line of it, which is all that ours have.
    pub(crate) description: String,
    pub(crate) parent: Option<String>,
    pub(crate) current: bool,
}

/// Returns the snapshots of a machine, each after its parent.
pub(crate) async fn list(vbox: &VBoxManage, id: &MachineId) -> Result<Vec<Kept>, CallError> {
    let doing = || format!("list the snapshots of the machine {id}");
    let call = Call::new(doing(), ["snapshot", id.as_str(), "list", "--machinereadable"]);
    match vbox.run(call.repeatable()).await {
        Ok(answer) => parse(&answer.stdout).map_err(|what| CallError::unexpected(doing(), what)),
        // Exit code 1, and the words on standard output.
        Err(error) if error.wrote("does not have any snapshots") => Ok(vec![]),
        Err(error) => Err(error),
    }
}

/// Keeps the state of a machine, running or not, under a name.
pub(crate) async fn take(
    vbox: &VBoxManage,
    id: &MachineId,
    name: &str,
    description: &str,
) -> Result<(), CallError> {
    let description = format!("--description={description}");
    let doing = format!("take a snapshot of the machine {id}");
    run(vbox, doing, ["snapshot", id.as_str(), "take", name, &description]).await.map(drop)
}

/// Puts a machine that is switched off back into a state.
pub(crate) async fn restore(vbox: &VBoxManage, id: &MachineId, snapshot: &str) -> Result<(), CallError> {
    let doing = format!("restore a snapshot of the machine {id}");
    run(vbox, doing, ["snapshot", id.as_str(), "restore", snapshot]).await.map(drop)
}

/// Removes a state; its disks are merged into those that are based on them.
pub(crate) async fn delete(vbox: &VBoxManage, id: &MachineId, snapshot: &str) -> Result<(), CallError> {
    let doing = format!("delete a snapshot of the machine {id}");
    run(vbox, doing, ["snapshot", id.as_str(), "delete", snapshot]).await.map(drop)
}

/// Memory is written, or disks are merged: that takes as long as it takes.
async fn run<const N: usize>(vbox: &VBoxManage, doing: String, args: [&str; N]) -> Result<Answer, CallError> {
    vbox.run(Call::new(doing, args).within(Duration::from_secs(3600))).await
}

/// Lines are `SnapshotName-1-2="two"`: the numbers are the way from the first. Names are not escaped.
fn parse(stdout: &str) -> Result<Vec<Kept>, Unexpected> {
    let value = |key: &str| {
        let line = stdout.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix("=\""));
        // A description of several lines has its quotes on different ones.
        line.map(|text| text.strip_suffix('"').unwrap_or(text))
    };
    let current = value("CurrentSnapshotUUID");
    let mut kept: Vec<Kept> = Vec::new();
    for line in stdout.lines() {
        let Some((node, rest)) = line.strip_prefix("SnapshotName").and_then(|rest| rest.split_once("=\""))
        else {
            continue;
        };
        if !node.is_empty() && !node.starts_with('-') {
            continue;
        }
        let id_of = |node: &str| value(&format!("SnapshotUUID{node}"));
        let id = id_of(node).ok_or_else(|| Unexpected::new(format!("a line SnapshotUUID{node}"), stdout))?;
        kept.push(Kept {
            id: id.to_owned(),
            name: rest.strip_suffix('"').unwrap_or(rest).to_owned(),
            description: value(&format!("SnapshotDescription{node}")).unwrap_or_default().to_owned(),
            parent: node.rsplit_once('-').and_then(|(parent, _)| id_of(parent)).map(str::to_owned),
            current: current == Some(id),
        });
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_with_its_parents() {
        let found = parse(include_str!("../samples/snapshot-list.txt")).expect("snapshots");
        let seen: Vec<(&str, &str, bool)> = found
            .iter()
            .map(|kept| (kept.name.as_str(), kept.parent.as_deref().unwrap_or("-"), kept.current))
            .collect();
        let (one, odd) = (found[0].id.as_str(), found[2].id.as_str());
        assert_eq!(
            seen,
            [("one", "-", false), ("two", one, false), ("odd \"x\" = y", one, false), ("two", odd, true)]
        );
        assert_eq!(found[0].description, "first = one");
        assert_eq!(found[2].description, "two");
        assert_eq!(parse(""), Ok(vec![]));
    }
}
