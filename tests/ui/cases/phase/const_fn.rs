use pallet::prelude::*;

#[phase]
const fn web() {
    package("nginx");
}

server_spec! { pub Web { configure: web } }

fn main() {}
