use pallet::prelude::*;

node_spec! { pub Slip { hardware: { memmory: 1024 MiB, cpu: 2 } } }
node_spec! { pub Twice { hardware: { vram: 16, vram: 32 } } }
node_spec! { pub Nested { hardware: { storage: { name: "SATA", name: "IDE" } } } }

fn main() {}
