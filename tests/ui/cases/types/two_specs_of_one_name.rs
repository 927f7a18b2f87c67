use pallet::prelude::*;

server_spec! { pub Web {} }
group! { pub Web {} }

server_spec! { pub Base {} }
server_spec! { pub Base {} }

fn main() {}
