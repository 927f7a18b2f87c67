//! Becoming root with real sudo and doas.

mod common;

use common::{World, script};
use pallet::Secret;
use pallet_runtime::transport::privilege::{Privilege, open_root};
use pallet_runtime::transport::{Channel, Outcome, Output, Stage, TransportError};
use std::process::ExitCode;

fn main() -> ExitCode {
    common::run_tests(
        World::missing(),
        tests![
            sudo_without_a_password,
            sudo_with_a_password,
            a_password_is_no_script_when_sudo_does_not_ask,
            requiretty_is_met_with_a_terminal,
            requiretty_with_a_password,
            a_wrong_password_is_sent_once,
            a_missing_password_is_said,
            an_outsider_is_told_so,
            root_needs_nothing,
            doas_without_a_password,
            doas_with_a_password,
            doas_with_a_wrong_password,
            noise_is_overheard,
            another_login_shell_will_do,
            bytes_pass_a_terminal_unchanged,
            no_secret_is_in_an_argument,
        ],
    )
}

fn password(text: &str) -> Option<Secret> {
    Some(Secret::from(text))
}

async fn root_of(user: &str, privilege: Privilege) -> Result<Channel, TransportError> {
    let node = World::get().connect(user).await;
    let shell = open_root(&node, &privilege, "exec sh").await;
    // The shell lives as long as its connection.
    std::mem::forget(node);
    shell
}

/// Opens a root shell and checks that it is one, from the first byte to the last.
async fn is_root(user: &str, privilege: Privilege) {
    let shell = root_of(user, privilege).await.unwrap();
    let ended = script(shell, "id -u; echo \"locale ${LC_ALL-none}\"; exit 5\n").await;
    assert_eq!(ended.stdout, "0\nlocale none\n", "{ended:?}");
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.outcome, Outcome::Exited(5));
}

async fn is_refused(user: &str, privilege: Privilege, words: &str) -> TransportError {
    let error = root_of(user, privilege).await.unwrap_err();
    assert_eq!(error.stage, Stage::Privilege, "{error:?}");
    assert!(error.message.contains(words), "{error:?}");
    error
}

async fn sudo_without_a_password() {
    is_root("nopass", Privilege::Sudo { password: None }).await;
    is_root("nopass", Privilege::Auto { password: None }).await;
}

async fn sudo_with_a_password() {
    is_root("withpass", Privilege::Sudo { password: password("secret of withpass") }).await;
    is_root("withpass", Privilege::Auto { password: password("secret of withpass") }).await;
}

async fn a_password_is_no_script_when_sudo_does_not_ask() {
    // Would be run by the root shell if it were sent unasked.
    let poison = "echo poison; exit 99";
    is_root("nopass", Privilege::Sudo { password: password(poison) }).await;
    let node = World::get().connect("cached").await;
    let ticket = common::run(&node, "echo 'secret of cached' | sudo -S -v").await;
    assert_eq!(ticket.outcome, Outcome::Exited(0), "{ticket:?}");
    is_root("cached", Privilege::Sudo { password: password(poison) }).await;
}

async fn requiretty_is_met_with_a_terminal() {
    is_root_on_terminal("needstty", Privilege::Sudo { password: None }).await;
    is_root_on_terminal("needstty", Privilege::Auto { password: None }).await;
    is_root_on_terminal("needstty", Privilege::Auto { password: password("not asked for") }).await;
}

async fn requiretty_with_a_password() {
    is_root_on_terminal("needsttypass", Privilege::Auto { password: password("secret of needsttypass") })
        .await;
    is_refused("needsttypass", Privilege::Auto { password: password("wrong") }, "sudo refused the password")
        .await;
}

async fn a_wrong_password_is_sent_once() {
    let privilege = Privilege::Sudo { password: password("wrong") };
    is_refused("withpass", privilege, "sudo refused the password").await;
}

async fn a_missing_password_is_said() {
    let error = is_refused("withpass", Privilege::Auto { password: None }, "asks for a password").await;
    assert!(error.hint.unwrap().contains("NOPASSWD"));
}

async fn an_outsider_is_told_so() {
    let privilege = Privilege::Sudo { password: password("secret of outsider") };
    let error = is_refused("outsider", privilege, "does not let the login user become root").await;
    assert!(error.hint.unwrap().contains("sudoers"));
}

async fn root_needs_nothing() {
    is_root("root", Privilege::None).await;
    is_root("root", Privilege::Auto { password: password("unused") }).await;
}

async fn doas_without_a_password() {
    is_root("doasuser", Privilege::Doas { password: None }).await;
    is_root("doasuser", Privilege::Doas { password: password("not asked for") }).await;
}

async fn doas_with_a_password() {
    is_root_on_terminal("doaspass", Privilege::Doas { password: password("secret of doaspass") }).await;
}

async fn doas_with_a_wrong_password() {
    is_refused("doaspass", Privilege::Doas { password: password("wrong") }, "doas refused the password")
        .await;
    is_refused("doaspass", Privilege::Doas { password: None }, "doas asks for a password").await;
    is_refused("outsider", Privilege::Doas { password: None }, "does not let").await;
}

async fn noise_is_overheard() {
    is_root("noisy", Privilege::Sudo { password: None }).await;
    is_root("noisy", Privilege::Auto { password: password("unused") }).await;
}

async fn another_login_shell_will_do() {
    is_root("dashed", Privilege::Auto { password: None }).await;
}

/// A terminal mixes the streams and knows no end of input, so the script ends the shell itself.
async fn is_root_on_terminal(user: &str, privilege: Privilege) {
    let Channel { input, output } = root_of(user, privilege).await.unwrap();
    input.send(b"id -u; echo err >&2; exit 5\n".to_vec()).await.unwrap();
    let ended = common::to_end(output).await;
    assert_eq!(ended.stdout, "0\nerr\n", "{ended:?}");
    assert_eq!(ended.outcome, Outcome::Exited(5));
}

async fn bytes_pass_a_terminal_unchanged() {
    let Channel { input, mut output } =
        root_of("needstty", Privilege::Auto { password: None }).await.unwrap();
    let all: Vec<u8> = (0..=255).cycle().take(64 * 1024).collect();
    // A shell may read ahead, so the bytes follow only once their reader runs.
    input.send(format!("echo go; head -c {}; exit\n", all.len()).into_bytes()).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"go\n") {
        let Some(Output::Stdout(bytes)) = output.recv().await else { panic!("no word from the shell") };
        received.extend(bytes);
    }
    received.clear();
    let sent = all.clone();
    tokio::spawn(async move {
        for chunk in sent.chunks(4096) {
            input.send(chunk.to_vec()).await.unwrap();
        }
        // Closing the input would close the terminal before it has shown everything.
        std::future::pending::<()>().await;
    });
    while let Some(Output::Stdout(bytes)) = output.recv().await {
        received.extend(bytes);
    }
    assert!(received == all, "{} bytes came back", received.len());
}

async fn no_secret_is_in_an_argument() {
    let secret = "secret of withpass";
    let shell = root_of("withpass", Privilege::Auto { password: password(secret) }).await.unwrap();
    let search = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c 'secret of w[i]thpass'\n";
    let ended = script(shell, search).await;
    assert_eq!(ended.stdout, "0\n");
}
