//! `createmedium`, `showmediuminfo` and `modifymedium`: disk images, and how they may be attached.

use super::field;
use crate::hardware::NewDisk;
use crate::machine::MediumId;
use crate::vboxmanage::{Call, CallError, Unexpected, VBoxManage};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A disk image of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Medium {
    pub(crate) id: MediumId,
    /// The disk that it is a difference to.
    pub(crate) parent: Option<MediumId>,
    pub(crate) kind: MediumKind,
    pub(crate) location: PathBuf,
    /// Whether VirtualBox can read it.
    pub(crate) accessible: bool,
    /// The machines it is attached to, as VBoxManage prints them: `name (UUID: …)`.
    pub(crate) users: Vec<String>,
}

/// How a disk behaves when it is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MediumKind {
    /// Written to, by one machine at a time.
    Normal,
    /// A difference to its parent.
    Differencing,
    /// Never written to; every machine gets a difference of its own.
    MultiAttach,
    /// The same, and the difference is emptied when its machine is switched on.
    Immutable,
    /// Another kind, by VirtualBox's name.
    Other(String),
}

/// Returns what VirtualBox knows about a disk, which it registers if it did not know it.
pub(crate) async fn show(vbox: &VBoxManage, medium: &str) -> Result<Medium, CallError> {
    let doing = || format!("read the disk {medium}");
    let answer = vbox.run(Call::new(doing(), ["showmediuminfo", "disk", medium]).repeatable()).await?;
    parse(&answer.stdout).map_err(|what| CallError::unexpected(doing(), what))
}

/// Makes an empty disk.
pub(crate) async fn create(vbox: &VBoxManage, file: &Path, disk: &NewDisk) -> Result<(), CallError> {
    let doing = format!("make the disk {}", file.display());
    // A disk of fixed size is written in full.
    let call = Call::new(doing, create_arguments(file, disk)).within(Duration::from_secs(3600));
    vbox.run(call).await.map(drop)
}

fn create_arguments(file: &Path, disk: &NewDisk) -> Vec<String> {
    let (file, size) = (file.display().to_string(), disk.size.to_string());
    let mut args = ["createmedium", "disk", "--filename", &file, "--size", &size, "--format", disk.format]
        .map(str::to_owned)
        .to_vec();
    if !disk.variants.is_empty() {
        args.extend(["--variant".to_owned(), disk.variants.join(",")]);
    }
    args
}

/// Sets how a disk behaves when it is attached. VBoxManage refuses while it is attached.
pub(crate) async fn set_kind(
    vbox: &VBoxManage,
    medium: &MediumId,
    kind: &MediumKind,
) -> Result<(), CallError> {
    let call = Call::new(
        format!("make the disk {medium} a {} one", kind.as_str()),
        ["modifymedium", "disk", medium.as_str(), "--type", kind.as_str()],
    );
    vbox.run(call.repeatable()).await.map(drop)
}

/// Makes a disk of its own that is a difference to another.
pub(crate) async fn create_difference(
    vbox: &VBoxManage,
    parent: &MediumId,
    file: &str,
) -> Result<(), CallError> {
    let call = Call::new(
        format!("make a difference to the disk {parent}"),
        ["createmedium", "disk", "--diffparent", parent.as_str(), "--filename", file],
    );
    vbox.run(call).await.map(drop)
}

/// Makes a VDI with the content of a disk, and a UUID of its own. VirtualBox knows both from then on.
pub(crate) async fn clone(vbox: &VBoxManage, from: &str, to: &str) -> Result<(), CallError> {
    let call =
        Call::new(format!("copy the disk {from}"), ["clonemedium", "disk", from, to, "--format", "VDI"]);
    vbox.run(call.within(HOURS)).await.map(drop)
}

/// Makes a VDI of a raw disk. VirtualBox knows neither of them from then on.
pub(crate) async fn convert_from_raw(vbox: &VBoxManage, from: &str, to: &str) -> Result<(), CallError> {
    let call = Call::new(format!("convert the disk {from}"), ["convertfromraw", from, to, "--format", "VDI"]);
    vbox.run(call.within(HOURS)).await.map(drop)
}

/// How long it may take to read and write all of a disk.
const HOURS: Duration = Duration::from_secs(4 * 60 * 60);

impl MediumKind {
    fn parse(text: &str) -> MediumKind {
        match text {
            "normal (base)" => MediumKind::Normal,
            "multiattach" => MediumKind::MultiAttach,
            "immutable" => MediumKind::Immutable,
            text if text.contains("differencing") => MediumKind::Differencing,
            other => MediumKind::Other(other.to_owned()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            MediumKind::Normal => "normal",
            MediumKind::Differencing => "differencing",
            MediumKind::MultiAttach => "multiattach",
            MediumKind::Immutable => "immutable",
            MediumKind::Other(name) => name,
        }
    }
}

pub(super) fn parse(block: &str) -> Result<Medium, Unexpected> {
    let value = |key: &'static str| block.lines().find_map(|line| field(line, key));
    let need = |key| value(key).ok_or_else(|| Unexpected::new(format!("a line `{key}:`"), block));
    let id = |text: &str| MediumId::parse(text).ok_or_else(|| Unexpected::new("a UUID", text));
    Ok(Medium {
        id: id(need("UUID")?)?,
        parent: match need("Parent UUID")? {
            "base" => None,
            parent => Some(id(parent)?),
        },
        kind: MediumKind::parse(need("Type")?),
        location: need("Location")?.into(),
        accessible: need("State")? != "inaccessible",
        users: users(block),
    })
}

/// The first user stands behind its key, further ones on lines of their own below it.
fn users(block: &str) -> Vec<String> {
    let mut lines = block.lines().skip_while(|line| field(line, "In use by VMs").is_none());
    let first = lines.next().and_then(|line| field(line, "In use by VMs"));
    let more = lines.take_while(|line| line.starts_with(' ')).map(str::trim);
    first.into_iter().chain(more).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str) -> Medium {
        parse(text).expect("a disk")
    }

    #[test]
    fn a_fresh_disk_is_a_normal_base() {
        let disk = sample(include_str!("../samples/showmediuminfo-normal.txt"));
        assert_eq!(
            disk,
            Medium {
                id: MediumId::parse("64a43b38-92a2-4fd0-87c9-a24f2b4707b2").expect("a UUID"),
                parent: None,
                kind: MediumKind::Normal,
                location: "/srv/models/debian-12.vdi".into(),
                accessible: true,
                users: vec![],
            }
        );
    }

    #[test]
    fn a_model_is_multi_attach_and_its_child_a_difference() {
        let model = sample(include_str!("../samples/showmediuminfo-multiattach.txt"));
        let child = sample(include_str!("../samples/showmediuminfo-child.txt"));
        assert_eq!(model.kind, MediumKind::MultiAttach);
        assert_eq!((child.kind, child.parent), (MediumKind::Differencing, Some(model.id)));
    }

    #[test]
    fn a_disk_in_use_tells_by_whom() {
        let disk = sample(include_str!("../samples/showmediuminfo-in-use.txt"));
        assert_eq!(disk.users, ["holder (UUID: 3d6e632a-0146-40fc-bba2-69d7d4fff19e)"]);
    }

    #[test]
    fn a_disk_is_made_as_it_is_asked_for() {
        let disk =
            NewDisk { file: "d.vmdk".into(), size: 64, format: "VMDK", variants: vec!["Fixed", "Split2G"] };
        assert_eq!(
            create_arguments(Path::new("/n/web-1/d.vmdk"), &disk).join(" "),
            "createmedium disk --filename /n/web-1/d.vmdk --size 64 --format VMDK --variant Fixed,Split2G"
        );
    }

    #[test]
    fn another_answer_is_an_error() {
        let error = parse("UUID: x\n").expect_err("no UUID");
        assert_eq!(error.to_string(), "VBoxManage's answer lacks a UUID: \"x\"");
    }
}
