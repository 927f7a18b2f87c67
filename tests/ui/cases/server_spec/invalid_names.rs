use pallet::prelude::*;

#[phase]
fn web() {}

server_spec! {
    pub Web {
        roles: ["web server", "2nd"],
        phases: { "re start": web },
        default_phases: ["con figure"],
    }
}

fn main() {}
