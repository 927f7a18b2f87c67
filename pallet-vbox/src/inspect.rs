//! What the host of a service is like, as far as VirtualBox minds: read with one script, without VBoxManage.

use crate::problem::Problem;
use crate::vboxmanage::{CallError, VBoxManage};
use pallet::compute::{CommandRunner, ComputeError, HostCommand};
use std::net::{IpAddr, Ipv4Addr};

/// The system calls itself so where there is a `/dev/vboxdrv`.
const LINUX: &str = "Linux";

/// A host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) system: String,
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    pub(crate) has_driver: bool,
    /// Whether the processor can virtualise, where the system tells.
    pub(crate) virtualisation: Option<bool>,
    /// The ranges for host-only interfaces that the host's administrator allows, if he says so.
    pub(crate) ranges: Option<Vec<Range>>,
    /// Those of the files asked about that cannot be read.
    pub(crate) unreadable: Vec<String>,
    /// The folder of the machines, or the one above it in which it would be made.
    pub(crate) folder: String,
    pub(crate) writable: bool,
    pub(crate) free_mib: Option<u64>,
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    network: IpAddr,
    prefix: u8,
}

impl Host {
    /// Looks at a host. `root` is put before the paths of the system.
    pub(crate) async fn look(
        runner: &dyn CommandRunner,
        root: &str,
        folder: &str,
        files: &[String],
    ) -> Result<Host, ComputeError> {
        let script = HostCommand::new("sh").args(["-c", include_str!("inspect.sh"), "sh", root, folder]);
        let output = runner.run(&script.args(files.iter().cloned())).await.map_err(|error| {
            ComputeError::failed("cannot look at the host").source(error).hint("check that it can be reached")
        })?;
        Ok(Host::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    fn parse(text: &str) -> Host {
        let mut host = Host { writable: true, ..Host::default() };
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "system" => value.clone_into(&mut host.system),
                "user" => value.clone_into(&mut host.user),
                "group" => host.groups.push(value.to_owned()),
                "driver" => host.has_driver = true,
                "cpuinfo" => host.virtualisation = host.virtualisation.or(Some(false)),
                "virtualisation" => host.virtualisation = Some(true),
                "networks" => host.ranges = host.ranges.or(Some(vec![])),
                "range" => {
                    let ranges = value.split_whitespace().filter_map(Range::parse);
                    host.ranges.get_or_insert_default().extend(ranges);
                }
                "unreadable" => host.unreadable.push(value.to_owned()),
                "folder" => value.clone_into(&mut host.folder),
                "unwritable" => host.writable = false,
                "free" => host.free_mib = value.parse::<u64>().ok().map(|kib| kib / 1024),
                _ => {}
            }
        }
        host
    }

    /// Returns why no machine can be started here, if something is known that hinders it.
    pub(crate) fn hindrance(&self) -> Option<Problem> {
        if self.has_drivers() && !self.has_driver {
            return Some(Problem::NoDriver);
        }
        (self.virtualisation == Some(false)).then_some(Problem::NoVirtualisation)
    }

    /// Tells whether drivers are devices here. On macOS they are not.
    pub(crate) fn has_drivers(&self) -> bool {
        self.system == LINUX
    }

    /// Tells whether VirtualBox lets a host-only interface have an address.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let default = [Range { network: IpAddr::V4(Ipv4Addr::new(192, 168, 56, 0)), prefix: 21 }];
        let mut ranges = self.ranges.as_deref().unwrap_or(&default).iter();
        !self.has_drivers() || ranges.any(|range| range.contains(address))
    }
}

impl Range {
    fn parse(text: &str) -> Option<Range> {
        let (network, prefix) = text.split_once('/')?;
        Some(Range { network: network.parse().ok()?, prefix: prefix.parse().ok()? })
    }

    fn contains(self, address: IpAddr) -> bool {
        let bits = |address| match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let ((network, size), (address, of)) = (bits(self.network), bits(address));
        let shift = 128 - u32::from(self.prefix.min(size));
        size == of && (shift == 128 || network >> shift == address >> shift)
    }
}

/// Returns the error about a machine that was not started, with what is wrong with the host if that can be found out:
/// VirtualBox itself only says that a process ended.
pub(crate) async fn explain_start(vbox: &VBoxManage, error: CallError) -> ComputeError {
    let is_silent = error.says("has terminated unexpectedly during startup");
    let error = ComputeError::from(error);
    if !is_silent {
        return error;
    }
    match Host::look(vbox.runner(), "", "", &[]).await.ok().and_then(|host| host.hindrance()) {
        Some(problem) => error.hint(format!("{}: {}", problem.message(), problem.hint())),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_tells_of_a_prepared_system() {
        let folder = std::env::temp_dir().join(format!("pallet-vbox-host-{}", std::process::id()));
        let make = |path: &str, text: &str| {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of our own");
            std::fs::write(path, text).expect("a file of our own");
        };
        let look = || {
            let (root, nodes) =
                (folder.display().to_string(), folder.join("none/at all").display().to_string());
            let files = [folder.join("proc/cpuinfo"), folder.join("gone.vdi")];
            let output = std::process::Command::new("sh")
                .args(["-c", include_str!("inspect.sh"), "sh", &root, &nodes])
                .args(&files)
                .output()
                .expect("a shell");
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            Host::parse(&String::from_utf8_lossy(&output.stdout))
        };
        make("proc/cpuinfo", "flags\t\t: fpu vme mmx\n");
        let bare = look();
        assert_eq!((bare.has_driver, bare.virtualisation, &bare.ranges), (false, Some(false), &None));
        assert_eq!(bare.hindrance(), bare.has_drivers().then_some(Problem::NoDriver));
        assert_eq!(bare.unreadable, [folder.join("gone.vdi").display().to_string()]);
        assert_eq!(bare.folder, folder.display().to_string());
        assert!(bare.writable && bare.free_mib.is_some());

        make("dev/vboxdrv", "");
        assert_eq!(look().hindrance(), Some(Problem::NoVirtualisation));
        make("proc/cpuinfo", "flags\t\t: fpu vmx mmx\n");
        make("etc/vbox/networks.conf", "# ours\n* 10.0.0.0/8 192.168.99.0/24\n  * fd00::/8\n");
        let whole = look();
        assert_eq!(whole.hindrance(), None);
        assert_eq!(whole.ranges.as_ref().map(Vec::len), Some(3));
        std::fs::remove_dir_all(folder).expect("our own folder");
    }

    #[test]
    fn addresses_are_in_ranges() {
        let host = |ranges: Option<&[&str]>| Host {
            system: LINUX.to_owned(),
            ranges: ranges.map(|ranges| ranges.iter().filter_map(|range| Range::parse(range)).collect()),
            ..Host::default()
        };
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert!(host(None).allows(address("192.168.63.1")));
        assert!(!host(None).allows(address("192.168.64.1")));
        assert!(host(Some(&["10.0.0.0/8"])).allows(address("10.9.0.1")));
        assert!(!host(Some(&["10.0.0.0/8"])).allows(address("192.168.56.1")));
        assert!(!host(Some(&[])).allows(address("192.168.56.1")), "an empty file allows nothing");
        assert!(host(Some(&["0.0.0.0/0"])).allows(address("172.16.0.1")));
        assert!(!host(Some(&["::/0"])).allows(address("172.16.0.1")));
        assert!(Host { system: "Darwin".to_owned(), ..host(None) }.allows(address("172.16.0.1")));
    }
}
