use pallet::prelude::*;

#[phase]
fn web() -> u16 {
    80
}

#[phase]
fn tune(#[arg] workers: u16) -> Option<u16> {
    Some(workers)
}

fn main() {}
