use pallet::prelude::*;

server_spec! { pub Web { configure: || 80 } }

fn main() {}
