//! Processes that outlive the controller, and how to be sure that one is still the one we started.
//!
//! A pid alone is not an identity: the kernel hands it out again. A [`ProcessId`] adds the time the process
//! started and the boot it started in, and a [`Process`] is a pidfd, which never points at a successor.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::time::Duration;

/// The identity of a process, unique over the life of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: i32,
    start: u64,
    boot: String,
}

impl ProcessId {
    /// Returns the identity of the process that has this pid now.
    pub(crate) fn of(pid: i32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let start = start_time(&stat)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("/proc/{pid}/stat: {stat}")))?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        Ok(ProcessId { pid, start, boot })
    }

    /// Returns the identity of this process.
    pub(crate) fn current() -> io::Result<Self> {
        ProcessId::of(rustix::process::getpid().as_raw_nonzero().get())
    }

    /// Returns a handle on the process if it still runs; a process that only has its pid is not it.
    pub(crate) fn find(&self) -> Option<Process> {
        let fd = pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        let process = Process { fd };
        // Looked at after the pidfd is open: had the pid changed hands before, the start time would tell.
        let same = ProcessId::of(self.pid).is_ok_and(|now| now == *self);
        (same && !process.wait(Duration::ZERO).unwrap_or(true)).then_some(process)
    }
}

/// A running process, held by a pidfd.
pub(crate) struct Process {
    fd: OwnedFd,
}

impl Process {
    /// Sends a signal. A process that has ended meanwhile is not an error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.fd, signal) {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Waits for the end of the process and tells whether it came within the limit.
    pub(crate) fn wait(&self, limit: Duration) -> io::Result<bool> {
        let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
        Ok(poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], Some(&limit))? > 0)
    }
}

/// Returns the pid of a process's parent, if the process is there.
pub(crate) fn parent_of(pid: i32) -> Option<i32> {
    stat_field(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, 4)?.parse().ok()
}

fn start_time(stat: &str) -> Option<u64> {
    stat_field(stat, 22)?.parse().ok()
}

/// Returns a field of `/proc/PID/stat` from the third on; they count from one. The second field is the program's name
/// and may hold anything, also blanks and brackets, so counting begins behind its last bracket.
fn stat_field(stat: &str, field: usize) -> Option<&str> {
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(field - 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_program_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 200";
        assert_eq!(start_time(stat), Some(987_654));
        assert_eq!(stat_field(stat, 4), Some("1"));
        assert_eq!(start_time("nonsense"), None);
    }

    #[test]
    fn a_process_finds_itself_and_no_namesake() {
        let me = ProcessId::current().expect("this process exists");
        assert!(me.find().is_some());
        let namesake = ProcessId { start: me.start + 1, ..me.clone() };
        assert!(namesake.find().is_none());
        let earlier_boot = ProcessId { boot: "another".to_owned(), ..me };
        assert!(earlier_boot.find().is_none());
    }
}
