use pallet::prelude::*;

#[phase]
fn web<'a>(node: &'a Node) {
    package(node.hostname());
}

server_spec! { pub Web { configure: web } }

fn main() {}
