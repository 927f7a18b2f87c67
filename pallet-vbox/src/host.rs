//! What is done with files on the host of the service, which may be another machine than the controller: always through
//! the [`CommandRunner`], with programs that every Unix has.
//!
//! A script gets everything that varies as arguments, never as a part of its text.

use pallet::compute::{Algorithm, CommandRunner, ComputeError, HostCommand};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Returns a command that runs a script of `sh` with arguments.
pub(crate) fn script<'a>(text: &str, args: impl IntoIterator<Item = &'a str>) -> HostCommand {
    HostCommand::new("sh").args(["-c", text, "sh"]).args(args)
}

/// Runs a command and returns what it wrote. `doing` completes "cannot …".
///
/// # Errors
///
/// When it could not be run, or failed.
pub(crate) async fn run(
    runner: &dyn CommandRunner,
    doing: &str,
    command: &HostCommand,
) -> Result<Vec<u8>, ComputeError> {
    match try_run(runner, doing, command).await? {
        Ok(stdout) => Ok(stdout),
        Err(failure) => Err(failure.cannot(doing)),
    }
}

/// Runs a command whose failure the caller understands.
///
/// # Errors
///
/// When it could not be run at all.
pub(crate) async fn try_run(
    runner: &dyn CommandRunner,
    doing: &str,
    command: &HostCommand,
) -> Result<Result<Vec<u8>, HostFailure>, ComputeError> {
    let output = runner
        .run(command)
        .await
        .map_err(|error| ComputeError::failed(format!("cannot {doing}")).source(error))?;
    match output.code {
        Some(0) => Ok(Ok(output.stdout)),
        code => {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            Ok(Err(HostFailure { program: command.program.display().to_string(), code, stderr }))
        }
    }
}

/// A program on the host that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostFailure {
    program: String,
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

impl HostFailure {
    /// Returns this failure as the reason why something could not be done.
    pub(crate) fn cannot(self, doing: &str) -> ComputeError {
        ComputeError::failed(format!("cannot {doing}")).source(self)
    }
}

impl fmt::Display for HostFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "`{}` ended with code {code}", self.program)?,
            None => write!(f, "`{}` was killed", self.program)?,
        }
        match self.stderr.lines().rfind(|line| !line.trim().is_empty()) {
            // Programs may quote what they read.
            Some(line) => write!(f, ": {}", line.trim().replace(char::is_control, "?")),
            None => Ok(()),
        }
    }
}

impl std::error::Error for HostFailure {}

/// Tells whether a file can be read on the host.
pub(crate) async fn is_readable(runner: &dyn CommandRunner, path: &str) -> Result<bool, ComputeError> {
    let test = HostCommand::new("test").args(["-r", path]);
    Ok(try_run(runner, &format!("look for {path} on the host"), &test).await?.is_ok())
}

/// Returns how many bytes are free where a folder is, or its nearest parent that exists.
pub(crate) async fn free_space(runner: &dyn CommandRunner, folder: &Path) -> Result<u64, ComputeError> {
    const SCRIPT: &str = r#"
d=$1
while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done
df -Pk -- "$d"
"#;
    let folder = folder.display().to_string();
    let doing = format!("see how much space is left in {folder}");
    let stdout = run(runner, &doing, &script(SCRIPT, [folder.as_str()])).await?;
    parse_free_space(&String::from_utf8_lossy(&stdout))
        .ok_or_else(|| ComputeError::failed(format!("cannot {doing}: `df` answers in no form that is known")))
}

/// Returns the length of a file, if it is there.
pub(crate) async fn size(runner: &dyn CommandRunner, file: &Path) -> Option<u64> {
    let file = file.display().to_string();
    let output = runner.run(&script(r#"wc -c <"$1""#, [file.as_str()])).await.ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Returns the checksum of a file, in lower-case hexadecimal digits.
pub(crate) async fn digest(
    runner: &dyn CommandRunner,
    algorithm: Algorithm,
    file: &Path,
) -> Result<String, ComputeError> {
    // macOS has `shasum` only.
    const SCRIPT: &str = r#"
if command -v "sha$1sum" >/dev/null 2>&1; then "sha$1sum" <"$2"; else shasum -a "$1" <"$2"; fi
"#;
    let bits = match algorithm {
        Algorithm::Sha256 => "256",
        Algorithm::Sha512 => "512",
    };
    let file = file.display().to_string();
    let doing = format!("compute the checksum of {file}");
    let stdout = run(runner, &doing, &within(script(SCRIPT, [bits, &file]), 120)).await?;
    let text = String::from_utf8_lossy(&stdout);
    match text.split_whitespace().next() {
        Some(digest) if digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok(digest.to_ascii_lowercase())
        }
        _ => Err(ComputeError::failed(format!("cannot {doing}: the host has no program that answers"))),
    }
}

/// Returns the SHA-256 of a file.
pub(crate) async fn sha256(runner: &dyn CommandRunner, file: &Path) -> Result<String, ComputeError> {
    digest(runner, Algorithm::Sha256, file).await
}

/// POSIX's form: a head, then `filesystem blocks used available capacity mount`. The name may contain blanks, and so may
/// the mount, but only the capacity is a number with a percent sign.
fn parse_free_space(stdout: &str) -> Option<u64> {
    let words: Vec<&str> = stdout.lines().nth(1)?.split_whitespace().collect();
    let capacity = words.iter().position(|word| {
        word.strip_suffix('%').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })?;
    words.get(capacity.checked_sub(1)?)?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Sets how long a command may take.
pub(crate) fn within(mut command: HostCommand, minutes: u64) -> HostCommand {
    command.timeout = Duration::from_secs(60 * minutes);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_space_stands_before_the_capacity() {
        let head = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
        let free = |line: &str| parse_free_space(&format!("{head}{line}\n"));
        assert_eq!(free("/dev/vda1 100 40 60 40% /"), Some(61440));
        assert_eq!(free("a disk 100 40 60 40% /Volumes/my disk"), Some(61440));
        assert_eq!(free("nonsense"), None);
        assert_eq!(parse_free_space(""), None);
    }

    #[test]
    fn a_failure_tells_its_last_words() {
        let failure = HostFailure { program: "sh".into(), code: Some(3), stderr: "a\nb\u{7}\n\n".into() };
        assert_eq!(failure.to_string(), "`sh` ended with code 3: b?");
    }
}
