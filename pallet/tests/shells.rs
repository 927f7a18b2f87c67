//! What is quoted arrives: with every shell that is installed, for any bytes.

use pallet::Text;
use pallet::script::{Script, quote};
use proptest::prelude::*;
use std::io::Write;
use std::process::{Command, Stdio};

/// The shells to test with. The test command of the README installs them all, and with `PALLET_TEST_REQUIRE=1` a
/// missing one is a failure.
fn shells() -> Vec<Vec<&'static str>> {
    let all = [vec!["dash"], vec!["bash"], vec!["busybox", "sh"]];
    let (found, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|shell| {
        let probe = Command::new(shell[0]).args(&shell[1..]).args(["-c", ":"]).output();
        probe.is_ok_and(|output| output.status.success())
    });
    if std::env::var("PALLET_TEST_REQUIRE").is_ok_and(|value| value == "1") {
        assert!(missing.is_empty(), "these shells are not installed: {missing:?}");
    }
    found
}

/// Feeds a script to a shell on its standard input, as it reaches a node, and returns what it prints.
fn run(shell: &[&str], script: &[u8]) -> Vec<u8> {
    let mut child = Command::new(shell[0])
        .args(&shell[1..])
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut stdin = child.stdin.take().expect("piped");
    let script = script.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&script));
    let output = child.wait_with_output().expect("the shell ends");
    writer.join().expect("no panic").expect("the shell reads it all");
    output.stdout
}

/// Bytes of the nasty kind, more often than chance would give them.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let nasty = prop::sample::select(vec![
        b"'".to_vec(),
        b"\"".to_vec(),
        b"\\".to_vec(),
        b"\\'".to_vec(),
        b"$(id)".to_vec(),
        b"`id`".to_vec(),
        b"${HOME}".to_vec(),
        b"\n".to_vec(),
        b"\r\n".to_vec(),
        b"-n".to_vec(),
        b"%s%d".to_vec(),
        b"\x1e".to_vec(),
        b"\x1b[31m".to_vec(),
        b"\x81\x88\xff".to_vec(),
        b"!!".to_vec(),
        b"EOF\n".to_vec(),
        b"~".to_vec(),
        b"*".to_vec(),
    ]);
    let piece = prop_oneof![nasty, prop::collection::vec(1u8.., 0..8)];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_word_arrives_as_it_was(word in content()) {
        let mut script = b"printf %s ".to_vec();
        quote(&word, &mut script);
        script.push(b'\n');
        for shell in shells() {
            prop_assert_eq!(run(&shell, &script), &*word, "{:?}", shell);
        }
    }

    #[test]
    fn a_content_arrives_as_it_was(before in content(), nul in prop::bool::ANY, after in content()) {
        let mut content = before;
        if nul {
            content.push(0);
        }
        content.extend(after);
        let script = Script::new().print(content.clone()).render();
        for shell in shells() {
            prop_assert_eq!(run(&shell, &script), &*content, "{:?}", shell);
        }
    }
}

#[test]
fn every_byte_and_much_of_it_arrives() {
    let every: Vec<u8> = (0..=255).cycle().take(200 << 10).collect();
    let long = "it's 200 KB long\n".repeat(12 << 10);
    for shell in shells() {
        assert_eq!(run(&shell, &Script::new().print(every.clone()).render()), every, "{shell:?}");
        let script = Script::new().code("printf %s ").word(long.as_str()).code("\n").render();
        assert_eq!(run(&shell, &script), long.as_bytes(), "{shell:?}");
    }
}

#[test]
fn a_text_of_several_parts_is_one_word() {
    let text = Text::concat([Text::from("a b"), pallet::Secret::from("it's").into(), "$x".into()]);
    let script = Script::new().code("set -- ").word(text).code("\nprintf '%s %s' $# \"$1\"\n").render();
    for shell in shells() {
        assert_eq!(run(&shell, &script), b"1 a bit's$x", "{shell:?}");
    }
}
