//! What every package says about itself, and what makes it part of the workspace.

use pallet_tests_tidy::{File, Package, assert_none, packages, root, rust_files};
use std::fs;

/// Whether a package is copied out of the repository as it stands, and so cannot inherit from the workspace.
fn is_to_be_copied(package: &Package) -> bool {
    package.folder().starts_with("examples/")
}

#[test]
fn every_package_says_what_it_is() {
    assert_none(
        "a package has a description and a licence",
        packages().iter().filter_map(|package| {
            let says = package.description.as_deref().is_some_and(|text| !text.trim().is_empty());
            let complete = (says || is_to_be_copied(package)) && package.license.is_some();
            (!complete).then(|| format!("{}/Cargo.toml", package.folder()))
        }),
    );
}

#[test]
fn every_package_keeps_to_the_lints() {
    assert_none(
        "a package inherits the workspace's lints, which forbid unsafe code; the sandbox alone has its own",
        packages().iter().filter_map(|package| {
            let manifest = package.manifest();
            let inherits = manifest.contains("[lints]\nworkspace = true");
            let keeps = inherits || is_to_be_copied(package) || package.name == "pallet-sandbox";
            (!keeps).then(|| format!("{}/Cargo.toml", package.folder()))
        }),
    );
}

#[test]
fn what_is_to_be_copied_stands_alone() {
    let copied =
        packages().into_iter().filter(|package| is_to_be_copied(package) && !package.dependencies.is_empty());
    assert_none(
        "a package that people copy inherits nothing from the workspace",
        copied
            .filter(|package| package.manifest().contains("workspace = true"))
            .map(|package| package.folder()),
    );
}

#[test]
fn unsafe_code_is_in_the_sandbox_only() {
    let allows = |file: &File| {
        let code = file.code();
        ["allow(unsafe_code", "expect(unsafe_code", "unsafe {"].iter().any(|word| code.contains(word))
    };
    let files = rust_files().into_iter();
    let of_product = files.filter(|file| !file.path.starts_with("pallet-sandbox/") && !file.is_test());
    assert_none("unsafe code is in pallet-sandbox only", of_product.filter(allows).map(|file| file.path));
}

#[test]
fn nothing_is_left_out_of_the_workspace() {
    let members: Vec<String> = packages().iter().map(Package::folder).collect();
    let mut offences = Vec::new();
    for folder in ["crates", "examples", "tests"] {
        for entry in fs::read_dir(root().join(folder)).into_iter().flatten().flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let is_package = entry.path().join("Cargo.toml").exists();
            let is_loose = entry.path().extension().is_some_and(|extension| extension == "rs");
            if is_loose || (is_package && !members.contains(&path)) {
                offences.push(path);
            }
        }
    }
    assert_none(
        "crates, examples and tests are packages of the workspace; what is not is never compiled",
        offences,
    );
}

#[test]
fn the_licences_are_there() {
    let absent = ["LICENSE-MIT", "LICENSE-APACHE"].into_iter().filter(|name| !root().join(name).is_file());
    assert_none("MIT OR Apache-2.0, both as files", absent.map(str::to_owned));
}
