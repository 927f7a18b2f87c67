//! `closemedium`: removes one disk image, and no other, from the registry and from the host.

use crate::machine::MediumId;
use crate::vboxmanage::{Call, CallError, VBoxManage};

/// Deletes a disk image. VBoxManage refuses while it is attached or has children.
pub(crate) async fn delete(vbox: &VBoxManage, medium: &MediumId) -> Result<(), CallError> {
    let call = Call::new(format!("delete the disk {medium}"), arguments(medium));
    vbox.run(call.repeatable()).await.map(drop)
}

/// Lets VirtualBox forget a disk. Its file stays.
pub(crate) async fn forget(vbox: &VBoxManage, file: &str) -> Result<(), CallError> {
    let call = Call::new(format!("forget the disk {file}"), ["closemedium", "disk", file]);
    vbox.run(call.repeatable()).await.map(drop)
}

/// Lets VirtualBox forget a CD image, if it knew it. Its file stays.
pub(crate) async fn forget_cd(vbox: &VBoxManage, file: &str) -> Result<(), CallError> {
    let call = Call::new(format!("forget the CD {file}"), ["closemedium", "dvd", file]);
    match vbox.run(call.repeatable()).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}

fn arguments(medium: &MediumId) -> [&str; 4] {
    ["closemedium", "disk", medium.as_str(), "--delete"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_is_named_by_its_uuid() {
        let medium = MediumId::parse("64a43b38-92a2-4fd0-87c9-a24f2b4707b2").expect("a UUID");
        assert_eq!(arguments(&medium).join(" "), format!("closemedium disk {medium} --delete"));
    }
}
