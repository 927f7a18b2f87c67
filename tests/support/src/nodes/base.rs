//! The cached Debian root that nodes start from: made once for a machine, under a lock, and then only read.

use super::{Error, host};
use crate::parts;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

const BUILD: &str = include_str!("base.sh");

const BUILD_PACKAGERS: &str = include_str!("packagers.sh");

const BUILD_LAYER: &str = include_str!("layer.sh");

/// A Debian root and the key that its accounts accept.
#[derive(Debug, Clone)]
pub(super) struct Base {
    folder: PathBuf,
}

impl Base {
    /// Returns the cached root, after making it if there is none.
    pub(super) fn get() -> Result<Base, Error> {
        if let Some(why) = parts::missing(&["nodes"]) {
            return Err(Error::new("make test nodes", why));
        }
        let base = Base { folder: folder() };
        make(&base.folder, build)?;
        Ok(base)
    }

    /// Returns the root of its file system.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// Returns the private key that every account accepts.
    pub(super) fn key(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// Returns the root with the package managers of other systems: layers for an overlay, separated by colons.
    pub(super) fn with_packagers(&self) -> Result<String, Error> {
        let name = format!("packagers-{:08x}", fingerprint(&[BUILD, BUILD_PACKAGERS].concat()));
        let folder = cache().join(name);
        make(&folder, |unfinished| {
            let root = self.root();
            run_recipe(BUILD_PACKAGERS, unfinished, &[root.as_os_str()])
        })?;
        Ok(format!("{}:{}", folder.join("root").display(), self.root().display()))
    }

    /// Returns the root with these packages: layers for an overlay, separated by colons.
    pub(super) fn with(&self, packages: &[String]) -> Result<String, Error> {
        if packages.is_empty() {
            return Ok(self.root().display().to_string());
        }
        let recipe = [BUILD, BUILD_LAYER, &packages.join(" ")].concat();
        let folder = cache().join(format!("layer-{:08x}", fingerprint(&recipe)));
        make(&folder, |unfinished| {
            let root = self.root();
            let packages = packages.iter().map(OsStr::new);
            run_recipe(
                BUILD_LAYER,
                unfinished,
                &[root.as_os_str()].into_iter().chain(packages).collect::<Vec<_>>(),
            )
        })?;
        Ok(format!("{}:{}", folder.join("root").display(), self.root().display()))
    }
}

/// Builds beside the final place and renames, so that a build that was cut short is never taken for a whole.
fn make(folder: &Path, build: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    if folder.exists() {
        return Ok(());
    }
    let cache = cache();
    let doing = || Error::io(format!("use the cache {}", cache.display()));
    fs::create_dir_all(&cache).map_err(doing())?;
    let lock = File::create(cache.join("lock")).map_err(doing())?;
    lock.lock().map_err(doing())?;
    if folder.exists() {
        return Ok(());
    }
    let unfinished = cache.join("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(doing())?;
    }
    fs::create_dir(&unfinished).map_err(doing())?;
    build(&unfinished)?;
    fs::rename(&unfinished, folder).map_err(doing())
}

/// Returns the busybox of the cached root, if that has been made. It is linked statically, so it runs anywhere.
#[must_use]
pub fn cached_busybox() -> Option<PathBuf> {
    Some(folder().join("root/bin/busybox")).filter(|file| file.is_file())
}

/// The folder of the root that this version of the recipe makes.
fn folder() -> PathBuf {
    cache().join(format!("debian-12-{:08x}", fingerprint(BUILD)))
}

/// The folder that keeps what test nodes are made from, as an absolute path: nodes are started elsewhere.
fn cache() -> PathBuf {
    let below = |name: &str, rest: &str| env::var_os(name).map(|home| PathBuf::from(home).join(rest));
    let cache = below("PALLET_TEST_CACHE", "")
        .or_else(|| below("XDG_CACHE_HOME", "pallet-tests"))
        .or_else(|| below("HOME", ".cache/pallet-tests"))
        .unwrap_or_else(|| PathBuf::from("/var/cache/pallet-tests"));
    // Fails only without a working folder, where nothing relative can be meant.
    std::path::absolute(&cache).unwrap_or(cache)
}

/// Tells one recipe from another (FNV-1a): an edit of the recipe makes a new root.
fn fingerprint(recipe: &str) -> u32 {
    recipe.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn build(folder: &Path) -> Result<(), Error> {
    let key = folder.join("key").display().to_string();
    host::run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "pallet-test", "-f", &key])?;
    run_recipe(BUILD, folder, &[key.as_ref(), "/etc/resolv.conf".as_ref()])
}

/// Runs a recipe with the folder that it fills, in a mount namespace: mounts that it may leave when it fails go
/// with it.
fn run_recipe(recipe: &str, folder: &Path, args: &[&OsStr]) -> Result<(), Error> {
    eprintln!("making a file system for test nodes, once, in {}", folder.display());
    let log = folder.join("log");
    let doing = || Error::io("make a file system for test nodes");
    let output = File::create(&log).map_err(doing())?;
    let status = host::command("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", recipe, "recipe"])
        .arg(folder)
        .args(args)
        .stdin(Stdio::null())
        .stderr(output.try_clone().map_err(doing())?)
        .stdout(output)
        .status()
        .map_err(doing())?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(&log).unwrap_or_default();
    Err(Error::new("make a file system for test nodes", format!("{status}\n{}", last_lines(&said, 20))))
}

/// Returns the end of a log.
pub(super) fn last_lines(log: &str, count: usize) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_end_of_a_log_is_shown() {
        assert_eq!(super::last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(super::last_lines("a\n", 2), "a");
    }
}
