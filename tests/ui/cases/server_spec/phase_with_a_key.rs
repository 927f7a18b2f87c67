use pallet::prelude::*;

#[phase]
fn web() {}

server_spec! {
    pub Web {
        phases: { configure: web },
    }
}

fn main() {}
