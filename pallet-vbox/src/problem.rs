//! What is wrong with a host, in the words that a user reads: the same when the doctor finds it and when a run does.

use crate::vboxmanage::Version;
use pallet::compute::{Check, ComputeError};
use std::net::IpAddr;

/// Something about the host that must be put right by its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// There is no VBoxManage where it was looked for.
    NoVBoxManage(Vec<String>),
    /// VirtualBox is older than what this crate is written for.
    TooOld(Version),
    /// The kernel has not VirtualBox's driver.
    NoDriver,
    /// A machine died while it was started, and nothing says why.
    DiedAtStart,
    /// The user may not use the host's USB devices.
    NoGroup(String),
    /// The processor has no hardware virtualisation, or it is switched off.
    NoVirtualisation,
    /// VirtualBox's server cannot be reached.
    NoServer,
    /// Files of a machine are in the way of a new one.
    LeftOver,
    /// There is no such host-only interface.
    NoHostOnly(String),
    /// A host-only interface has an address that VirtualBox refuses.
    AddressRefused { interface: String, address: IpAddr },
    /// There is too little room in the folder of the machines.
    NoRoom { folder: String, free_mib: u64 },
    /// Nothing can be written into the folder of the machines.
    NotWritable(String),
    /// The disk of an image model is not there, or may not be read.
    NoDisk(String),
}

impl Problem {
    /// Returns the problem that VBoxManage's own words tell of.
    pub(crate) fn in_words(stderr: &str) -> Option<Problem> {
        let says = |words: &str| stderr.contains(words);
        if says("kernel driver not installed") || says("VERR_VM_DRIVER_NOT_INSTALLED") {
            return Some(Problem::NoDriver);
        }
        if says("VERR_VMX_") || says("VERR_SVM_") || says("VT-x is not available") || says("AMD-V") {
            return Some(Problem::NoVirtualisation);
        }
        if says("has terminated unexpectedly during startup") {
            return Some(Problem::DiedAtStart);
        }
        if says("Failed to create the VirtualBox object") || says("failed to create the COM object") {
            return Some(Problem::NoServer);
        }
        if says("settings file") && says("already exists") {
            return Some(Problem::LeftOver);
        }
        None
    }

    /// Returns what is wrong: a fragment.
    pub(crate) fn message(&self) -> String {
        match self {
            Problem::NoVBoxManage(places) => {
                format!("no VBoxManage on this host (looked for {})", places.join(", "))
            }
            Problem::TooOld(version) => format!("VirtualBox {version} is too old"),
            Problem::NoDriver => {
                "VirtualBox's kernel driver is not loaded: there is no /dev/vboxdrv".to_owned()
            }
            Problem::DiedAtStart => "the machine's process ended while it was started".to_owned(),
            Problem::NoGroup(user) => format!("{user} is not in the group vboxusers"),
            Problem::NoVirtualisation => "the processor offers no hardware virtualisation".to_owned(),
            Problem::NoServer => "VirtualBox's server does not start".to_owned(),
            Problem::LeftOver => "files of a machine that is not registered are in the way".to_owned(),
            Problem::NoHostOnly(name) => format!("the host has no host-only interface {name}"),
            Problem::AddressRefused { interface, address } => {
                format!(
                    "the host-only interface {interface} has the address {address}, which VirtualBox refuses"
                )
            }
            Problem::NoRoom { folder, free_mib } => format!("only {free_mib} MiB are free in {folder}"),
            Problem::NotWritable(folder) => format!("{folder} cannot be written to"),
            Problem::NoDisk(path) => format!("the disk {path} cannot be read"),
        }
    }

    /// Returns what repairs it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Problem::NoVBoxManage(_) => {
                "install VirtualBox, or say where VBoxManage is with the option `vboxmanage-path`".to_owned()
            }
            Problem::TooOld(_) => format!("install VirtualBox {} or later", Version::OLDEST),
            Problem::NoDriver => {
                "`sudo modprobe vboxdrv`; if there is no such module, `sudo apt-get install \
                                  virtualbox-dkms linux-headers-$(uname -r)` or `sudo /sbin/vboxconfig`"
                    .to_owned()
            }
            Problem::DiedAtStart => {
                "`doctor` looks at what VirtualBox needs; often the kernel driver is missing \
                                     (/dev/vboxdrv), or another hypervisor uses the processor"
                    .to_owned()
            }
            Problem::NoGroup(user) => {
                format!("needed for USB devices only: `sudo usermod -aG vboxusers {user}`, then log in again")
            }
            Problem::NoVirtualisation => {
                "switch on hardware virtualisation (VT-x, AMD-V) in the host's firmware, and \
                                          end other hypervisors: `sudo modprobe -r kvm_intel kvm_amd`"
                    .to_owned()
            }
            Problem::NoServer => {
                "check that its folder (VBOX_USER_HOME, ~/.config/VirtualBox) is yours and writable, \
                                  and that the disk is not full"
                    .to_owned()
            }
            Problem::LeftOver => "look into the folder, then remove it".to_owned(),
            Problem::NoHostOnly(_) => "make one with `VBoxManage hostonlyif create`, name another with \
                                       `default-local-interface`, or use the network `nat`"
                .to_owned(),
            Problem::AddressRefused { address, .. } => format!(
                "allow it: `echo '* {address}/24' | sudo tee -a /etc/vbox/networks.conf`; without that file only \
                 192.168.56.0/21 is allowed"
            ),
            Problem::NoRoom { .. } => "make room, or name another folder with `node-path`".to_owned(),
            Problem::NotWritable(folder) => {
                format!("`sudo chown $(id -un) {folder}`, or name another folder with `node-path`")
            }
            Problem::NoDisk(_) => "put the disk there, or correct `path` of the image model".to_owned(),
        }
    }

    /// Returns what the doctor says.
    pub(crate) fn broken(&self, name: &str) -> Check {
        Check::broken(name, self.message(), self.hint())
    }

    /// Returns what the doctor says of something that is not always needed.
    pub(crate) fn lacking(&self, name: &str) -> Check {
        Check::lacking(name, self.message(), self.hint())
    }
}

impl From<Problem> for ComputeError {
    fn from(problem: Problem) -> Self {
        ComputeError::input(problem.message()).hint(problem.hint())
    }
}
