use pallet::prelude::*;

#[phase]
fn web(node: &Node, port: u16) {
    exec(format!("echo {} {port}", node.hostname()));
}

fn main() {}
