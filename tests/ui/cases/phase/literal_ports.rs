use pallet::prelude::*;

#[phase]
fn web() {
    wait_for_port(0);
    wait_for_port(65536);
}

fn main() {}
