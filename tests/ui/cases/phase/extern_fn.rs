use pallet::prelude::*;

#[phase]
extern "C" fn web() {
    package("nginx");
}

server_spec! { pub Web { configure: web } }

fn main() {}
