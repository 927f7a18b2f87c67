use pallet::prelude::*;

node_spec! {
    crate = "pallet";
    pub Small { hardware: small }
}

fn main() {}
