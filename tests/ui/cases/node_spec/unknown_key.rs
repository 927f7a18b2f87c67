use pallet::prelude::*;

node_spec! {
    pub Thing {
        hardwear: small,
        flavour: "vanilla",
    }
}

fn main() {}
