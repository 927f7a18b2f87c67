use pallet::prelude::*;

node_spec! { pub Small { hardware: small } }

struct Plain;

server_spec! { pub Web { extends: [Small, Plain, Missing] } }

group! { pub WebServers { extends: [Small] } }

fn main() {}
