//! A machine as a process of QEMU, and the files that belong to it.

use crate::disks::Image;
use crate::machine::{Adapter, Bus, Drive, Machine};
use crate::qmp::Qmp;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long QEMU may take to end, or to write a machine's memory.
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);

/// What a machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Off,
    /// It runs, or boots, or shuts down.
    Running,
    /// It stands still.
    Paused,
    /// It is off, and its memory is in a file.
    Saved,
}

/// The QEMU of one machine, whether it runs or not.
#[derive(Debug, Clone)]
pub struct Qemu {
    folder: PathBuf,
    console: PathBuf,
}

impl Qemu {
    /// Returns the QEMU whose files are in a folder of its own, and which appends to the file `console` what the
    /// machine writes to its serial port.
    #[must_use]
    pub fn new(folder: PathBuf, console: PathBuf) -> Qemu {
        Qemu { folder, console }
    }

    /// Returns the number of its process, if it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let pid = std::fs::read_to_string(self.folder.join("pid")).ok()?.trim().parse().ok()?;
        // The number may be another's by now; and of a process that only was not waited for nothing is to be read.
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let socket = self.socket().display().to_string();
        String::from_utf8_lossy(&line).contains(&socket).then_some(pid)
    }

    /// Returns what the machine does.
    ///
    /// # Errors
    ///
    /// When its QEMU runs and does not answer.
    pub fn state(&self) -> Result<State, String> {
        if self.pid().is_none() {
            return Ok(if self.memory().exists() { State::Saved } else { State::Off });
        }
        let status = Qmp::connect(&self.socket()).and_then(|mut qmp| qmp.run("query-status", json!({})));
        match status {
            Ok(status) if status["running"] == true => Ok(State::Running),
            // While it reads the memory it was saved with, it will run as soon as that is done.
            Ok(status) if status["status"] == "inmigrate" => Ok(State::Running),
            Ok(_) => Ok(State::Paused),
            // It ended while it was asked.
            Err(_) if self.pid().is_none() => Ok(State::Off),
            Err(error) => Err(error),
        }
    }

    /// Starts a machine with these disks in its drives, and with the memory that it was saved with, if it was.
    ///
    /// # Errors
    ///
    /// What QEMU says.
    pub fn start(&self, machine: &Machine, images: &[Image]) -> Result<(), String> {
        for folder in [Some(self.folder.as_path()), self.console.parent()].into_iter().flatten() {
            std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        let mut command = Command::new("qemu-system-x86_64");
        command.args(arguments(machine, images)).args(self.own_arguments());
        let memory = self.memory();
        if memory.exists() {
            command.arg("-incoming").arg(format!("exec:cat '{}'", memory.display()));
        }
        let output = command.output().map_err(|error| format!("QEMU cannot be run: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        if memory.exists() {
            self.until("its memory is read", || Ok(self.state()? == State::Running && !self.is_incoming()?))?;
        }
        self.discard()
    }

    /// Asks the guest to shut down.
    ///
    /// # Errors
    ///
    /// What QEMU says.
    pub fn power_button(&self) -> Result<(), String> {
        self.run("system_powerdown")
    }

    /// Ends the machine at once. What its guest had not written to its disk is lost.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub fn power_off(&self) -> Result<(), String> {
        // The answer may be cut off by what was asked for.
        let _ = self.run("quit");
        self.until("it is off", || Ok(self.pid().is_none()))
    }

    /// Starts the guest anew, without notice.
    ///
    /// # Errors
    ///
    /// What QEMU says.
    pub fn reset(&self) -> Result<(), String> {
        self.run("system_reset")
    }

    /// Lets the machine stand still.
    ///
    /// # Errors
    ///
    /// What QEMU says.
    pub fn pause(&self) -> Result<(), String> {
        self.run("stop")
    }

    /// Lets it go on.
    ///
    /// # Errors
    ///
    /// What QEMU says.
    pub fn resume(&self) -> Result<(), String> {
        self.run("cont")
    }

    /// Writes the machine's memory to a file and ends it.
    ///
    /// # Errors
    ///
    /// What QEMU says.
    pub fn save(&self) -> Result<(), String> {
        let new = self.memory().with_extension("new");
        let mut qmp = Qmp::connect(&self.socket())?;
        qmp.run("stop", json!({}))?;
        qmp.run("migrate", json!({ "uri": format!("exec:cat >'{}'", new.display()) }))?;
        self.until("its memory is written", || {
            match qmp.run("query-migrate", json!({}))?["status"].as_str() {
                Some("completed") => Ok(true),
                Some("failed") => Err("the memory could not be written".to_owned()),
                _ => Ok(false),
            }
        })?;
        self.power_off()?;
        std::fs::rename(new, self.memory()).map_err(|error| error.to_string())
    }

    /// Forgets the memory that the machine was saved with.
    ///
    /// # Errors
    ///
    /// When its file cannot be removed.
    pub fn discard(&self) -> Result<(), String> {
        match std::fs::remove_file(self.memory()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    /// Removes all files of a machine that is gone.
    ///
    /// # Errors
    ///
    /// When they cannot be removed.
    pub fn forget(&self) -> Result<(), String> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    fn run(&self, command: &str) -> Result<(), String> {
        Qmp::connect(&self.socket())?.run(command, json!({})).map(drop)
    }

    fn is_incoming(&self) -> Result<bool, String> {
        let status = Qmp::connect(&self.socket())?.run("query-status", json!({}))?;
        Ok(status["status"] == "inmigrate")
    }

    fn until(&self, what: &str, mut is_so: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
        let deadline = Instant::now() + LIMIT;
        while !is_so()? {
            if Instant::now() >= deadline {
                return Err(format!("after {} s not yet: {what}", LIMIT.as_secs()));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("qmp")
    }

    fn memory(&self) -> PathBuf {
        self.folder.join("memory")
    }

    fn own_arguments(&self) -> Vec<String> {
        let at = |path: &Path| path.display().to_string().replace(',', ",,");
        vec![
            "-chardev".to_owned(),
            format!("file,id=console,append=on,path={}", at(&self.console)),
            "-serial".to_owned(),
            "chardev:console".to_owned(),
            "-qmp".to_owned(),
            format!("unix:{},server=on,wait=off", at(&self.socket())),
            "-pidfile".to_owned(),
            self.folder.join("pid").display().to_string(),
            "-daemonize".to_owned(),
        ]
    }
}

fn arguments(machine: &Machine, images: &[Image]) -> Vec<String> {
    let mut args: Vec<String> = [
        // The emulator, whatever /dev/kvm promises.
        "-accel tcg,thread=multi",
        // What every processor of the last fifteen years has. More of it would only be more to emulate.
        "-cpu Nehalem,+rdrand",
        "-nodefaults -no-user-config -display none -vga none",
    ]
    .iter()
    .flat_map(|words| words.split(' '))
    .map(str::to_owned)
    .collect();
    let mut add = |option: &str, value: String| args.extend([option.to_owned(), value]);
    add("-name", machine.id.clone());
    add("-machine", if machine.is_ich9 { "q35" } else { "pc" }.to_owned());
    add("-m", machine.memory.to_string());
    add("-smp", machine.cpus.to_string());
    add("-device", "ahci,id=sata".to_owned());
    for (number, (drive, image)) in machine.drives.iter().zip(images).enumerate() {
        let file = image.path.display().to_string().replace(',', ",,");
        let read_only = if drive.is_optical { ",readonly=on,media=cdrom" } else { "" };
        add("-drive", format!("if=none,id=drive{number},format={},file={file}{read_only}", image.format));
        add("-device", drive_device(drive, number, machine.is_ich9));
    }
    for adapter in &machine.adapters {
        add("-netdev", network(adapter));
        add("-device", format!("{},netdev=net{},mac={}", adapter.device, adapter.slot, adapter.mac));
    }
    args
}

fn drive_device(drive: &Drive, number: usize, is_ich9: bool) -> String {
    let kind = if drive.is_optical { "ide-cd" } else { "ide-hd" };
    // The first disk is what VirtualBox's BIOS boots from.
    let boot = if number == 0 { ",bootindex=0" } else { "" };
    let bus = match drive.bus {
        Bus::Sata => format!("bus=sata.{}", drive.place),
        // ICH9 has SATA of its own in the place of IDE; its bus takes one device.
        Bus::Ide if is_ich9 => format!("bus=ide.{}", drive.place),
        Bus::Ide => format!("bus=ide.{},unit={}", drive.place / 2, drive.place % 2),
    };
    format!("{kind},drive=drive{number},{bus}{boot}")
}

/// The network of VirtualBox's NAT is another one for each adapter.
fn network(adapter: &Adapter) -> String {
    let slot = adapter.slot;
    match &adapter.nat {
        None => format!("hubport,id=net{slot},hubid={slot}"),
        Some(forwards) => {
            let rules = forwards
                .iter()
                .map(|(address, port, guest)| format!(",hostfwd=tcp:{address}:{port}-:{guest}"))
                .collect::<String>();
            format!("user,id=net{slot},net=10.0.{}.0/24{rules}", slot + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_becomes_a_command_line() {
        let machine = Machine {
            id: "11111111-2222-4333-8444-555555555555".to_owned(),
            is_ich9: false,
            memory: 512,
            cpus: 1,
            drives: vec![Drive {
                bus: Bus::Sata,
                place: 0,
                medium: String::new(),
                location: PathBuf::new(),
                is_optical: false,
            }],
            adapters: vec![Adapter {
                slot: 1,
                device: "e1000",
                mac: "08:00:27:AA:BB:01".to_owned(),
                nat: Some(vec![("127.0.0.1".to_owned(), 22_001, 22)]),
            }],
        };
        let image = Image { path: "/w/a,b.qcow2".into(), format: "qcow2" };
        let line = arguments(&machine, &[image]).join(" ");
        assert!(line.contains("-drive if=none,id=drive0,format=qcow2,file=/w/a,,b.qcow2 "), "{line}");
        assert!(line.contains("-device ide-hd,drive=drive0,bus=sata.0,bootindex=0 "), "{line}");
        assert!(line.contains("user,id=net1,net=10.0.2.0/24,hostfwd=tcp:127.0.0.1:22001-:22 "), "{line}");
        assert!(line.ends_with("-device e1000,netdev=net1,mac=08:00:27:AA:BB:01"), "{line}");
    }

    #[test]
    fn without_a_process_a_machine_is_off_or_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let qemu = Qemu::new(folder.path().to_owned(), folder.path().join("console"));
        assert_eq!(qemu.state(), Ok(State::Off));
        std::fs::write(folder.path().join("pid"), std::process::id().to_string()).expect("written");
        assert_eq!(qemu.state(), Ok(State::Off), "another process has the number");
        std::fs::write(qemu.memory(), "").expect("written");
        assert_eq!(qemu.state(), Ok(State::Saved));
        qemu.discard().expect("discarded");
        assert_eq!(qemu.state(), Ok(State::Off));
    }
}
