//! EDN, the notation of Clojure's data, and the data in Clojure source. Nothing is ever evaluated.
//!
//! Two kinds of old files are written in it: VMFest's `.meta` files, which are data ([`read`]), and Pallet's `config.clj`, which is
//! source ([`read_source`]). Every value knows where it stands. The depth and the number of values have limits, so that no text can
//! exhaust the reader; the size of a text is its caller's to limit.
//!
//! Boundary: text in, values out. No files, no dependencies, and no idea of what the values mean.
//!
//! ```
//! use pallet_edn::{Form, read, read_source};
//!
//! let value = read("{:memory-size 512}").expect("data");
//! let Form::Map(pairs) = &value.form else { panic!("a map") };
//! assert_eq!((pairs[0].0.name(), &pairs[0].1.form), (Some("memory-size"), &Form::Integer(512)));
//! assert_eq!(pairs[0].1.at, 14..17);
//!
//! // In source, what is no data is kept as code, with its place.
//! let forms = read_source("(ns x) {:memory-size @size}").expect("source");
//! let Form::Map(pairs) = &forms[1].form else { panic!("a map") };
//! assert!(matches!(pairs[0].1.form, Form::Code(_)));
//! ```

mod reader;

use std::fmt;
use std::ops::Range;

/// How deep values may lie in each other.
pub const MOST_DEPTH: usize = 32;
/// How many values a text may have.
pub const MOST_VALUES: usize = 100_000;

/// A value and the bytes of the text that it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub form: Form,
    /// Which bytes of the text it is.
    pub at: Range<usize>,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// `nil`
    Nil,
    /// `true` and `false`
    Bool(bool),
    /// `7`
    Integer(i64),
    /// `7.5`
    Float(f64),
    /// `"seven"`, and characters such as `\c`
    Text(String),
    /// `:seven`, without its colon
    Keyword(String),
    /// `seven`
    Symbol(String),
    /// `(…)`: data in EDN, a call in source
    List(Vec<Value>),
    /// `[…]`
    Vector(Vec<Value>),
    /// `#{…}`
    Set(Vec<Value>),
    /// `{…}`, in the order of the text. A key may be there twice.
    Map(Vec<(Value, Value)>),
    /// What only Clojure could turn into a value, and what that is: "a regular expression". Only in source.
    Code(&'static str),
}

impl Value {
    /// Returns the name that a keyword, a text or a symbol is.
    pub fn name(&self) -> Option<&str> {
        match &self.form {
            Form::Keyword(name) | Form::Text(name) | Form::Symbol(name) => Some(name),
            _ => None,
        }
    }

    /// Returns what a value is, for messages: "a list".
    pub fn kind(&self) -> &'static str {
        match self.form {
            Form::Nil => "nil",
            Form::Bool(_) => "a boolean",
            Form::Integer(_) => "a whole number",
            Form::Float(_) => "a number",
            Form::Text(_) => "a text",
            Form::Keyword(_) => "a keyword",
            Form::Symbol(_) => "a symbol",
            Form::List(_) => "a list",
            Form::Vector(_) => "a vector",
            Form::Set(_) => "a set",
            Form::Map(_) => "a map",
            Form::Code(what) => what,
        }
    }
}

/// What is wrong with a text, and at which byte of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The byte where it stands.
    pub at: usize,
    /// What is wrong, as a lower-case fragment.
    pub why: &'static str,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl std::error::Error for Mistake {}

/// Returns the one value that a text of EDN is. Code is refused.
///
/// # Errors
///
/// At the first place that is no data, or that goes beyond a limit.
///
/// # Examples
///
/// ```
/// assert!(pallet_edn::read("{:a [1 2]}").is_ok());
/// assert_eq!(pallet_edn::read("{:a #\"x\"}").map_err(|mistake| mistake.at), Err(4));
/// ```
pub fn read(text: &str) -> Result<Value, Mistake> {
    reader::Reader::data(text).only()
}

/// Returns the top-level forms of Clojure source. What is no data is [`Form::Code`]; metadata and `#_` are left out, and `'x`
/// is `x`.
///
/// # Errors
///
/// At a bracket or text that is never closed, at `#=`, which has Clojure evaluate while it reads, and beyond a limit.
///
/// # Examples
///
/// ```
/// let forms = pallet_edn::read_source("(ns a) ; one\n^:private (defpallet :services {})").expect("source");
/// assert_eq!(forms.len(), 2);
/// assert_eq!(pallet_edn::read_source("(a #=(eval))").map_err(|mistake| mistake.at), Err(3));
/// ```
pub fn read_source(text: &str) -> Result<Vec<Value>, Mistake> {
    reader::Reader::source(text).all()
}
