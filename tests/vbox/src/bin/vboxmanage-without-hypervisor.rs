//! The real VBoxManage, with a stand-in for the hypervisor.
//!
//! Every call goes to the VBoxManage in the folder `PALLET_TEST_VBOX_ROOT`, except what needs a kernel module:
//!
//! - `startvm` notes that the machine runs;
//! - `controlvm … poweroff` and `acpipowerbutton` on a machine that is noted as running note that it does not;
//! - `controlvm … pause`, `resume` and `reset` on such a machine note its state; `savestate` lets the real VBoxManage
//!   adopt an empty file as the machine's memory, which `startvm` lets it discard again;
//! - in what `showvminfo --machinereadable` answers about a machine that is noted as running, the state and the time
//!   of its last change are replaced, and so in what `list vms --long` answers about it.
//!
//! The notes are files in `states` of the folder `PALLET_TEST_VBOX_WORLD`, which the real VBoxManage sees at the same
//! path. With a file `really-start` in that folder nothing is stood in for.

use pallet_tests_vbox::real::Real;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let stand_in = StandIn::from_env();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        _ if stand_in.world.join("really-start").exists() => {}
        ["startvm", id, ..] => return stand_in.start(id),
        ["controlvm", id, "poweroff" | "acpipowerbutton"] if stand_in.runs(id) => return stand_in.stop(id),
        ["controlvm", id, "pause" | "resume"] if stand_in.runs(id) => {
            return stand_in.pause(id, words[2] == "pause");
        }
        ["controlvm", id, "reset"] if stand_in.runs(id) => return ExitCode::SUCCESS,
        ["controlvm", id, "savestate"] if stand_in.runs(id) => return stand_in.save(id),
        ["showvminfo", id, "--machinereadable"] if stand_in.runs(id) => return stand_in.show(id, &args),
        ["list", "vms", "--long"] => return stand_in.list(&args),
        _ => {}
    }
    let error = stand_in.real(&args).exec();
    fail(&format!("the real VBoxManage cannot be run: {error}"))
}

struct StandIn {
    real: Real,
    world: PathBuf,
}

impl StandIn {
    fn from_env() -> StandIn {
        let var = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        StandIn {
            real: Real { root: var("PALLET_TEST_VBOX_ROOT").into() },
            world: var("PALLET_TEST_VBOX_WORLD").into(),
        }
    }

    fn real(&self, args: &[String]) -> Command {
        self.real.vboxmanage(&self.world, args)
    }

    fn note(&self, id: &str) -> PathBuf {
        self.world.join("states").join(id)
    }

    fn runs(&self, id: &str) -> bool {
        self.note(id).exists()
    }

    fn start(&self, id: &str) -> ExitCode {
        let info =
            self.real(&["showvminfo".to_owned(), id.to_owned(), "--machinereadable".to_owned()]).output();
        match info {
            Ok(info) if info.status.success() && !self.runs(id) => {
                if String::from_utf8_lossy(&info.stdout).contains("VMState=\"saved\"") {
                    let _ = self.real(&["discardstate".to_owned(), id.to_owned()]).status();
                }
                let now = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S.%N"]).output();
                let now = now.map(|output| output.stdout).unwrap_or_default();
                fs::write(self.note(id), now).expect("the folder of notes is writable");
                answer(format!("VM \"{id}\" has been successfully started.\n").as_bytes());
                ExitCode::SUCCESS
            }
            Ok(info) if info.status.success() => fail(&format!(
                "The machine '{id}' is already locked by a session (or being locked or unlocked)"
            )),
            Ok(info) => relay(&info, &info.stdout),
            Err(error) => fail(&error.to_string()),
        }
    }

    fn pause(&self, id: &str, pauses: bool) -> ExitCode {
        if self.is_paused(id) == pauses {
            return fail("Invalid machine state");
        }
        match pauses {
            true => fs::write(self.pause_note(id), "").expect("the folder of notes is writable"),
            false => fs::remove_file(self.pause_note(id)).expect("the note is there"),
        }
        ExitCode::SUCCESS
    }

    fn save(&self, id: &str) -> ExitCode {
        let memory = self.world.join("states").join(format!("{id}.sav"));
        fs::write(&memory, "").expect("the folder of notes is writable");
        let adopt = ["adoptstate", id, &memory.display().to_string()].map(str::to_owned);
        match self.real(&adopt).output() {
            Ok(output) if output.status.success() => self.stop(id),
            Ok(output) => relay(&output, &output.stdout),
            Err(error) => fail(&error.to_string()),
        }
    }

    fn pause_note(&self, id: &str) -> PathBuf {
        self.world.join("states").join(format!("{id}.paused"))
    }

    fn is_paused(&self, id: &str) -> bool {
        self.pause_note(id).exists()
    }

    fn stop(&self, id: &str) -> ExitCode {
        // There only if it was paused.
        let _ = fs::remove_file(self.pause_note(id));
        fs::remove_file(self.note(id)).expect("the note is there");
        ExitCode::SUCCESS
    }

    fn show(&self, id: &str, args: &[String]) -> ExitCode {
        let since = fs::read_to_string(self.note(id)).unwrap_or_default();
        match self.real(args).output() {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                let state = if self.is_paused(id) { "paused" } else { "running" };
                let lines: Vec<String> =
                    text.lines().map(|line| replaced(line, state, since.trim())).collect();
                relay(&output, (lines.join("\n") + "\n").as_bytes())
            }
            Err(error) => fail(&error.to_string()),
        }
    }
}

impl StandIn {
    fn list(&self, args: &[String]) -> ExitCode {
        let output = match self.real(args).output() {
            Ok(output) => output,
            Err(error) => return fail(&error.to_string()),
        };
        let (mut running, mut text) = (None, String::new());
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some(id) = line.strip_prefix("UUID:") {
                let state = if self.is_paused(id.trim()) { "paused" } else { "running" };
                running = fs::read_to_string(self.note(id.trim())).ok().map(|since| (state, since));
            }
            match running.as_ref().filter(|_| line.starts_with("State:  ")) {
                Some((state, since)) => {
                    text.push_str(&format!("State:                       {state} (since {})", since.trim()));
                }
                None => text.push_str(line),
            }
            text.push('\n');
        }
        relay(&output, text.as_bytes())
    }
}

fn replaced(line: &str, state: &str, since: &str) -> String {
    match line.split_once('=') {
        Some(("VMState", _)) => format!("VMState=\"{state}\""),
        Some(("VMStateChangeTime", _)) => format!("VMStateChangeTime=\"{since}\""),
        _ => line.to_owned(),
    }
}

fn relay(output: &Output, stdout: &[u8]) -> ExitCode {
    use std::io::Write;
    answer(stdout);
    let _ = std::io::stderr().write_all(&output.stderr);
    ExitCode::from(output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn answer(text: &[u8]) {
    use std::io::Write;
    // The other end may be gone; nobody is left to tell.
    let _ = std::io::stdout().write_all(text);
}

fn fail(message: &str) -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "VBoxManage: error: {message}");
    ExitCode::FAILURE
}
