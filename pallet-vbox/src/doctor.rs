//! The doctor: everything that a service of this provider needs, looked at without changing anything.

use crate::command::list::{self, HostInterface};
use crate::image::catalogue::Catalogue;
use crate::image::library::Library;
use crate::image::{Disk, Models};
use crate::inspect::Host;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::vboxmanage::VBoxManage;
use pallet::compute::{Check, ComputeError, ServiceConfig};
use pallet::spec::{ImageDefinition, Network};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Less than this in MiB, and the first update of a node's packages fills the disk.
const ROOM: u64 = 2048;
/// The check of the image models.
const MODELS: &str = "image models";

/// Looks at everything. What cannot be looked at because of something before it is told as such.
pub(crate) async fn look(config: ServiceConfig, code: &BTreeMap<String, ImageDefinition>) -> Vec<Check> {
    let settings = match Settings::read(&config.options, code) {
        Ok(settings) => settings,
        Err(error) => return vec![Check::of("configuration", Err(error.into()))],
    };
    let vbox =
        VBoxManage::find(config.runner.clone(), settings.vboxmanage.as_deref(), settings.home.clone()).await;
    let folder = match (&settings.node_path, &vbox) {
        (Some(folder), _) => Some(folder.display().to_string()),
        (None, Ok(vbox)) => list::machine_folder(vbox).await.ok().flatten(),
        (None, Err(_)) => None,
    };
    let defined = defined(&settings, &config).await;
    let files = defined.as_deref().map(disks).unwrap_or_default();
    let host = Host::look(&*config.runner, "", folder.as_deref().unwrap_or_default(), &files).await;
    let mut checks = vec![installed(&vbox)];
    match &host {
        Ok(host) => checks.extend([driver(host), virtualisation(host), group(host)]),
        Err(error) => {
            checks.push(Check::broken("host", error.message.clone(), error.hint.clone().unwrap_or_default()))
        }
    }
    checks.push(server(&vbox).await);
    checks.push(host_only(&settings, &vbox, host.as_ref().ok()).await);
    if let Ok(host) = &host {
        checks.push(room(host, folder.is_some()));
        checks.push(match &defined {
            Ok(defined) => models(host, defined, &files),
            Err(error) => {
                Check::broken(MODELS, error.message.clone(), error.hint.clone().unwrap_or_default())
            }
        });
    }
    checks
}

fn installed(vbox: &Result<VBoxManage, ComputeError>) -> Check {
    match vbox {
        Ok(vbox) => Check::fine("VBoxManage", format!("{} ({})", vbox.version(), vbox.program().display())),
        Err(error) => {
            Check::broken("VBoxManage", error.message.clone(), error.hint.clone().unwrap_or_default())
        }
    }
}

fn driver(host: &Host) -> Check {
    const NAME: &str = "kernel driver";
    match (host.has_drivers(), host.has_driver) {
        (false, _) => Check::skipped(NAME, format!("{} has no /dev/vboxdrv", host.system)),
        (true, true) => Check::fine(NAME, "/dev/vboxdrv is there"),
        (true, false) => Problem::NoDriver.broken(NAME),
    }
}

fn virtualisation(host: &Host) -> Check {
    const NAME: &str = "hardware virtualisation";
    match host.virtualisation {
        Some(true) => Check::fine(NAME, "the processor has it"),
        Some(false) => Problem::NoVirtualisation.broken(NAME),
        None => Check::skipped(NAME, "the system does not tell"),
    }
}

fn group(host: &Host) -> Check {
    const NAME: &str = "group vboxusers";
    if !host.has_drivers() || host.user == "root" {
        return Check::skipped(NAME, format!("{} needs no group", host.user));
    }
    match host.groups.iter().any(|group| group == "vboxusers") {
        true => Check::fine(NAME, format!("{} is a member", host.user)),
        false => Problem::NoGroup(host.user.clone()).lacking(NAME),
    }
}

async fn server(vbox: &Result<VBoxManage, ComputeError>) -> Check {
    const NAME: &str = "VirtualBox's server";
    let Ok(vbox) = vbox else { return Check::skipped(NAME, "there is no VBoxManage to ask it with") };
    let machines = list::machines(vbox).await.map_err(ComputeError::from);
    Check::of(NAME, machines.map(|machines| format!("answers; machines of all kinds: {}", machines.len())))
}

async fn host_only(
    settings: &Settings,
    vbox: &Result<VBoxManage, ComputeError>,
    host: Option<&Host>,
) -> Check {
    const NAME: &str = "host-only network";
    if settings.network.network != Network::Local {
        return Check::skipped(NAME, "the default network of this service is another");
    }
    let Ok(vbox) = vbox else { return Check::skipped(NAME, "there is no VBoxManage to ask") };
    let wanted = &settings.network.local_interface;
    match list::host_only_interfaces(vbox).await {
        Err(error) => Check::of(NAME, Err(error.into())),
        Ok(interfaces) => match interfaces.iter().find(|interface| interface.name == *wanted) {
            None => Problem::NoHostOnly(wanted.clone()).broken(NAME),
            Some(interface) => allowed(NAME, interface, host),
        },
    }
}

fn allowed(check: &str, interface: &HostInterface, host: Option<&Host>) -> Check {
    let HostInterface { name, address, .. } = interface;
    match address {
        Some(address) if host.is_some_and(|host| !host.allows(*address)) => {
            Problem::AddressRefused { interface: name.clone(), address: *address }.broken(check)
        }
        Some(address) => Check::fine(check, format!("{name} has {address}")),
        None => Check::fine(check, name.as_str()),
    }
}

fn room(host: &Host, is_known: bool) -> Check {
    const NAME: &str = "room for machines";
    if !is_known {
        return Check::skipped(NAME, "VirtualBox, which knows their folder, cannot be asked");
    }
    let folder = host.folder.clone();
    match host.free_mib {
        _ if !host.writable => Problem::NotWritable(folder).broken(NAME),
        None => Check::skipped(NAME, format!("the host does not tell how much is free in {folder}")),
        Some(free_mib) if free_mib < ROOM => Problem::NoRoom { folder, free_mib }.broken(NAME),
        Some(free_mib) => Check::fine(NAME, format!("{free_mib} MiB are free in {folder}")),
    }
}

/// All image models: those of the program, of the configuration and of the host's folder.
async fn defined(settings: &Settings, config: &ServiceConfig) -> Result<Arc<Models>, ComputeError> {
    let library = Library::read(&*config.runner, settings.model_path.as_deref()).await?;
    Ok(Catalogue::new(settings.images.clone()).update(&library))
}

/// The files of the image models.
fn disks(models: &Models) -> Vec<String> {
    let file = |disk: &Disk| match disk {
        Disk::File(path) => Some(path.display().to_string()),
        Disk::Known(_) => None,
    };
    let models = models.all().values().filter_map(|defined| defined.model.as_ref().ok());
    models.filter_map(|model| file(&model.disk)).collect()
}

fn models(host: &Host, models: &Models, files: &[String]) -> Check {
    match (host.unreadable.first(), models.all().len()) {
        (Some(path), _) => Problem::NoDisk(path.clone()).broken(MODELS),
        (None, 0) => Check::lacking(
            MODELS,
            "the service has no image models",
            "add one with `image add`, as `[services.NAME.images.ID]` with a `path`, or name a disk in the node spec",
        ),
        (None, models) => {
            Check::fine(MODELS, format!("{models}, of which {} are files that are there", files.len()))
        }
    }
}
