//! Connections to a real sshd.

mod common;

use common::{PASSPHRASE, World, run, to_end};
use pallet::Secret;
use pallet::spec::Login;
use pallet_runtime::credentials::AdminUser;
use pallet_runtime::known_hosts::{KnownHosts, Policy};
use pallet_runtime::ssh_config::{LocalUser, SshConfig};
use pallet_runtime::transport::ssh::{Route, SshTransport, Timing};
use pallet_runtime::transport::{Channel, Outcome, Output, Stage, Terminal, Transport, TransportError};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

fn main() -> ExitCode {
    common::run_tests(
        World::missing(),
        tests![
            streams_and_code_are_told_apart,
            five_megabytes_go_both_ways_at_once,
            twenty_commands_share_a_connection,
            a_daemon_that_keeps_the_streams_does_not_delay_the_end,
            a_terminal_is_one_and_does_not_echo,
            output_that_nobody_wants_ends_the_command,
            a_shell_ends_with_its_connection,
            every_kind_of_key_is_accepted,
            the_agent_is_asked,
            the_agent_opens_a_locked_key,
            a_key_that_the_agent_will_not_use_is_passed_over,
            only_named_keys_are_offered_if_so_configured,
            a_password_logs_in,
            a_password_answers_a_question,
            a_key_and_a_password_are_asked_for_both,
            a_refusal_says_what_was_tried,
            a_new_host_key_is_learned,
            the_known_type_of_host_key_is_asked_for,
            a_changed_host_key_is_refused,
            an_unknown_host_is_refused_when_strict,
            jump_hosts_are_gone_through,
            jump_hosts_of_jump_hosts_too,
            a_jump_hosts_key_is_checked_as_well,
            a_proxy_command_is_run,
            a_proxy_command_that_fails_is_quoted,
            jump_hosts_in_a_circle_are_noticed,
            a_killed_command_is_told_from_an_ended_one,
            a_killed_server_is_a_lost_connection,
            a_frozen_server_times_out,
            a_server_that_freezes_while_it_is_sent_to_times_out,
            a_machine_that_boots_is_given_its_time,
            a_closed_port_is_tried_for_as_long_as_allowed,
            a_server_with_too_many_logins_is_asked_again,
        ],
    )
}

async fn streams_and_code_are_told_apart() {
    let node = World::get().connect("nopass").await;
    let ended = run(&node, "echo out; echo err >&2; exit 7").await;
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("out\n", "err\n"));
    assert_eq!(ended.outcome, Outcome::Exited(7));
    node.close().await;
    assert_eq!(node.open("true", Terminal::None).await.unwrap_err().stage, Stage::Open);
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

async fn twenty_commands_share_a_connection() {
    let node = World::get().connect("nopass").await;
    let mut open = Vec::new();
    for n in 0..20 {
        open.push(node.open(&format!("read line; echo $line {n}"), Terminal::None).await.unwrap());
    }
    for (n, channel) in open.into_iter().enumerate().rev() {
        let ended = common::script(channel, "this is\n").await;
        assert_eq!(ended.stdout, format!("this is {n}\n"));
    }
}

async fn a_daemon_that_keeps_the_streams_does_not_delay_the_end() {
    let node = World::get().connect("nopass").await;
    let ended = run(&node, "sleep 60 & echo $!").await;
    assert_eq!(ended.outcome, Outcome::Exited(0));
    run(&node, &format!("kill {}", ended.stdout.trim())).await;
}

async fn a_terminal_is_one_and_does_not_echo() {
    let node = World::get().connect("nopass").await;
    let channel = node.open("tty && read line && echo \"got $line\"", Terminal::Pseudo).await.unwrap();
    channel.input.send(b"a line\n".to_vec()).await.unwrap();
    let ended = to_end(channel.output).await;
    let (name, rest) = ended.stdout.split_once('\n').unwrap();
    assert!(name.starts_with("/dev/pts/"), "{name}");
    assert_eq!(rest, "got a line\n");
}

async fn output_that_nobody_wants_ends_the_command() {
    let node = World::get().connect("nopass").await;
    let mut channel = node.open("echo $$; exec yes", Terminal::None).await.unwrap();
    let pid = first_line(&mut channel).await;
    drop(channel);
    gone(&node, &pid).await;
}

/// A shell that waits for more to do is told nothing at the end of a run, neither behind pipes nor on a terminal.
async fn a_shell_ends_with_its_connection() {
    let world = World::get();
    for terminal in [Terminal::None, Terminal::Pseudo] {
        let node = world.connect("nopass").await;
        let mut channel = node.open("echo $$; exec sh", terminal).await.unwrap();
        let pid = first_line(&mut channel).await;
        node.close().await;
        gone(&world.connect("nopass").await, &pid).await;
    }
}

async fn first_line(channel: &mut Channel) -> String {
    let Some(Output::Stdout(first)) = channel.output.recv().await else { panic!("no output") };
    String::from_utf8_lossy(&first).lines().next().unwrap().to_owned()
}

/// Waits until a process on the node is gone.
async fn gone(node: &SshTransport, pid: &str) {
    let waited =
        run(node, &format!("for _ in $(seq 300); do kill -0 {pid} || exit 0; sleep 0.1; done 2>&1; exit 1"))
            .await;
    assert_eq!(waited.outcome, Outcome::Exited(0), "{pid} is still there");
}

async fn every_kind_of_key_is_accepted() {
    let world = World::get();
    for key in ["ed25519", "rsa", "rsa_pem", "ecdsa", "ed25519_locked", "rsa_locked", "rsa_pem_locked"] {
        let mut login = world.login_with("nopass", key);
        login.passphrase = key.ends_with("_locked").then(|| Secret::from(PASSPHRASE));
        world.connect_as(&login).await.unwrap_or_else(|error| panic!("{key}: {error:?}"));
    }
    let text = std::fs::read_to_string(world.key("ed25519")).unwrap();
    let login =
        Login { private_key_path: None, private_key: Some(Secret::from(text)), ..world.login("nopass") };
    world.connect_as(&login).await.unwrap();
}

/// An agent that holds some of the keys. It ends with the test.
struct RunningAgent(Child, PathBuf);

impl RunningAgent {
    fn start(world: &World, keys: &[&str]) -> RunningAgent {
        let socket = tempfile::tempdir_in(&world.folder).unwrap().keep().join("agent");
        let mut agent = Command::new("ssh-agent");
        agent.arg("-D").arg("-a").arg(&socket).env("SSH_ASKPASS", "/bin/false").stdout(Stdio::null());
        let agent = RunningAgent(agent.spawn().unwrap(), socket);
        while std::os::unix::net::UnixStream::connect(&agent.1).is_err() {
            std::thread::yield_now();
        }
        keys.iter().for_each(|key| agent.add(world, key, &[]));
        agent
    }

    fn add(&self, world: &World, key: &str, options: &[&str]) {
        let ask = self.1.with_file_name("ask");
        std::fs::write(&ask, format!("#!/bin/sh\necho '{PASSPHRASE}'\n")).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(&ask).status().unwrap().success());
        let mut add = Command::new("ssh-add");
        add.env("SSH_AUTH_SOCK", &self.1).env("SSH_ASKPASS", &ask).env("SSH_ASKPASS_REQUIRE", "force");
        let output = add.arg("-q").args(options).arg(world.key(key)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Connects to 127.0.0.1 with an agent and a configuration.
async fn connect_with(
    agent: Option<&RunningAgent>,
    config: &str,
    login: &Login,
) -> Result<SshTransport, TransportError> {
    let world = World::get();
    let local = LocalUser { agent: agent.map(|agent| agent.1.clone()), ..world.local() };
    let file = local.home.join("config");
    std::fs::write(&file, config).unwrap();
    let config = SshConfig::from_file(local, file);
    let route = world.route(&config, "127.0.0.1", Some(world.port), login).await?;
    SshTransport::connect(&route, &world.timing()).await
}

async fn the_agent_is_asked() {
    let world = World::get();
    for key in ["ed25519", "rsa", "ecdsa"] {
        let agent = RunningAgent::start(world, &["stranger", key]);
        let login = Login { username: "nopass".to_owned(), ..Login::default() };
        connect_with(Some(&agent), "", &login).await.unwrap_or_else(|error| panic!("{key}: {error:?}"));
    }
}

async fn the_agent_opens_a_locked_key() {
    let world = World::get();
    let agent = RunningAgent::start(world, &["rsa_locked"]);
    connect_with(Some(&agent), "", &world.login_with("nopass", "rsa_locked")).await.unwrap();
    let error = connect_with(Some(&agent), "", &world.login_with("nopass", "ed25519_locked")).await.map(drop);
    assert_eq!(error.unwrap_err().stage, Stage::Credentials);
}

async fn a_key_that_the_agent_will_not_use_is_passed_over() {
    let world = World::get();
    let agent = RunningAgent::start(world, &[]);
    // To be confirmed by a person, whom the agent cannot ask here.
    agent.add(world, "ed25519", &["-c"]);
    agent.add(world, "rsa", &[]);
    let login = Login { username: "nopass".to_owned(), ..Login::default() };
    connect_with(Some(&agent), "", &login).await.unwrap();
}

async fn only_named_keys_are_offered_if_so_configured() {
    let world = World::get();
    let agent = RunningAgent::start(world, &["ed25519"]);
    let login = Login { username: "nopass".to_owned(), ..Login::default() };
    let stranger = world.key("stranger").display().to_string();
    let config = format!("IdentitiesOnly yes\nIdentityFile {stranger}\n");
    let error = connect_with(Some(&agent), &config, &login).await.map(drop).unwrap_err();
    assert_eq!(error.stage, Stage::Authenticate);
    assert!(error.message.contains(&stranger) && !error.message.contains("of the agent"), "{error}");
    let config = format!("IdentityAgent none\nIdentityFile {}\n", world.key("rsa").display());
    connect_with(Some(&agent), &config, &login).await.unwrap();
}

fn with_password(user: &str) -> Login {
    let password = Some(Secret::from(format!("secret of {user}")));
    Login { username: user.to_owned(), password, ..Login::default() }
}

async fn a_password_logs_in() {
    World::get().connect_as(&with_password("nopass")).await.unwrap();
}

async fn a_password_answers_a_question() {
    World::get().connect_as(&with_password("asked")).await.unwrap();
}

async fn a_key_and_a_password_are_asked_for_both() {
    let world = World::get();
    let both = Login { private_key_path: Some(world.key("ed25519")), ..with_password("both") };
    world.connect_as(&both).await.unwrap();
    let found = format!("IdentityFile {}\n", world.key("rsa").display());
    connect_with(None, &found, &with_password("both")).await.unwrap();
    assert!(world.connect_as(&world.login("both")).await.is_err());
}

async fn a_refusal_says_what_was_tried() {
    let world = World::get();
    let mut login = world.login_with("nopass", "stranger");
    login.password = Some(Secret::from("wrong"));
    let error = world.connect_as(&login).await.map(drop).unwrap_err();
    assert_eq!(error.stage, Stage::Authenticate);
    for part in ["login as nopass refused", "stranger", "the password", "accepted there: keys, passwords"] {
        assert!(error.message.contains(part), "{error}");
    }
    assert!(!format!("{error:?}").contains("wrong\""), "{error:?}");
}

/// Connects with these files of known hosts.
async fn connect_knowing(hosts: &KnownHosts) -> Result<SshTransport, TransportError> {
    let world = World::get();
    let user = AdminUser::new(&world.login("nopass"));
    let config = SshConfig::empty(world.local());
    let route = Route::to(&config, "127.0.0.1", Some(world.port), &user, hosts).await?;
    SshTransport::connect(&route, &world.timing()).await
}

fn host_key(name: &str) -> String {
    let line = std::fs::read_to_string(World::get().folder.join(format!("{name}.pub"))).unwrap();
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

async fn a_new_host_key_is_learned() {
    let world = World::get();
    let mut hosts = world.known_hosts();
    connect_knowing(&hosts).await.unwrap();
    let learned = std::fs::read_to_string(&hosts.own).unwrap();
    assert_eq!(learned, format!("[127.0.0.1]:{} {}\n", world.port, host_key("host_ed25519")));
    hosts.policy = Policy::Strict;
    connect_knowing(&hosts).await.unwrap();
}

async fn the_known_type_of_host_key_is_asked_for() {
    let world = World::get();
    let hosts = world.known_hosts();
    // It would present its ed25519 key first, and a key of another type than the known one is refused.
    let text = format!("[127.0.0.1]:{} {}\n", world.port, host_key("host_ecdsa"));
    std::fs::write(&hosts.own, &text).unwrap();
    connect_knowing(&hosts).await.unwrap();
    assert_eq!(std::fs::read_to_string(&hosts.own).unwrap(), text);
}

async fn a_changed_host_key_is_refused() {
    let world = World::get();
    let hosts = world.known_hosts();
    let text = format!("# a comment\n[127.0.0.1]:{} {}\n", world.port, host_key("stranger"));
    std::fs::write(&hosts.own, &text).unwrap();
    let error = connect_knowing(&hosts).await.map(drop).unwrap_err();
    assert_eq!(error.stage, Stage::HostKey);
    assert!(!error.transient);
    let fingerprint = |name: &str| {
        let output = Command::new("ssh-keygen").arg("-lf").arg(world.folder.join(name)).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_whitespace().nth(1).unwrap().to_owned()
    };
    let place = format!("{}:2", hosts.own.display());
    for part in [fingerprint("host_ed25519"), fingerprint("stranger"), place] {
        assert!(error.message.contains(&part), "{error}");
    }
    assert!(error.hint.unwrap().contains("ssh-keygen -R"));
    assert_eq!(std::fs::read_to_string(&hosts.own).unwrap(), text);
}

async fn an_unknown_host_is_refused_when_strict() {
    let mut hosts = World::get().known_hosts();
    hosts.policy = Policy::Strict;
    let error = connect_knowing(&hosts).await.map(drop).unwrap_err();
    assert_eq!(error.stage, Stage::HostKey);
    assert!(!hosts.own.exists());
}

/// Writes a configuration with a gate (this machine) and a host behind it whose name only the gate knows.
fn behind_a_gate(gate: &str) -> SshConfig {
    let world = World::get();
    let local = world.local();
    let file = local.home.join("config");
    let key = world.key("ed25519").display().to_string();
    let text = format!(
        "Host inner\n  HostName inner.pallet.test\n  Port {inner}\n  ProxyJump {gate}\n\
         Host gate second\n  HostName 127.0.0.1\n  Port {port}\n  User dashed\n  IdentityFile {key}\n\
         Match originalhost second\n  ProxyJump gate\n\
         Host round\n  ProxyJump round\n\
         Host command\n  HostName inner.pallet.test\n  Port {inner}\n\
         \x20 ProxyCommand ssh -F none -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -p {port} -W %h:%p nopass@127.0.0.1\n",
        inner = world.inner,
        port = world.port,
    );
    std::fs::write(&file, text).unwrap();
    SshConfig::from_file(local, file)
}

async fn through(config: &SshConfig, host: &str, hosts: &KnownHosts) -> Result<SshTransport, TransportError> {
    let world = World::get();
    let route = Route::to(config, host, None, &AdminUser::new(&world.login("nopass")), hosts).await?;
    SshTransport::connect(&route, &world.timing()).await
}

/// Returns user and port at the end of the way.
async fn arrival(node: &SshTransport) -> String {
    run(node, "echo $(id -un) ${SSH_CONNECTION##* }").await.stdout
}

async fn jump_hosts_are_gone_through() {
    let world = World::get();
    let hosts = world.known_hosts();
    let node = through(&behind_a_gate("gate"), "inner", &hosts).await.unwrap();
    assert_eq!(arrival(&node).await, format!("nopass {}\n", world.inner));
    let learned = std::fs::read_to_string(&hosts.own).unwrap();
    assert!(learned.contains(&format!("[inner.pallet.test]:{} {}", world.inner, host_key("host_ecdsa"))));
    assert!(learned.contains(&format!("[127.0.0.1]:{} ", world.port)));
    node.close().await;
}

async fn jump_hosts_of_jump_hosts_too() {
    let world = World::get();
    for gate in ["second", &format!("gate,nopass@127.0.0.1:{}", world.port)] {
        let node = through(&behind_a_gate(gate), "inner", &world.known_hosts()).await.unwrap();
        assert_eq!(arrival(&node).await, format!("nopass {}\n", world.inner), "{gate}");
    }
}

async fn a_jump_hosts_key_is_checked_as_well() {
    let world = World::get();
    let hosts = world.known_hosts();
    std::fs::write(&hosts.own, format!("[127.0.0.1]:{} {}\n", world.port, host_key("stranger"))).unwrap();
    let error = through(&behind_a_gate("gate"), "inner", &hosts).await.map(drop).unwrap_err();
    assert_eq!(error.stage, Stage::HostKey);
    assert!(error.message.starts_with("jump host 127.0.0.1: "), "{error}");
}

async fn a_proxy_command_is_run() {
    let world = World::get();
    let node = through(&behind_a_gate("gate"), "command", &world.known_hosts()).await.unwrap();
    assert_eq!(arrival(&node).await, format!("nopass {}\n", world.inner));
}

async fn a_proxy_command_that_fails_is_quoted() {
    let config = "ProxyCommand sh -c 'echo no way through >&2; exit 1'\n";
    let login = World::get().login("nopass");
    let error = connect_with(None, config, &login).await.map(drop).unwrap_err();
    assert!(error.message.contains("no way through"), "{error}");
}

async fn jump_hosts_in_a_circle_are_noticed() {
    let world = World::get();
    let error = through(&behind_a_gate("gate"), "round", &world.known_hosts()).await.map(drop).unwrap_err();
    assert_eq!(error.stage, Stage::Credentials);
    assert!(error.hint.unwrap().contains("ProxyJump none"));
}

async fn a_killed_command_is_told_from_an_ended_one() {
    let node = World::get().connect("nopass").await;
    assert_eq!(run(&node, "kill -KILL $$").await.outcome, Outcome::Killed("KILL".to_owned()));
    assert_eq!(run(&node, "kill -TERM $$").await.outcome, Outcome::Killed("TERM".to_owned()));
    assert_eq!(run(&node, "exit 137").await.outcome, Outcome::Exited(137));
}

/// Starts a command that waits for ever, and returns it with the number of the process that serves its connection.
async fn waiting(node: &SshTransport) -> (Channel, String) {
    let mut channel = node.open("echo $PPID; exec sleep 600", Terminal::None).await.unwrap();
    let Some(Output::Stdout(pid)) = channel.output.recv().await else { panic!("no output") };
    (channel, String::from_utf8(pid).unwrap().trim().to_owned())
}

async fn a_killed_server_is_a_lost_connection() {
    let world = World::get();
    let (node, root) = (world.connect("nopass").await, world.connect("root").await);
    let (channel, pid) = waiting(&node).await;
    assert_eq!(run(&root, &format!("kill -KILL {pid}")).await.outcome, Outcome::Exited(0));
    let outcome = to_end(channel.output).await.outcome;
    assert!(matches!(outcome, Outcome::ConnectionLost(_)), "{outcome:?}");
    let error = node.open("true", Terminal::None).await.unwrap_err();
    assert!(error.message.contains("connection lost"), "{error}");
}

/// Connects with keepalives that find out within some seconds.
async fn connect_watchful() -> SshTransport {
    let world = World::get();
    let config = SshConfig::empty(world.local());
    let route = world.route(&config, "127.0.0.1", Some(world.port), &world.login("nopass")).await.unwrap();
    let timing = Timing { keepalive: Duration::from_secs(1), keepalive_max: 2, ..world.timing() };
    SshTransport::connect(&route, &timing).await.unwrap()
}

async fn a_frozen_server_times_out() {
    let node = connect_watchful().await;
    let root = World::get().connect("root").await;
    let (channel, pid) = waiting(&node).await;
    run(&root, &format!("kill -STOP {pid}")).await;
    let outcome = to_end(channel.output).await.outcome;
    run(&root, &format!("kill -KILL {pid}")).await;
    assert_eq!(outcome, Outcome::TimedOut);
}

async fn a_server_that_freezes_while_it_is_sent_to_times_out() {
    let node = connect_watchful().await;
    let root = World::get().connect("root").await;
    let mut channel = node.open("echo $PPID; exec cat >/dev/null", Terminal::None).await.unwrap();
    let Some(Output::Stdout(pid)) = channel.output.recv().await else { panic!("no output") };
    let pid = String::from_utf8(pid).unwrap().trim().to_owned();
    let input = channel.input;
    let sender = tokio::spawn(async move { while input.send(vec![0; 32 * 1024]).await.is_ok() {} });
    run(&root, &format!("kill -STOP {pid}")).await;
    let outcome = to_end(channel.output).await.outcome;
    run(&root, &format!("kill -KILL {pid}")).await;
    assert_eq!(outcome, Outcome::TimedOut);
    sender.await.expect("the sender is told that nobody takes its bytes");
}

async fn a_machine_that_boots_is_given_its_time() {
    let world = World::get();
    let config = SshConfig::empty(world.local());
    let route = world.route(&config, "127.0.0.1", Some(world.boot), &world.login("nopass")).await.unwrap();
    let error = SshTransport::connect(&route, &world.timing()).await.map(drop).unwrap_err();
    assert!(error.transient && error.message.contains("booting up"), "{error:?}");

    let root = world.connect("root").await;
    let timing = Timing { boot_window: Duration::from_secs(60), ..world.timing() };
    let booted = async {
        // The machine finishes only after we were refused at least once more.
        tokio::time::sleep(Duration::from_millis(500)).await;
        run(&root, "rm /run/boot-nologin").await
    };
    let (node, _) = tokio::join!(SshTransport::connect(&route, &timing), booted);
    assert_eq!(run(&node.unwrap(), "id -un").await.stdout, "nopass\n");
}

async fn a_closed_port_is_tried_for_as_long_as_allowed() {
    let world = World::get();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = SshConfig::empty(world.local());
    let route = world.route(&config, "127.0.0.1", Some(port), &world.login("nopass")).await.unwrap();
    let timing = Timing { boot_window: Duration::from_secs(1), ..world.timing() };
    let error = SshTransport::connect(&route, &timing).await.map(drop).unwrap_err();
    assert!(error.transient && error.message.contains("tried for"), "{error:?}");
}

/// Runs one more sshd on the machine, at which one login at a time may be going on.
async fn busy_server(root: &SshTransport) -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    // A file of its own: of this setting the last value counts, and not the first as of all others.
    let sshd = format!(
        "cd /etc/world && sed 's/^MaxStartups .*/MaxStartups 1/' inner_config >busy_config && \
         /usr/sbin/sshd -f /etc/world/busy_config -p {port} </dev/null >/dev/null 2>&1"
    );
    let ended = run(root, &sshd).await;
    assert_eq!(ended.outcome, Outcome::Exited(0), "{ended:?}");
    port
}

/// Connects as soon as a server that was just started listens.
async fn first_visitor(port: u16) -> std::net::TcpStream {
    let connecting = async {
        loop {
            match std::net::TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), connecting).await.expect("it listens")
}

async fn a_server_with_too_many_logins_is_asked_again() {
    const LOGINS: usize = 8;
    let world = World::get();
    let root = world.connect("root").await;
    let port = busy_server(&root).await;
    let config = SshConfig::empty(world.local());
    let route = world.route(&config, "127.0.0.1", Some(port), &world.login("nopass")).await.unwrap();

    // Somebody who never says who they are takes the only place.
    let silent = first_visitor(port).await;
    let impatient = Timing { busy_window: Duration::ZERO, ..world.timing() };
    let error = SshTransport::connect(&route, &impatient).await.map(drop).unwrap_err();
    assert!(error.transient && error.stage == Stage::Greeting, "{error:?}");
    assert!(error.hint.is_some_and(|hint| hint.contains("MaxStartups")));

    let route = std::sync::Arc::new(route);
    let patient = Timing { busy_window: Duration::from_secs(120), ..world.timing() };
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..LOGINS {
        let route = route.clone();
        logins.spawn(async move { SshTransport::connect(&route, &patient).await.map(drop) });
    }
    // They are turned away at least once.
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(silent);
    for login in logins.join_all().await {
        login.expect("each gets its turn");
    }
}
