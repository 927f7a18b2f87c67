//! The disk of a node: a folder of changes laid over a root file system that stays as it is.
//!
//! What belongs to the host and not to a node is hidden here, before the node first starts: homes, keys, mounts,
//! enabled services. It is done on the upper layer, with the marks that overlayfs understands, so a home of a
//! million files costs nothing.

mod units;

use super::init::Init;
use super::sysv;
use crate::error::{Context, Result};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, mknodat, setxattr, statfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, lchown};
use std::path::{Path, PathBuf};

/// Where a disk is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Medium {
    /// In the service's folder: survives a reboot of the host.
    Folder,
    /// In memory, because the service's folder is on a file system that overlayfs cannot write to, such as the
    /// overlay that a container runs on. Lost when the host reboots.
    Memory,
}

impl Medium {
    /// Returns the medium that will do for disks below this folder.
    pub(crate) fn for_folder(folder: &Path) -> Result<Self> {
        const OVERLAY: u32 = 0x794c_7630;
        const NFS: u32 = 0x6969;
        const FUSE: u32 = 0x6573_5546;
        let kind =
            statfs(folder).context(|| format!("cannot look at the file system of {}", folder.display()))?;
        let kind = u32::try_from(kind.f_type).unwrap_or_default();
        Ok(if [OVERLAY, NFS, FUSE].contains(&kind) { Medium::Memory } else { Medium::Folder })
    }
}

/// The disk of one node, in the folder `disk`: the overlay's layer of changes and its scratch space.
pub(crate) struct Disk {
    folder: PathBuf,
    medium: Medium,
}

/// What a new disk needs to know about its node.
pub(crate) struct Identity<'a> {
    pub(crate) hostname: &'a str,
    pub(crate) address: std::net::Ipv4Addr,
    pub(crate) machine_id: &'a str,
    /// The text of `/etc/resolv.conf`.
    pub(crate) resolver: &'a str,
}

impl Disk {
    pub(crate) fn new(node_folder: &Path, medium: Medium) -> Self {
        Disk { folder: node_folder.join("disk"), medium }
    }

    /// Makes an empty disk. One in memory may take half of the host's memory.
    pub(crate) fn create(&self) -> Result<()> {
        let what = || format!("cannot make the disk {}", self.folder.display());
        make_private(&self.folder).context(what)?;
        if self.medium == Medium::Memory {
            let flags = MountFlags::NODEV;
            mount("pallet", &self.folder, "tmpfs", flags, Some(c"size=50%,mode=700")).context(what)?;
        }
        fs::create_dir(self.upper()).and_then(|()| make_private(&self.folder.join("work"))).context(what)
    }

    /// Tells whether the disk is there. One in memory is gone after a reboot of the host.
    pub(crate) fn exists(&self) -> bool {
        self.upper().is_dir()
    }

    /// Takes the disk out of memory. Files of a disk in a folder go with the folder.
    pub(crate) fn release(&self) -> Result<()> {
        if self.medium == Medium::Memory && self.exists() {
            unmount(&self.folder, UnmountFlags::DETACH)
                .context(|| format!("cannot unmount {}", self.folder.display()))?;
        }
        Ok(())
    }

    /// Writes what makes the node a machine of its own.
    pub(crate) fn identify(&self, lower: &Path, identity: &Identity<'_>) -> Result<()> {
        let layer = Layer { upper: self.upper(), lower: lower.to_owned() };
        layer
            .copy_root()
            .and_then(|()| layer.write("etc/hostname", &format!("{}\n", identity.hostname)))
            .and_then(|()| layer.write("etc/hosts", &hosts(identity)))
            .and_then(|()| layer.write("etc/resolv.conf", identity.resolver))
            .and_then(|()| layer.write("etc/machine-id", &format!("{}\n", identity.machine_id)))
            .and_then(|()| layer.hide("var/lib/dbus/machine-id"))
            .and_then(|()| layer.hide("usr/sbin/policy-rc.d"))
            // A node is thrown away, so dpkg need not wait for the disk: that takes a third of an installation.
            .and_then(|()| layer.write("etc/dpkg/dpkg.cfg.d/pallet-sandbox", "force-unsafe-io\n"))
            .and_then(|()| layer.add_stand_ins())
            .context(|| format!("cannot write to the disk {}", self.folder.display()))
    }

    /// Hides what is the host's own affair in a root file system that is the host's.
    pub(crate) fn mask_host(&self, state_dir: &Path, init: Init) -> Result<()> {
        let layer = Layer { upper: self.upper(), lower: PathBuf::from("/") };
        mask_host(&layer, state_dir)
            .and_then(|()| match init {
                Init::Sysv => Ok(()),
                Init::Systemd => units::disable_all(&layer),
            })
            .context(|| format!("cannot write to the disk {}", self.folder.display()))
    }

    /// Takes from systemd of the node what is not its task.
    pub(crate) fn mask_units(&self, lower: &Path) -> Result<()> {
        let layer = Layer { upper: self.upper(), lower: lower.to_owned() };
        units::mask(&layer).context(|| format!("cannot write to the disk {}", self.folder.display()))
    }

    fn upper(&self) -> PathBuf {
        self.folder.join("upper")
    }
}

/// Makes a folder that only root may enter: below it are files of other users, some of which change user when run.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

fn hosts(identity: &Identity<'_>) -> String {
    let Identity { hostname, address, .. } = identity;
    let short = hostname.split('.').next().filter(|short| short != hostname);
    let names = short.map_or_else(|| (*hostname).to_owned(), |short| format!("{hostname} {short}"));
    format!("127.0.0.1 localhost\n{address} {names}\n::1 localhost ip6-localhost ip6-loopback\n")
}

/// Folders of the host that are empty in a node.
const EMPTIED: &[&str] = &[
    "root",
    "home",
    "media",
    "mnt",
    "var/tmp",
    "var/mail",
    "var/spool/cron/crontabs",
    "etc/ssl/private",
    "etc/wireguard",
    "etc/NetworkManager/system-connections",
    "var/lib/docker",
    "var/lib/containerd",
    "var/lib/libvirt",
    "var/lib/systemd/coredump",
];

/// Files of the host that a node does not have.
const HIDDEN: &[&str] = &["etc/fstab", "etc/crypttab", "swapfile", "var/lib/systemd/random-seed"];

fn mask_host(layer: &Layer, state_dir: &Path) -> io::Result<()> {
    for path in EMPTIED {
        layer.empty(path)?;
    }
    for home in homes_elsewhere()? {
        layer.empty(&home)?;
    }
    if let Ok(inside) = state_dir.strip_prefix("/") {
        layer.empty(&inside.to_string_lossy())?;
    }
    for path in HIDDEN {
        layer.hide(path)?;
    }
    for key in host_keys()? {
        layer.hide(&key)?;
    }
    for runlevel in 2..=5 {
        disable_services(layer, &format!("etc/rc{runlevel}.d"))?;
    }
    Ok(())
}

/// Returns the homes of people that are not in `/home`.
fn homes_elsewhere() -> io::Result<Vec<String>> {
    const FIRST_PERSON: u32 = 1000;
    const NOBODY: u32 = 65534;
    let accounts = fs::read_to_string("/etc/passwd")?;
    Ok(accounts
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let uid: u32 = fields.get(2)?.parse().ok()?;
            let home = fields.get(5)?.strip_prefix('/')?;
            let person =
                uid >= FIRST_PERSON && uid != NOBODY && !home.is_empty() && !home.starts_with("home/");
            person.then(|| home.to_owned())
        })
        .collect())
}

fn host_keys() -> io::Result<Vec<String>> {
    let entries = match fs::read_dir("/etc/ssh") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| name.starts_with("ssh_host_")).map(|name| format!("etc/ssh/{name}")).collect())
}

/// Disables every service in a runlevel, as `update-rc.d NAME disable` does: its link `S05name` becomes `K01name`.
fn disable_services(layer: &Layer, runlevel: &str) -> io::Result<()> {
    let folder = layer.lower.join(runlevel);
    if !folder.is_dir() {
        return Ok(());
    }
    let upper = layer.empty_folder(runlevel)?;
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(target) = fs::read_link(entry.path()) else { continue };
        let disabled = match name.strip_prefix('S').and_then(|rest| rest.get(2..)) {
            Some(service) => format!("K01{service}"),
            None => name,
        };
        std::os::unix::fs::symlink(target, upper.join(disabled))?;
    }
    Ok(())
}

/// The two layers of a disk. Paths are relative to the root.
struct Layer {
    upper: PathBuf,
    lower: PathBuf,
}

impl Layer {
    /// Gives the root the permissions that it has below.
    fn copy_root(&self) -> io::Result<()> {
        copy_permissions(&self.lower, &self.upper)
    }

    /// Puts a file of root's over whatever is there, also over a symbolic link.
    fn write(&self, path: &str, content: &str) -> io::Result<()> {
        let path = self.parent_of(path)?;
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(0o644))
    }

    /// Adds what a bare system lacks of an init.
    fn add_stand_ins(&self) -> io::Result<()> {
        let directory = if self.lower.join("sbin").is_symlink() { "usr/sbin" } else { "sbin" };
        for (name, content) in sysv::STAND_INS {
            let program = format!("{directory}/{name}");
            if self.lower.join(&program).symlink_metadata().is_err() {
                self.write(&program, content)?;
                fs::set_permissions(self.upper.join(&program), Permissions::from_mode(0o755))?;
            }
        }
        Ok(())
    }

    /// Makes a file vanish: a character device 0/0 is overlayfs's mark for "not there".
    fn hide(&self, path: &str) -> io::Result<()> {
        if self.lower.join(path).symlink_metadata().is_err() {
            return Ok(());
        }
        let path = self.parent_of(path)?;
        Ok(mknodat(CWD, &path, FileType::CharacterDevice, Mode::empty(), 0)?)
    }

    /// Empties a folder, if it is there and visible in the lower layer.
    fn empty(&self, path: &str) -> io::Result<()> {
        let Ok(real) = self.lower.join(path).canonicalize() else { return Ok(()) };
        let Ok(inside) = real.strip_prefix(&self.lower).map(Path::to_owned) else { return Ok(()) };
        // Another file system that is mounted there is not part of the lower layer.
        let visible = real.is_dir() && real.metadata()?.dev() == self.lower.metadata()?.dev();
        if visible && !inside.as_os_str().is_empty() {
            self.empty_folder(&inside.to_string_lossy())?;
        }
        Ok(())
    }

    /// Empties a folder: the mark "opaque" tells overlayfs not to look below.
    fn empty_folder(&self, path: &str) -> io::Result<PathBuf> {
        let folder = self.parent_of(path)?;
        create_dir_if_absent(&folder)?;
        copy_permissions(&self.lower.join(path), &folder)?;
        setxattr(&folder, "trusted.overlay.opaque", b"y", XattrFlags::empty())?;
        Ok(folder)
    }

    /// Makes the folders on the way to a path, with the permissions that they have below.
    fn parent_of(&self, path: &str) -> io::Result<PathBuf> {
        let (mut upper, mut lower) = (self.upper.clone(), self.lower.clone());
        for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
            upper.push(part);
            lower.push(part);
            if create_dir_if_absent(&upper)? && lower.is_dir() {
                copy_permissions(&lower, &upper)?;
            }
        }
        Ok(self.upper.join(path))
    }
}

/// Tells whether it was absent.
fn create_dir_if_absent(path: &Path) -> io::Result<bool> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn copy_permissions(from: &Path, to: &Path) -> io::Result<()> {
    let found = from.metadata()?;
    lchown(to, Some(found.uid()), Some(found.gid()))?;
    fs::set_permissions(to, found.permissions())
}
