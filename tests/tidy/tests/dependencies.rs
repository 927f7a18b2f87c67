//! Which package may know which: the arrows of ARCHITECTURE.md.

use pallet_tests_tidy::{Package, assert_none, packages};

/// What a build of `pallet` may cost the author of a crate.
const MOST_DEPENDENCIES_OF_PALLET: usize = 12;

/// The packages that bring in the SSH stack.
const SSH: &[&str] = &["async-ssh2-tokio", "russh", "russh-keys", "russh-sftp"];

fn is_ours(name: &str) -> bool {
    name == "pallet" || name.starts_with("pallet-")
}

/// Whether a package of ours has effects, or is a provider: what pure packages and crates must not know.
fn has_effects(name: &str) -> bool {
    matches!(name, "pallet-runtime" | "pallet-vbox" | "pallet-sandbox" | "pallet-macros" | "pallet-core")
}

fn package(name: &str) -> Package {
    packages().into_iter().find(|package| package.name == name).expect("a member of the workspace")
}

/// Returns the dependencies of packages that a rule does not allow.
fn offences(of: impl Fn(&Package) -> bool, allows: impl Fn(&str) -> bool) -> Vec<String> {
    let mut offences = Vec::new();
    for package in packages().iter().filter(|package| of(package)) {
        for name in package.built_with().into_iter().filter(|name| !allows(name)) {
            offences.push(format!("{}/Cargo.toml: {name}", package.folder()));
        }
    }
    offences
}

#[test]
fn the_macros_know_nothing_but_syntax() {
    assert_none(
        "pallet-macros depends on syn, quote and proc-macro2 only",
        offences(
            |package| package.name == "pallet-macros",
            |name| matches!(name, "syn" | "quote" | "proc-macro2" | "unicode-ident"),
        ),
    );
}

#[test]
fn the_library_is_pure_and_light() {
    assert_none(
        "pallet hands on pallet-core and pallet-macros, which do not wait for each other, and nothing else",
        offences(|package| package.name == "pallet", |name| matches!(name, "pallet-core" | "pallet-macros")),
    );
    assert_none(
        "pallet-core depends on no runtime, and on nothing of ours",
        offences(
            |package| package.name == "pallet-core",
            |name| name != "tokio" && !SSH.contains(&name) && !is_ours(name),
        ),
    );
    let core = package("pallet-core");
    let count = core.built_with().len();
    assert!(
        count <= MOST_DEPENDENCIES_OF_PALLET,
        "pallet-core has {count} direct dependencies; crate authors pay for each at every build, so the most is \
         {MOST_DEPENDENCIES_OF_PALLET}: {:?}",
        core.built_with()
    );
}

#[test]
fn the_reader_of_old_files_depends_on_nothing() {
    assert_none("pallet-edn depends on nothing", offences(|package| package.name == "pallet-edn", |_| false));
}

#[test]
fn users_depend_on_the_facade() {
    assert_none(
        "pallet-core is for pallet alone, which generated code names; whoever else needs something of it names pallet",
        offences(|package| package.name != "pallet", |name| name != "pallet-core"),
    );
}

#[test]
fn providers_do_not_know_the_runtime() {
    assert_none(
        "of ours a provider depends on pallet only, so that anyone can write one, and on the reader of old files",
        offences(
            |package| matches!(package.name.as_str(), "pallet-vbox" | "pallet-sandbox"),
            |name| !is_ours(name) || matches!(name, "pallet" | "pallet-edn"),
        ),
    );
}

#[test]
fn crates_are_in_the_position_of_a_third_party() {
    assert_none(
        "of ours a crate depends on pallet and other crates only, and its tests on the published helpers",
        packages().iter().filter(|package| package.folder().starts_with("crates/")).flat_map(|package| {
            let knows = package.dependencies.iter().filter(|dependency| has_effects(&dependency.name));
            knows
                .map(|dependency| format!("{}/Cargo.toml: {}", package.folder(), dependency.name))
                .collect::<Vec<_>>()
        }),
    );
}

#[test]
fn compile_fail_tests_and_test_helpers_need_no_runtime() {
    assert_none(
        "tests/ui and tests/support depend on pallet and crates only: beside the SSH stack they build for minutes",
        packages()
            .iter()
            .filter(|package| matches!(package.folder().as_str(), "tests/ui" | "tests/support"))
            .flat_map(|package| {
                let knows = package.dependencies.iter();
                let knows =
                    knows.filter(|knows| has_effects(&knows.name) || SSH.contains(&knows.name.as_str()));
                knows
                    .map(|knows| format!("{}/Cargo.toml: {}", package.folder(), knows.name))
                    .collect::<Vec<_>>()
            }),
    );
}

#[test]
fn only_the_runtime_knows_ssh() {
    assert_none(
        "only pallet-runtime depends on the SSH stack, and the benchmark that measures it beside a connection by hand",
        offences(
            |package| !matches!(package.name.as_str(), "pallet-runtime" | "pallet-peers"),
            |name| !SSH.contains(&name),
        ),
    );
}
