use pallet::prelude::*;

node_spec! {
    pub Thing {
        image: "debian-12",
        image: "debian-12",
    }
}

fn main() {}
