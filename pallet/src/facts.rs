//! What is known about a node's system: read in one script when a connection is opened, typed, and pure to
//! parse.

mod assumed;

use crate::name::InvalidName;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// What pallet knows about a node's operating system and hardware.
///
/// Read from `/etc/os-release`, `uname` and `/proc` when the connection is opened, at no extra round trip.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The distribution, such as `debian`.
    pub os: Os,
    /// The machine's name for its processor architecture, such as `x86_64` (`uname -m`).
    pub architecture: String,
    /// The kernel's release (`uname -r`).
    pub kernel: String,
    /// The node's own idea of its host name.
    pub hostname: String,
    /// The number of processors online.
    pub cpus: u32,
    /// Main memory in KiB.
    pub memory_kib: u64,
    /// The addresses of all interfaces that are up, without loopback.
    pub addresses: Vec<IpAddr>,
    /// What starts and stops services.
    pub init: InitSystem,
    /// What installs packages; `None` when none that pallet knows is there.
    pub package_manager: Option<PackageManagerKind>,
    /// Seconds since 1970 by the node's clock.
    pub clock: u64,
    /// Which utilities the node has: those of GNU or of busybox.
    pub utilities: Utilities,
    /// The version of what pallet left on the node in earlier runs, as it is written there; `None` on a new node.
    pub state_version: Option<String>,
}

/// An operating system and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Os {
    /// The family it belongs to.
    pub family: OsFamily,
    /// Its own identifier (`ID` of os-release), such as `debian` or `linuxmint`.
    pub id: String,
    /// Its version (`VERSION_ID`), empty for rolling releases.
    pub version: Version,
    /// Its code name (`VERSION_CODENAME`), such as `bookworm`.
    pub codename: Option<String>,
    /// What people call it (`PRETTY_NAME`).
    pub description: String,
}

macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident = $text:literal $(< $parent:ident)?;)*) => {
        /// A family of operating systems, as a tree: Debian and Ubuntu are kinds of `debian-base`, as in Pallet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum OsFamily { $($(#[$doc])* $variant,)* }

        impl OsFamily {
            /// Every family there is.
            pub const ALL: &[OsFamily] = &[$(OsFamily::$variant),*];

            /// Returns the family's name as it is written in specs and configurations.
            pub const fn as_str(self) -> &'static str {
                match self { $(OsFamily::$variant => $text,)* }
            }

            /// Returns the family that this one is a kind of.
            pub const fn parent(self) -> Option<OsFamily> {
                match self { $(OsFamily::$variant => families!(@parent $($parent)?),)* }
            }
        }
    };
    (@parent) => { None };
    (@parent $parent:ident) => { Some(OsFamily::$parent) };
}

families! {
    /// Any Linux.
    Linux = "linux";
    /// Debian and everything built on it.
    DebianBase = "debian-base" < Linux;
    /// Debian itself.
    Debian = "debian" < DebianBase;
    /// Ubuntu.
    Ubuntu = "ubuntu" < DebianBase;
    /// Red Hat Enterprise Linux and everything built like it.
    RhBase = "rh-base" < Linux;
    /// Red Hat Enterprise Linux.
    Rhel = "rhel" < RhBase;
    /// CentOS.
    Centos = "centos" < RhBase;
    /// Rocky Linux.
    Rocky = "rocky" < RhBase;
    /// AlmaLinux.
    Alma = "almalinux" < RhBase;
    /// Fedora.
    Fedora = "fedora" < RhBase;
    /// Amazon Linux.
    Amazon = "amzn-linux" < RhBase;
    /// SUSE Linux Enterprise, openSUSE.
    SuseBase = "suse-base" < Linux;
    /// Arch Linux and everything built on it.
    ArchBase = "arch-base" < Linux;
    /// Alpine Linux.
    Alpine = "alpine" < Linux;
    /// Gentoo.
    GentooBase = "gentoo-base" < Linux;
}

impl OsFamily {
    /// Tells whether this family is `other` or a kind of it.
    pub fn is(self, other: OsFamily) -> bool {
        self == other || self.parent().is_some_and(|parent| parent.is(other))
    }

    fn from_os_release(id: &str, like: &str) -> OsFamily {
        let known = |word: &str| match word {
            "amzn" => Some(OsFamily::Amazon),
            "arch" => Some(OsFamily::ArchBase),
            "gentoo" => Some(OsFamily::GentooBase),
            "sles" | "suse" | "opensuse" | "opensuse-leap" | "opensuse-tumbleweed" => {
                Some(OsFamily::SuseBase)
            }
            _ => OsFamily::ALL.iter().copied().find(|family| family.as_str() == word),
        };
        let base = |family: OsFamily| match family.parent() {
            Some(OsFamily::Linux) | None => family,
            Some(parent) => parent,
        };
        known(id).or_else(|| like.split_whitespace().find_map(known).map(base)).unwrap_or(OsFamily::Linux)
    }
}

impl fmt::Display for OsFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for OsFamily {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        OsFamily::ALL.iter().copied().find(|family| family.as_str() == text).ok_or_else(|| {
            InvalidName::new(
                "OS family",
                text,
                "one of debian, ubuntu, rhel, centos, rocky, almalinux, fedora, alpine, …",
            )
        })
    }
}

/// A version of an operating system: numbers separated by dots, compared number by number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version(Vec<u64>);

impl Version {
    /// Returns the version in a text such as `12` or `22.04`. What follows the last number is ignored, and a
    /// text without numbers gives the empty version, which is lower than every other.
    pub fn parse(text: &str) -> Version {
        let numbers = text.split('.').map_while(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        Version(numbers.collect())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// A condition on a version, such as `>= 12` or `>= 20.04, < 24`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionReq(Vec<(VersionOp, Version)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VersionOp {
    Is,
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl VersionReq {
    /// Returns the condition in a text: comparisons (`=`, `>=`, `>`, `<=`, `<`) separated by commas, all of
    /// which must hold. A bare version means that version and all that begin like it: `12` holds for `12.5`.
    ///
    /// # Errors
    ///
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<VersionReq, InvalidName> {
        let error = || {
            InvalidName::new("version condition", text, "comparisons such as \">= 12\" or \">= 20.04, < 24\"")
        };
        let comparisons = text.split(',').map(|comparison| {
            let comparison = comparison.trim();
            let (op, rest) = [
                (">=", VersionOp::AtLeast),
                ("<=", VersionOp::AtMost),
                (">", VersionOp::Above),
                ("<", VersionOp::Below),
                ("=", VersionOp::Is),
            ]
            .into_iter()
            .find_map(|(sign, op)| comparison.strip_prefix(sign).map(|rest| (op, rest)))
            .unwrap_or((VersionOp::Is, comparison));
            let rest = rest.trim();
            let plain = !rest.is_empty() && rest.split('.').all(|part| part.parse::<u64>().is_ok());
            if plain { Ok((op, Version::parse(rest))) } else { Err(error()) }
        });
        Ok(VersionReq(comparisons.collect::<Result<_, _>>()?))
    }

    /// Tells whether a version satisfies the condition.
    pub fn matches(&self, version: &Version) -> bool {
        self.0.iter().all(|(op, wanted)| {
            let begins_like = version.0.starts_with(&wanted.0);
            match (op, version.cmp(wanted)) {
                (VersionOp::Is, _) => begins_like,
                (VersionOp::AtLeast, order) => order != Ordering::Less,
                (VersionOp::Above, order) => order == Ordering::Greater && !begins_like,
                (VersionOp::AtMost, order) => order != Ordering::Greater || begins_like,
                (VersionOp::Below, order) => order == Ordering::Less,
            }
        })
    }
}

impl fmt::Display for VersionReq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (op, version)) in self.0.iter().enumerate() {
            let sign = match op {
                VersionOp::Is => "=",
                VersionOp::AtLeast => ">=",
                VersionOp::Above => ">",
                VersionOp::AtMost => "<=",
                VersionOp::Below => "<",
            };
            write!(f, "{}{sign} {version}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// What starts and stops services on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitSystem {
    /// systemd runs as PID 1.
    Systemd,
    /// Scripts in `/etc/init.d`, with `service` or `update-rc.d` around them.
    Sysv,
    /// Neither.
    Unknown,
}

impl fmt::Display for InitSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            InitSystem::Systemd => "systemd",
            InitSystem::Sysv => "sysv",
            InitSystem::Unknown => "none",
        })
    }
}

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageManagerKind {
    /// apt-get and dpkg.
    Apt,
    /// dnf and rpm.
    Dnf,
    /// pacman.
    Pacman,
    /// zypper and rpm.
    Zypper,
    /// apk.
    Apk,
}

impl fmt::Display for PackageManagerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            PackageManagerKind::Apt => "apt",
            PackageManagerKind::Dnf => "dnf",
            PackageManagerKind::Pacman => "pacman",
            PackageManagerKind::Zypper => "zypper",
            PackageManagerKind::Apk => "apk",
        })
    }
}

/// Whose `stat`, `readlink` and so on a node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Utilities {
    /// GNU coreutils.
    Gnu,
    /// busybox.
    Busybox,
}

/// Why the answer to the fact script could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsError {
    missing: &'static str,
}

impl fmt::Display for FactsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the node did not tell its {}", self.missing)
    }
}

impl std::error::Error for FactsError {}

impl Facts {
    /// The script that reads the facts: POSIX `sh`, `key=value` lines, few processes.
    pub const SCRIPT: &'static str = include_str!("facts.sh");

    /// The version of what this version of pallet leaves on a node, below `/var/lib/pallet`.
    pub const STATE_VERSION: &'static str = "1";

    /// The utilities without which a node cannot be configured. The fact script checks them first.
    pub const REQUIRED: &'static [&'static str] = &[
        "cat",
        "chmod",
        "chown",
        "cp",
        "date",
        "id",
        "ln",
        "mkdir",
        "mv",
        "rm",
        "sha256sum",
        "stat",
        "uname",
    ];

    /// Returns the facts of a Debian 12 machine, for tests and for looking at graphs and plans without a node.
    pub fn example() -> Facts {
        Facts {
            os: Os {
                family: OsFamily::Debian,
                id: "debian".to_owned(),
                version: Version::parse("12"),
                codename: Some("bookworm".to_owned()),
                description: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            },
            architecture: "x86_64".to_owned(),
            kernel: "6.1.0".to_owned(),
            hostname: "example-1".to_owned(),
            cpus: 2,
            memory_kib: 2_097_152,
            addresses: vec![IpAddr::from([192, 0, 2, 1])],
            init: InitSystem::Systemd,
            package_manager: Some(PackageManagerKind::Apt),
            clock: 1_700_000_000,
            utilities: Utilities::Gnu,
            state_version: None,
        }
    }

    /// Returns the facts in what the script wrote, or the utilities that the node lacks.
    ///
    /// # Errors
    ///
    /// When the output lacks something that every Linux has.
    pub fn parse(output: &str) -> Result<Result<Facts, MissingUtilities>, FactsError> {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in output.lines().filter_map(|line| line.split_once('=')) {
            values.entry(key).or_default().push(value);
        }
        let get = |key: &str| values.get(key).and_then(|found| found.first()).copied();
        let need =
            |key: &'static str| get(key).filter(|value| !value.is_empty()).ok_or(FactsError { missing: key });
        if let Some(missing) = values.get("lacks") {
            return Ok(Err(MissingUtilities(missing.iter().map(|&name| name.to_owned()).collect())));
        }
        let release = |key: &str| get(key).map(unquote_os_release).unwrap_or_default();
        let os_id = release("os.ID");
        let first_number = |text: &str| text.split_whitespace().find_map(|word| word.parse::<u64>().ok());
        Ok(Ok(Facts {
            os: Os {
                family: OsFamily::from_os_release(&os_id, &release("os.ID_LIKE")),
                version: Version::parse(&release("os.VERSION_ID")),
                codename: Some(release("os.VERSION_CODENAME")).filter(|name| !name.is_empty()),
                description: Some(release("os.PRETTY_NAME"))
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| format!("{os_id} {}", release("os.VERSION_ID")).trim().to_owned()),
                id: os_id,
            },
            architecture: need("machine")?.to_owned(),
            kernel: need("kernel")?.to_owned(),
            hostname: need("hostname")?.to_owned(),
            cpus: get("cpus").and_then(|n| n.parse().ok()).unwrap_or(1),
            memory_kib: get("memory").and_then(first_number).unwrap_or(0),
            addresses: values.get("address").into_iter().flatten().filter_map(|a| a.parse().ok()).collect(),
            init: match get("init") {
                Some("systemd") => InitSystem::Systemd,
                Some("sysv") => InitSystem::Sysv,
                _ => InitSystem::Unknown,
            },
            package_manager: match get("packager") {
                Some("apt") => Some(PackageManagerKind::Apt),
                Some("dnf") => Some(PackageManagerKind::Dnf),
                Some("pacman") => Some(PackageManagerKind::Pacman),
                Some("zypper") => Some(PackageManagerKind::Zypper),
                Some("apk") => Some(PackageManagerKind::Apk),
                _ => None,
            },
            clock: need("clock")?.parse().map_err(|_| FactsError { missing: "clock" })?,
            state_version: get("state").map(str::to_owned),
            utilities: if get("utilities") == Some("busybox") { Utilities::Busybox } else { Utilities::Gnu },
        }))
    }
}

/// Utilities that a node must have and lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingUtilities(pub Vec<String>);

/// os-release values are shell words: bare, or in quotes with backslash escapes (os-release(5)).
fn unquote_os_release(value: &str) -> String {
    let inner = match value.as_bytes() {
        [b'"', .., b'"'] | [b'\'', .., b'\''] => &value[1..value.len() - 1],
        _ => value,
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "machine=x86_64\nkernel=6.1.0\nhostname=web-1\ncpus=2\nmemory=MemTotal:  2048 kB\n\
        address=10.0.0.7\naddress=fe80::1\ninit=systemd\npackager=apt\nclock=1700000000\nutilities=gnu\n\
        os.ID=debian\nos.VERSION_ID=\"12\"\nos.PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nos.VERSION_CODENAME=bookworm\n";

    #[test]
    fn debian_is_understood() {
        let facts = Facts::parse(DEBIAN).expect("complete").expect("nothing lacks");
        assert_eq!(facts.os.family, OsFamily::Debian);
        assert_eq!(facts.os.version, Version::parse("12"));
        assert_eq!(facts.os.codename.as_deref(), Some("bookworm"));
        assert_eq!(facts.memory_kib, 2048);
        assert_eq!(facts.addresses.len(), 2);
        assert_eq!(facts.package_manager, Some(PackageManagerKind::Apt));
    }

    #[test]
    fn a_system_without_a_pretty_name_is_called_by_its_own() {
        let short = DEBIAN.replace("os.PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", "");
        assert_eq!(
            Facts::parse(&short).expect("complete").expect("nothing lacks").os.description,
            "debian 12"
        );
    }

    #[test]
    fn what_a_node_lacks_is_told_before_anything_else() {
        let lacking = Facts::parse("lacks=stat\nlacks=sha256sum\n").expect("an answer");
        assert_eq!(lacking, Err(MissingUtilities(vec!["stat".into(), "sha256sum".into()])));
        assert!(Facts::parse("").is_err());
    }

    #[test]
    fn derivatives_belong_to_the_base_of_what_they_are_like() {
        let family = OsFamily::from_os_release;
        assert_eq!(family("linuxmint", "ubuntu debian"), OsFamily::DebianBase);
        assert_eq!(family("ol", "fedora"), OsFamily::RhBase);
        assert_eq!(family("rocky", "rhel centos fedora"), OsFamily::Rocky);
        assert_eq!(family("void", ""), OsFamily::Linux);
        assert!(OsFamily::Ubuntu.is(OsFamily::DebianBase));
        assert!(!OsFamily::Ubuntu.is(OsFamily::Debian));
    }

    #[test]
    fn version_conditions() {
        let holds = |req: &str, version: &str| {
            VersionReq::parse(req).expect("a condition").matches(&Version::parse(version))
        };
        assert!(holds(">= 12", "12"));
        assert!(holds(">= 12", "13.1"));
        assert!(!holds(">= 12", "11.9"));
        assert!(holds("12", "12.5"));
        assert!(!holds("12", "120"));
        assert!(!holds("> 12", "12.5"));
        assert!(holds("<= 12", "12.5"));
        assert!(holds(">= 20.04, < 24", "22.04"));
        for bad in ["", "twelve", ">= ", "12,", "~> 3"] {
            assert!(VersionReq::parse(bad).is_err(), "{bad:?}");
        }
    }
}
