use pallet::prelude::*;

#[phase]
struct Web;

#[phase]
mod web {}

fn use_it(_: Web) {}

fn main() {}
