//! The rules that the macros repeat are those of the library.

// Not public, and names nothing else of its crate.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../pallet-macros/src/rules.rs"]
mod rules;

use pallet::facts::{OsFamily, VersionReq};
use pallet::name::{AccountName, GroupName, PackageName, PhaseName, RemotePath, RoleName, UnitName};
use pallet::prelude::*;
use pallet::spec::Attach;
use rules::Rule;
use std::fmt::Display;

/// Texts on both sides of every rule.
const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "0",
    "-",
    "_",
    ".",
    "$",
    "/",
    "ü",
    " ",
    "a b",
    "a-b",
    "a_b",
    "a.b",
    "a+b",
    "a:b",
    "a@b",
    "a$",
    "a\\x2d",
    "-a",
    "a-",
    "_a",
    "2a",
    "g++",
    "0ad",
    "libc6:i386",
    "nginx:",
    "nginx=1.2",
    "a;b",
    "$(x)",
    "web-servers",
    "Web",
    "/etc",
    "/etc/",
    "//etc",
    "/a/../b",
    "/a/./b",
    "/a\nb",
    "/a b",
    "etc",
    "/ü",
    "getty@tty1",
    ".hidden",
    "systemd-fsck@dev-sda",
    "12",
    ">= 12",
    "12.5",
    "> 12, < 14",
    ">=12,<14",
    "= 12",
    "~> 3",
    "12,",
    ">= ",
    "twelve",
    "12.x",
    "1..2",
    "<= 20.04",
];

#[track_caller]
fn check<T, E: Display>(rule: Rule, library: impl Fn(String) -> Result<T, E>) {
    let lengths = [32, 33, 50, 51, 63, 64, 65, 255, 256].map(|length| "a".repeat(length));
    for text in TEXTS.iter().map(|text| (*text).to_owned()).chain(lengths) {
        let refused = library(text.clone()).err().map(|error| error.to_string());
        assert_eq!((rule.holds)(&text), refused.is_none(), "{} {text:?}", rule.kind);
        if let Some(refused) = refused {
            assert_eq!(refused, format!("invalid {} {text:?}: {}", rule.kind, rule.text));
        }
    }
}

#[test]
fn names_are_valid_for_both_or_for_none_and_refused_in_the_same_words() {
    check(rules::GROUP, GroupName::new);
    check(rules::PHASE, PhaseName::new);
    check(rules::ROLE, RoleName::new);
    check(rules::PACKAGE, PackageName::new);
    check(rules::ACCOUNT, AccountName::new);
    check(rules::UNIT, UnitName::new);
    check(rules::PATH, RemotePath::new);
}

#[test]
fn versions_are_conditions_for_both_or_for_none() {
    for text in TEXTS {
        assert_eq!(rules::is_version_condition(text), VersionReq::parse(text).is_ok(), "{text:?}");
    }
}

#[test]
fn the_families_are_the_same() {
    let names = |family: &OsFamily| (family.as_str(), format!("{family:?}"));
    let library: Vec<_> = OsFamily::ALL.iter().map(names).collect();
    let macros: Vec<_> =
        rules::FAMILIES.iter().map(|(name, variant)| (*name, (*variant).to_owned())).collect();
    assert_eq!(macros, library);
}

#[test]
fn the_ways_to_use_a_disk_are_the_same() {
    let library: Vec<_> = Attach::ALL.iter().map(|way| (way.as_str(), format!("{way:?}"))).collect();
    let macros: Vec<_> = rules::ATTACH.iter().map(|(name, variant)| (*name, (*variant).to_owned())).collect();
    assert_eq!(macros, library);
}

#[test]
fn suggestions_are_the_same() {
    let keys = ["count", "image", "hardware", "network", "cpus"];
    for given in ["cuont", "imag", "zebra", "hardwear", "cpu", "", "netwrok"] {
        assert_eq!(rules::did_you_mean(given, keys), pallet::name::did_you_mean(given, keys), "{given}");
    }
}

#[test]
fn identifiers_become_group_names() {
    let names = [
        ("WebServers", "web-servers"),
        ("Web", "web"),
        ("HTTPServer", "http-server"),
        ("web_servers", "web-servers"),
        ("Web_Servers", "web-servers"),
        ("Debian12", "debian12"),
        ("ABTest", "ab-test"),
        ("DB", "db"),
    ];
    for (ident, name) in names {
        assert_eq!(rules::kebab_case(ident), name);
    }
}

/// Whatever the macros refuse in the bodies of phases, the library refuses as well: it sees the literals that are
/// not there to be seen.
#[test]
fn literals_that_macros_refuse_are_refused_when_the_plan_is_made() {
    macro_rules! functions {
        ($($action:expr),* $(,)?) => {
            [$(|| { $action; }),*]
        };
    }
    let refused: &[fn()] = &functions![
        remote_file("relative").content("x"),
        directory("relative"),
        file("relative"),
        symbolic_link("relative", "/x"),
        remote_directory("relative").local_directory("x"),
        line_in_file("relative").line("x"),
        block_in_file("relative").block("x"),
        replace_in_file("relative").replace("x", "y"),
        wait_for_file("relative"),
        fetch_file("relative").to("x"),
        fetch_directory("relative").to("x"),
        archive("relative").of("/x"),
        crontab("two words").without("x"),
        fifo("relative"),
        package_file("relative"),
        swap_file("relative", 1 << 20),
        wait_for_port(0),
        package("two words"),
        package("nginx=1.22"),
        packages(["a", "two words"]),
        service("-x"),
        unit_file("-x", "[Unit]"),
        user("two words"),
        group("two words"),
        exec("x").creates("relative"),
        exec_script("x").dir("relative"),
        user("x").home("relative"),
        user("x").shell("relative"),
        user("x").group("two words"),
        user("x").groups(["two words"]),
        directory("/x").owner("two words"),
        directory("/x").group("two words"),
        directory("/x").mode(0o17777),
    ];
    for (i, action) in refused.iter().enumerate() {
        let built = pallet::graph::build(&pallet::Context::example(), action);
        assert!(built.is_err(), "number {i} is not refused: {built:?}");
    }
}
