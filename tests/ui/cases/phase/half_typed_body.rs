use pallet::prelude::*;

#[phase]
fn with_the_attribute(node: &Node) {
    let nginx = ;
    package(node.);
}

fn without_the_attribute(node: &Node) {
    let nginx = ;
    package(node.);
}

fn main() {}
