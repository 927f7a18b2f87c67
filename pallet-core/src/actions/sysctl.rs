//! Settings of the kernel, now and after the next start.

use super::parts::{Composed, KernelValue, Part, WholeFile, check_one_line, composed_action};
use crate::facts::Facts;
use crate::graph::{Handle, record};
use crate::name::RemotePath;
use crate::text::Text;

/// A setting of the kernel.
#[derive(Debug)]
pub struct Sysctl {
    key: String,
    value: String,
    live: bool,
    persistent: bool,
    absent: bool,
}

/// Declares that a setting of the kernel has a value: now, and by a file below `/etc/sysctl.d` after the next start.
///
/// The value is tried first and written down only when the kernel took it. Checked: the live value and the file. Changed:
/// when one of them was. In a container, which shares the kernel of its host, only settings of the network
/// (`net.…`), which each container has for itself, can be set.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// sysctl("net.ipv4.ip_forward", 1);
/// sysctl("net.ipv4.ip_local_port_range", "20000 60000");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn sysctl(key: impl Into<String>, value: impl std::fmt::Display) -> Handle<Sysctl> {
    let (key, value) = (key.into(), value.to_string());
    record(Sysctl { key, value, live: true, persistent: true, absent: false })
}

impl Handle<Sysctl> {
    /// Sets the value now and not after the next start.
    #[track_caller]
    pub fn only_live(self) -> Self {
        self.edit(|sysctl| sysctl.persistent = false)
    }

    /// Sets the value after the next start and not now.
    #[track_caller]
    pub fn only_persistent(self) -> Self {
        self.edit(|sysctl| sysctl.live = false)
    }

    /// Declares that no file of pallet's sets the value. The live value stays.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|sysctl| sysctl.absent = true)
    }
}

impl Sysctl {
    /// Returns the path below `/proc/sys`. As in sysctl(8): where the first separator is a slash, slashes separate
    /// and dots are part of names (`net/ipv4/conf/eth0.100/forwarding`).
    fn path(&self) -> Result<RemotePath, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
        let separator = self.key.find(['.', '/']).map(|at| &self.key[at..=at]);
        let valid = !self.key.is_empty() && self.key.bytes().all(plain) && separator.is_some();
        let key = match separator {
            Some(".") => self
                .key
                .chars()
                .map(|c| {
                    if c == '.' {
                        '/'
                    } else if c == '/' {
                        '.'
                    } else {
                        c
                    }
                })
                .collect(),
            _ => self.key.clone(),
        };
        let path = RemotePath::new(format!("/proc/sys/{key}"));
        match path {
            Ok(path) if valid && !key.contains("//") && !key.starts_with('/') => Ok(path),
            _ => Err(format!("invalid kernel setting {:?}: names such as net.ipv4.ip_forward", self.key)),
        }
    }
}

impl Composed for Sysctl {
    const KIND: &'static str = "sysctl";

    fn subject(&self) -> String {
        self.key.clone()
    }

    fn check(&self) -> Result<(), String> {
        if !self.live && !self.persistent {
            return Err("nothing is declared: neither now nor after the next start".to_owned());
        }
        check_one_line("the value", &self.value)?;
        self.path().map(|_| ())
    }

    fn refuse(&self, facts: &Facts) -> Result<(), String> {
        let path = self.path()?;
        if self.absent || !self.live || path.as_str().starts_with("/proc/sys/net/") {
            return Ok(());
        }
        super::parts::refuse_in_container(&format!("setting {}", self.key), facts)
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let Ok(path) = self.path() else { return Vec::new() };
        let key = path.as_str().trim_start_matches("/proc/sys/");
        let file = RemotePath::new(format!("/etc/sysctl.d/60-{}.conf", key.replace('/', ".")));
        let mut parts: Vec<Box<dyn Part>> = Vec::new();
        if self.live && !self.absent {
            parts.push(Box::new(KernelValue { path: path.clone(), value: self.value.clone() }));
        }
        if let Ok(file) = file
            && (self.persistent || self.absent)
        {
            let line = format!("# Written by pallet.\n{key} = {}\n", self.value.trim());
            parts.push(Box::new(WholeFile::new(&file, (!self.absent).then(|| Text::from(line)))));
        }
        parts
    }
}

composed_action!(Sysctl);

#[cfg(test)]
mod tests {
    use super::*;

    fn sysctl(key: &str) -> Sysctl {
        Sysctl { key: key.to_owned(), value: "1".to_owned(), live: true, persistent: true, absent: false }
    }

    #[test]
    fn keys_become_paths() {
        let path = |key: &str| sysctl(key).path().map(|path| path.to_string());
        assert_eq!(path("net.ipv4.ip_forward").as_deref(), Ok("/proc/sys/net/ipv4/ip_forward"));
        let with_dot = Ok("/proc/sys/net/ipv4/conf/eth0.100/forwarding");
        assert_eq!(path("net/ipv4/conf/eth0.100/forwarding").as_deref(), with_dot);
        assert_eq!(path("net.ipv4.conf.eth0/100.forwarding").as_deref(), with_dot);
        for bad in ["", "swappiness", "../etc", "net..x", "a b.c", "net.ipv4.", "/net/x", "vm.x\n"] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_container_has_only_the_network_for_itself() {
        let mut facts = Facts::example();
        assert!(sysctl("vm.swappiness").refuse(&facts).is_ok());
        facts.container = Some("docker".to_owned());
        let error = sysctl("vm.swappiness").refuse(&facts).expect_err("the host's kernel");
        assert!(error.contains("kernel of the host") && error.contains("docker"), "{error}");
        assert!(sysctl("net.ipv4.ip_forward").refuse(&facts).is_ok());
        assert!(Sysctl { live: false, ..sysctl("vm.swappiness") }.refuse(&facts).is_ok());
    }
}
