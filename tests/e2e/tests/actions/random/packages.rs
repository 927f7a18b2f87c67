//! Packages from the tests' own repository, and the files and accounts that they bring.

use super::{How, Op, Place, Runs};
use pallet::graph::AnyHandle;
use pallet::prelude::*;
use proptest::prelude::*;

pub(super) const REPOSITORY: &str = include_str!("../repo.sh");

/// One has two versions, one needs another, one brings an account and a file of configuration.
const NAMES: [&str; 5] = ["e2e-one", "e2e-plain", "e2e-needs", "e2e-needed", "e2e-app"];

#[derive(Debug, Clone)]
pub(super) enum PackageOp {
    Installed { name: usize },
    Two { first: usize, second: usize },
    Version { newer: bool },
    Latest { name: usize },
    Absent { name: usize },
    Purged { name: usize },
    Hold { name: usize, held: bool },
    Configuration { content: u8 },
    ConfigurationLine,
    OwnedByPackage,
    Upgrade,
}

pub(super) fn op() -> impl Strategy<Value = PackageOp> {
    let name = || 0..NAMES.len();
    prop_oneof![
        4 => name().prop_map(|name| PackageOp::Installed { name }),
        2 => (name(), name()).prop_map(|(first, second)| PackageOp::Two { first, second }),
        2 => any::<bool>().prop_map(|newer| PackageOp::Version { newer }),
        1 => name().prop_map(|name| PackageOp::Latest { name }),
        2 => name().prop_map(|name| PackageOp::Absent { name }),
        2 => name().prop_map(|name| PackageOp::Purged { name }),
        // What another needs, or needs another, apt would rather hold than do what is declared.
        1 => (prop::sample::select(vec![0, 1, 4]), any::<bool>()).prop_map(|(name, held)| PackageOp::Hold { name, held }),
        2 => (0u8..2).prop_map(|content| PackageOp::Configuration { content }),
        1 => Just(PackageOp::ConfigurationLine),
        1 => Just(PackageOp::OwnedByPackage),
        1 => Just(PackageOp::Upgrade),
    ]
}

impl Op for PackageOp {
    fn write(&self, place: &Place, how: &How) -> AnyHandle {
        const CONFIGURATION: &str = "/etc/e2e/app.conf";
        match *self {
            PackageOp::Installed { name } => package(NAMES[name]).run(how),
            PackageOp::Two { first, second } if first != second => {
                packages([NAMES[first], NAMES[second]]).run(how)
            }
            PackageOp::Two { first, .. } => package(NAMES[first]).run(how),
            PackageOp::Version { newer } => {
                package("e2e-plain").version(if newer { "2.0~rc1-1+b1" } else { "1.0" }).run(how)
            }
            PackageOp::Latest { name } => package(NAMES[name]).latest().run(how),
            PackageOp::Absent { name } => package(NAMES[name]).absent().run(how),
            PackageOp::Purged { name } => package(NAMES[name]).purged().run(how),
            PackageOp::Hold { name, held: true } => package(NAMES[name]).held().run(how),
            PackageOp::Hold { name, held: false } => package(NAMES[name]).released().run(how),
            PackageOp::Configuration { content } => {
                remote_file(CONFIGURATION).content(format!("ours {content}\n")).overwrite_edits().run(how)
            }
            PackageOp::ConfigurationLine => line_in_file(CONFIGURATION).line("a line").run(how),
            PackageOp::OwnedByPackage => {
                directory(format!("{}/owned", place.folder)).owner("e2e-app").run(how)
            }
            PackageOp::Upgrade => package_manager().upgrade().run(how),
        }
    }
}
