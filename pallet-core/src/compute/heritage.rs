//! What a provider knows about the configurations of its ancestor in Clojure's Pallet.

/// What the keys of a service meant in Clojure's Pallet, where they mean something else now. `config import` goes by it.
///
/// # Examples
///
/// ```
/// use pallet::compute::Heritage;
///
/// let heritage = Heritage { obsolete: &["identity"], defaults: &[("model-path", "~/.vmfest/models")] };
/// assert!(Heritage::default().obsolete.is_empty() && heritage.obsolete.contains(&"identity"));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heritage {
    /// Keys that nothing is left of which could use them.
    pub obsolete: &'static [&'static str],
    /// What a key meant when it was not there, where that differs now.
    pub defaults: &'static [(&'static str, &'static str)],
}
