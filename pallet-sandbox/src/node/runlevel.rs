//! The runlevel of a node without systemd.
//!
//! `invoke-rc.d`, with which packages start their services, asks `/sbin/runlevel` and starts nothing if that does
//! not answer. The program reads a record in `/run/utmp` that sysvinit would have written; a bare system has not
//! even the program.

/// What stands in for `/sbin/runlevel` where there is none: before there was no runlevel, now it is 2.
pub(super) const PROGRAM: &str = "#!/bin/sh\necho 'N 2'\n";

/// Returns a `/run/utmp` that says the same: one record, see utmp(5).
pub(super) fn utmp() -> Vec<u8> {
    const TYPE_RUNLEVEL: u16 = 1;
    const RECORD: usize = if cfg!(target_arch = "aarch64") { 400 } else { 384 };
    let mut record = vec![0; RECORD];
    let mut put = |offset: usize, bytes: &[u8]| record[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(0, &TYPE_RUNLEVEL.to_ne_bytes());
    // In the place of a pid: the runlevel, and 256 times the one before.
    put(4, &(u32::from(b'2') + 256 * u32::from(b'N')).to_ne_bytes());
    put(8, b"~");
    put(40, b"~~");
    put(44, b"runlevel");
    record
}
