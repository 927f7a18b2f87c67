use pallet::prelude::*;

group! { pub { count: 2 } }

fn main() {}
