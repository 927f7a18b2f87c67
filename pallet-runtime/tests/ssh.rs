//! Connections to a real sshd.

mod common;

use common::{World, run, to_end};
use pallet_runtime::transport::{Channel, Outcome, Output, Stage, Terminal, Transport};
use std::process::ExitCode;

fn main() -> ExitCode {
    common::run_tests(
        World::missing(),
        tests![streams_and_code_are_told_apart, five_megabytes_go_both_ways_at_once],
    )
}

async fn streams_and_code_are_told_apart() {
    let node = World::get().connect("nopass").await;
    let ended = run(&node, "echo out; echo err >&2; exit 7").await;
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("out\n", "err\n"));
    assert_eq!(ended.outcome, Outcome::Exited(7));
    node.close().await;
}

async fn five_megabytes_go_both_ways_at_once() {
    let node = World::get().connect("nopass").await;
    let Channel { input, mut output } = node.open("cat", Terminal::None).await.unwrap();
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
