use pallet::prelude::*;

server_spec! {
    pub Web {
        roles: [web,, http],
        ,
    }
}

fn main() {}
