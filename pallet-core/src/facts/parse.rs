//! Reads what the fact script printed. It comes from the node, so nothing in it is taken for granted.

use super::{
    Disk, Facts, Hypervisor, InitSystem, InterfaceAddress, LoginUser, Mount, Os, OsFamily,
    PackageManagerKind, Utilities, Version,
};
use crate::sorted::Map;
use std::fmt;

/// The kernel counts disks in sectors of this size, whatever that of the disk is.
const SECTOR: u64 = 512;

/// Utilities that a node must have and lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingUtilities(pub Vec<String>);

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
    /// Returns the facts in what the script wrote, or the utilities that the node lacks.
    ///
    /// # Errors
    ///
    /// When the output lacks something that every Linux has.
    pub fn parse(output: &str) -> Result<Result<Facts, MissingUtilities>, FactsError> {
        parse(output)
    }
}

fn parse(output: &str) -> Result<Result<Facts, MissingUtilities>, FactsError> {
    let answer = Answer::new(output);
    let missing = answer.all("lacks");
    if !missing.is_empty() {
        return Ok(Err(MissingUtilities(missing.iter().map(|&name| name.to_owned()).collect())));
    }
    let interfaces: Vec<InterfaceAddress> = output.lines().filter_map(interface_address).collect();
    let alone = answer.all("address").iter().filter_map(|address| address.parse().ok());
    Ok(Ok(Facts {
        os: os(&answer),
        architecture: answer.need("machine")?.to_owned(),
        kernel: answer.need("kernel")?.to_owned(),
        hostname: answer.need("hostname")?.to_owned(),
        cpus: answer.get("online").and_then(count_online).or(answer.number("cpus")).unwrap_or(1),
        memory_kib: answer.number("memory").unwrap_or(0),
        swap_kib: answer.number("swap").unwrap_or(0),
        addresses: interfaces.iter().map(|found| found.address).chain(alone).collect(),
        interfaces,
        disks: answer.all("disk").iter().filter_map(|line| disk(line)).collect(),
        mounts: answer.all("mount").iter().filter_map(|line| mount(line)).collect(),
        users: answer.all("user").iter().filter_map(|line| user(line)).collect(),
        hypervisor: Hypervisor::detect(answer.all("firmware"), answer.get("hypervisor")),
        container: answer.text("container"),
        init: init(&answer),
        package_manager: package_manager(&answer),
        clock: answer.need("clock")?.parse().map_err(|_| FactsError { missing: "clock" })?,
        uptime: answer.get("uptime").and_then(whole_seconds).unwrap_or(0),
        boot_id: answer.text("boot").unwrap_or_default(),
        timezone: answer.text("timezone"),
        locale: answer.text("locale").map(|locale| unquote(&locale)),
        utilities: match answer.get("utilities") {
            Some("busybox") => Utilities::Busybox,
            _ => Utilities::Gnu,
        },
        state_version: answer.get("state").map(str::to_owned),
    }))
}

/// The lines `key=value`, by key.
struct Answer<'a>(Map<&'a str, Vec<&'a str>>);

impl<'a> Answer<'a> {
    fn new(output: &'a str) -> Self {
        let mut values: Map<&str, Vec<&str>> = Map::new();
        for (key, value) in output.lines().filter_map(|line| line.split_once('=')) {
            values.or_default(key).push(value);
        }
        Answer(values)
    }

    fn all(&self, key: &str) -> &[&'a str] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.all(key).first().copied()
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Returns the first number in a value, which may have words around it.
    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.get(key)?.split_whitespace().find_map(|word| word.parse().ok())
    }

    fn need(&self, key: &'static str) -> Result<&'a str, FactsError> {
        self.get(key).filter(|value| !value.is_empty()).ok_or(FactsError { missing: key })
    }
}

fn os(answer: &Answer<'_>) -> Os {
    let release = |key: &str| answer.get(key).map(unquote).unwrap_or_default();
    let id = release("os.ID");
    Os {
        family: OsFamily::from_os_release(&id, &release("os.ID_LIKE")),
        version: Version::parse(&release("os.VERSION_ID")),
        codename: Some(release("os.VERSION_CODENAME")).filter(|name| !name.is_empty()),
        description: Some(release("os.PRETTY_NAME"))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| format!("{id} {}", release("os.VERSION_ID")).trim().to_owned()),
        id,
    }
}

fn init(answer: &Answer<'_>) -> InitSystem {
    match answer.get("init") {
        Some("systemd") => InitSystem::Systemd,
        Some("sysv") => InitSystem::Sysv,
        Some("openrc") => InitSystem::OpenRc,
        Some("runit") => InitSystem::Runit,
        _ => InitSystem::Unknown,
    }
}

fn package_manager(answer: &Answer<'_>) -> Option<PackageManagerKind> {
    match answer.get("packager")? {
        "apt" => Some(PackageManagerKind::Apt),
        "dnf" => Some(PackageManagerKind::Dnf),
        "pacman" => Some(PackageManagerKind::Pacman),
        "zypper" => Some(PackageManagerKind::Zypper),
        "apk" => Some(PackageManagerKind::Apk),
        _ => None,
    }
}

/// `0-3,8`: five processors.
fn count_online(list: &str) -> Option<u32> {
    let count = |range: &str| -> Option<u32> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        last.parse::<u32>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)
    };
    list.trim().split(',').try_fold(0u32, |sum, range| sum.checked_add(count(range)?)).filter(|&n| n > 0)
}

/// `12345.67 23456.78`: the first is the time since the boot.
fn whole_seconds(line: &str) -> Option<u64> {
    line.split(['.', ' ']).next()?.parse().ok()
}

/// `2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0`, as `ip -o addr` prints it.
fn interface_address(line: &str) -> Option<InterfaceAddress> {
    let (number, rest) = line.split_once(": ")?;
    number.parse::<u32>().ok()?;
    let mut words = rest.split_whitespace();
    let (interface, family, address) = (words.next()?, words.next()?, words.next()?);
    let (address, prefix) = address.split_once('/').unwrap_or((address, ""));
    let address: std::net::IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    (family == "inet" || family == "inet6").then(|| InterfaceAddress {
        interface: interface.to_owned(),
        address,
        prefix: prefix.parse().ok().filter(|bits| *bits <= whole).unwrap_or(whole),
    })
}

fn disk(line: &str) -> Option<Disk> {
    let (name, sectors) = line.split_once(' ')?;
    let bytes = sectors.trim().parse::<u64>().ok()?.checked_mul(SECTOR)?;
    (bytes > 0).then(|| Disk { name: name.to_owned(), bytes })
}

fn mount(line: &str) -> Option<Mount> {
    let mut words = line.split(' ');
    let (device, path, kind, options) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some(Mount {
        device: unescape(device),
        path: unescape(path),
        kind: kind.to_owned(),
        options: options.split(',').map(str::to_owned).collect(),
    })
}

/// In `/proc/mounts` blanks, tabs, newlines and backslashes are written as three octal digits (proc(5)).
fn unescape(word: &str) -> String {
    let mut pieces = word.split('\\');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) if code.is_ascii() => {
                text.push(char::from(code));
                text.push_str(&piece[3..]);
            }
            _ => {
                text.push('\\');
                text.push_str(piece);
            }
        }
    }
    text
}

fn user(line: &str) -> Option<LoginUser> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, uid, gid, home, shell] = fields[..] else { return None };
    Some(LoginUser {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: home.to_owned(),
        shell: shell.to_owned(),
    })
}

/// Values of os-release(5) are shell words: bare, or in quotes with backslash escapes.
fn unquote(value: &str) -> String {
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
    use proptest::prelude::*;

    const DEBIAN: &str = "machine=x86_64\nkernel=6.1.0-18-amd64\nhostname=web-1\nonline=0-1\nmemory=2048\nswap=1024\n\
        uptime=3600.25 7100.00\nboot=3b1f\nfirmware=innotek GmbH\nfirmware=VirtualBox\ndisk=sda 41943040\n\
        mount=/dev/sda1 / ext4 rw,relatime\nmount=/dev/sdb1 /srv/a\\040b xfs rw\nuser=root:0:0:/root:/bin/bash\n\
        2: eth0    inet 10.0.0.7/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever\n\
        2: eth0    inet6 2001:db8::7/64 scope global \\       valid_lft forever\n\
        init=systemd\npackager=apt\nclock=1700000000\nutilities=gnu\ntimezone=Europe/Berlin\nlocale=\"de_DE.UTF-8\"\n\
        os.ID=debian\nos.VERSION_ID=\"12\"\nos.PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nos.VERSION_CODENAME=bookworm\n";

    fn facts(text: &str) -> Facts {
        parse(text).expect("complete").expect("nothing lacks")
    }

    #[test]
    fn debian_is_understood() {
        let facts = facts(DEBIAN);
        assert_eq!(facts.os.family, OsFamily::Debian);
        assert_eq!(facts.os.version, Version::parse("12"));
        assert_eq!(facts.os.codename.as_deref(), Some("bookworm"));
        assert_eq!((facts.cpus, facts.memory_kib, facts.swap_kib), (2, 2048, 1024));
        assert_eq!(facts.kernel_version(), Version::parse("6.1"));
        assert_eq!(facts.booted(), 1_700_000_000 - 3600);
        assert_eq!(facts.package_manager, Some(PackageManagerKind::Apt));
        assert_eq!(facts.timezone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(facts.locale.as_deref(), Some("de_DE.UTF-8"));
    }

    #[test]
    fn the_machine_is_understood() {
        let facts = facts(DEBIAN);
        assert_eq!(facts.hypervisor, Some(Hypervisor::Oracle));
        assert_eq!(facts.disks, [Disk { name: "sda".to_owned(), bytes: 20 << 30 }]);
        assert_eq!(facts.mount_at("/srv/a b").map(|mount| mount.kind.as_str()), Some("xfs"));
        assert_eq!(facts.users[0].shell, "/bin/bash");
        assert_eq!(facts.address_of("eth0"), Some([10, 0, 0, 7].into()));
        assert_eq!((facts.addresses.len(), facts.interfaces[1].prefix), (2, 64));
    }

    #[test]
    fn a_system_without_a_pretty_name_is_called_by_its_own() {
        let short = DEBIAN.replace("os.PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", "");
        assert_eq!(facts(&short).os.description, "debian 12");
    }

    #[test]
    fn what_a_node_lacks_is_told_before_anything_else() {
        let lacking = parse("lacks=stat\nlacks=sha256sum\n").expect("an answer");
        assert_eq!(lacking, Err(MissingUtilities(vec!["stat".into(), "sha256sum".into()])));
        assert!(parse("").is_err());
    }

    #[test]
    fn a_container_says_so() {
        assert_eq!(facts(DEBIAN).container, None);
        let inside = format!("{DEBIAN}container=systemd-nspawn\n");
        assert_eq!(facts(&inside).container.as_deref(), Some("systemd-nspawn"));
    }

    #[test]
    fn processors_are_counted() {
        assert_eq!(count_online("0-3,8"), Some(5));
        assert_eq!(count_online("0"), Some(1));
        for wrong in ["", "3-0", "a", "0-4294967295", "1,"] {
            assert_eq!(count_online(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_has_another_form_is_left_out() {
        let odd = format!(
            "{DEBIAN}disk=\ndisk=sdb x\ndisk=sdc 18446744073709551615\nmount=a\nuser=x:1\nuser=x:-1:0:/:/bin/sh\n\
             3: eth1    inet 10.0.0.300/24\n4: eth2    inet 10.0.0.9/99 scope global\nmemory=\n"
        );
        let facts = facts(&odd);
        assert_eq!((facts.disks.len(), facts.mounts.len(), facts.users.len()), (1, 2, 1));
        assert_eq!(facts.interfaces[2].prefix, 32);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(lines in prop::collection::vec("(disk|mount|user|online|uptime|os\\.ID|locale|[0-9]{1,2}: e)[= ]\\PC{0,20}", 0..20)) {
            let _ = parse(&format!("{}{DEBIAN}", lines.join("\n") + "\n"));
        }

        #[test]
        fn whatever_is_between_backslashes_is_kept(text in "[a-z0-7\\\\é]{0,12}") {
            let _ = unescape(&text);
            let _ = unquote(&text);
        }
    }
}
