use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

/// A dialogue, and the ends that a node would hold.
fn dialogue(terminal: Terminal) -> (Dialogue, mpsc::Sender<Output>, mpsc::Receiver<Vec<u8>>, Marks) {
    let (input, typed) = mpsc::channel(8);
    let (said, output) = mpsc::channel(1024);
    let marks = Marks::random().unwrap();
    (Dialogue::new(Channel { input, output }, terminal, marks.clone()), said, typed, marks)
}

async fn say(said: &mpsc::Sender<Output>, stdout: &str, stderr: &str) {
    for (text, wrap) in [(stdout, Output::Stdout as fn(Vec<u8>) -> Output), (stderr, Output::Stderr)] {
        // Byte by byte: no mark arrives in one piece.
        for byte in text.bytes() {
            said.send(wrap(vec![byte])).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_comes_before_is_dropped_and_what_comes_after_is_kept() {
    let (mut dialogue, said, _typed, marks) = dialogue(Terminal::None);
    let ready = marks.text(Mark::Ready);
    say(&said, &format!("welcome\n{ready}first"), &format!("lecture{ready}")).await;
    said.send(Output::Stdout(b"second".to_vec())).await.unwrap();
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::Ready);
    drop(said);
    let mut channel = dialogue.into_channel();
    let mut stdout = Vec::new();
    while let Some(Output::Stdout(bytes)) = channel.output.recv().await {
        stdout.extend(bytes);
    }
    assert_eq!(stdout, b"firstsecond");
}

#[tokio::test]
async fn a_program_that_talks_at_once_loses_nothing() {
    let (mut dialogue, said, _typed, marks) = dialogue(Terminal::None);
    let ready = marks.text(Mark::Ready);
    say(&said, &ready, "").await;
    for _ in 0..100 {
        said.send(Output::Stdout(vec![b'x'; 1024])).await.unwrap();
    }
    say(&said, "", &ready).await;
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::Ready);
    let Some(Output::Stdout(first)) = dialogue.into_channel().output.recv().await else {
        panic!("no output")
    };
    assert_eq!(first.len(), 100 * 1024);
}

#[tokio::test]
async fn a_prompt_is_answered_and_heard_again() {
    let (mut dialogue, said, mut typed, marks) = dialogue(Terminal::None);
    let prompt = marks.text(Mark::Prompt);
    say(&said, "", &format!("lecture\n{prompt}")).await;
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::Prompt);
    dialogue.send_line(&Secret::from("secret")).await;
    assert_eq!(typed.recv().await.unwrap(), b"secret\n");
    say(&said, "", &format!("Sorry, try again.\n{prompt}")).await;
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::Prompt);
}

#[tokio::test]
async fn a_prompt_on_the_wrong_stream_is_none() {
    let (mut dialogue, said, _typed, marks) = dialogue(Terminal::None);
    say(&said, &marks.text(Mark::Prompt), "").await;
    said.send(Output::End(Outcome::Exited(1))).await.unwrap();
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::End(Outcome::Exited(1)));
}

#[tokio::test]
async fn doas_is_believed_only_after_its_mark() {
    let (mut dialogue, said, _typed, marks) = dialogue(Terminal::Pseudo);
    say(&said, "doas (me@node) password: ", "").await;
    tokio::time::pause();
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::Silence);
    say(&said, &format!("{}doas (me@node) password: ", marks.text(Mark::Doas)), "").await;
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::Prompt);
    assert_eq!(dialogue.tool(Way::Auto), Tool::Doas);
}

#[tokio::test]
async fn endless_noise_is_forgotten_but_its_end_is_shown() {
    let (mut dialogue, said, _typed, _marks) = dialogue(Terminal::None);
    for n in 0..500 {
        said.send(Output::Stderr(format!("{n} \x1b[31m{}\n", "noise ".repeat(60)).into_bytes()))
            .await
            .unwrap();
    }
    said.send(Output::End(Outcome::Exited(1))).await.unwrap();
    assert_eq!(dialogue.listen(PATIENCE).await, Heard::End(Outcome::Exited(1)));
    assert!(dialogue.stderr.bytes.len() < 4 * KEPT);
    let words = dialogue.last_words();
    assert!(words.len() <= SHOWN && words.ends_with("noise") && !words.contains('\x1b'), "{words}");
}
