use pallet::prelude::*;

group! {
    pub WebServers {
        count: 2
        image: "debian-12"
        hardware: { memory: 1024 MiB cpus: 2 }
    }
}

fn main() {}
