use pallet::prelude::*;

#[phase]
fn web() {
    service("nginx").after("nginx");
}

fn main() {}
