//! VBoxManage, with QEMU in the place of the hypervisor.
//!
//! Every call is passed on to the real VBoxManage, except:
//!
//! | call | what is done |
//! |---|---|
//! | `startvm` | the machine that the registry describes is started under QEMU |
//! | `controlvm` with `acpipowerbutton`, `poweroff`, `reset`, `pause`, `resume`, `savestate` | the same is done to QEMU |
//! | `discardstate` | the saved memory is forgotten |
//! | `showvminfo --machinereadable` | of a machine that is not off, the state and the time of its last change are replaced |
//! | `list vms --long` | the same is done in what it says of such machines |
//! | `unregistervm`, `closemedium` | what there was here for the machine or the disk is removed as well |
//! | `modifyvm`, `unregistervm` of a machine that is not off; `snapshot delete` | refused: VirtualBox refuses the first two as well, the last would have to merge what guests wrote |
//!
//! A machine that ends by itself, because its guest shut down or QEMU was killed, is off from then on.

use crate::disks::{Disks, Image, Medium};
use crate::machine::Machine;
use crate::qemu::{Qemu, State};
use pallet_tests_vbox::real::Real;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output};

/// The folder of a world where what machines write to their serial ports is kept, over all boots and longer than the
/// machines themselves.
pub const CONSOLES: &str = "consoles";

/// The stand-in for one registry.
#[derive(Debug)]
pub struct StandIn {
    real: Real,
    world: PathBuf,
}

impl StandIn {
    /// Returns the stand-in in front of a real VirtualBox, for the registry in the folder `world`.
    #[must_use]
    pub fn new(real: Real, world: PathBuf) -> StandIn {
        StandIn { real, world }
    }

    /// Returns the stand-in that the environment describes, as the one of the other stand-in does.
    ///
    /// # Panics
    ///
    /// When it describes none.
    #[must_use]
    pub fn from_env() -> StandIn {
        let var = |name| std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set")).into();
        let real = Real { root: var("PALLET_TEST_VBOX_ROOT") };
        StandIn::new(real, var("PALLET_TEST_VBOX_WORLD"))
    }

    /// Answers one call.
    #[must_use]
    pub fn answer(&self, args: &[String]) -> ExitCode {
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let answered = match words[..] {
            ["startvm", id, ..] => self.start(id),
            ["controlvm", id, verb] => return self.control(id, verb, args),
            ["discardstate", id] if self.state(id) == Ok(State::Saved) => self.qemu(id).discard(),
            ["showvminfo", id, "--machinereadable"] => return self.show(id, args),
            ["list", "vms", "--long"] => return self.list(args),
            ["modifyvm" | "unregistervm", id, ..] if self.is_locked(id) => Err(locked(id)),
            ["unregistervm", id, ..] => return self.forgetting(args, || self.qemu(id).forget()),
            ["closemedium", "disk", id, ..] => return self.forgetting(args, || self.disks().forget(id)),
            ["snapshot", _, "delete", ..] => Err("the deletion of a snapshot is not stood in for".to_owned()),
            _ => return self.pass_on(args),
        };
        answered.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
    }

    /// Returns the QEMU of a machine.
    #[must_use]
    pub fn qemu(&self, id: &str) -> Qemu {
        let console = self.world.join(CONSOLES).join(format!("{id}.log"));
        Qemu::new(self.world.join("states").join(id), console)
    }

    fn state(&self, id: &str) -> Result<State, String> {
        self.qemu(id).state()
    }

    fn is_locked(&self, id: &str) -> bool {
        matches!(self.state(id), Ok(State::Running | State::Paused))
    }

    fn pass_on(&self, args: &[String]) -> ExitCode {
        let error = self.real.vboxmanage(&self.world, args).exec();
        fail(&format!("the real VBoxManage cannot be run: {error}"))
    }

    /// Passes a call on, and if it did its work removes what there was for the thing that is gone now.
    fn forgetting(&self, args: &[String], forget: impl FnOnce() -> Result<(), String>) -> ExitCode {
        match self.real.vboxmanage(&self.world, args).output() {
            Ok(output) => match output.status.success().then(forget) {
                Some(Err(error)) => fail(&error),
                _ => relay(&output, &output.stdout),
            },
            Err(error) => fail(&error.to_string()),
        }
    }

    fn disks(&self) -> Disks {
        Disks::new(self.world.join("states/disks"))
    }

    fn ask(&self, args: &[&str]) -> Result<String, String> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let output = self.real.vboxmanage(&self.world, &args).output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn start(&self, id: &str) -> Result<(), String> {
        let machine = Machine::parse(&self.ask(&["showvminfo", id, "--machinereadable"])?)?;
        let qemu = self.qemu(&machine.id);
        if qemu.pid().is_some() {
            return Err(locked(id));
        }
        let disks = self.disks();
        let look = |medium: &str| {
            self.ask(&["showmediuminfo", "disk", medium]).and_then(|text| Medium::parse(&text))
        };
        let images: Result<Vec<Image>, String> = machine
            .drives
            .iter()
            .map(|drive| match drive.is_optical {
                true => Ok(Image { path: drive.location.clone(), format: "raw" }),
                false => disks.writable(&drive.medium, &look),
            })
            .collect();
        qemu.start(&machine, &images?)?;
        say(format!("VM \"{id}\" has been successfully started.\n").as_bytes());
        Ok(())
    }

    fn control(&self, id: &str, verb: &str, args: &[String]) -> ExitCode {
        let qemu = self.qemu(id);
        let done = match (verb, self.is_locked(id)) {
            ("acpipowerbutton", true) => qemu.power_button(),
            ("poweroff", true) => qemu.power_off(),
            ("reset", true) => qemu.reset(),
            ("pause", true) => qemu.pause(),
            ("resume", true) => qemu.resume(),
            ("savestate", true) => qemu.save(),
            // What is not stood in for, and that nothing runs which could be controlled, VirtualBox says itself.
            _ => return self.pass_on(args),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            // It ended by itself in this moment.
            Err(_) if qemu.pid().is_none() => self.pass_on(args),
            Err(error) => fail(&error),
        }
    }

    /// Returns the state of a machine and when it began, in VirtualBox's words, unless it is off.
    fn stood_in_for(&self, id: &str) -> Result<Option<(&'static str, String)>, String> {
        let state = match self.state(id)? {
            State::Off => return Ok(None),
            State::Running => "running",
            State::Paused => "paused",
            State::Saved => "saved",
        };
        Ok(Some((state, changed(&self.world.join("states").join(id)))))
    }

    fn list(&self, args: &[String]) -> ExitCode {
        let output = match self.real.vboxmanage(&self.world, args).output() {
            Ok(output) => output,
            Err(error) => return fail(&error.to_string()),
        };
        let look = |id: &str| self.stood_in_for(id);
        match listed(&String::from_utf8_lossy(&output.stdout), look) {
            Ok(text) => relay(&output, text.as_bytes()),
            Err(error) => fail(&error),
        }
    }

    fn show(&self, id: &str, args: &[String]) -> ExitCode {
        let (state, since) = match self.stood_in_for(id) {
            Ok(None) => return self.pass_on(args),
            Ok(Some(known)) => known,
            Err(error) => return fail(&error),
        };
        match self.real.vboxmanage(&self.world, args).output() {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                let lines: String = text.lines().map(|line| replaced(line, state, &since)).collect();
                relay(&output, lines.as_bytes())
            }
            Err(error) => fail(&error.to_string()),
        }
    }
}

fn locked(id: &str) -> String {
    format!("The machine '{id}' is already locked for a session (or being unlocked)")
}

/// Returns when a machine was started or saved, as VirtualBox writes it.
fn changed(folder: &Path) -> String {
    let file = ["memory", "pid"].map(|name| folder.join(name)).into_iter().find(|file| file.exists());
    let date = |file: PathBuf| {
        std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S.%N", "-r"]).arg(file).output()
    };
    let date = file.and_then(|file| date(file).ok()).map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&date).trim().to_owned()
}

fn replaced(line: &str, state: &str, since: &str) -> String {
    match line.split_once('=') {
        Some(("VMState", _)) => format!("VMState=\"{state}\"\n"),
        Some(("VMStateChangeTime", _)) => format!("VMStateChangeTime=\"{since}\"\n"),
        _ => format!("{line}\n"),
    }
}

/// Replaces the states of machines in a long list, where a machine's identity stands before its state.
fn listed(
    text: &str,
    look: impl Fn(&str) -> Result<Option<(&'static str, String)>, String>,
) -> Result<String, String> {
    let (mut known, mut seen) = (None, String::new());
    for line in text.lines() {
        if let Some(id) = line.strip_prefix("UUID:") {
            known = look(id.trim())?;
        }
        match known.as_ref().filter(|_| line.starts_with("State:  ")) {
            Some((state, since)) => {
                seen.push_str(&format!("State:                       {state} (since {since})\n"));
            }
            None => seen.push_str(&format!("{line}\n")),
        }
    }
    Ok(seen)
}

fn relay(output: &Output, stdout: &[u8]) -> ExitCode {
    say(stdout);
    // The other end may be gone; nobody is left to tell.
    let _ = std::io::stderr().write_all(&output.stderr);
    ExitCode::from(output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn say(text: &[u8]) {
    let _ = std::io::stdout().write_all(text);
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "VBoxManage: error: {}", message.trim_end());
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_state_and_its_time_are_replaced() {
        let answer = "name=\"web-1\"\nVMState=\"poweroff\"\nVMStateChangeTime=\"2026\"\n";
        let seen: String = answer.lines().map(|line| replaced(line, "running", "2027")).collect();
        assert_eq!(seen, "name=\"web-1\"\nVMState=\"running\"\nVMStateChangeTime=\"2027\"\n");
    }
    #[test]
    fn in_a_long_list_each_machine_has_its_own_state() {
        let text = "Name: a\nUUID:   1\nState:   powered off (since x)\nName: b\nUUID:   2\nState:   saved (since y)\n";
        let look = |id: &str| Ok((id == "1").then(|| ("running", "z".to_owned())));
        let seen = listed(text, look).expect("a list");
        assert!(seen.contains("running (since z)") && seen.contains("State:   saved (since y)"), "{seen}");
        assert!(!seen.contains("powered off"), "{seen}");
    }
}
