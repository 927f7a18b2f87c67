use pallet::prelude::*;

struct Site;

impl Site {
    #[phase]
    fn web() {
        package("nginx");
    }
}

fn main() {}
