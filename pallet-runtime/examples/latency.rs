//! Measures what reaching a node costs, beside OpenSSH's own client: `cargo run -p pallet-runtime --example latency`.
//!
//! Needs root and what the SSH tests need; measures against the same overlay of this machine.

#![allow(clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{World, run};
use pallet_runtime::transport::privilege::{Privilege, open_root};
use pallet_runtime::transport::ssh::SshTransport;
use pallet_runtime::transport::{Channel, Output, Transport};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;
const LINES: usize = 500;

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(missing) = World::missing() {
        println!("{missing}");
        return ExitCode::from(2);
    }
    let world = World::get();
    print("connect and log in", connections(world).await);
    let node = world.connect("nopass").await;
    print("`true` on an open connection", commands(&node).await);
    print("root shell through sudo", root_shells(&node).await);
    print("a line into an open root shell", lines(&node).await);
    print("ssh NODE true", ssh(world, &[]));
    print("ssh NODE true, plain curve25519", ssh(world, &["-oKexAlgorithms=curve25519-sha256"]));
    ExitCode::SUCCESS
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let (median, slow) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    println!("{what:36} median {:8.3} ms   95 % {:8.3} ms", millis(median), millis(slow));
}

async fn connections(world: &World) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let node = world.connect("nopass").await;
        times.push(begin.elapsed());
        node.close().await;
    }
    times
}

async fn commands(node: &SshTransport) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        run(node, "true").await;
        times.push(begin.elapsed());
    }
    times
}

async fn root_shells(node: &SshTransport) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        open_root(node, &Privilege::Auto { password: None }, "exec sh").await.expect("a root shell");
        times.push(begin.elapsed());
    }
    times
}

async fn lines(node: &SshTransport) -> Vec<Duration> {
    let shell = open_root(node, &Privilege::Auto { password: None }, "exec sh").await.expect("a root shell");
    let Channel { input, mut output } = shell;
    let mut times = Vec::new();
    for _ in 0..LINES {
        let begin = Instant::now();
        input.send(b"echo a\n".to_vec()).await.expect("the shell reads");
        assert_eq!(output.recv().await, Some(Output::Stdout(b"a\n".to_vec())));
        times.push(begin.elapsed());
    }
    times
}

fn ssh(world: &World, options: &[&str]) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut ssh = Command::new("ssh");
        ssh.args(["-Fnone", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-p"]);
        ssh.arg(world.port.to_string()).arg("-i").arg(world.key("ed25519")).args(options);
        ssh.args(["nopass@127.0.0.1", "true"]).stderr(Stdio::null());
        let begin = Instant::now();
        assert!(ssh.status().expect("ssh runs").success());
        times.push(begin.elapsed());
    }
    times
}
