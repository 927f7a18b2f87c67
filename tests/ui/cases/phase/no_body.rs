use pallet::prelude::*;

#[phase]
fn web(node: &Node, #[arg] port: u16) -> Result;

server_spec! { pub Web { configure: web(80) } }

fn main() {}
