use pallet::prelude::*;

#[phase]
unsafe extern "C" fn web(names: ...) {
    package("nginx");
}

fn main() {}
