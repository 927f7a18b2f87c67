//! VirtualBox as a compute service: machines are made, started, stopped and removed through `VBoxManage`.
//!
//! The crate knows VBoxManage and nothing of SSH or of how nodes are configured. It runs programs only through
//! the [`CommandRunner`](pallet::compute::CommandRunner) it is given, and waits with tokio's timer, so its
//! futures need a tokio runtime.
//!
//! # What it promises
//!
//! - Only machines that carry our extra data are ever changed. A machine is its UUID; names are only shown.
//! - A disk that serves as a model is never written to and never deleted. Each node works on a differencing disk
//!   of its own over the model, in the node's own folder; that this is so is checked before the node first starts.
//! - A creation that fails is undone. One that was killed is recognised, and undone before the next creation or
//!   removal.
//!
//! # What was tried
//!
//! On VirtualBox 7.2 for Linux: everything but running machines, which need a kernel module; see the tests. Of 7.0 and
//! 7.1 is known that `createvm` has other options and `list ostypes` another form; of macOS, that host-only networks take the place of
//! interfaces, and where the program is. Neither was ever tried, nor what the kernel driver and hardware virtualisation say when
//! they fail: those words were not captured. Windows is not supported.
//!
//! # Options of a service
//!
//! | option | meaning | default |
//! |---|---|---|
//! | `images` | table of image models by id: `path` (or `uuid`), `description`, `os-type`, `os-family`, `os-version`, `os-64-bit`, `username`, `password`, `sudo-password`, `no-sudo`, `private-key-path`, `private-key`, `passphrase` | none |
//! | `model-path` | folder that relative image paths belong to | the folder of the configuration |
//! | `node-path` | folder that the machines live in | VirtualBox's own |
//! | `hardware-models` | table of hardware models by id: `memory-size` in MiB, `cpu-count` | `micro`, `small`, `medium`, `large` |
//! | `default-network` | `local`, `nat` or `bridged` | `local` |
//! | `default-local-interface` | the host-only interface | `vboxnet0` |
//! | `default-bridged-interface` | the interface to bridge to | the first usable |
//! | `vboxmanage-path` | the program | looked for |
//! | `vbox-user-home` | VirtualBox's registry (`VBOX_USER_HOME`) | VirtualBox's own |
//! | `session-type` | `headless`, `gui`, `sdl` or `separate` | `headless` |
//! | `ip-timeout` | seconds that a node may take to get its address | 300 |
//! | `stop-timeout` | seconds that a node may take to shut down before it is switched off | 60 |
//! | `max-parallel-creates` | how many nodes are made at a time, from the first call until their address is known | 8 |
//! | `host` | the machine that VirtualBox is on, `[user@]name[:port]`, over SSH; all paths but those of keys are then paths there | the controller |
//! | `vm-group` | VirtualBox's group that our machines are shown in | `/pallet` |
//!
//! `identity`, `credential`, `url` and `vbox-comm` belong to the web service that older versions of Pallet talked
//! to. They are accepted and mean nothing.

mod address;
mod command;
mod create;
mod destroy;
mod doctor;
mod hardware;
mod holder;
mod host;
mod image;
mod ledger;
mod lock;
mod machine;
mod network;
mod ports;
mod problem;
mod provider;
mod service;
mod settings;
mod shared;
mod side_by_side;
mod tags;
mod unreadable;
mod vboxmanage;

pub use provider::provider;
