use pallet::prelude::*;

cluster! {
    pub Site {
        name: (site),
        groups: WebServers,
        configure: 1,
    }
}

fn main() {}
