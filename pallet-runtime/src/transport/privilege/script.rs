//! The command line that leads to root, and the marks in its output.
//!
//! The login shell may be any: the line consists of plain words and single-quoted strings, on one line, which bash,
//! dash, zsh, csh and fish read alike. A mark is never whole in the command line, so a shell that shows what it
//! runs does not print one.

use super::{Terminal, Way};
use std::fmt;

/// What becomes root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Sudo,
    Doas,
}

impl Tool {
    pub(super) fn hint_password(self) -> String {
        let rule = match self {
            Tool::Sudo => "`USER ALL=(ALL) NOPASSWD: ALL` in sudoers",
            Tool::Doas => "`permit nopass USER` in doas.conf",
        };
        format!("give the sudo password of the login user, or allow {self} without one: {rule}")
    }

    pub(super) fn hint_allow(self) -> String {
        match self {
            Tool::Sudo => {
                "add the user to sudoers (on Debian: `adduser USER sudo`), or log in as root".to_owned()
            }
            Tool::Doas => "add `permit USER` to doas.conf, or log in as root".to_owned(),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tool::Sudo => "sudo",
            Tool::Doas => "doas",
        })
    }
}

/// What only this opening's own parts can say: 128 random bits around a word.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    head: String,
    tail: String,
}

/// The words of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The program's shell runs as root.
    Ready,
    /// sudo asks for the password.
    Prompt,
    /// sudo is started next.
    Sudo,
    /// doas is started next.
    Doas,
    /// There is neither.
    Neither,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Mark::Ready => "ready",
            Mark::Prompt => "prompt",
            Mark::Sudo => "sudo",
            Mark::Doas => "doas",
            Mark::Neither => "neither",
        }
    }
}

impl Marks {
    pub(super) fn random() -> Result<Marks, getrandom::Error> {
        let (head, tail) = (getrandom::u64()?, getrandom::u64()?);
        Ok(Marks { head: format!("{head:016x}"), tail: format!("{tail:016x}") })
    }

    /// Returns the mark as it appears in output.
    pub(super) fn text(&self, mark: Mark) -> String {
        format!("{}{}%{}", self.head, mark.word(), self.tail)
    }

    /// Returns a command that prints the mark.
    fn print(&self, mark: Mark) -> String {
        format!("printf %s%%%s {}{} {}", self.head, mark.word(), self.tail)
    }

    /// Returns the mark as sudo is told to prompt with.
    fn prompt(&self) -> String {
        format!("{}{}%%{}", self.head, Mark::Prompt.word(), self.tail)
    }
}

/// Returns the command line for the login shell.
pub(super) fn command(way: Way, terminal: Terminal, password: bool, marks: &Marks, program: &str) -> String {
    let begin = match terminal {
        Terminal::None => String::new(),
        // So that bytes pass as they are, before sudo copies the settings to a terminal of its own.
        Terminal::Pseudo => "stty raw -echo; ".to_owned(),
    };
    let ready = ready(terminal, marks, program);
    let root = match way {
        Way::Direct => format!("sh -c {}", quote(&ready)),
        Way::Sudo => sudo(password, marks, &ready),
        Way::Doas if terminal == Terminal::Pseudo => {
            format!("{}; {}", marks.print(Mark::Doas), doas("", &ready))
        }
        Way::Doas => doas("-n ", &ready),
        Way::Auto => format!("sh -c {}", quote(&auto(password, marks, &ready))),
    };
    begin + &root
}

/// What the shell of the program does: says that it is there on both streams, then becomes the program.
fn ready(terminal: Terminal, marks: &Marks, program: &str) -> String {
    let print = marks.print(Mark::Ready);
    let run = match terminal {
        Terminal::None => program.to_owned(),
        Terminal::Pseudo => off_terminal(program),
    };
    format!("{print}; {print} >&2; {run}")
}

/// Runs the program with its output in a pipe, keeping its exit code. With all three streams on a terminal a shell
/// would think that somebody types: it would prompt, and go on after errors that end a script.
fn off_terminal(program: &str) -> String {
    format!(
        "exec 3>&1; code=$({{ {{ ({program}) 3>&- 4>&-; echo $? >&4; }} 2>&1 | cat >&3; }} 4>&1); exit $code"
    )
}

/// The C locale makes sudo's words known ones; the program shall not inherit it.
fn sudo(password: bool, marks: &Marks, ready: &str) -> String {
    let ask = if password { format!("-S -p {}", quote(&marks.prompt())) } else { "-n".to_owned() };
    format!("env LC_ALL=C sudo {ask} -- sh -c {}", quote(&format!("unset LC_ALL; {ready}")))
}

fn doas(option: &str, ready: &str) -> String {
    format!("env LC_ALL=C doas {option}sh -c {}", quote(&format!("unset LC_ALL; {ready}")))
}

fn auto(password: bool, marks: &Marks, ready: &str) -> String {
    let sudo = format!("{}; exec {}", marks.print(Mark::Sudo), sudo(password, marks, ready));
    let doas = format!("{}; exec {}", marks.print(Mark::Doas), doas("-n ", ready));
    let neither = marks.print(Mark::Neither);
    format!(
        "user=; while read -r key real user rest; do case $key in Uid:) break ;; esac; done 2>/dev/null </proc/self/status; \
         if [ \"${{user:-$(id -u)}}\" = 0 ]; then {ready}; exit; fi; \
         if command -v sudo >/dev/null 2>&1; then {sudo}; fi; \
         if command -v doas >/dev/null 2>&1; then {doas}; fi; {neither}"
    )
}

/// Quotes for any shell: a single quote inside becomes one in double quotes, because fish reads a backslash
/// inside single quotes.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r#"'"'"'"#))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const SHELLS: [&str; 9] = ["sh", "bash", "dash", "busybox", "zsh", "csh", "tcsh", "ksh", "fish"];

    /// Runs a line in a shell, if there is such a shell here.
    fn said(shell: &str, line: &str, env: (&str, &str)) -> Option<String> {
        let mut program = Command::new(shell);
        if shell == "busybox" {
            program.arg("sh");
        }
        let output = program.arg("-c").arg(line).env(env.0, env.1).output().ok()?;
        Some(String::from_utf8(output.stdout).unwrap())
    }

    const WAYS: [Way; 4] = [Way::Direct, Way::Sudo, Way::Doas, Way::Auto];

    #[test]
    fn no_mark_is_whole_in_a_command_line() {
        let marks = Marks::random().unwrap();
        for way in WAYS {
            for terminal in [Terminal::None, Terminal::Pseudo] {
                let line = command(way, terminal, true, &marks, "exec sh");
                for mark in [Mark::Ready, Mark::Prompt, Mark::Sudo, Mark::Doas, Mark::Neither] {
                    assert!(!line.contains(&marks.text(mark)), "{line}");
                }
                assert!(!line.contains('\n'));
            }
        }
    }

    #[test]
    fn every_shell_here_reads_the_line_alike() {
        let marks = Marks::random().unwrap();
        let line = command(Way::Direct, Terminal::None, false, &marks, "printf %s 'it'\"'\"'s'");
        for shell in SHELLS {
            let Some(text) = said(shell, &line, ("LC_ALL", "C")) else { continue };
            assert_eq!(text, format!("{}it's", marks.text(Mark::Ready)), "{shell}");
        }
    }

    #[test]
    fn who_is_root_is_not_taken_from_the_environment() {
        let marks = Marks::random().unwrap();
        let line = command(Way::Auto, Terminal::None, false, &marks, "echo");
        let is_root = said("sh", "id -u", ("LC_ALL", "C")).unwrap() == "0\n";
        let other = if is_root { "1000" } else { "0" };
        for shell in SHELLS {
            // Also where there is no such file.
            for file in ["/proc/self/status", "/nowhere/status"] {
                let line = line.replace("/proc/self/status", file);
                let Some(text) = said(shell, &line, ("user", other)) else { continue };
                assert_eq!(text.starts_with(&marks.text(Mark::Ready)), is_root, "{shell}, {file}: {text}");
            }
        }
    }

    #[test]
    fn marks_are_new_each_time() {
        assert_ne!(Marks::random().unwrap().text(Mark::Ready), Marks::random().unwrap().text(Mark::Ready));
    }
}
