//! Whole programs on machines that boot. What each test shows is its name.
//!
//! They take minutes and need a disk to boot from, which `scripts/ci-vm` makes and names in `PALLET_TEST_VM_DISK`.
//! Without it they are left out, whatever else is required: they are that script's.

use libtest_mimic::{Arguments, Trial};
use pallet_tests_vbox::real::Real;
use pallet_tests_vm::lab::{FirstLogin, Lab, Programs};
use std::path::PathBuf;
use std::process::ExitCode;

mod broken;
mod cloud;
mod life;

const PROGRAMS: Programs =
    Programs { vboxmanage: env!("CARGO_BIN_EXE_vboxmanage-on-qemu"), infra: env!("CARGO_BIN_EXE_vm-infra") };

type Test = fn(Lab);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let disk = std::env::var_os("PALLET_TEST_VM_DISK").map(PathBuf::from);
    let own = [life::TESTS, broken::TESTS].concat().into_iter().map(|test| (test, FirstLogin::Image));
    let cloud = cloud::TESTS.iter().map(|&test| (test, FirstLogin::CloudInit));
    let trials = own.chain(cloud).map(|((name, test), first)| match disk.clone() {
        Some(disk) => Trial::test(name, move || {
            test(Lab::new(&Real::find()?, PROGRAMS, &disk, first));
            Ok(())
        }),
        None => Trial::test(name, || Ok(())).with_kind("scripts/ci-vm runs this").with_ignored_flag(true),
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
