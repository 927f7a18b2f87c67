use pallet::prelude::*;

server_spec! { pub Base {} }
group! { pub WebServers { count: ("two"), protect: (1), extends: [(3)], image: (4), hardware: (5), network: (6) } }

fn main() {}
