use pallet::prelude::*;

server_spec! { pub Web {} }
group! { pub Web {} }

fn main() {}
