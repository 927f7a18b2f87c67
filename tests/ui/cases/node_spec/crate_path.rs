use pallet::prelude::*;

node_spec! {
    crate = "pallet";
    pub Small { hardware: small }
}

node_spec! {
    crate = pallet;
    crate = pallet;
    pub Large { hardware: large }
}

fn main() {}
