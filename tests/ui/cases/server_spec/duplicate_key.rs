use pallet::prelude::*;

server_spec! {
    pub Thing {
        roles: [web],
        roles: [web],
    }
}

fn main() {}
