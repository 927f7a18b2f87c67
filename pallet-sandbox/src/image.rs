//! Root file systems that nodes start from: which there are, and which one a spec means.

mod build;

use crate::error::{Context, Result};
use crate::settings::Settings;
use crate::tools::{Rights, Tools};
use pallet::compute::ComputeError;
use pallet::facts::{Facts, Os, OsFamily};
use pallet::spec::{Image, ImageMatch};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The id of the host's own root file system.
pub(crate) const HOST: &str = "host";

/// Folders without which a root file system cannot be the host's own: had one a file system of its own, it would
/// be empty in a node.
const PARTS_OF_ROOT: [&str; 5] = ["bin", "etc", "lib", "usr", "var"];

/// Where a node's root file system comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The host's own root.
    Host,
    /// A new root of the same release as the host's, because the host's own belongs to users that are not ours.
    Built,
    /// A folder that holds a root file system.
    Folder(PathBuf),
    /// An archive of one, to be unpacked once.
    Archive(PathBuf),
}

/// Returns the source that a spec's image means.
///
/// # Errors
///
/// When there is no such image, or it is not usable; the hint lists what there is.
pub(crate) fn select(settings: &Settings, rights: Rights, wanted: Option<&Image>) -> Result<Source> {
    match wanted {
        None => by_id(settings, rights, settings.image.as_deref().unwrap_or(HOST)),
        Some(Image::Id(id)) => by_id(settings, rights, id),
        Some(Image::Definition(definition)) => at_path(&definition.path, rights),
        Some(Image::Matching(wanted)) => matching(settings, rights, wanted),
    }
}

fn by_id(settings: &Settings, rights: Rights, id: &str) -> Result<Source> {
    if let Some(path) = settings.images.get(id) {
        return at_path(path, rights);
    }
    if id == HOST || read_os(Path::new("/")).is_some_and(|os| names(&os, id)) {
        return host(rights);
    }
    Err(ComputeError::input(format!("no image {id}")).hint(known_images(settings)))
}

/// `debian-12` and `debian` name a Debian 12.
fn names(os: &Os, id: &str) -> bool {
    id == os.id || id == format!("{}-{}", os.id, os.version)
}

fn matching(settings: &Settings, rights: Rights, wanted: &ImageMatch) -> Result<Source> {
    if satisfies(Path::new("/"), wanted) {
        return host(rights);
    }
    let folders = settings.images.values().filter(|path| path.is_dir());
    match folders.into_iter().find(|path| satisfies(path, wanted)) {
        Some(path) => at_path(path, rights),
        None => Err(ComputeError::input(format!("no image is {wanted}")).hint(known_images(settings))),
    }
}

fn satisfies(root: &Path, wanted: &ImageMatch) -> bool {
    let Some(os) = read_os(root) else { return false };
    let wide = cfg!(target_pointer_width = "64");
    wanted.os_family.is_none_or(|family| os.family.is(family))
        && wanted.os_version.as_ref().is_none_or(|version| version.matches(&os.version))
        && wanted.os_64_bit.is_none_or(|bits| bits == wide)
}

fn known_images(settings: &Settings) -> String {
    let host = read_os(Path::new("/")).map_or_else(String::new, |os| format!(" ({})", os.description));
    let others: String = settings.images.keys().map(|id| format!(", {id}")).collect();
    format!("images of this service: {HOST}{host}{others}; add one with `images = {{ id = \"path\" }}`")
}

/// Checks that the host's root can serve as a node's.
fn host(rights: Rights) -> Result<Source> {
    let way_out = "name an image (a folder or archive with a Debian root file system), or use another provider: \
                   virtualbox, node-list";
    let os = read_os(Path::new("/"));
    let Some(os) = os.filter(|os| os.family.is(OsFamily::DebianBase)) else {
        let message = "the host's own root cannot serve for nodes: it is no Debian or Ubuntu";
        return Err(ComputeError::input(message).hint(way_out));
    };
    if rights == Rights::User {
        return build::check().map(|()| Source::Built);
    }
    let root = Path::new("/").metadata().context(|| "cannot look at the host's root".to_owned())?.dev();
    let apart = PARTS_OF_ROOT
        .iter()
        .find(|part| Path::new("/").join(part).metadata().is_ok_and(|found| found.dev() != root));
    match apart {
        None => Ok(Source::Host),
        Some(part) => Err(ComputeError::input(format!(
            "the host's own root ({}) cannot serve for nodes: /{part} is a file system of its own",
            os.description
        ))
        .hint(way_out)),
    }
}

fn at_path(path: &Path, rights: Rights) -> Result<Source> {
    let invalid = |why: &str| ComputeError::input(format!("image {}: {why}", path.display()));
    if path.is_file() {
        return Ok(Source::Archive(path.to_owned()));
    }
    if !path.is_dir() {
        return Err(invalid("no such folder or archive"));
    }
    if path.join("bin/sh").symlink_metadata().is_err() {
        return Err(invalid("not a root file system: it has no bin/sh"));
    }
    let owner = path.metadata().context(|| format!("cannot read the image {}", path.display()))?.uid();
    if rights == Rights::User && owner != rustix::process::geteuid().as_raw() {
        return Err(invalid("belongs to somebody else, and without root nodes cannot use it")
            .hint("name an archive of it (tar) instead of the folder"));
    }
    Ok(Source::Folder(path.to_owned()))
}

/// Returns the folder with the root file system, after unpacking it into `store` if it is in an archive. The caller
/// holds the service's lock.
pub(crate) fn provide(
    source: &Source,
    tools: &Tools,
    store: &Path,
    report: &dyn Fn(&str),
) -> Result<PathBuf> {
    match source {
        Source::Host => Ok(PathBuf::from("/")),
        Source::Folder(path) => {
            path.canonicalize().context(|| format!("cannot read the image {}", path.display()))
        }
        Source::Archive(path) => {
            let folder = store.join(archive_key(path)?);
            if !folder.exists() {
                report("unpacking the image");
                unpack(tools, path, &folder)?;
            }
            Ok(folder)
        }
        Source::Built => {
            let folder = store.join("built");
            if !folder.exists() {
                report("building the image");
                let archive = build::archive(store)?;
                unpack(tools, &archive, &folder)?;
                fs::remove_file(&archive).context(|| format!("cannot remove {}", archive.display()))?;
            }
            Ok(folder)
        }
    }
}

/// An archive that was replaced by another is another image.
fn archive_key(path: &Path) -> Result<String> {
    let found = path.metadata().context(|| format!("cannot read the image {}", path.display()))?;
    Ok(format!("{:x}-{:x}-{:x}-{:x}", found.dev(), found.ino(), found.size(), found.mtime()))
}

/// Unpacks beside the destination first, so that a folder of that name is always complete.
fn unpack(tools: &Tools, archive: &Path, folder: &Path) -> Result<()> {
    let what = || format!("cannot unpack the image {}", archive.display());
    // A part that a killed controller left is made complete: what is there is replaced.
    let part = folder.with_extension("part");
    fs::create_dir_all(&part).context(what)?;
    let mut tar = tools.command_as_owner("tar");
    // Names of users on this host say nothing about numbers in the image.
    tar.args(["--extract", "--numeric-owner", "--preserve-permissions", "--same-owner"]);
    // Not everybody may make devices, and nodes have their own.
    tar.args(["--exclude=./dev/*", "--exclude=dev/*"]);
    tar.arg("--file").arg(archive).arg("--directory").arg(&part);
    let output = tar.output().context(what)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("tar said nothing").to_owned();
        return Err(ComputeError::failed(what()).source(last));
    }
    fs::rename(&part, folder).context(what)
}

/// Returns the operating system of a root file system, if it says what it is.
fn read_os(root: &Path) -> Option<Os> {
    let text = ["etc/os-release", "usr/lib/os-release"]
        .iter()
        .find_map(|path| fs::read_to_string(root.join(path)).ok())?;
    // There is one parser of os-release, that of facts.
    let facts: String = text.lines().map(|line| format!("os.{line}\n")).collect();
    let facts = format!("machine=-\nkernel=-\nhostname=-\nclock=0\n{facts}");
    Facts::parse(&facts).ok()?.ok().map(|facts| facts.os)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::facts::VersionReq;
    use pallet::spec::ImageDefinition;

    fn root(release: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for folder in ["etc", "bin"] {
            fs::create_dir(dir.path().join(folder)).expect("a folder");
        }
        fs::write(dir.path().join("etc/os-release"), release).expect("a file");
        fs::write(dir.path().join("bin/sh"), "").expect("a file");
        dir
    }

    fn settings(id: &str, path: &Path) -> Settings {
        Settings { images: [(id.to_owned(), path.to_owned())].into(), ..Settings::default() }
    }

    #[test]
    fn an_image_is_found_by_id_by_path_and_by_what_it_is() {
        let alpine = root("ID=alpine\nVERSION_ID=3.22.1\n");
        let settings = settings("small", alpine.path());
        let folder = Source::Folder(alpine.path().to_owned());
        assert_eq!(select(&settings, Rights::Root, Some(&Image::from("small"))).expect("by id"), folder);
        let definition = ImageDefinition { path: alpine.path().to_owned(), ..ImageDefinition::default() };
        assert_eq!(select(&settings, Rights::Root, Some(&Image::from(definition))).expect("by path"), folder);
        let wanted = ImageMatch {
            os_family: Some(OsFamily::Alpine),
            os_version: Some(VersionReq::parse(">= 3.20").expect("a condition")),
            ..ImageMatch::default()
        };
        assert_eq!(select(&settings, Rights::Root, Some(&Image::from(wanted))).expect("by family"), folder);
    }

    #[test]
    fn what_is_not_there_is_refused_and_what_is_there_is_listed() {
        let alpine = root("ID=alpine\nVERSION_ID=3.22.1\n");
        let error = select(&settings("small", alpine.path()), Rights::Root, Some(&Image::from("smal")))
            .expect_err("a slip");
        assert_eq!(error.message, "no image smal");
        assert!(error.hint.is_some_and(|hint| hint.contains("host") && hint.contains("small")));
        let empty = tempfile::tempdir().expect("a temporary folder");
        let error = select(&settings("empty", empty.path()), Rights::Root, Some(&Image::from("empty")))
            .expect_err("empty");
        assert!(error.message.ends_with("not a root file system: it has no bin/sh"), "{error}");
    }
}
