use pallet::prelude::*;

server_spec! { pub Base {} }

server_spec! {
    pub Web {
        extends: [Base, Base],
        roles: [web, "web"],
        default_phases: [configure, configure],
    }
}

fn main() {}
