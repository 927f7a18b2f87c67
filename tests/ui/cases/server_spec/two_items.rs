use pallet::prelude::*;

server_spec! {
    pub Web { roles: [web] }
    pub Database { roles: [database] }
}

fn main() {}
