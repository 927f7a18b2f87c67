use pallet::prelude::*;

#[phase]
unsafe fn web() {
    package("nginx");
}

server_spec! { pub Web { configure: web } }

fn main() {}
