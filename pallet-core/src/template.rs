//! What templates are filled in with.

/// Returns the values for a template: `context! { name => node.hostname(), port => 80, debug }`.
///
/// A value is anything that can be serialised with serde; a name alone stands for the variable of that name.
///
/// ```
/// # use pallet::prelude::*;
/// let port = 80;
/// let values = context! { name => "web-1", port };
/// assert_eq!(values.get_attr("port").ok(), Some(80.into()));
/// ```
#[macro_export]
macro_rules! context {
    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };
    ($($name:ident $(=> $value:expr)?),* $(,)?) => {
        $crate::__private::minijinja::Value::from_pairs([$((
            ::core::stringify!($name),
            $crate::__private::minijinja::Value::from($crate::__private::minijinja::value::Serde(
                &$crate::context!(@value $name $($value)?),
            )),
        )),*])
    };
}
