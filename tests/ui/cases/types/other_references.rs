use pallet::prelude::*;

server_spec! { pub Web {} }
group! { pub WebServers { node_spec: Web } }
cluster! { pub Site { groups: [Web] } }

fn main() {}
