use pallet::prelude::*;

node_spec! { pub None { hardware: { cpus: 0 } } }
node_spec! { pub TooMany { hardware: { cpus: 4096 } } }

fn main() {}
