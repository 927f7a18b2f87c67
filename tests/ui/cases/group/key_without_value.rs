use pallet::prelude::*;

group! {
    pub WebServers {
        count,
        image:,
        hardware: network: local,
    }
}

fn main() {}
