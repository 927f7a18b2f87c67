use pallet::prelude::*;

group! { pub Größe { count: 1 } }
group! { pub AVeryLongNameOfAGroupThatIsSoLongThatNoHostNameComesOfIt { count: 1 } }

fn main() {}
