use pallet::prelude::*;

node_spec! { pub NoUnit { hardware: { memory: 1024 } } }
node_spec! { pub WrongUnit { hardware: { memory: 1024 MB } } }
node_spec! { pub WrongSuffix { hardware: { memory: 1024MB } } }
node_spec! { pub None { hardware: { memory: 0 MiB } } }
node_spec! { pub Fraction { hardware: { memory: 1.5 GiB } } }

fn main() {}
