use pallet::prelude::*;

cluster! {
    pub Site { roles: [site] }
}

fn main() {}
