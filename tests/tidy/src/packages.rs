//! The packages of the workspace, as Cargo sees them.

use crate::root;
use serde::Deserialize;
use std::process::Command;

/// A member of the workspace.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it says it is.
    pub description: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// What its manifest asks for; not what these need in turn.
    pub dependencies: Vec<Dependency>,
    manifest_path: String,
}

/// A line of a manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// The name of the package.
    pub name: String,
    /// The kind, unless it is an ordinary one: `dev` or `build`.
    pub kind: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

impl Package {
    /// Returns its folder from the root of the workspace.
    #[must_use]
    pub fn folder(&self) -> String {
        let manifest = self.manifest_path.replace('\\', "/");
        let root = root().display().to_string().replace('\\', "/");
        manifest.trim_start_matches(&root).trim_matches('/').trim_end_matches("/Cargo.toml").to_owned()
    }

    /// Returns the text of its manifest.
    #[must_use]
    pub fn manifest(&self) -> String {
        std::fs::read_to_string(&self.manifest_path).expect("cargo has just read it")
    }

    /// Returns the names of what it is built with, tests left aside.
    #[must_use]
    pub fn built_with(&self) -> Vec<&str> {
        let ordinary =
            self.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        ordinary.map(|dependency| dependency.name.as_str()).collect()
    }
}

/// Returns all members of the workspace.
///
/// # Panics
///
/// When Cargo cannot read the workspace.
#[must_use]
pub fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        // Without dependencies nothing has to be resolved, so no registry is asked.
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo keeps to its format");
    metadata.packages
}
