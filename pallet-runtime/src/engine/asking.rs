//! Facts of the user's own: running the commands that phases asked for, and building again with the answers.

use super::connect;
use super::nodes::{Member, Run};
use crate::event::Failure;
use pallet::CommandAnswer;
use pallet::probe::Section;
use pallet::script::Script;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How often something is built again because it asks for more. What a phase asks for can depend on answers, but
/// hardly that often.
pub(super) const ROUNDS: usize = 20;

/// Builds until nothing is asked for any more. All nodes are asked at once.
///
/// # Errors
///
/// What `build` returns the last time; and that it asks without end.
pub(super) async fn settle(
    run: &Arc<Run>,
    mut members: Vec<Member>,
    build: impl Fn(&[Member]) -> Result<(), Vec<Failure>>,
) -> Result<Vec<Member>, Vec<Failure>> {
    for _ in 0..ROUNDS {
        let built = build(&members);
        let asked;
        (members, asked) = ask_all(run, members).await;
        if !asked {
            return built.map(|()| members);
        }
    }
    Err(vec![without_end()])
}

pub(super) fn without_end() -> Failure {
    Failure::new(format!("a phase asks its node for more facts each time it is built, {ROUNDS} times now"))
        .hint("a `node_fact` whose command depends on another one's answer counts as one more time")
}

async fn ask_all(run: &Arc<Run>, members: Vec<Member>) -> (Vec<Member>, bool) {
    let mut tasks = JoinSet::new();
    for mut member in members {
        let run = run.clone();
        tasks.spawn(async move {
            let asked = ask(&run, &mut member).await;
            (member, asked)
        });
    }
    let ended = tasks.join_all().await;
    let asked = ended.iter().any(|(_, asked)| *asked);
    let mut members: Vec<Member> = ended.into_iter().map(|(member, _)| member).collect();
    members.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    (members, asked)
}

/// Runs what phases asked for on a node, and tells whether that was anything.
pub(super) async fn ask(run: &Run, member: &mut Member) -> bool {
    let name = &member.record.name;
    let commands = run.asked.take_open(name);
    let Some(live) = member.live.as_mut().filter(|_| !commands.is_empty() && !run.has_failed(name)) else {
        return false;
    };
    let questions = commands.iter().enumerate();
    let script = questions.fold(Script::new(), |script, (number, command)| question(script, number, command));
    match live.shell.run(&script.render()).await {
        Ok(sections) => {
            for (number, command) in commands.iter().enumerate() {
                if let Some(answer) = answer(&sections, number) {
                    run.asked.answer(name, command, answer);
                }
            }
        }
        Err(error) => run.fail(name, None, connect::shell_failure(&error)),
    }
    true
}

/// Adds a command. What it writes to its standard error comes after that, as it is of use only if the command failed.
fn question(script: Script, number: usize, command: &str) -> Script {
    script
        .code(format!("p_frame output {number}\n{{ p_said=$( (unset p_token\ncd / || exit\neval "))
        .word(command)
        .code(format!(
            "\n) 2>&1 >&3 3>&-)\np_code=$?\n}} 3>&1\np_frame status {number} $p_code\nprintf %s \"$p_said\"\n"
        ))
}

fn answer(sections: &[Section], number: usize) -> Option<CommandAnswer> {
    let output = sections.iter().find(|section| section.header == format!("output {number}"))?;
    let start = format!("status {number} ");
    let (status, said) = sections.iter().find_map(|section| {
        let status = section.header.strip_prefix(&start)?.parse().ok()?;
        Some((status, String::from_utf8_lossy(&section.body)))
    })?;
    let mut text = String::from_utf8_lossy(&output.body).into_owned();
    if status != 0 {
        text.push_str(&said);
    }
    Some(CommandAnswer { status, output: text.trim_end_matches('\n').to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(header: &str, body: &str) -> Section {
        Section { header: header.to_owned(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn what_a_command_complains_of_counts_only_if_it_failed() {
        let sections = [
            section("output 0", "vda\nvdb\n"),
            section("status 0 0", "a warning"),
            section("output 1", "partly\n"),
            section("status 1 3", "the reason"),
            section("output 2", ""),
        ];
        let output = |number| answer(&sections, number).map(|answer| (answer.status, answer.output));
        assert_eq!(output(0), Some((0, "vda\nvdb".to_owned())));
        assert_eq!(output(1), Some((3, "partly\nthe reason".to_owned())));
        assert_eq!(output(2), None, "the shell ended in between");
    }
}
