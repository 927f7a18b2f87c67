//! The command line as Markdown, from the same definition that it is read with.

use super::args;
use clap::{Arg, Command};
use std::fmt::Write;

/// Returns the reference of the command line: every command with its arguments and options, as Markdown.
///
/// ```
/// let text = pallet_runtime::cli::reference();
/// assert!(text.contains("## `converge [OPTIONS] [GROUP[=COUNT]]...`"));
/// ```
pub fn reference() -> String {
    let mut program = args::definition();
    program.build();
    let mut text = String::new();
    options(&mut text, "Options of every command", |arg| arg.is_global_set(), &program);
    for command in program.get_subcommands() {
        describe(&mut text, "", command);
    }
    text
}

/// Describes a command, or those below it.
fn describe(text: &mut String, above: &str, command: &Command) {
    let name = format!("{above}{}", command.get_name());
    if command.has_subcommands() {
        let below = format!("{name} ");
        command.get_subcommands().for_each(|command| describe(text, &below, command));
        return;
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.split_whitespace().skip_while(|word| *word != command.get_name()).skip(1);
    let usage = usage.fold(name, |line, word| line + " " + word);
    put(text, format_args!("## `{usage}`\n\n{}.\n\n", about(command)));
    options(text, "", |arg| !arg.is_global_set() && !is_help(arg), command);
}

fn options(text: &mut String, title: &str, wanted: impl Fn(&Arg) -> bool, command: &Command) {
    let arguments: Vec<&Arg> =
        command.get_arguments().filter(|arg| wanted(arg) && !arg.is_hide_set()).collect();
    if arguments.is_empty() {
        return;
    }
    if !title.is_empty() {
        put(text, format_args!("## {title}\n\n"));
    }
    text.push_str("| argument | meaning |\n|---|---|\n");
    for arg in arguments {
        put(text, format_args!("| {} | {} |\n", spelling(arg), meaning(arg)));
    }
    text.push('\n');
}

/// Returns an argument as it is written.
fn spelling(arg: &Arg) -> String {
    let value = arg.get_value_names().filter(|_| arg.get_action().takes_values());
    let value = value.map(|names| names.join(" ")).unwrap_or_default();
    let flags = arg.get_short().map(|short| format!("-{short}"));
    let flags: Vec<String> =
        flags.into_iter().chain(arg.get_long().map(|long| format!("--{long}"))).collect();
    let spelled = match flags.as_slice() {
        [] => value,
        flags if value.is_empty() => flags.join(", "),
        flags => format!("{} {value}", flags.join(", ")),
    };
    format!("`{}`", cell(&spelled))
}

/// Returns what an argument does, what may be given, and what holds when it is not.
fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let takes_values = arg.get_action().takes_values();
    let listed = arg.get_possible_values();
    if takes_values && !listed.is_empty() {
        let listed: Vec<String> = listed.iter().map(|value| format!("`{}`", value.get_name())).collect();
        text = format!("{text}: {}", listed.join(", "));
    }
    if let Some(default) = arg.get_default_values().first().filter(|_| takes_values) {
        text = format!("{text} (`{}` by default)", default.to_string_lossy());
    }
    cell(&text)
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn is_help(arg: &Arg) -> bool {
    arg.get_id() == "help"
}

/// Returns a text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn put(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = text.write_fmt(words);
}
