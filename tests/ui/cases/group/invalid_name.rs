use pallet::prelude::*;

group! { pub Upper { name: "Web" } }
group! { pub Spaces { name: "web servers" } }
group! { pub Empty { name: "" } }
group! { pub Long { name: "a-name-that-is-so-long-that-no-host-name-could-be-made-of-it" } }

fn main() {}
