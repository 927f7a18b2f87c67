use pallet::prelude::*;

#[phase]
fn web(node) {
    package("nginx");
}

#[phase]
safe fn safe() {
    package("nginx");
}

fn main() {}
