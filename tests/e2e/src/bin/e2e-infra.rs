//! The program of [`cluster`](pallet_tests_e2e::cluster) as a process, for tests that kill it.

use std::process::ExitCode;

fn main() -> ExitCode {
    pallet_tests_e2e::cluster::program().run()
}
