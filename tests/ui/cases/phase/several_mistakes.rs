use pallet::prelude::*;

#[phase(once)]
async fn web<T>(node: &mut Node, #[arg] (a, b): (T, T)) -> impl Sized {
    package("no such package");
}

fn main() {}
