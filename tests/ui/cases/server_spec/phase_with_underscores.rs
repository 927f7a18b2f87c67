use pallet::prelude::*;

#[phase]
fn web() {}

server_spec! {
    pub Web {
        phases: { pre_configure: web, destroy_server: web, restart: web, post_restart: web, pre_flight: web },
    }
}

fn main() {}
