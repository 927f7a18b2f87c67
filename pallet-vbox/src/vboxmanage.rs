//! The one place that runs VBoxManage.
//!
//! Modules of [`command`](crate::command) say what to call and understand what it wrote; this one finds the
//! program, gives it a fixed locale, repeats what may be repeated, and tells success from failure.

use crate::problem::Problem;
use pallet::compute::{CommandOutput, CommandRunner, ComputeError, HostCommand, RunError};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where VBoxManage is when no option says so: on the search path, or where the installers put it.
const PLACES: &[&str] = &[
    "VBoxManage",
    "/usr/lib/virtualbox/VBoxManage",
    "/usr/local/bin/VBoxManage",
    "/Applications/VirtualBox.app/Contents/MacOS/VBoxManage",
];

/// How long to wait before each repetition of a call that found a machine or a disk busy.
const PAUSES: &[Duration] =
    &[Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// How often VirtualBox is asked to read a machine again: it forgets it when its server ends, which may be before the
/// call that was waiting for it.
const READINGS: usize = 3;

/// How the line of a machine that VirtualBox cannot read begins in a list of machines.
const INACCESSIBLE: &str = "\"<inaccessible>\" {";

/// A VirtualBox installation and the registry it works on.
pub(crate) struct VBoxManage {
    runner: Arc<dyn CommandRunner>,
    program: PathBuf,
    home: Option<PathBuf>,
    version: Version,
}

/// One call of VBoxManage: what to do, as arguments and in words.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) args: Vec<String>,
    /// What the call is for, as it completes "cannot …".
    pub(crate) doing: String,
    pub(crate) repeat: Repeat,
    pub(crate) timeout: Duration,
    /// Whether errors that it writes do not matter when it exits with 0.
    pub(crate) may_complain: bool,
}

/// Whether a call that found something busy may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// No: it may have done a part of its work.
    Never,
    /// Yes: done twice it does the same.
    WhenBusy,
}

impl Call {
    /// Returns a call that is made once and may take a minute.
    pub(crate) fn new<S: Into<String>>(doing: impl Into<String>, args: impl IntoIterator<Item = S>) -> Self {
        Call {
            args: args.into_iter().map(Into::into).collect(),
            doing: doing.into(),
            repeat: Repeat::Never,
            timeout: Duration::from_secs(60),
            may_complain: false,
        }
    }

    /// Lets the call succeed with an exit code of 0 whatever errors it writes, which are about other things.
    pub(crate) fn may_complain(mut self) -> Self {
        self.may_complain = true;
        self
    }

    /// Lets the call be repeated while something is busy.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeat = Repeat::WhenBusy;
        self
    }

    /// Sets how long the call may take.
    pub(crate) fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// What a call that succeeded wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl VBoxManage {
    /// Finds VBoxManage on the host and asks for its version. `program` is where it must be, if the service says so.
    pub(crate) async fn find(
        runner: Arc<dyn CommandRunner>,
        program: Option<&Path>,
        home: Option<PathBuf>,
    ) -> Result<VBoxManage, ComputeError> {
        let places: Vec<&Path> = match program {
            Some(program) => vec![program],
            None => PLACES.iter().map(Path::new).collect(),
        };
        for place in &places {
            let version = Version::default();
            let mut found = VBoxManage {
                runner: runner.clone(),
                program: place.to_path_buf(),
                home: home.clone(),
                version,
            };
            match found.run(Call::new("ask VBoxManage for its version", ["--version"])).await {
                Ok(answer) => {
                    found.version = supported(&answer.stdout)?;
                    return Ok(found);
                }
                Err(CallError { why: Why::NotRun(RunError::NotFound(_)), .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(not_found(&places))
    }

    /// Returns the version of the installation.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Returns where the program was found.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Returns what runs programs on the host.
    pub(crate) fn runner(&self) -> &dyn CommandRunner {
        &*self.runner
    }

    /// Makes a call, and makes it again if it was not heard, if its machine had not been read, or while what it needs is
    /// busy if it may be repeated.
    pub(crate) async fn run(&self, call: Call) -> Result<Answer, CallError> {
        let mut result = self.run_patiently(&call).await;
        for _ in 0..READINGS {
            match &result {
                Err(why) if why.is_inaccessible() && self.has_read_its_machine(&call).await => {
                    result = self.run_patiently(&call).await;
                }
                _ => break,
            }
        }
        result.map_err(|why| CallError { doing: call.doing, why })
    }

    /// Lets VirtualBox read again the machines that it could not read, and tells whether the call's is not one any more.
    ///
    /// VirtualBox's server ends some seconds after its last caller, and when it starts again it reads all machines, one
    /// after another. A machine whose disk is written down in the settings of one that is read later, the holder of its
    /// model, is inaccessible then, though nothing is wrong with it. The server tries again only when it is asked
    /// whether the machine is accessible, and the one call that asks is a list of the machines.
    async fn has_read_its_machine(&self, call: &Call) -> bool {
        let list = Call::new("list the machines", ["list", "vms"]).repeatable();
        let is_unreadable = |line: &str| {
            let id = line.strip_prefix(INACCESSIBLE).and_then(|rest| rest.strip_suffix('}'));
            id.is_some_and(|id| call.args.iter().any(|argument| argument == id))
        };
        self.run_patiently(&list).await.is_ok_and(|answer| !answer.stdout.lines().any(is_unreadable))
    }

    async fn run_patiently(&self, call: &Call) -> Result<Answer, Why> {
        let may_repeat = |why: &Why| why.is_unheard() || (call.repeat == Repeat::WhenBusy && why.is_busy());
        let mut pauses = PAUSES.iter();
        loop {
            match (self.run_once(call).await, pauses.next()) {
                (Err(why), Some(pause)) if may_repeat(&why) => tokio::time::sleep(*pause).await,
                (result, _) => return result,
            }
        }
    }

    async fn run_once(&self, call: &Call) -> Result<Answer, Why> {
        let mut output = self.runner.run(&self.command(call)).await.map_err(Why::NotRun)?;
        if call.may_complain && output.code == Some(0) {
            output.stderr.clear();
        }
        judge(&call.args, &output).map_err(Why::Failed)
    }

    fn command(&self, call: &Call) -> HostCommand {
        let mut command = HostCommand::new(&self.program).args(call.args.iter().cloned());
        command.timeout = call.timeout;
        // Answers in English. Not plain `C`: there VBoxManage refuses every argument that is not ASCII
        // (VERR_NO_TRANSLATION), a path below /home/jürgen for one.
        command.env.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
        if let Some(home) = &self.home {
            command.env.insert("VBOX_USER_HOME".to_owned(), home.display().to_string());
        }
        command
    }
}

/// Tells success from failure: a failed call has a non-zero exit code, or says so on standard error and exits with 0.
fn judge(args: &[String], output: &CommandOutput) -> Result<Answer, Failure> {
    let stdout = without_driver_warning(&String::from_utf8_lossy(&output.stdout));
    let stderr = without_driver_warning(&String::from_utf8_lossy(&output.stderr));
    if output.code == Some(0) && error_lines(&stderr).next().is_none() {
        return Ok(Answer { stdout, stderr });
    }
    Err(Failure { args: args.to_vec(), code: output.code, stdout, stderr })
}

/// Debian's wrapper writes five lines about `/dev/vboxdrv` before every answer while the kernel driver is not
/// loaded: to standard output where this was seen, to standard error according to others.
fn without_driver_warning(text: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut kept = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("WARNING: The character device /dev/vboxdrv")
            || line.starts_with("WARNING: The vboxdrv kernel module")
        {
            while lines.next_if(|line| line.is_empty() || line.starts_with(['\t', ' '])).is_some() {}
        } else {
            kept.push(line);
        }
    }
    kept.join("\n")
}

fn error_lines(stderr: &str) -> impl Iterator<Item = &str> {
    stderr.lines().filter_map(|line| line.trim().strip_prefix("VBoxManage: ")).filter_map(|line| {
        line.strip_prefix("error: ").or_else(|| line.strip_prefix("fatal error: ")).or_else(|| {
            // `--memory=abc` fails with an empty message.
            (line == "error:").then_some("")
        })
    })
}

/// A version of VirtualBox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) patch: u32,
}

impl Version {
    /// The first version that this crate is written for. The one before, 7.0.0, keeps quiet about forwarded ports.
    pub(crate) const OLDEST: Version = Version { major: 7, minor: 0, patch: 2 };

    /// Returns the version in what `--version` wrote: `7.2.22_Debianr175245`. It is the last line; warnings precede it.
    fn parse(stdout: &str) -> Option<Version> {
        let mut numbers = stdout.lines().last()?.trim().splitn(3, '.').map(|part| {
            part.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
        });
        Some(Version { major: numbers.next()??, minor: numbers.next()??, patch: numbers.next()?? })
    }

    /// Tells whether this is `major.minor` or later.
    pub(crate) fn is_at_least(self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

fn supported(stdout: &str) -> Result<Version, ComputeError> {
    let version = Version::parse(stdout)
        .ok_or_else(|| ComputeError::input(format!("VBoxManage tells no version but {:?}", stdout.trim())))?;
    if version < Version::OLDEST {
        return Err(Problem::TooOld(version).into());
    }
    Ok(version)
}

fn not_found(places: &[&Path]) -> ComputeError {
    Problem::NoVBoxManage(places.iter().map(|place| place.display().to_string()).collect()).into()
}

/// A call of VBoxManage that did not do what it was for.
#[derive(Debug)]
pub(crate) struct CallError {
    doing: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    NotRun(RunError),
    Failed(Failure),
    Unexpected(Unexpected),
}

/// A call that VBoxManage answered with a failure.
#[derive(Debug)]
struct Failure {
    args: Vec<String>,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// An answer that has not the form it was seen to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unexpected {
    /// What was looked for: `a line "UUID: …"`.
    pub(crate) wanted: String,
    /// What was there instead.
    pub(crate) found: String,
}

impl Unexpected {
    /// Returns an error that shows the beginning of the answer.
    pub(crate) fn new(wanted: impl Into<String>, found: &str) -> Self {
        Unexpected { wanted: wanted.into(), found: found.chars().take(200).collect() }
    }
}

impl CallError {
    /// Returns an error about an answer that was not understood.
    pub(crate) fn unexpected(doing: impl Into<String>, what: Unexpected) -> Self {
        CallError { doing: doing.into(), why: Why::Unexpected(what) }
    }

    /// Tells whether the machine or disk that the call was about does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.says("VBOX_E_OBJECT_NOT_FOUND")
            || self.says("Could not find a registered machine")
            || self.says("VERR_FILE_NOT_FOUND")
            // What it says of a UUID that is not the UUID of a disk: then it must be a path.
            || self.says("is not fully qualified")
    }

    /// Tells whether VirtualBox cannot read the settings of the machine that the call was about, or the disks they name.
    pub(crate) fn is_inaccessible(&self) -> bool {
        self.why.is_inaccessible()
    }

    /// Tells whether a failed call wrote this, wherever it did.
    pub(crate) fn wrote(&self, words: &str) -> bool {
        self.says(words) || matches!(&self.why, Why::Failed(failure) if failure.stdout.contains(words))
    }

    /// Tells whether the failure's own words contain this.
    pub(crate) fn says(&self, words: &str) -> bool {
        matches!(&self.why, Why::Failed(failure) if failure.stderr.contains(words))
    }
}

impl Why {
    /// Tells whether the call never reached VirtualBox's server, so that nothing was done: seen when many calls come
    /// at once, while the server starts or ends.
    fn is_unheard(&self) -> bool {
        let Why::Failed(failure) = self else { return false };
        failure.stderr.contains("Failed to create the VirtualBox object")
    }

    /// Tells whether the call's machine has not been read, so that nothing was done.
    fn is_inaccessible(&self) -> bool {
        let Why::Failed(failure) = self else { return false };
        failure.stderr.contains("The object functionality is limited")
    }

    /// Tells whether another process or session had hold of what the call needed.
    fn is_busy(&self) -> bool {
        const WORDS: &[&str] = &[
            "is already locked",
            "already has a lock request pending",
            "was unlocked unexpectedly",
            "is being locked or unlocked",
            "while it is locked",
            "is locked for",
            "E_INVALID_SESSION_STATE",
            "VBOX_E_OBJECT_IN_USE",
            "The object is not ready",
            // Two processes that hold the same model for the first time: the other is about to detach it.
            "Cannot change the type of medium",
        ];
        let Why::Failed(failure) = self else { return false };
        WORDS.iter().any(|words| failure.stderr.contains(words))
    }
}

impl Failure {
    /// Returns VBoxManage's own words without the usage text, `Details:` and `Context:` around them.
    fn message(&self) -> String {
        let mut lines: Vec<&str> = error_lines(&self.stderr)
            .filter(|line| {
                !line.is_empty() && !line.starts_with("Details: ") && !line.starts_with("Context: ")
            })
            .collect();
        // Before the usage text and after it.
        lines.dedup();
        if !lines.is_empty() {
            return lines.join("; ");
        }
        let last = |text: &str| text.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned);
        last(&self.stderr).or_else(|| last(&self.stdout)).unwrap_or_else(|| "no message".to_owned())
    }

    fn hint(&self) -> Option<String> {
        Problem::in_words(&self.stderr).map(|problem| problem.hint())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.doing)
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match &self.why {
            Why::NotRun(error) => error,
            Why::Failed(failure) => failure,
            Why::Unexpected(what) => what,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "`VBoxManage {}` ended with code {code}", self.args.join(" "))?,
            None => write!(f, "`VBoxManage {}` was killed", self.args.join(" "))?,
        }
        write!(f, ": {}", self.message())
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VBoxManage's answer lacks {}: {:?}", self.wanted, self.found)
    }
}

impl std::error::Error for Unexpected {}

impl From<CallError> for ComputeError {
    fn from(error: CallError) -> Self {
        let hint = match &error.why {
            Why::Failed(failure) => failure.hint(),
            Why::NotRun(_) | Why::Unexpected(_) => None,
        };
        let compute = ComputeError::failed(error.to_string());
        let compute = match hint {
            Some(hint) => compute.hint(hint),
            None => compute,
        };
        match error.why {
            Why::NotRun(error) => compute.source(error),
            Why::Failed(failure) => compute.source(failure),
            Why::Unexpected(what) => compute.source(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(code: i32, stdout: &str, stderr: &str) -> CommandOutput {
        CommandOutput { code: Some(code), stdout: stdout.into(), stderr: stderr.into() }
    }

    fn failure(stderr: &str) -> Failure {
        judge(&["startvm".to_owned()], &output(1, "", stderr)).expect_err("a failed call")
    }

    #[test]
    fn a_version_is_the_last_line() {
        let parsed = Version::parse("7.2.22_Debianr175245\n");
        assert_eq!(parsed, Some(Version { major: 7, minor: 2, patch: 22 }));
        let warned = format!("{}7.0.16r162802\n", include_str!("samples/driver-warning.txt"));
        let warned = judge(&[], &output(0, &warned, "")).expect("a version").stdout;
        assert_eq!(Version::parse(&warned), Some(Version { major: 7, minor: 0, patch: 16 }));
        assert_eq!(Version::parse("hello\n"), None);
        assert_eq!(supported("6.1.50r1\n").expect_err("too old").to_string(), "VirtualBox 6.1.50 is too old");
    }

    #[test]
    fn the_driver_warning_is_not_the_answer() {
        let stderr = include_str!("samples/driver-warning.txt");
        assert_eq!(without_driver_warning(stderr), "");
        let both = format!("{stderr}VBoxManage: error: Could not find a controller named 'NOPE'\n");
        assert_eq!(failure(&both).message(), "Could not find a controller named 'NOPE'");
    }

    #[test]
    fn an_error_with_exit_code_0_is_a_failure() {
        assert!(judge(&[], &output(0, "", "VBoxManage: error: no\n")).is_err());
        assert!(judge(&[], &output(0, "", "VBoxManage: warning: hm\n")).is_ok());
        assert!(judge(&[], &output(0, "", "0%...100%\n")).is_ok());
    }

    #[test]
    fn a_failure_tells_the_message_without_its_frame() {
        let found = failure(include_str!("samples/machine-not-found.txt"));
        assert_eq!(
            found.to_string(),
            "`VBoxManage startvm` ended with code 1: Could not find a registered machine named 'nosuch'"
        );
        assert_eq!(failure("").message(), "no message");
        assert_eq!(failure("VBoxManage: error: \n").message(), "VBoxManage: error: ");
    }

    #[test]
    fn a_machine_that_dies_at_start_points_at_the_driver() {
        let found = failure(include_str!("samples/startvm-no-driver.txt"));
        assert!(found.hint().is_some_and(|hint| hint.contains("/dev/vboxdrv")));
    }

    #[test]
    fn a_lock_is_busy_and_a_missing_machine_is_not() {
        for sample in [include_str!("samples/lock-pending.txt"), include_str!("samples/lock-lost.txt")] {
            assert!(Why::Failed(failure(sample)).is_busy(), "{sample}");
        }
        assert!(!Why::Failed(failure(include_str!("samples/machine-not-found.txt"))).is_busy());
    }
}
