//! Tokens as people write them, for messages and documentation.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// Returns the tokens as text: `Vec<String>`, where their own `Display` puts a blank between any two.
pub(crate) fn spelling(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.into_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    // The punctuation so far that belongs together, such as `->`.
    let mut operator = String::new();
    for token in tokens {
        match token {
            TokenTree::Punct(punct) => {
                operator.push(punct.as_char());
                if punct.spacing() == Spacing::Alone || !"-=:".contains(punct.as_char()) {
                    write_operator(&std::mem::take(&mut operator), text);
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            word => {
                separate_words(text);
                text.push_str(&word.to_string());
            }
        }
    }
}

fn write_operator(operator: &str, text: &mut String) {
    match operator {
        "," | ";" | ":" => {
            text.push_str(operator);
            text.push(' ');
        }
        "=" | "+" | "->" | "=>" => {
            text.push(' ');
            text.push_str(operator);
            text.push(' ');
        }
        "&" | "'" => {
            separate_words(text);
            text.push_str(operator);
        }
        _ => text.push_str(operator),
    }
}

fn separate_words(text: &mut String) {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    if text.ends_with(in_word) {
        text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[test]
    fn types_are_spelled_as_they_were_written() {
        for ty in [
            "u16",
            "Vec<String>",
            "&'static str",
            "&mut Vec<Vec<u8>>",
            "Map<Vec<u8>, u8>",
            "BTreeMap<String, Vec<u8>>",
            "Box<dyn Fn(u8) -> String + Send>",
            "std::path::PathBuf",
            "[u8; 4]",
            "(u8, u16)",
            "forward 8080 => 80",
            "name: &str",
        ] {
            let tokens = TokenStream::from_str(ty).expect("valid tokens");
            assert_eq!(spelling(tokens), ty);
        }
    }
}
