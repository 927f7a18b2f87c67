//! What is read, what is refused and where, and that no text brings the reader down.

use pallet_edn::{Form, MOST_VALUES, Value, read, read_source};
use proptest::prelude::*;

fn keyword(name: &str) -> Form {
    Form::Keyword(name.to_owned())
}

fn text(text: &str) -> Form {
    Form::Text(text.to_owned())
}

fn refused(text: &str) -> Option<(usize, &'static str)> {
    read(text).err().map(|mistake| (mistake.at, mistake.why))
}

fn refused_as_source(text: &str) -> Option<(usize, &'static str)> {
    read_source(text).err().map(|mistake| (mistake.at, mistake.why))
}

/// Returns the values of a vector without their places.
fn forms(text: &str) -> Vec<Form> {
    match &read_source(text).expect("source")[..] {
        [Value { form: Form::Vector(values), .. }] => values.iter().map(|value| value.form.clone()).collect(),
        other => panic!("{other:?} is no vector"),
    }
}

#[test]
fn a_meta_file_is_read() {
    let meta = r#"
        ; made by VMFest
        {:debian-6.0.2.1-64bit-v0.3
         {:description "Debian \"squeeze\" \u0036",
          :uuid "/Users/x/.vmfest/models/d.vdi", #_ (ignored [1 2])
          :os-64-bit true :no-sudo false :cpus 2, :load -1.5 :x nil
          :when #inst "2011-07-01" :c \newline}}
    "#;
    let Form::Map(models) = read(meta).expect("EDN").form else { panic!("a map") };
    let [(id, model)] = &models[..] else { panic!("one model") };
    let Form::Map(model) = &model.form else { panic!("a map") };
    assert_eq!(id.form, keyword("debian-6.0.2.1-64bit-v0.3"));
    assert_eq!(&meta[id.at.clone()], ":debian-6.0.2.1-64bit-v0.3");
    let found: Vec<(&str, &Form)> =
        model.iter().map(|(key, value)| (key.name().expect("a name"), &value.form)).collect();
    let expected = [
        ("description", &text("Debian \"squeeze\" 6")),
        ("uuid", &text("/Users/x/.vmfest/models/d.vdi")),
        ("os-64-bit", &Form::Bool(true)),
        ("no-sudo", &Form::Bool(false)),
        ("cpus", &Form::Integer(2)),
        ("load", &Form::Float(-1.5)),
        ("x", &Form::Nil),
        ("when", &text("2011-07-01")),
        ("c", &text("\n")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_no_data_is_refused_where_it_stands() {
    let code = Some("this is code, not data");
    let why = |found: Option<(usize, &'static str)>| found.map(|(_, why)| why);
    assert_eq!(refused("{:a #\"regex\"}"), Some((4, "this is code, not data")));
    for text in ["@b", "'b", "~b", "`b", "^:b c", "#'b", "#(b)", "#?(:clj 1)", "##Inf", "#:a{:b 1}"] {
        assert_eq!(why(refused(text)), code, "{text}");
    }
    assert_eq!(why(refused("#=(eval x)")), Some("`#=` evaluates what follows; nothing is evaluated here"));
    assert_eq!(refused("{:a 1 :b}"), Some((0, "a key without a value")));
    assert_eq!(refused("[1 2"), Some((0, "this is never closed")));
    assert_eq!(refused("[1 2)"), Some((4, "this closes nothing")));
    assert_eq!(refused("\"x"), Some((0, "this is never closed")));
    assert_eq!(refused("1 2"), Some((2, "expected the end after the first value")));
    assert_eq!(refused(""), Some((0, "expected a value")));
    assert_eq!(refused("1/2"), Some((0, "this is no number that is known")));
    assert_eq!(refused("\"\\ud800\""), Some((2, "no such escape in a text")));
    assert_eq!(refused("::a"), Some((0, "this is no keyword")));
}

#[test]
fn source_keeps_code_apart_from_data() {
    let code = Form::Code;
    assert_eq!(
        forms(r##"['vbox ^{:a 1} [] #^String "s" ~x ~@x @x `x #'x #"a\"b" #(f %) 1/2 16rFF ::k #_ gone 7]"##),
        [
            Form::Symbol("vbox".to_owned()),
            Form::Vector(vec![]),
            text("s"),
            code("a value that is computed"),
            code("a value that is spliced in"),
            code("a reference"),
            code("a template"),
            code("a variable"),
            code("a regular expression"),
            code("a function"),
            code("a number that is written as only Clojure does"),
            code("a number that is written as only Clojure does"),
            code("a keyword of a namespace"),
            Form::Integer(7),
        ]
    );
    assert_eq!(
        forms("[#?(:clj 1) #?@(:clj [1]) ##Inf #:a{:b 1}]"),
        [
            code("a condition of the reader"),
            code("a condition of the reader"),
            code("a symbolic value"),
            code("a map with a namespace"),
        ]
    );
}

#[test]
fn source_is_refused_only_where_it_cannot_be_read() {
    assert_eq!(read_source("#!/usr/bin/clj\n ; nothing\n").map(|forms| forms.len()), Ok(0));
    assert_eq!(
        refused_as_source("(a #=(eval b))"),
        Some((3, "`#=` evaluates what follows; nothing is evaluated here"))
    );
    assert_eq!(refused_as_source("(a"), Some((0, "this is never closed")));
    assert_eq!(refused_as_source("a)"), Some((1, "this closes nothing")));
    assert_eq!(refused_as_source("#\"a\\"), Some((0, "this is never closed")));
    assert_eq!(refused_as_source("'"), Some((1, "expected a value")));
    assert_eq!(refused_as_source("#"), Some((0, "no value begins like this")));
}

#[test]
fn depth_and_number_have_limits() {
    for opened in ["[", "#_", "'", "^", "~", "#'", "#?", "#tag ", "{:a "] {
        let deep = opened.repeat(10_000);
        assert_eq!(refused_as_source(&deep).map(|(_, why)| why), Some("too many levels"), "{opened}");
        assert!(refused(&deep).is_some(), "{opened}");
    }
    let long = format!("[{}]", "1 ".repeat(MOST_VALUES));
    assert_eq!(refused(&long).map(|(_, why)| why), Some("too many values"));
}

fn value() -> impl Strategy<Value = Form> {
    let leaf = prop_oneof![
        Just(Form::Nil),
        any::<bool>().prop_map(Form::Bool),
        any::<i64>().prop_map(Form::Integer),
        any::<String>().prop_map(Form::Text),
        "[a-z][a-z0-9.-]{0,8}".prop_map(Form::Keyword),
    ];
    let placed = |form| Value { form, at: 0..0 };
    leaf.prop_recursive(4, 32, 5, move |inner| {
        let inner = inner.prop_map(placed);
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Form::List),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Form::Vector),
            prop::collection::vec(inner, 0..5).prop_map(Form::Set),
            prop::collection::vec(pair, 0..5).prop_map(Form::Map),
        ]
    })
}

fn written(form: &Form) -> String {
    let list =
        |values: &[Value]| values.iter().map(|value| written(&value.form)).collect::<Vec<_>>().join(" ");
    match form {
        Form::Nil => "nil".to_owned(),
        Form::Bool(flag) => flag.to_string(),
        Form::Integer(number) => number.to_string(),
        Form::Float(number) => format!("{number:?}"),
        Form::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Form::Keyword(name) => format!(":{name}"),
        Form::Symbol(name) => name.clone(),
        Form::List(values) => format!("({})", list(values)),
        Form::Vector(values) => format!("[{}]", list(values)),
        Form::Set(values) => format!("#{{{}}}", list(values)),
        Form::Map(pairs) => {
            let pairs =
                pairs.iter().map(|(key, value)| format!("{} {}", written(&key.form), written(&value.form)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Form::Code(_) => "@x".to_owned(),
    }
}

/// Returns whether the places of a value lie in each other, as the values do.
fn is_placed(value: &Value, within: &std::ops::Range<usize>) -> bool {
    let is_inside =
        within.start <= value.at.start && value.at.start < value.at.end && value.at.end <= within.end;
    let inner: Vec<&Value> = match &value.form {
        Form::List(values) | Form::Vector(values) | Form::Set(values) => values.iter().collect(),
        Form::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        _ => vec![],
    };
    is_inside && inner.into_iter().all(|inner| is_placed(inner, &value.at))
}

proptest! {
    #[test]
    fn every_text_is_read_or_refused(text in any::<String>()) {
        let _ = (read(&text), read_source(&text));
    }

    #[test]
    fn texts_made_of_what_means_something_are_read_or_refused(text in r#"[\[\](){}"\\#_:;=?^@~'`, aé1-]{0,60}"#) {
        let whole = 0..text.len();
        for result in [read(&text).map(|value| vec![value]), read_source(&text)] {
            match result {
                Err(mistake) => prop_assert!(text.is_char_boundary(mistake.at), "{:?}", mistake),
                Ok(values) => prop_assert!(values.iter().all(|value| is_placed(value, &whole)), "{:?}", values),
            }
        }
    }

    #[test]
    fn what_is_written_is_read(form in value()) {
        let read = read(&written(&form)).expect("what was written");
        prop_assert_eq!(written(&read.form), written(&form));
    }
}
