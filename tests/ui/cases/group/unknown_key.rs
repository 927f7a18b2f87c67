use pallet::prelude::*;

group! {
    pub Thing {
        cuont: 2,
        flavour: "vanilla",
    }
}

fn main() {}
