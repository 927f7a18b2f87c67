use pallet::prelude::*;

group! {
    pub WebServers {
        name: web,
        count: "2",
        image: 12,
        hardware: 1024 MiB,
        network: "local",
        node_spec: "Small",
        extends: Web,
        roles: web,
        configure: "web",
        phases: [restart],
        default_phases: configure,
        protect: yes,
    }
}

fn main() {}
