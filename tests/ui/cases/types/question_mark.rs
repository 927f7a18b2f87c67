use pallet::prelude::*;

#[phase]
fn web(db: NodesIn<Databases>) {
    package(db.first()?.hostname());
}

group! { pub Databases { count: 1 } }

fn main() {}
