use pallet::prelude::*;

#[phase]
fn each(#[arg] names: impl Iterator<Item = String>) {
    packages(names);
}

#[phase]
fn result() -> impl PartialEq {
    1
}

fn main() {}
