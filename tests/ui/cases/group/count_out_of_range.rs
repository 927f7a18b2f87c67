use pallet::prelude::*;

group! { pub TooMany { count: 1001 } }
group! { pub Overflowing { count: 99999999999999999999 } }

fn main() {}
