use pallet::prelude::*;

node_spec! {
    pub Arguments {
        network: [
            nat(8080),
            bridged(eth0),
            host_only(""),
            internal,
            nat_network("a", "b"),
            management(),
        ],
    }
}

fn main() {}
