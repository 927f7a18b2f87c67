//! Machines that VirtualBox cannot read, left by creations that were killed.
//!
//! Nobody ever had such a machine, so it goes. VirtualBox removes it from the registry but touches none of its files, and
//! with its settings file there no machine of that name can be made again.
//!
//! A machine that was complete is never removed here: what is in it may be repaired by its owner.

use crate::command::medium::{Medium, MediumKind};
use crate::command::unregistervm::{self, Files};
use crate::command::{closemedium, list};
use crate::ledger::Entry;
use crate::service::Service;
use crate::{destroy, holder, tags};
use pallet::compute::ComputeError;
use std::path::Path;

/// Removes a machine whose creation was written down and never came to an end.
///
/// The machine itself goes last: until then, whoever is to finish this finds it.
pub(crate) async fn remove(service: &Service, entry: &Entry) -> Result<(), ComputeError> {
    let (vbox, id) = (&service.vbox, &entry.id);
    let settings = list::settings_file(vbox, id).await?;
    if let Some(settings) = settings.filter(|file| is_as_we_name_it(file, entry)) {
        let media = list::disks(vbox).await?;
        for disk in differences(&settings, &media) {
            closemedium::delete(vbox, &disk.id).await?;
        }
        holder::remove_settings(service, &settings).await;
    }
    unregistervm::run(vbox, id, Files::Keep).await?;
    tags::forget(vbox, id).await?;
    service.ledger.forget(id)
}

/// `…/web-1/web-1.vbox`: what lies elsewhere was put there by somebody else, and stays.
fn is_as_we_name_it(settings: &Path, entry: &Entry) -> bool {
    let name = entry.name.as_str();
    let folder = settings.parent().and_then(Path::file_name);
    folder.is_some_and(|folder| folder == name) && settings.ends_with(format!("{name}.vbox"))
}

/// Returns the disks that a machine of ours can have got by then: differences in its own folder that nobody else uses.
fn differences<'a>(settings: &Path, media: &'a [Medium]) -> Vec<&'a Medium> {
    let folder = settings.parent().unwrap_or(settings);
    let mut disks = destroy::own_disks(folder, media);
    disks.retain(|disk| disk.kind == MediumKind::Differencing && disk.users.is_empty());
    disks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{MachineId, MediumId};
    use pallet::name::NodeName;

    fn disk(n: u8, kind: MediumKind, location: &str) -> Medium {
        Medium {
            id: MediumId::parse(&format!("{n:08x}-0000-4000-8000-000000000000")).expect("a UUID"),
            parent: None,
            kind,
            location: location.into(),
            accessible: true,
            users: vec![],
        }
    }

    #[test]
    fn only_differences_that_nobody_uses_go() {
        use MediumKind::{Differencing, MultiAttach, Normal};
        let media = [
            disk(1, Differencing, "/n/web-1/Snapshots/a.vdi"),
            Medium { users: vec!["db-1".into()], ..disk(2, Differencing, "/n/web-1/Snapshots/b.vdi") },
            disk(3, Normal, "/n/web-1/model.vdi"),
            disk(4, MultiAttach, "/n/web-1/model-2.vdi"),
            disk(5, Differencing, "/n/web-10/Snapshots/c.vdi"),
        ];
        assert_eq!(differences("/n/web-1/web-1.vbox".as_ref(), &media), [&media[0]]);
    }

    #[test]
    fn the_files_of_a_machine_that_was_moved_stay() {
        let name = NodeName::new("web-1").expect("a name");
        let entry = Entry { id: MachineId::random(), name, group: None };
        assert!(is_as_we_name_it("/n/web-1/web-1.vbox".as_ref(), &entry));
        for moved in ["/n/mail/web-1.vbox", "/n/web-1/mail.vbox", "/web-1.vbox"] {
            assert!(!is_as_we_name_it(moved.as_ref(), &entry), "{moved}");
        }
    }
}
