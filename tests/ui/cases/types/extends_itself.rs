use pallet::prelude::*;

server_spec! { pub A { extends: [B] } }
server_spec! { pub B { extends: [Base, C] } }
server_spec! { pub C { extends: [A] } }

server_spec! { pub Base {} }
server_spec! { pub Itself { extends: [Itself] } }

fn main() {}
