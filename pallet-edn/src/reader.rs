//! The reader: one pass over the text, one function for each thing that a value can begin with.

use crate::{Form, MOST_DEPTH, MOST_VALUES, Mistake, Value};

const NO_DATA: &str = "this is code, not data";
const UNCLOSED: &str = "this is never closed";

/// Reads values from a text.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
    /// Whether code is kept, in place of being refused.
    keeps_code: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn data(text: &'a str) -> Self {
        Reader { text, at: 0, values: 0, keeps_code: false }
    }

    pub(crate) fn source(text: &'a str) -> Self {
        Reader { keeps_code: true, ..Reader::data(text) }
    }

    /// Returns the one value that the text is.
    pub(crate) fn only(mut self) -> Result<Value, Mistake> {
        let value = self.value(0)?;
        self.skip_blanks(0)?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.mistake("expected the end after the first value")),
        }
    }

    /// Returns all values of the text.
    pub(crate) fn all(mut self) -> Result<Vec<Value>, Mistake> {
        let mut forms = Vec::new();
        loop {
            self.skip_blanks(0)?;
            if self.peek().is_none() {
                return Ok(forms);
            }
            forms.push(self.value(0)?);
        }
    }

    fn rest(&self) -> &'a str {
        // Every step is over whole characters; an empty rest is the end.
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
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
            } else if next == ';' || self.rest().starts_with("#!") {
                while self.next().is_some_and(|skipped| skipped != '\n') {}
            } else if self.rest().starts_with("#_") {
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
        let begin = self.at;
        let form = self.form(depth)?;
        Ok(Value { form, at: begin..self.at })
    }

    fn form(&mut self, depth: usize) -> Result<Form, Mistake> {
        match self.peek() {
            None => Err(self.mistake("expected a value")),
            Some('{') => self.map(depth),
            Some('[') => Ok(Form::Vector(self.until(']', depth)?)),
            Some('(') => Ok(Form::List(self.until(')', depth)?)),
            Some('"') => self.quoted().map(Form::Text),
            Some('#') => self.dispatch(depth),
            Some('\\') => self.character(),
            Some(')' | ']' | '}') => Err(self.mistake("this closes nothing")),
            Some('\'' | '^' | '@' | '`' | '~') if !self.keeps_code => Err(self.mistake(NO_DATA)),
            Some('\'') => self.behind(1, depth),
            Some('^') => self.annotated(1, depth),
            Some('~') if self.rest().starts_with("~@") => self.code(2, "a value that is spliced in", depth),
            Some('~') => self.code(1, "a value that is computed", depth),
            Some('@') => self.code(1, "a reference", depth),
            Some('`') => self.code(1, "a template", depth),
            Some(_) => self.word(),
        }
    }

    /// What begins with `#`. A tag such as `#inst` says how to understand the value behind it, which is kept as it is.
    fn dispatch(&mut self, depth: usize) -> Result<Form, Mistake> {
        let rest = self.rest();
        let begins = |with| rest.starts_with(with);
        if begins("#{") {
            self.next();
            return Ok(Form::Set(self.until('}', depth)?));
        }
        if rest[1..].starts_with(char::is_alphabetic) {
            self.next();
            self.plain();
            return Ok(self.value(depth + 1)?.form);
        }
        if begins("#=") {
            return Err(self.mistake("`#=` evaluates what follows; nothing is evaluated here"));
        }
        if !self.keeps_code {
            return Err(self.mistake(NO_DATA));
        }
        match rest.get(1..2) {
            Some("\"") => self.regex(),
            Some("'") => self.code(2, "a variable", depth),
            Some("(") => self.code(1, "a function", depth),
            Some("^") => self.annotated(2, depth),
            Some("?") => self.code(if begins("#?@") { 3 } else { 2 }, "a condition of the reader", depth),
            Some(":") => {
                self.next();
                self.plain();
                self.code(0, "a map with a namespace", depth)
            }
            Some("#") => {
                self.plain();
                Ok(Form::Code("a symbolic value"))
            }
            _ => Err(self.mistake("no value begins like this")),
        }
    }

    /// Skips a mark, and returns the value behind it.
    fn behind(&mut self, mark: usize, depth: usize) -> Result<Form, Mistake> {
        self.at += mark;
        Ok(self.value(depth + 1)?.form)
    }

    /// Skips a mark, metadata, and returns the value that has it.
    fn annotated(&mut self, mark: usize, depth: usize) -> Result<Form, Mistake> {
        self.behind(mark, depth)?;
        Ok(self.value(depth + 1)?.form)
    }

    /// Skips a mark and the value behind it, which only Clojure can understand.
    fn code(&mut self, mark: usize, what: &'static str, depth: usize) -> Result<Form, Mistake> {
        self.behind(mark, depth)?;
        Ok(Form::Code(what))
    }

    /// In a regular expression, a backslash stands for itself, and still takes the next sign with it.
    fn regex(&mut self) -> Result<Form, Mistake> {
        let begin = self.at;
        self.at += 2;
        loop {
            match self.next() {
                Some('"') => return Ok(Form::Code("a regular expression")),
                Some('\\') if self.next().is_some() => {}
                Some('\\') | None => return Err(Mistake { at: begin, why: UNCLOSED }),
                Some(_) => {}
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Form, Mistake> {
        let begin = self.at;
        let mut values = self.until('}', depth)?.into_iter();
        let mut pairs = Vec::new();
        while let Some(key) = values.next() {
            let value = values.next().ok_or(Mistake { at: begin, why: "a key without a value" })?;
            pairs.push((key, value));
        }
        Ok(Form::Map(pairs))
    }

    /// The values between the bracket that comes next and the one that closes it.
    fn until(&mut self, close: char, depth: usize) -> Result<Vec<Value>, Mistake> {
        let begin = self.at;
        self.next();
        let mut values = Vec::new();
        loop {
            self.skip_blanks(depth)?;
            match self.peek() {
                None => return Err(Mistake { at: begin, why: UNCLOSED }),
                Some(next) if next == close => {
                    self.next();
                    return Ok(values);
                }
                Some(_) => values.push(self.value(depth + 1)?),
            }
        }
    }

    fn quoted(&mut self) -> Result<String, Mistake> {
        let begin = self.at;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(Mistake { at: begin, why: UNCLOSED }),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(plain) => text.push(plain),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Mistake> {
        let unknown = self.mistake("no such escape in a text");
        Ok(match self.next().ok_or(unknown.clone())? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            quoted @ ('\\' | '"') => quoted,
            'u' => {
                let digits = self.rest().get(..4).ok_or(unknown.clone())?;
                let code = u32::from_str_radix(digits, 16).map_err(|_| unknown.clone())?;
                self.at += 4;
                char::from_u32(code).ok_or(unknown)?
            }
            _ => return Err(unknown),
        })
    }

    /// `\c` and `\newline`, as a text.
    fn character(&mut self) -> Result<Form, Mistake> {
        self.next();
        let first = self.next().ok_or(self.mistake("expected a character"))?;
        let name = format!("{first}{}", self.plain());
        Ok(Form::Text(match name.as_str() {
            "newline" => "\n".to_owned(),
            "return" => "\r".to_owned(),
            "space" => " ".to_owned(),
            "tab" => "\t".to_owned(),
            _ => name,
        }))
    }

    /// What stands until the next blank, bracket or quote.
    fn plain(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |next: char| next.is_whitespace() || ",;\"(){}[]".contains(next);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn word(&mut self) -> Result<Form, Mistake> {
        let begin = self.at;
        let word = self.plain();
        match word {
            "nil" => return Ok(Form::Nil),
            "true" => return Ok(Form::Bool(true)),
            "false" => return Ok(Form::Bool(false)),
            _ => {}
        }
        if let Some(name) = word.strip_prefix(':') {
            return match name.strip_prefix(':').unwrap_or(name) {
                "" => Err(Mistake { at: begin, why: "this is no keyword" }),
                _ if !name.starts_with(':') => Ok(Form::Keyword(name.to_owned())),
                _ if self.keeps_code => Ok(Form::Code("a keyword of a namespace")),
                _ => Err(Mistake { at: begin, why: "this is no keyword" }),
            };
        }
        let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
        match unsigned.starts_with(|first: char| first.is_ascii_digit()) {
            true => self.number(word, begin),
            false => Ok(Form::Symbol(word.to_owned())),
        }
    }

    fn number(&self, word: &str, begin: usize) -> Result<Form, Mistake> {
        if let Ok(number) = word.trim_end_matches('N').parse() {
            return Ok(Form::Integer(number));
        }
        match word.trim_end_matches('M').parse() {
            Ok(number) => Ok(Form::Float(number)),
            Err(_) if self.keeps_code => Ok(Form::Code("a number that is written as only Clojure does")),
            Err(_) => Err(Mistake { at: begin, why: "this is no number that is known" }),
        }
    }
}
