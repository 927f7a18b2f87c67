use pallet::prelude::*;

#[phase]
fn web() {}

mod web {}

fn main() {}
