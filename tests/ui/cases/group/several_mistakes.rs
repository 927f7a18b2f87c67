use pallet::prelude::*;

group! {
    pub WebServers {
        cuont: 2,
        image: { os_family: debain },
        hardware: { memory: 1024, cpus: 0 },
        network: [nat(forward 0 => 80), carrier_pigeon],
        roles: ["a b", web],
        extends: [Web, Missing],
        phases: { configure: web },
        protect: maybe,
    }
}

server_spec! { pub Web {} }

fn main() {}
