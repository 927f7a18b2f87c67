use pallet::prelude::*;

#[phase]
fn web(node: &Node, port: u16, name: &str) {
    exec(format!("echo {} {name} {port}", node.hostname()));
}

fn main() {}
