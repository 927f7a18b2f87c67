use pallet::prelude::*;

#[phase]
fn web() {}

server_spec! {
    pub Web {
        phases: { restart: web, restart: web },
    }
}

fn main() {}
