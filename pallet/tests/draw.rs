//! Pictures: what is drawn, and that no label can be more than a label.

use pallet::conflicts;
use pallet::graph::draw::Drawing;
use pallet::graph::{Built, build, build_phase};
use pallet::prelude::*;
use pallet::spec::PhaseFn;
use pallet::{Context, Location};
use std::io::Write;
use std::process::{Command, Stdio};

#[phase]
fn base() {
    remote_file("/etc/motd").content("base");
}

#[phase]
fn app() {
    tools();
    let name = output_of("hostname -f");
    let site = remote_file("/etc/app.conf").content(name).comment("who we are");
    package("late").when("test -e /srv/late");
    service("app").running().reload_when_changed(site);
    remote_file("/etc/motd").content("app").overrides();
}

#[phase]
fn tools() {
    let curl = package("curl");
    directory("/srv");
    file("/srv/a").after(curl);
}

fn built(functions: &[fn()]) -> Built {
    let functions: Vec<PhaseFn> = functions.iter().map(|function| PhaseFn::new(*function)).collect();
    let built = build_phase(&Context::example(), &functions, Location::caller()).expect("no mistakes");
    conflicts::check(&built.graph).expect("no contradictions");
    built
}

/// Writes `L` for each line of this file.
fn without_lines(text: &str) -> String {
    let mut parts = text.split(concat!(file!(), ":"));
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push('L');
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':'));
    }
    out
}

const MERMAID: &str = r#"---
title: "assumed: a \"system\""
---
flowchart TD
  %% light: order of the source; arrow: after; value: uses it; notifies: is reloaded or restarted when it changed
  subgraph f0["group web"]
    subgraph f1["configure"]
      subgraph f2["draw::base"]
        a0["remote-file /etc/motd<br/>L<br/>overridden at L"]
      end
      subgraph f3["draw::app"]
        subgraph f4["draw::tools"]
          a1["package curl<br/>L"]
          a2["directory /srv<br/>L"]
          a3["file /srv/a<br/>L"]
        end
        a4["output-of hostname -f<br/>L"]
        a5["remote-file /etc/app.conf<br/>“who we are”<br/>L"]
        a6["package late<br/>L<br/>has a condition"]
        a7["service app<br/>L"]
        a8["remote-file /etc/motd<br/>L"]
      end
    end
  end
  a0 --- a1
  a1 --- a2
  a1 --> a3
  a2 --- a3
  a3 --- a4
  a4 == value ==> a5
  a5 --- a6
  a5 -. notifies .-> a7
  a6 --- a7
  a7 --- a8
  linkStyle 0,1,3,4,6,8,9 stroke:#bbb,stroke-width:1px
  style a0 stroke:#bbb,color:#999,stroke-dasharray:2 2
  style a6 stroke-dasharray:6 3
"#;

#[test]
fn a_picture_has_frames_boxes_and_lines_of_four_kinds() {
    let picture = Drawing::new()
        .note("assumed: a \"system\"")
        .graph(["group web", "configure"], &built(&[|| base(), || app()]));
    assert_eq!(without_lines(&picture.mermaid()), MERMAID);
    let dot = read(&picture.dot());
    assert_eq!(dot.labels.iter().filter(|label| label.contains("draw.rs")).count(), 9);
    let looks: Vec<&str> = dot.lines.iter().map(String::as_str).collect();
    let light = |from: usize, to: usize| format!("a{from} -> a{to} color=gray75 arrowhead=none");
    assert_eq!(looks[0], light(0, 1));
    assert_eq!(looks[2], "a1 -> a3 color=black");
    assert_eq!(looks[5], "a4 -> a5 color=royalblue style=bold label=value");
    assert_eq!(looks[7], "a5 -> a7 color=darkorange style=dashed label=notifies");
    assert_eq!(looks.len(), 10);
}

#[test]
fn graphs_of_one_frame_run_one_after_the_other() {
    let one = built(&[|| _ = file("/a")]);
    let picture = Drawing::new()
        .graph(["web", "pre-configure"], &one)
        .graph(["web", "configure"], &one)
        .graph(["db", "configure"], &one);
    let lines = read(&picture.dot()).lines;
    assert_eq!(lines, ["a0 -> a1 color=gray75 arrowhead=none"]);
    let empty = Drawing::new().graph(["web", "configure"], &built(&[|| ()]));
    assert_eq!(read(&empty.dot()).labels.len(), 3, "the frames are there all the same");
    assert!(empty.mermaid().contains("subgraph f1[\"configure\"]\n    end\n  end\n"));
}

/// What other languages could take for their own.
const HOSTILE: &[&str] = &[
    "\"]; a0 -> a1; x[\"",
    "back\\slash \\N \\l \\\" \\",
    "<script>alert(1)</script>",
    "&lt;b&gt; &amp; #quot; #35;",
    "%%{init: {'theme':'dark'}}%%",
    "`markdown **bold**`",
    "end",
    "subgraph x [y] {z} |w|",
    "line\tand \u{1b}[31mred",
    "\u{202e}txt.exe",
    "click a0 href \"javascript:alert(1)\"",
    "ünïcödé 漢字",
];

#[test]
fn no_label_is_more_than_a_label() {
    for hostile in HOSTILE {
        let built = build(&Context::example(), || {
            exec(*hostile).comment(*hostile);
        })
        .expect("no mistakes");
        let picture = Drawing::new().note(*hostile).graph([*hostile], &built);
        let shown: String = hostile.chars().flat_map(|c| visible(c).collect::<Vec<_>>()).collect();

        let dot = read(&picture.dot());
        assert!(dot.lines.is_empty(), "{hostile:?}: {:?}", dot.lines);
        let [note, frame, action] = &dot.labels[..] else { panic!("{hostile:?}: {:?}", dot.labels) };
        assert!(note.starts_with(&format!("{shown}\n")), "{note}");
        assert_eq!(*frame, shown);
        assert!(action.contains(&format!("\n“{shown}”\n")), "{action}");

        let mermaid = picture.mermaid();
        let mut lines = mermaid.lines().skip_while(|line| !line.starts_with("  subgraph"));
        for expected in ["  subgraph f0[\"", "    a0[\""] {
            let text = lines.next().and_then(|line| line.strip_prefix(expected)).expect("a label");
            let text = text.strip_suffix("\"]").expect("a label ends").replace("<br/>", "");
            let plain = |c: char| c.is_alphanumeric() || " ._-/:,+=@()“”…#;".contains(c);
            assert!(text.chars().all(plain), "{text}");
            assert!(unescaped(&text).contains(&shown), "{text}");
        }
        assert_eq!(lines.collect::<Vec<_>>(), ["  end"]);
        assert!(!mermaid.contains("%%{"), "{mermaid}");
        accepted_by_graphviz(&picture.dot());
    }
}

/// Returns a character as pictures show it.
fn visible(c: char) -> impl Iterator<Item = char> {
    let hidden = c.is_control() || c == '\u{202e}';
    let escaped = if hidden { c.escape_unicode().to_string() } else { c.to_string() };
    escaped.chars().collect::<Vec<_>>().into_iter()
}

/// Returns a text of Mermaid with the numbers of characters replaced by the characters.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('#') {
        let (number, after) = after.split_once(';').expect("a number ends");
        out.push_str(before);
        out.extend(char::from_u32(number.parse().expect("a number")));
        rest = after;
    }
    out + rest
}

#[test]
fn secrets_are_in_no_picture() {
    let built = build(&Context::example(), || {
        let password = Secret::from("hunter2");
        exec(Text::concat([Text::from("login "), Text::from(&password)])).comment("as hunter2");
        remote_file("/srv/hunter2").content(&password);
        exec("curl https://example.org/?token=abc").sensitive();
    })
    .expect("no mistakes");
    let picture = Drawing::new().graph(["web"], &built);
    for text in [picture.mermaid(), picture.dot()] {
        assert!(!text.contains("hunter2") && !text.contains("abc"), "{text}");
    }
    assert!(picture.dot().contains("login ***"), "{}", picture.dot());
}

/// What a reader of dot finds in a graph.
#[derive(Default)]
struct Read {
    labels: Vec<String>,
    lines: Vec<String>,
}

/// Reads a graph by the grammar of the language, as far as we write it: statements of names, quoted strings, arrows and
/// attributes, in braces that match.
fn read(text: &str) -> Read {
    let mut read = Read::default();
    let mut tokens = tokens(text).into_iter().peekable();
    let mut statement: Vec<String> = Vec::new();
    let mut open = 0;
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "{" => {
                let opens = statement.iter().map(String::as_str).collect::<Vec<_>>();
                assert!(matches!(opens[..], ["digraph", "pallet"] | ["subgraph", _]), "{opens:?}");
                statement.clear();
                open += 1;
            }
            "}" => {
                assert!(statement.is_empty(), "{statement:?}");
                open -= 1;
            }
            ";" => {
                if statement.get(1).is_some_and(|token| token == "->") {
                    read.lines.push(statement.join(" "));
                }
                statement.clear();
            }
            "[" | "]" | "," => {}
            "=" => {
                let name = statement.pop().expect("an attribute has a name");
                let value = tokens.next().expect("an attribute has a value");
                if name == "label" && statement.get(1).is_none_or(|token| token != "->") {
                    read.labels.push(value.clone());
                }
                statement.push(format!("{name}={value}"));
            }
            _ => statement.push(token),
        }
    }
    assert_eq!((open, statement.len()), (0, 0), "{text}");
    read
}

/// Returns names, strings without their quotes, and signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = c.to_string();
        match c {
            c if c.is_whitespace() => continue,
            '"' => {
                token.clear();
                loop {
                    match chars.next().expect("a string ends") {
                        '"' => break,
                        '\\' => match chars.next().expect("an escape") {
                            'n' => token.push('\n'),
                            c @ ('"' | '\\') => token.push(c),
                            c => panic!("an escape of dot's own: \\{c} in {text}"),
                        },
                        c => token.push(c),
                    }
                }
                assert!(!token.replace("&amp;", "").contains('&'), "dot reads HTML's names: {token}");
                token = token.replace("&amp;", "&");
            }
            '-' => token.extend(chars.next_if_eq(&'>')),
            c if c.is_alphanumeric() => {
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    token.push(c);
                }
            }
            '{' | '}' | '[' | ']' | ';' | ',' | '=' => {}
            c => panic!("{c:?} outside a string in {text}"),
        }
        tokens.push(token);
    }
    tokens
}

/// Asks Graphviz itself, where it is installed. The reader above stands in for it everywhere else.
fn accepted_by_graphviz(dot: &str) {
    let child = Command::new("dot")
        .arg("-Tplain")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else { return };
    child.stdin.take().expect("piped").write_all(dot.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("syntax error"), "{said}\n{dot}");
    let plain = String::from_utf8_lossy(&output.stdout);
    assert_eq!(plain.lines().filter(|line| line.starts_with("node ")).count(), 1, "{plain}");
    assert_eq!(plain.lines().filter(|line| line.starts_with("edge ")).count(), 0, "{plain}");
}
