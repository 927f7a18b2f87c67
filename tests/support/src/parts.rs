//! What a test does when the machine lacks a part that the test needs: it says why and is left out, unless
//! `PALLET_TEST_REQUIRE=1` makes every absence a failure.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// Ends the test here when the machine lacks one of the named parts, saying so on standard error.
///
/// A part is `"root"` (the test runs as root), `"nodes"` (all that [`nodes`](crate::nodes) needs),
/// `"rust-analyzer"` (of the toolchain in use, with the library's source) or else the name of a program. With `PALLET_TEST_REQUIRE=1` in the environment the test fails instead. The list of what
/// was left out is in the file that `PALLET_TEST_IGNORED` names, if it is set; `scripts/test` prints it.
///
/// ```
/// fn my_test() {
///     pallet_test::require!("sh");
///     // Here there is an `sh`.
/// }
/// # my_test();
/// ```
#[macro_export]
macro_rules! require {
    ($($part:expr),+ $(,)?) => {
        if let Some(reason) = $crate::parts::missing(&[$($part),+]) {
            $crate::parts::ignore(::std::module_path!(), &reason);
            return;
        }
    };
}

/// The programs that [`nodes`](crate::nodes) runs, each with the package that has it on Debian.
const NODE_PROGRAMS: &[(&str, &str)] = &[
    ("systemd-nspawn", "systemd-container"),
    ("debootstrap", "debootstrap"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("unshare", "util-linux"),
    ("ssh-keygen", "openssh-client"),
];

/// Returns why these parts cannot be had on this machine, or `None` when all are there.
pub fn missing(parts: &[&str]) -> Option<String> {
    let reasons: Vec<String> = parts.iter().filter_map(|part| missing_part(part)).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Reports a test as left out for this reason.
///
/// # Panics
///
/// When `PALLET_TEST_REQUIRE=1`: what calls the test cannot do without.
pub fn ignore(test: &str, reason: &str) {
    let test = std::thread::current().name().map_or(test.to_owned(), |name| format!("{test}::{name}"));
    assert!(env::var_os("PALLET_TEST_REQUIRE") != Some("1".into()), "{test} cannot run: {reason}");
    eprintln!("ignored: {test}: {reason}");
    if let Some(list) = env::var_os("PALLET_TEST_IGNORED") {
        append(&PathBuf::from(list), &format!("{test}: {reason}\n"));
    }
}

/// Returns the path of a program on the search path, or in the folders of system programs that an ordinary
/// user's search path lacks.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn missing_part(part: &str) -> Option<String> {
    match part {
        "root" => (!is_root()).then(|| "needs root".to_owned()),
        "nodes" => missing_for_nodes(),
        "rust-analyzer" => missing_rust_analyzer(),
        name => program(name).is_none().then(|| format!("no program {name}")),
    }
}

fn missing_for_nodes() -> Option<String> {
    if cfg!(not(target_os = "linux")) {
        return Some("nodes need Linux".to_owned());
    }
    if !is_root() {
        return Some("nodes need root".to_owned());
    }
    let absent: Vec<&str> = NODE_PROGRAMS
        .iter()
        .filter(|(name, _)| program(name).is_none())
        .map(|&(_, package)| package)
        .collect();
    (!absent.is_empty()).then(|| format!("nodes need the packages {}", absent.join(", ")))
}

/// A program of that name proves nothing: rustup has one that asks for the component. And where the source of the
/// standard library is missing, rust-analyzer would install it by itself, while others build.
fn missing_rust_analyzer() -> Option<String> {
    let output = |program: &str, arg: &[&str]| {
        let output = Command::new(program).args(arg).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let has_source = |sysroot: String| PathBuf::from(sysroot).join("lib/rustlib/src/rust/library").is_dir();
    let is_there = output("rust-analyzer", &["--version"]).is_some()
        && output("rustc", &["--print", "sysroot"]).is_some_and(has_source);
    (!is_there).then(|| "rust-analyzer needs `rustup component add rust-analyzer rust-src`".to_owned())
}

/// Whether this process is root, told by the owner of its folder in `/proc`.
fn is_root() -> bool {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// Adds a line to a file in one write, so that tests of several processes do not mix theirs.
fn append(file: &PathBuf, line: &str) {
    use std::io::Write;
    let opened = std::fs::File::options().create(true).append(true).open(file);
    if let Err(error) = opened.and_then(|mut file| file.write_all(line.as_bytes())) {
        eprintln!("cannot write {}: {error}", OsStr::new(file).display());
    }
}
