//! The provider against a real VirtualBox registry. What each test shows is its name. Those that are marked slow run with
//! `--include-ignored`: in `scripts/test full`, and as a step of their own in `.ci/run`.

use libtest_mimic::{Arguments, Trial};
use pallet_tests_vbox::real::Real;
use pallet_tests_vbox::world::World;
use std::process::ExitCode;
use std::sync::Arc;

mod addresses;
mod downloads;
mod faults;
mod formats;
mod hardware;
mod life;
mod models;
mod networks;
mod power;
mod safety;
mod snapshots;

const STAND_IN: &str = env!("CARGO_BIN_EXE_vboxmanage-without-hypervisor");

type Test = fn(World, tokio::runtime::Runtime);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // As in tests of Rust's own harness.
    let threads = std::env::var("RUST_TEST_THREADS").ok().and_then(|threads| threads.parse().ok());
    arguments.test_threads = arguments.test_threads.or(threads);
    let real = match arguments.list {
        true => Err("only listed".to_owned()),
        false => Real::find(),
    };
    let required = std::env::var_os("PALLET_TEST_REQUIRE").is_some_and(|value| value == "1");
    // The longest first, so that no thread is left alone with them.
    let tests = [
        faults::TESTS,
        life::TESTS,
        hardware::TESTS,
        networks::TESTS,
        addresses::TESTS,
        power::TESTS,
        snapshots::TESTS,
        safety::TESTS,
        models::TESTS,
        formats::TESTS,
        downloads::TESTS,
    ]
    .concat();
    let slow = faults::SLOW_TESTS.iter().map(|(name, test)| {
        trial(name, *test, real.clone(), required).with_kind("slow").with_ignored_flag(true)
    });
    let trials = tests.into_iter().map(|(name, test)| trial(name, test, real.clone(), required));
    libtest_mimic::run(&arguments, slow.chain(trials).collect()).exit_code()
}

/// Without VirtualBox a test shows as ignored, with the reason, or fails if that is not accepted.
fn trial(name: &str, test: Test, real: Result<Real, String>, required: bool) -> Trial {
    match real {
        Ok(real) => {
            let real = Arc::new(real);
            Trial::test(name, move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                test(World::new(&real, STAND_IN), runtime);
                Ok(())
            })
        }
        Err(reason) if required => {
            Trial::test(name, move || Err(format!("no VirtualBox for tests: {reason}").into()))
        }
        Err(reason) => Trial::test(name, || Ok(())).with_kind(reason).with_ignored_flag(true),
    }
}
