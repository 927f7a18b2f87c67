use pallet::prelude::*;

#[phase]
fn web(node: &mut Node) {
    package(node.hostname());
}

server_spec! { pub Web { configure: web } }

fn main() {}
