use super::*;
use pallet::Secret;
use pallet::compute::{CommandRunner, HostCommand, RunError};

/// Runs a command to its end and returns both streams and the outcome.
async fn run_to_end(channel: Channel) -> (Vec<u8>, Vec<u8>, Outcome) {
    let Channel { input, mut output } = channel;
    drop(input);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        match output.recv().await.expect("a command ends with End") {
            Output::Stdout(bytes) => stdout.extend(bytes),
            Output::Stderr(bytes) => stderr.extend(bytes),
            Output::End(outcome) => return (stdout, stderr, outcome),
        }
    }
}

async fn local(command: &str) -> (Vec<u8>, Vec<u8>, Outcome) {
    run_to_end(LocalTransport.open(command, Terminal::None).await.unwrap()).await
}

#[tokio::test]
async fn streams_and_code_are_told_apart() {
    let (stdout, stderr, outcome) = local("echo out; echo err >&2; exit 7").await;
    assert_eq!((stdout.as_slice(), stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(outcome, Outcome::Exited(7));
}

#[tokio::test]
async fn a_signal_is_named() {
    assert_eq!(local("kill -KILL $$").await.2, Outcome::Killed("KILL".to_owned()));
    assert_eq!(local("kill -USR2 $$").await.2, Outcome::Killed("USR2".to_owned()));
}

#[tokio::test]
async fn a_daemon_that_keeps_the_streams_does_not_delay_the_end() {
    let (stdout, _, outcome) = local("sleep 60 & echo $!").await;
    assert_eq!(outcome, Outcome::Exited(0));
    let pid: i32 = String::from_utf8(stdout).unwrap().trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn five_megabytes_go_both_ways_at_once() {
    let Channel { input, mut output } = LocalTransport.open("cat", Terminal::None).await.unwrap();
    let sent: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let chunks: Vec<Vec<u8>> = sent.chunks(70_000).map(<[u8]>::to_vec).collect();
    tokio::spawn(async move {
        for chunk in chunks {
            input.send(chunk).await.unwrap();
        }
    });
    let mut received = Vec::new();
    while let Some(Output::Stdout(bytes)) = output.recv().await {
        received.extend(bytes);
    }
    assert!(received == sent);
}

#[tokio::test]
async fn a_command_has_a_process_group_of_its_own() {
    let (stdout, ..) = local("ps -o pgid= -p $$; echo $$").await;
    let text = String::from_utf8(stdout).unwrap();
    let numbers: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(numbers[0], numbers[1]);
}

#[tokio::test]
async fn a_program_enters_the_node() {
    let transport = CommandTransport::new("env", ["MARK=in".to_owned()]);
    let channel = transport.open("echo $MARK", Terminal::None).await.unwrap();
    assert_eq!(run_to_end(channel).await.0, b"in\n");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let error =
        CommandTransport::new("/nonexistent/enter", []).open("true", Terminal::None).await.unwrap_err();
    assert_eq!(error.stage, Stage::Connect);
    assert!(error.message.contains("/nonexistent/enter"), "{error}");
}

#[tokio::test]
async fn a_terminal_is_refused() {
    let error = LocalTransport.open("true", Terminal::Pseudo).await.unwrap_err();
    assert_eq!(error.stage, Stage::Open);
}

#[tokio::test]
async fn the_runner_passes_input_and_returns_output() {
    let mut command = HostCommand::new("sh").args(["-c", "cat; echo problem >&2; exit 3"]);
    command.stdin = Some(Secret::new(b"text".to_vec()));
    let output = LocalRunner::new().run(&command).await.unwrap();
    assert_eq!(
        (output.code, output.stdout, output.stderr),
        (Some(3), b"text".to_vec(), b"problem\n".to_vec())
    );
}

#[tokio::test]
async fn the_runner_inherits_next_to_nothing() {
    let mut command = HostCommand::new("env");
    command.env.insert("OURS".to_owned(), "1".to_owned());
    let output = LocalRunner::new().run(&command).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("OURS=1\n") && text.contains("LC_ALL=C\n"), "{text}");
    assert!(!text.contains("CARGO"), "{text}");
}

#[tokio::test]
async fn the_runner_ends_what_takes_too_long_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 60 & echo $! > {}; wait", file.display());
    let mut command = HostCommand::new("sh").args(["-c", &script]);
    command.timeout = Duration::from_millis(500);
    let error = LocalRunner::new().run(&command).await.unwrap_err();
    assert!(matches!(error, RunError::TimedOut(_)), "{error}");
    let pid = std::fs::read_to_string(file).unwrap();
    let gone =
        || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).map_or(true, |s| s.contains(") Z "));
    tokio::time::timeout(Duration::from_secs(10), async {
        while !gone() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the grandchild is gone");
}

#[tokio::test]
async fn the_runner_names_a_missing_program() {
    let error = LocalRunner::new().run(&HostCommand::new("no-such-program-here")).await.unwrap_err();
    assert!(matches!(error, RunError::NotFound(_)), "{error}");
}
