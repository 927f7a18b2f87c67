use pallet::prelude::*;

server_spec! {
    pub Web {
        extends: ["Base"],
        roles: [nginx::Web, 2],
        settings: { web },
        phases: { restart: [stop, start], check: 3 },
        default_phases: [(1)],
    }
}

fn main() {}
