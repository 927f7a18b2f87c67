use pallet::prelude::*;

server_spec! { pub struct Web { roles: [web] } }

fn spec() -> ServerSpec {
    Web::spec()
}

fn main() {}
