use super::*;
use crate::transport::Output;
use crate::transport::local::LocalTransport;

#[tokio::test]
async fn without_privilege_the_program_is_ones_own() {
    let shell = open_root(&LocalTransport, &Privilege::None, "exec sh").await.unwrap();
    let Channel { input, mut output } = shell;
    input.send(b"echo hello; exit 4\n".to_vec()).await.unwrap();
    assert_eq!(output.recv().await, Some(Output::Stdout(b"hello\n".to_vec())));
    assert_eq!(output.recv().await, Some(Output::End(Outcome::Exited(4))));
}

#[tokio::test]
async fn a_program_may_contain_quotes() {
    let shell = open_root(&LocalTransport, &Privilege::None, "echo \"it's\" 'me'").await.unwrap();
    let mut output = shell.output;
    assert_eq!(output.recv().await, Some(Output::Stdout(b"it's me\n".to_vec())));
}

#[test]
fn a_terminal_is_tried_once_and_only_for_a_reason() {
    let plan = Plan::first(&Privilege::Auto { password: None });
    let wrong = Failure::WrongPassword(Tool::Sudo);
    assert_eq!(plan.next(&wrong, true), None);
    let next = plan.next(&Failure::NeedsTerminal(Tool::Sudo), false).unwrap();
    assert_eq!(next, Plan { way: Way::Sudo, terminal: Terminal::Pseudo });
    assert_eq!(next.next(&Failure::NeedsTerminal(Tool::Sudo), false), None);
    assert_eq!(plan.next(&Failure::NeedsPassword(Tool::Doas), false), None);
    assert_eq!(plan.next(&Failure::NeedsPassword(Tool::Doas), true).unwrap().way, Way::Doas);
}
