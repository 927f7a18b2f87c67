use pallet::prelude::*;

#[phase]
fn restart_web() {}

server_spec! {
    pub Web { restart: restart_web }
}

fn main() {}
