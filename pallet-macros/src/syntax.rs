//! The syntax that the function-like macros share, as it is written: items, keys, values.
//!
//! Nothing here knows which keys there are or what their values mean.

mod block;
mod item;
mod spelling;
mod value;

pub(crate) use block::{Entry, Key, arguments, entries, items};
pub(crate) use item::{Attributes, Item, Pallet};
pub(crate) use spelling::spelling;
pub(crate) use value::{Value, Written};
