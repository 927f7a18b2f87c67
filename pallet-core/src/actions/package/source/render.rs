//! How each package manager has a source described: files, and a line that points to them.

use super::{Key, PackageSource};
use crate::actions::package::own_file::{OwnContent, OwnFile};
use crate::actions::package::system;
use crate::facts::{Facts, PackageManagerKind};
use crate::name::RemotePath;
use crate::probe::Sha256;
use crate::text::Text;

/// A source as one system has it.
#[derive(Debug)]
pub(super) struct Rendered {
    /// The key's file first, as the other refers to it.
    pub(super) files: Vec<OwnFile>,
    /// The file of the key, if there is one.
    pub(super) key: Option<RemotePath>,
    /// A line of a file that is not the source's own.
    pub(super) line: Option<(RemotePath, Text)>,
}

/// Refuses what no system understands.
pub(super) fn check(source: &PackageSource) -> Result<(), String> {
    let word = |s: &str, more: &[u8]| {
        !s.is_empty()
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b) || more.contains(&b))
    };
    if !word(&source.name, b"") || source.name.starts_with(['.', '-']) {
        return Err(format!("{:?} is not a name for a source: letters, digits, dots, hyphens", source.name));
    }
    if let Some(wrong) = source.suites.iter().find(|suite| !word(suite, b"/")) {
        return Err(format!("{wrong:?} is not a suite, such as `bookworm` or `./`"));
    }
    let words = source.components.iter().chain(&source.architectures);
    if let Some(wrong) = words.into_iter().find(|component| !word(component, b"/")) {
        return Err(format!("{wrong:?} is not a component or architecture"));
    }
    for (key, value) in &source.options {
        if !word(key, b"") || value.contains('\n') {
            return Err(format!("{key:?} is not an option of one line"));
        }
    }
    if source.ppa.as_ref().is_some_and(|ppa| ppa_path(ppa).is_none()) {
        return Err("a personal package archive is written `ppa:user/name`".to_owned());
    }
    let url = source.url.as_ref().map(|url| url.literal().unwrap_or_default());
    if url.as_ref().is_some_and(|url| url.iter().any(|byte| byte.is_ascii_whitespace())) {
        return Err("an address has no blanks".to_owned());
    }
    check_key(source.key.as_ref())
}

fn check_key(key: Option<&Key>) -> Result<(), String> {
    match key {
        Some(Key::Url { hash, .. }) if Sha256::parse(hash).is_none() => {
            Err(format!("{hash:?} is not a SHA-256: 64 hexadecimal digits"))
        }
        Some(Key::OnNode(path)) => {
            RemotePath::new(path.as_str()).map(drop).map_err(|error| error.to_string())
        }
        Some(Key::Content(content)) if content.is_empty() => Err("the key is empty".to_owned()),
        _ => Ok(()),
    }
}

/// Returns `user/name`.
fn ppa_path(ppa: &str) -> Option<&str> {
    let path = ppa.strip_prefix("ppa:").unwrap_or(ppa);
    let (user, name) = path.split_once('/')?;
    let plain =
        |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b));
    (plain(user) && plain(name)).then_some(path)
}

/// Returns the source as the node's system has it, or why it cannot have it.
pub(super) fn render(
    source: &PackageSource,
    manager: PackageManagerKind,
    facts: &Facts,
) -> Result<Rendered, String> {
    let for_apt = source.ppa.is_some()
        || !source.suites.is_empty()
        || !source.architectures.is_empty()
        || source.source_code;
    if for_apt {
        system::only(facts, "a suite, an architecture or a personal package archive", system::APT_ONLY)?;
    }
    match manager {
        PackageManagerKind::Apt => apt(source, facts.os.codename.as_deref()),
        PackageManagerKind::Dnf => rpm(source, "/etc/yum.repos.d", false),
        PackageManagerKind::Zypper => rpm(source, "/etc/zypp/repos.d", true),
        PackageManagerKind::Pacman => pacman(source),
        PackageManagerKind::Apk => apk(source),
    }
}

/// Returns the files of every system that could be the node's.
pub(super) fn all_files(source: &PackageSource) -> Vec<OwnFile> {
    let mut files = Vec::new();
    for rendered in [
        apt(source, None),
        rpm(source, "/etc/yum.repos.d", false),
        rpm(source, "/etc/zypp/repos.d", true),
        pacman(source),
        apk(source),
    ] {
        files.extend(rendered.map(|rendered| rendered.files).unwrap_or_default());
    }
    files
}

fn path(text: String) -> RemotePath {
    RemotePath::new(text).expect("a name of letters, digits, dots and hyphens")
}

fn key_content(key: &Key) -> Option<OwnContent> {
    match key {
        Key::Content(bytes) => Some(OwnContent::Text(Text::from(bytes.clone()))),
        Key::Url { url, hash } => {
            Some(OwnContent::Url { url: url.clone(), hash: Sha256::parse(hash).expect("checked before") })
        }
        Key::OnNode(_) => None,
    }
}

/// Returns the file that the key is put in, or is in already, and the former as a file to write.
fn key_file(source: &PackageSource, own: String) -> (Option<RemotePath>, Vec<OwnFile>) {
    match &source.key {
        None if source.absent => {
            let file = OwnFile { path: path(own), content: OwnContent::Absent };
            (Some(file.path.clone()), vec![file])
        }
        None => (None, Vec::new()),
        Some(Key::OnNode(there)) => (Some(path(there.clone())), Vec::new()),
        Some(key) => {
            let content = key_content(key).filter(|_| !source.absent).unwrap_or(OwnContent::Absent);
            (Some(path(own.clone())), vec![OwnFile { path: path(own), content }])
        }
    }
}

/// A description in lines.
fn description(source: &PackageSource, at: String, lines: Vec<Text>) -> OwnFile {
    let content = if source.absent {
        OwnContent::Absent
    } else {
        let lines = lines.into_iter().map(|line| Text::concat([line, "\n".into()]));
        OwnContent::Text(Text::concat(lines))
    };
    OwnFile { path: path(at), content }
}

fn url(source: &PackageSource) -> Text {
    source.url.clone().unwrap_or_default()
}

/// deb822, as `sources.list(5)` describes it. An armored key has another ending than a binary one, by which apt tells
/// them apart.
fn apt(source: &PackageSource, codename: Option<&str>) -> Result<Rendered, String> {
    let armored = match &source.key {
        Some(Key::Content(content)) => content.starts_with(b"-----BEGIN"),
        Some(Key::Url { url, .. }) => !url.ends_with(".gpg"),
        Some(Key::OnNode(_)) | None => true,
    };
    let name = &source.name;
    let ending = if armored { "asc" } else { "gpg" };
    let (key, mut files) = key_file(source, format!("/etc/apt/keyrings/{name}.{ending}"));
    let suites = match (source.suites.as_slice(), codename) {
        ([], Some(codename)) => codename.to_owned(),
        ([], None) if source.absent => String::new(),
        ([], None) => {
            return Err("no suite is given, and this node's system has no code name: call `suite`".to_owned());
        }
        (suites, _) => suites.join(" "),
    };
    let types = if source.source_code { "deb deb-src" } else { "deb" };
    let uri = match source.ppa.as_deref().and_then(ppa_path) {
        Some(ppa) => Text::concat([url(source), format!("/{ppa}/ubuntu").into()]),
        None => url(source),
    };
    let mut lines = vec![
        Text::from(format!("Types: {types}")),
        Text::concat([Text::from("URIs: "), uri]),
        Text::from(format!("Suites: {suites}")),
    ];
    if !suites.ends_with('/') {
        let components =
            if source.components.is_empty() { "main".to_owned() } else { source.components.join(" ") };
        lines.push(format!("Components: {components}").into());
    }
    if !source.architectures.is_empty() {
        lines.push(format!("Architectures: {}", source.architectures.join(" ")).into());
    }
    lines.extend(key.iter().map(|key| format!("Signed-By: {key}").into()));
    lines.extend(source.unsigned.then(|| "Trusted: yes".into()));
    lines.extend(source.options.iter().map(|(key, value)| format!("{key}: {value}").into()));
    files.push(description(source, format!("/etc/apt/sources.list.d/{name}.sources"), lines));
    Ok(Rendered { files, key, line: None })
}

fn rpm(source: &PackageSource, folder: &str, zypper: bool) -> Result<Rendered, String> {
    let name = &source.name;
    let (key, mut files) = key_file(source, format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{name}"));
    let mut lines: Vec<Text> = vec![format!("[{name}]").into(), format!("name={name}").into()];
    lines.extend(source.url.iter().map(|url| Text::concat([Text::from("baseurl="), url.clone()])));
    lines.push("enabled=1".into());
    lines.extend(zypper.then(|| "autorefresh=1".into()));
    lines.push(if source.unsigned { "gpgcheck=0" } else { "gpgcheck=1" }.into());
    lines.extend(key.iter().map(|key| format!("gpgkey=file://{key}").into()));
    lines.extend(source.options.iter().map(|(key, value)| format!("{key}={value}").into()));
    files.push(description(source, format!("{folder}/{name}.repo"), lines));
    Ok(Rendered { files, key, line: None })
}

fn pacman(source: &PackageSource) -> Result<Rendered, String> {
    let name = &source.name;
    if matches!(source.key, Some(Key::OnNode(_))) {
        return Err(
            "with pacman a key is given as text or by its address, not as a file of the node".to_owned()
        );
    }
    let (key, mut files) = key_file(source, format!("/etc/pacman.d/{name}.key"));
    let at = format!("/etc/pacman.d/{name}.conf");
    let mut lines: Vec<Text> = vec![format!("[{name}]").into()];
    // Without a word of ours it is as `/etc/pacman.conf` says for all, which may be lenient.
    lines.extend(key.as_ref().map(|_| "SigLevel = Required DatabaseOptional".into()));
    lines.extend(source.unsigned.then(|| "SigLevel = Optional TrustAll".into()));
    lines.push(Text::concat([Text::from("Server = "), url(source)]));
    lines.extend(source.options.iter().map(|(key, value)| format!("{key} = {value}").into()));
    let line = Some((path("/etc/pacman.conf".to_owned()), format!("Include = {at}").into()));
    files.push(description(source, at, lines));
    Ok(Rendered { files, key, line })
}

fn apk(source: &PackageSource) -> Result<Rendered, String> {
    if source.url.is_none() {
        return Err("with apk the address says which source it is: call `url`".to_owned());
    }
    if source.unsigned || matches!(source.key, Some(Key::OnNode(_))) {
        return Err("apk has no unsigned sources, and its keys are given as text or by their address; \
                    `allow_unsigned` is for a package"
            .to_owned());
    }
    let (key, files) = key_file(source, format!("/etc/apk/keys/{}.rsa.pub", source.name));
    let line = Some((path("/etc/apk/repositories".to_owned()), url(source)));
    Ok(Rendered { files, key, line })
}
