//! What makes packages believe that a node without systemd has an init, which it has.
//!
//! `invoke-rc.d`, with which packages start their services, starts nothing where there is no `/sbin/init` or where
//! `/sbin/runlevel` does not answer. The latter reads a record in `/run/utmp` that sysvinit would have written. A
//! bare system has neither program.

/// The small init.
pub(super) const INIT: &str = include_str!("init.sh");

/// What stands in for `/sbin/runlevel` where there is none: before there was no runlevel, now it is 2.
const RUNLEVEL: &str = "#!/bin/sh\necho 'N 2'\n";

/// The programs that a node gets if its image has none of that name, by their names in `/sbin`.
pub(super) const STAND_INS: [(&str, &str); 2] = [("init", INIT), ("runlevel", RUNLEVEL)];

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
