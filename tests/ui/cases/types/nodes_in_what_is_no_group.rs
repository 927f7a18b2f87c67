use pallet::prelude::*;

server_spec! { pub Databases {} }

#[phase]
fn web(db: NodesIn<Databases>) {
    exec(format!("echo {}", db.len()));
}

fn main() {}
