use pallet::prelude::*;

group! {
    pub Thing {
        count: 2,
        count: 2,
    }
}

fn main() {}
