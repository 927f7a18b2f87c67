//! The program that the tests name as VBoxManage. What it does is told by [`standin`](pallet_tests_vm::standin).

use pallet_tests_vm::standin::StandIn;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    StandIn::from_env().answer(&args)
}
