use pallet::prelude::*;

node_spec! {
    pub Image {
        image: { os_family: 12, os_version: 12, os_64_bit: "yes" },
        hardware: { model: 1, memory: "1 GiB", cpus: two, vram: (16), ports: [a::b] },
        network: { nat },
    }
}

node_spec! {
    pub Definition {
        image: { path: 1, username: admin, password: 1, no_sudo: 0 },
    }
}

fn main() {}
