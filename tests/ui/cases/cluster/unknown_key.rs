use pallet::prelude::*;

group! { pub WebServers { count: 1 } }

cluster! {
    pub Thing {
        group: [WebServers],
        groups: [WebServers],
        flavour: "vanilla",
    }
}

fn main() {}
