use pallet::prelude::*;

#[phase]
fn extractor(databases: NodesIn<Missing>, site: &Absent) {
    package("nginx");
}

#[phase]
fn argument(#[arg] site: Gone) -> Lost {
    package("nginx")
}

server_spec! { pub Web { configure: extractor } }

fn main() {}
