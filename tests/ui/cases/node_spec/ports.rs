use pallet::prelude::*;

node_spec! {
    pub Ports {
        network: [nat(forward 0 => 80, forward 8080 => 65536, forward "8081" => 81)],
    }
}

node_spec! {
    pub Taken {
        network: [nat(forward 8080 => 80, forward 8080 => 81)],
    }
}

fn main() {}
