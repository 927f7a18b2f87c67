use pallet::prelude::*;

#[phase]
async fn web(node: &Node) {
    package(node.hostname());
}

server_spec! { pub Web { configure: web } }

fn main() {}
