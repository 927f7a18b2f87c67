//! A group whose name `tests/duplicates.rs`, which is another crate, gives to a group of its own.

use pallet::prelude::*;

group! {
    /// The first of two groups of one name.
    pub Elsewhere { name: "twice", count: 1 }
}
