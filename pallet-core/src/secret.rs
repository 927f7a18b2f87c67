//! Values that must reach the node and nothing else.

use std::fmt;
use zeroize::Zeroize;

/// A value that does not show itself: not in `Debug`, not in logs, plans, diffs, reports or argument lists.
///
/// There is no `Display` and no `Serialize`; [`expose`](Secret::expose) is the only way in, so every use can
/// be found by searching for that word. The memory is overwritten when the value is dropped.
///
/// ```
/// # use pallet::Secret;
/// let password = Secret::new("hunter2".to_owned());
/// assert_eq!(format!("{password:?}"), "Secret(***)");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize = String>(T);

impl<T: Zeroize> Secret<T> {
    /// Returns the value, wrapped.
    pub fn new(value: T) -> Self {
        Secret(value)
    }

    /// Returns the value itself. What is done with it is the caller's responsibility from here on.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Secret(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Secret(value.to_owned())
    }
}
