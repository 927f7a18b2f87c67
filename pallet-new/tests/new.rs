//! The program itself: what it makes, what it refuses, and that it overwrites nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn pallet_new(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pallet-new")).args(args).current_dir(folder).output().expect("it runs")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_project_names_the_checkout_and_says_what_is_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = pallet_new(folder.path(), &["infra", "shop"]);
    let said = String::from_utf8_lossy(&made.stdout);
    assert!(made.status.success() && said.contains("cd shop\n    cargo run -- plan"), "{made:?}");

    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a checkout");
    let manifest = read(&folder.path().join("shop/Cargo.toml"));
    let path = format!("pallet-runtime = {{ path = \"{}/pallet-runtime\" }}", checkout.display());
    assert!(manifest.contains(&path) && manifest.contains("name = \"shop\""), "{manifest}");
    assert_eq!(read(&folder.path().join("shop/Cargo.lock")), read(&checkout.join("Cargo.lock")));
    for file in ["README.md", ".gitignore", "pallet.toml", "src/main.rs", "src/web.rs"] {
        assert!(!read(&folder.path().join("shop").join(file)).contains("__"), "{file}");
    }
}

#[test]
fn a_crate_is_called_pallet_something_and_may_come_from_git() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = pallet_new(folder.path(), &["crate", "web-cache", "--git", "https://git.example.org/pallet"]);
    assert!(made.status.success(), "{made:?}");
    let made = folder.path().join("pallet-web-cache");
    let manifest = read(&made.join("Cargo.toml"));
    assert!(manifest.contains("pallet = { git = \"https://git.example.org/pallet\" }"), "{manifest}");
    assert!(
        read(&made.join("tests/plans.rs")).contains("use pallet_web_cache::{self as web_cache, Settings};")
    );
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("shop")).expect("made");
    fs::write(folder.path().join("shop/notes"), "mine").expect("written");
    let refused = pallet_new(folder.path(), &["infra", "shop"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said.contains("error: shop is not empty") && said.contains("hint: nothing is overwritten"),
        "{said}"
    );
    assert_eq!(fs::read_dir(folder.path().join("shop")).expect("there").count(), 1);
}

#[test]
fn a_wrong_name_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = pallet_new(folder.path(), &["infra", "My_Infra"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0);
}
