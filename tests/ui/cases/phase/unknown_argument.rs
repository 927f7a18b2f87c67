use pallet::prelude::*;

#[phase(name = "web", default)]
fn web() {
    package("nginx");
}

server_spec! { pub Web { configure: web } }

fn main() {}
