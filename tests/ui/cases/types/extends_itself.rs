use pallet::prelude::*;

server_spec! { pub A { extends: [B] } }
server_spec! { pub B { extends: [C] } }
server_spec! { pub C { extends: [A] } }

fn main() {}
