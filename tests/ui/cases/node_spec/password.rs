use pallet::prelude::*;

node_spec! {
    pub Definition {
        image: { path: "/srv/debian.vdi", username: "admin", password: "secret", sudo_password: "secret" },
    }
}

fn main() {}
