use pallet::prelude::*;

server_spec! {
    pub Thing {
        extend: [Base],
        flavour: "vanilla",
    }
}

fn main() {}
