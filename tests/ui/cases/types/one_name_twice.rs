use pallet::prelude::*;

#[phase]
fn web() {}

#[phase]
fn web() {}

fn main() {}
