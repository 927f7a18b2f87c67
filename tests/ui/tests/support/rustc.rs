//! Compiling sources with the compiler itself, to count what it says.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The compiler, and where it finds pallet.
pub(crate) struct Rustc {
    /// The library that this test was built with, or one like it.
    pallet: PathBuf,
}

impl Rustc {
    /// Finds pallet as it was built for this workspace.
    pub(crate) fn new() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--lib", "--message-format=json", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo can be run");
        assert!(output.status.success(), "pallet is built: {}", output.status);
        let messages = String::from_utf8(output.stdout).expect("JSON is text");
        let is_pallet = |file: &&Path| {
            let stem = file.file_stem().and_then(OsStr::to_str);
            stem.is_some_and(|stem| stem.starts_with("libpallet-"))
                && file.extension() == Some(OsStr::new("rlib"))
        };
        let pallet = messages.split('"').map(Path::new).find(is_pallet);
        Rustc { pallet: pallet.expect("cargo names the file of pallet").to_owned() }
    }

    /// Returns the errors in a library, one a line, as `file:line:column: error: message`. It knows pallet as `name`.
    pub(crate) fn errors(&self, name: &str, source: &str) -> Vec<String> {
        let dependencies = self.pallet.parent().expect("a folder of libraries");
        let mut rustc = Command::new("rustc")
            .args(["--edition=2024", "--crate-type=lib", "--crate-name=half_typed", "--emit=metadata"])
            .args(["--error-format=short", "-Awarnings", "-", "-o", "-", "--extern"])
            .arg(format!("{name}={}", self.pallet.display()))
            .arg("-L")
            .arg(format!("dependency={}", dependencies.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("rustc can be run");
        let mut stdin = rustc.stdin.take().expect("it was asked for");
        stdin.write_all(source.as_bytes()).expect("rustc reads its source");
        drop(stdin);
        let output = rustc.wait_with_output().expect("rustc ends");
        let text = String::from_utf8_lossy(&output.stderr);
        let errors: Vec<String> =
            text.lines().filter(|line| line.contains(": error")).map(str::to_owned).collect();
        assert_eq!(output.status.success(), errors.is_empty(), "{text}");
        errors
    }
}
