use pallet::prelude::*;

group! { pub WebServers { count: 1 } }

cluster! {
    pub Thing {
        groups: [WebServers],
        groups: [WebServers],
    }
}

fn main() {}
