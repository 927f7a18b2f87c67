use pallet::prelude::*;

group! {
    pub WebServers {
        2,
        count = 2,
        => "debian-12",
    }
}

fn main() {}
