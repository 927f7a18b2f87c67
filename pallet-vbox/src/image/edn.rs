//! EDN, the notation of Clojure's data, as far as it is data: nothing is ever evaluated.
//!
//! Written here because it is needed for one kind of old file only, and because the size and the depth of what is read
//! must have limits. Everything that is no plain value is refused with its place: regular expressions, `#=`, ratios.

use std::fmt;

/// How deep values may lie in each other.
const MOST_DEPTH: usize = 32;
/// How many values a text may have.
const MOST_VALUES: usize = 10_000;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// Without its colon.
    Keyword(String),
    Symbol(String),
    /// A list, a vector or a set.
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

/// What is wrong with a text, and at which byte of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) why: &'static str,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

/// Reads the one value that a text is.
pub(super) fn read(text: &str) -> Result<Value, Mistake> {
    let mut reader = Reader { text, at: 0, values: 0 };
    let value = reader.value(0)?;
    reader.skip_blanks(0)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.mistake("expected the end after the first value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn mistake(&self, why: &'static str) -> Mistake {
        Mistake { at: self.at, why }
    }

    /// Blanks, commas, comments, and values behind `#_`.
    fn skip_blanks(&mut self, depth: usize) -> Result<(), Mistake> {
        while let Some(next) = self.peek() {
            if next.is_whitespace() || next == ',' {
                self.next();
            } else if next == ';' {
                while self.next().is_some_and(|skipped| skipped != '\n') {}
            } else if self.text[self.at..].starts_with("#_") {
                self.at += 2;
                self.value(depth + 1)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value, Mistake> {
        if depth > MOST_DEPTH {
            return Err(self.mistake("too many levels"));
        }
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(self.mistake("too many values"));
        }
        self.skip_blanks(depth)?;
        match self.peek() {
            None => Err(self.mistake("expected a value")),
            Some('{') => self.map(depth),
            Some('[') => self.list(']', depth),
            Some('(') => self.list(')', depth),
            Some('"') => self.quoted(),
            Some('#') => self.dispatch(depth),
            Some('\\') => self.character(),
            Some(')' | ']' | '}') => Err(self.mistake("this closes nothing")),
            Some('@' | '`' | '~' | '^' | '\'') => Err(self.mistake("this is code, not data")),
            Some(_) => self.word(),
        }
    }

    /// `#{…}` is a set; a tag such as `#inst` says how to understand the value behind it, which is kept as it is.
    fn dispatch(&mut self, depth: usize) -> Result<Value, Mistake> {
        let tag = self.at;
        self.next();
        match self.peek() {
            Some('{') => self.list('}', depth),
            Some(first) if first.is_alphabetic() => {
                self.word()?;
                self.value(depth + 1)
            }
            _ => Err(Mistake { at: tag, why: "this is code, not data" }),
        }
    }

    fn list(&mut self, close: char, depth: usize) -> Result<Value, Mistake> {
        Ok(Value::List(self.until(close, depth)?))
    }

    fn map(&mut self, depth: usize) -> Result<Value, Mistake> {
        let begin = self.at;
        let mut values = self.until('}', depth)?.into_iter();
        let mut pairs = Vec::new();
        while let Some(key) = values.next() {
            let value = values.next().ok_or(Mistake { at: begin, why: "a key without a value" })?;
            pairs.push((key, value));
        }
        Ok(Value::Map(pairs))
    }

    /// The values between the bracket that comes next and the one that closes it.
    fn until(&mut self, close: char, depth: usize) -> Result<Vec<Value>, Mistake> {
        let begin = self.at;
        self.next();
        let mut values = Vec::new();
        loop {
            self.skip_blanks(depth)?;
            match self.peek() {
                None => return Err(Mistake { at: begin, why: "this is never closed" }),
                Some(next) if next == close => {
                    self.next();
                    return Ok(values);
                }
                Some(_) => values.push(self.value(depth + 1)?),
            }
        }
    }

    fn quoted(&mut self) -> Result<Value, Mistake> {
        let begin = self.at;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(Mistake { at: begin, why: "this is never closed" }),
                Some('"') => return Ok(Value::Text(text)),
                Some('\\') => text.push(self.escaped()?),
                Some(plain) => text.push(plain),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Mistake> {
        let at = self.at;
        let unknown = Mistake { at, why: "no such escape in a text" };
        Ok(match self.next().ok_or(unknown.clone())? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            quoted @ ('\\' | '"') => quoted,
            'u' => {
                let digits = self.text.get(self.at..self.at + 4).ok_or(unknown.clone())?;
                let code = u32::from_str_radix(digits, 16).map_err(|_| unknown.clone())?;
                self.at += 4;
                char::from_u32(code).ok_or(unknown)?
            }
            _ => return Err(unknown),
        })
    }

    /// `\c` and `\newline`, as a text.
    fn character(&mut self) -> Result<Value, Mistake> {
        self.next();
        let first = self.next().ok_or(self.mistake("expected a character"))?;
        let rest = self.plain();
        let name = format!("{first}{rest}");
        Ok(Value::Text(match name.as_str() {
            "newline" => "\n".to_owned(),
            "return" => "\r".to_owned(),
            "space" => " ".to_owned(),
            "tab" => "\t".to_owned(),
            _ => name,
        }))
    }

    /// What stands until the next blank, bracket or quote.
    fn plain(&mut self) -> String {
        let mut word = String::new();
        while let Some(next) = self.peek() {
            if next.is_whitespace() || ",;\"(){}[]".contains(next) {
                break;
            }
            word.push(next);
            self.next();
        }
        word
    }

    fn word(&mut self) -> Result<Value, Mistake> {
        let begin = self.at;
        let word = self.plain();
        match word.as_str() {
            "nil" => return Ok(Value::Nil),
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            _ => {}
        }
        if let Some(name) = word.strip_prefix(':') {
            return match name.is_empty() || name.starts_with(':') {
                true => Err(Mistake { at: begin, why: "this is no keyword" }),
                false => Ok(Value::Keyword(name.to_owned())),
            };
        }
        let unsigned = word.strip_prefix(['+', '-']).unwrap_or(&word);
        if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(Value::Symbol(word));
        }
        let no_number = Mistake { at: begin, why: "this is no number that is known" };
        if let Ok(number) = word.trim_end_matches('N').parse() {
            return Ok(Value::Integer(number));
        }
        word.trim_end_matches('M').parse().map(Value::Float).map_err(|_| no_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keyword(name: &str) -> Value {
        Value::Keyword(name.to_owned())
    }

    #[test]
    fn a_meta_file_is_read() {
        let text = r#"
            ; made by VMFest
            {:debian-6.0.2.1-64bit-v0.3
             {:description "Debian \"squeeze\" \u0036",
              :uuid "/Users/x/.vmfest/models/d.vdi", #_ (ignored [1 2])
              :os-64-bit true :no-sudo false :cpus 2, :load -1.5 :x nil
              :tags #{:a b}, :when #inst "2011-07-01" :c \newline}}
        "#;
        let Value::Map(models) = read(text).expect("EDN") else { panic!("a map") };
        let [(id, Value::Map(model))] = &models[..] else { panic!("one model") };
        assert_eq!(*id, keyword("debian-6.0.2.1-64bit-v0.3"));
        let expected = [
            (keyword("description"), Value::Text("Debian \"squeeze\" 6".to_owned())),
            (keyword("uuid"), Value::Text("/Users/x/.vmfest/models/d.vdi".to_owned())),
            (keyword("os-64-bit"), Value::Bool(true)),
            (keyword("no-sudo"), Value::Bool(false)),
            (keyword("cpus"), Value::Integer(2)),
            (keyword("load"), Value::Float(-1.5)),
            (keyword("x"), Value::Nil),
            (keyword("tags"), Value::List(vec![keyword("a"), Value::Symbol("b".to_owned())])),
            (keyword("when"), Value::Text("2011-07-01".to_owned())),
            (keyword("c"), Value::Text("\n".to_owned())),
        ];
        assert_eq!(model[..], expected);
    }

    #[test]
    fn what_is_no_data_is_refused_where_it_stands() {
        let refused = |text: &str| read(text).map_err(|mistake| (mistake.at, mistake.why));
        assert_eq!(refused("#=(eval x)"), Err((0, "this is code, not data")));
        assert_eq!(refused("{:a #\"regex\"}"), Err((4, "this is code, not data")));
        assert_eq!(refused("{:a @b}"), Err((4, "this is code, not data")));
        assert_eq!(refused("{:a 1 :b}"), Err((0, "a key without a value")));
        assert_eq!(refused("[1 2"), Err((0, "this is never closed")));
        assert_eq!(refused("\"x"), Err((0, "this is never closed")));
        assert_eq!(refused("1 2"), Err((2, "expected the end after the first value")));
        assert_eq!(refused(""), Err((0, "expected a value")));
        assert_eq!(refused("1/2"), Err((0, "this is no number that is known")));
        assert_eq!(refused("\"\\ud800\""), Err((2, "no such escape in a text")));
        assert_eq!(refused(&"[".repeat(1000)).expect_err("deep").1, "too many levels");
        assert_eq!(refused(&"#_".repeat(1000)).expect_err("deep").1, "too many levels");
        assert_eq!(refused(&format!("[{}]", "1 ".repeat(20_000))).expect_err("long").1, "too many values");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Nil),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Integer),
            any::<String>().prop_map(Value::Text),
            "[a-z][a-z0-9.-]{0,8}".prop_map(Value::Keyword),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            let pair = (inner.clone(), inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::List),
                prop::collection::vec(pair, 0..5).prop_map(Value::Map),
            ]
        })
    }

    fn written(value: &Value) -> String {
        match value {
            Value::Nil => "nil".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => format!("{number:?}"),
            Value::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Value::Keyword(name) => format!(":{name}"),
            Value::Symbol(name) => name.clone(),
            Value::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(" ")),
            Value::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| format!("{} {}", written(key), written(value)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
        }
    }

    proptest! {
        #[test]
        fn every_text_is_read_or_refused(text in any::<String>()) {
            let _ = read(&text);
        }

        #[test]
        fn texts_made_of_what_means_something_are_read_or_refused(text in r#"[\[\](){}"\\#_:;, a1-]{0,60}"#) {
            if let Err(mistake) = read(&text) {
                prop_assert!(mistake.at <= text.len());
            }
        }

        #[test]
        fn what_is_written_is_read(value in value()) {
            prop_assert_eq!(read(&written(&value)), Ok(value));
        }
    }
}
