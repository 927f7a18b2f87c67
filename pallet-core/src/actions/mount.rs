//! File systems: mounted now, and by `/etc/fstab` after the next start.

use super::parts::{Composed, Key, Line, Part, check_word, composed_action};
use crate::action::{Diff, View};
use crate::claim::{Claim, Thing};
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{PathKind, Probe};
use crate::script::{MOUNTS, Script};
use crate::world::{Effects, World};

/// A file system and where it is mounted.
#[derive(Debug)]
pub struct Mount {
    point: String,
    device: Option<String>,
    fs_type: Option<String>,
    options: Vec<String>,
    dump: u8,
    pass: u8,
    state: MountState,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum MountState {
    /// In `/etc/fstab` and mounted.
    Mounted,
    /// In `/etc/fstab`, whether mounted or not.
    Listed,
    /// In `/etc/fstab`, and not mounted.
    Unmounted,
    /// Neither.
    Absent,
}

/// Declares that a file system is mounted at a directory, which must exist: now, and by its line in `/etc/fstab` after the
/// next start. Say which with [`device`](Handle::<Mount>::device) and [`fs_type`](Handle::<Mount>::fs_type).
///
/// Checked: the line, and by the kernel's table whether something is mounted there and from which device. Changed:
/// when one of them was not so. A line that changes mounts the file system anew with the new options. Devices given
/// as `UUID=`, `LABEL=` or a link are not compared with what is mounted. Systems: all.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// directory("/srv/cache");
/// mount("/srv/cache").device("tmpfs").fs_type("tmpfs").options(["size=64m", "mode=0755"]);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn mount(point: impl Into<String>) -> Handle<Mount> {
    record(Mount {
        point: point.into(),
        device: None,
        fs_type: None,
        options: Vec::new(),
        dump: 0,
        pass: 0,
        state: MountState::Mounted,
    })
}

impl Handle<Mount> {
    /// Sets the device: `/dev/sdb1`, `UUID=…`, `LABEL=…`, `host:/path`, `tmpfs`.
    #[track_caller]
    pub fn device(self, device: impl Into<String>) -> Self {
        self.edit(|mount| mount.device = Some(device.into()))
    }

    /// Sets the type of the file system: `ext4`, `tmpfs`, `none` for a bind mount.
    #[track_caller]
    pub fn fs_type(self, kind: impl Into<String>) -> Self {
        self.edit(|mount| mount.fs_type = Some(kind.into()))
    }

    /// Adds options of the mount; `defaults` without any.
    #[track_caller]
    pub fn options<S: Into<String>>(self, options: impl IntoIterator<Item = S>) -> Self {
        self.edit(|mount| mount.options.extend(options.into_iter().map(Into::into)))
    }

    /// Sets in which pass `fsck` checks it at the start of the system: 1 for the root, 2 for others, 0 for never.
    #[track_caller]
    pub fn pass(self, pass: u8) -> Self {
        self.edit(|mount| mount.pass = pass)
    }

    /// Sets whether `dump` saves it.
    #[track_caller]
    pub fn dump(self, dump: u8) -> Self {
        self.edit(|mount| mount.dump = dump)
    }

    /// Declares the line in `/etc/fstab` only: what is mounted now stays so.
    #[track_caller]
    pub fn only_listed(self) -> Self {
        self.edit(|mount| mount.state = MountState::Listed)
    }

    /// Declares the line in `/etc/fstab`, and that it is not mounted now.
    #[track_caller]
    pub fn unmounted(self) -> Self {
        self.edit(|mount| mount.state = MountState::Unmounted)
    }

    /// Declares that nothing is mounted there, and that `/etc/fstab` has no line for it.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|mount| mount.state = MountState::Absent)
    }
}

/// Returns the table of what is mounted.
fn table() -> RemotePath {
    RemotePath::new("/proc/self/mounts").expect("a valid path")
}

/// Returns a text as a word of `/etc/fstab` and of the kernel's table, which write blanks as octal numbers.
pub(super) fn escape(text: &str) -> String {
    text.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('#', "\\043")
}

/// That something is mounted at a directory, or nothing.
#[derive(Debug)]
struct Live {
    point: RemotePath,
    /// The device, as far as it can be compared; `None`: nothing is mounted.
    device: Option<String>,
    options: String,
}

impl Live {
    /// Returns the device of what is mounted there: of several, the one on top.
    fn mounted<'a>(&self, table: &'a [String]) -> Option<&'a str> {
        let point = escape(self.point.as_str());
        let at = |line: &&String| line.split(' ').nth(1) == Some(&point);
        table.iter().rfind(at).and_then(|line| line.split(' ').next())
    }

    /// Tells whether the kernel's name of a device can be told from that in `/etc/fstab`.
    fn is_other(wanted: &str, is: &str) -> bool {
        let by_name =
            wanted.contains('=') || wanted.starts_with("/dev/disk/") || wanted.starts_with("/dev/mapper/");
        // A directory that is bound shows as the device it is on.
        let bound = wanted.starts_with('/') && !wanted.starts_with("/dev/");
        !by_name && !bound && escape(wanted) != is
    }
}

impl Part for Live {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.listing(&table());
        probe.path(&self.point);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let known = view.world.listing(&table());
        let directory = view.world.path(&self.point);
        match (&self.device, self.mounted(known.is)) {
            (Some(_), None) if directory.is.kind == PathKind::Absent && directory.doubt.is_none() => {
                let hint = format!("write `directory(\"{}\")` before this line", self.point);
                *diff = Diff::problem(format!("there is no directory {}", self.point), hint);
                return;
            }
            (Some(_), None) => diff.change("mounted"),
            (Some(wanted), Some(is)) if Live::is_other(wanted, is) => {
                diff.change(format!("mounted {wanted} in the place of {is}"));
            }
            (Some(_), Some(_)) if !diff.changes.is_empty() => diff.change("mounted with other options"),
            (Some(_), Some(_)) | (None, None) => {}
            (None, Some(_)) => diff.change("unmounted"),
        }
        diff.doubt(known.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let point = self.point.as_str();
        let escaped = escape(point);
        let script = Script::new().library(&MOUNTS);
        let script = match &self.device {
            Some(device) => {
                // What cannot be compared here cannot be compared there.
                let compare = if Live::is_other(device, "") { escape(device) } else { String::new() };
                script.call("p_mount", [id.as_str(), point, &escaped, &compare, &self.options])
            }
            None => script.call("p_unmount", [id.as_str(), point, &escaped]),
        };
        script.code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        let mut lines = world.listing(&table()).is.to_vec();
        let point = escape(self.point.as_str());
        lines.retain(|line| line.split(' ').nth(1) != Some(&point));
        lines.extend(self.device.as_ref().map(|device| format!("{} {point}", escape(device))));
        world.set_listing(&table(), lines);
    }

    fn claims(&self) -> Vec<Claim> {
        let thing = Thing::Other("mount", self.point.to_string());
        vec![Claim::new(thing, "mounted", self.device.clone().unwrap_or_else(|| "nothing".to_owned()))]
    }
}

impl Mount {
    fn all_options(&self) -> String {
        if self.options.is_empty() { "defaults".to_owned() } else { self.options.join(",") }
    }

    fn line(&self) -> Option<String> {
        if self.state == MountState::Absent {
            return None;
        }
        let options = self.all_options();
        let device = escape(self.device.as_deref()?);
        let (point, kind) = (escape(&self.point), self.fs_type.as_deref()?);
        Some(format!("{device} {point} {kind} {options} {} {}", self.dump, self.pass))
    }
}

impl Composed for Mount {
    const KIND: &'static str = "mount";

    fn subject(&self) -> String {
        self.point.clone()
    }

    fn check(&self) -> Result<(), String> {
        RemotePath::new(&*self.point).map_err(|error| error.to_string())?;
        if self.state == MountState::Absent {
            return Ok(());
        }
        if let Some(device) = &self.device
            && (device.is_empty() || device.contains(char::is_control))
        {
            return Err(format!("invalid device {device:?}"));
        }
        self.fs_type.iter().try_for_each(|kind| check_word("the type of the file system", kind))?;
        self.options.iter().try_for_each(|option| check_word("the option", option))
    }

    fn missing(&self) -> Option<&'static str> {
        let whole = self.state == MountState::Absent || (self.device.is_some() && self.fs_type.is_some());
        (!whole).then_some("a mount needs `device` and `fs_type`, or `absent`")
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let Ok(point) = RemotePath::new(&*self.point) else { return Vec::new() };
        let path = RemotePath::new("/etc/fstab").expect("a valid path");
        let listed = Line { path, key: Key::Second(escape(&self.point)), line: self.line() };
        let live = |device: Option<String>| {
            Box::new(Live { point: point.clone(), device, options: self.all_options() }) as Box<dyn Part>
        };
        match self.state {
            MountState::Mounted => vec![Box::new(listed), live(self.device.clone())],
            MountState::Listed => vec![Box::new(listed)],
            MountState::Unmounted => vec![Box::new(listed), live(None)],
            MountState::Absent => vec![live(None), Box::new(listed)],
        }
    }

    fn effects(&self) -> Option<Effects> {
        RemotePath::new(&*self.point).ok().map(Effects::Below)
    }
}

composed_action!(Mount);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_kernel_is_compared_where_that_can_be_done() {
        let live =
            Live { point: RemotePath::new("/srv/a b").expect("valid"), device: None, options: String::new() };
        let table = ["proc /proc proc rw 0 0", "a /srv/a\\040b x rw 0 0", "b /srv/a\\040b x rw 0 0"];
        let table: Vec<String> = table.map(str::to_owned).into();
        assert_eq!(live.mounted(&table), Some("b"));
        assert_eq!(live.mounted(&table[..1]), None);
        assert!(Live::is_other("/dev/sdb1", "/dev/sdc1") && Live::is_other("host:/a", "host:/b"));
        for (wanted, is) in [("UUID=1", "/dev/sda1"), ("/dev/sdb1", "/dev/sdb1"), ("/srv/x", "/dev/sda1")] {
            assert!(!Live::is_other(wanted, is), "{wanted} {is}");
        }
    }

    #[test]
    fn lines_have_six_words() {
        let mount = Mount {
            point: "/srv/a b".into(),
            device: Some("//host/a b".into()),
            fs_type: Some("cifs".into()),
            options: vec!["ro".into(), "vers=3".into()],
            dump: 0,
            pass: 2,
            state: MountState::Mounted,
        };
        assert!(mount.check().is_ok());
        assert_eq!(mount.line().as_deref(), Some("//host/a\\040b /srv/a\\040b cifs ro,vers=3 0 2"));
        assert!(Mount { options: vec!["a b".into()], ..mount }.check().is_err());
    }
}
