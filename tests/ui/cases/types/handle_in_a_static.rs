use pallet::actions::Package;
use pallet::prelude::*;

static KEPT: &[Handle<Package>] = &[];

static READ: &[Value<String>] = &[];

fn main() {}
