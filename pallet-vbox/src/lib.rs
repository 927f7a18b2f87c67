//! VirtualBox as a compute service: machines are made, started, stopped and removed through `VBoxManage`.
//!
//! The crate knows VBoxManage and nothing of SSH or of how nodes are configured. It runs programs only through
//! the [`CommandRunner`](pallet::compute::CommandRunner) it is given, and waits with tokio's timer, so its
//! futures need a tokio runtime.
//!
//! # What it promises
//!
//! - Only machines that carry our extra data are ever changed. A machine is its UUID; names are only shown.
//! - A disk that serves as a model is never written to, and never deleted but by `image remove`. Each node works on a disk
//!   of its own, in the node's own folder; that this is so is checked before the node first starts.
//! - A creation that fails is undone. One that was killed is recognised, and undone before the next creation or
//!   removal.
//!
//! # What was tried
//!
//! On VirtualBox 7.2 for Linux: everything but what needs its kernel modules. The tests have none, so there no machine runs
//! in VirtualBox itself, no guest tells its address, no host-only interface is made, and no DHCP server gives an address: what
//! is kept in one is real, the leases that VirtualBox reads were written by the tests.
//!
//! Never tried:
//!
//! - 7.0 and 7.1. Known of them is that 7.0 has no `--platform-architecture` and calls `--x86-…` by the older names, and that
//!   `list ostypes` has another form. 7.0.0 is refused: it does not tell of forwarded ports where a machine has several.
//! - macOS: the host-only networks that take the place of interfaces there, `arp`, and where the program is.
//! - What the kernel driver and hardware virtualisation say when they fail: those words were not captured.
//!
//! Windows is not supported.
//!
//! # What there is not
//!
//! Typing into a node: a node is configured over SSH, and what comes before that, a boot menu or an installer, is done once
//! for an image. `VBoxManage controlvm UUID keyboardputstring TEXT` types, and `nodes -o json` has the UUID. Uploading
//! a model to a store: its disk is a file, and `image add` takes it from any URL.
//!
//! # Options of a service
//!
//! | option | meaning | default |
//! |---|---|---|
//! | `images` | table of image models by id, with the keys below | none |
//! | `model-path` | folder of image models on the host; relative image paths belong to it | `pallet/models` in the user's data folder, `~/.local/share` |
//! | `node-path` | folder that the machines live in | VirtualBox's own |
//! | `hardware-models` | table of [hardware models](hardware_reference) by id | `micro`, `small`, `medium`, `large` |
//! | `hardware-models-file` | a TOML file of hardware models by id | none |
//! | `hardware-model-path` | a folder with a TOML file for each hardware model | none |
//! | `default-network` (`default-network-type`) | `local`, `nat`, `bridged` or a [list of adapters](hardware_reference#networks) | `local` |
//! | `management-adapter` | the number of the adapter in that list through which nodes are reached | the first |
//! | `default-local-interface` | the host-only interface, made when it is missing; on macOS the host-only network | `vboxnet0` |
//! | `default-local-address` | the host's address on a host-only network that is made | VirtualBox's choice |
//! | `default-bridged-interface` | the interface to bridge to | the first usable |
//! | `vboxmanage-path` | the program | looked for |
//! | `vbox-user-home` | VirtualBox's registry (`VBOX_USER_HOME`) | VirtualBox's own |
//! | `session-type` | `headless`, `gui`, `sdl` or `separate` | `headless` |
//! | `ip-timeout` | seconds that a node may take to get its address | 300 |
//! | `stop-timeout` | seconds that a node may take to shut down before it is switched off | 60 |
//! | `destroy-on-failure` | whether a new node that does not start, or tells no address, is removed again; one that is kept can be looked at, and the next run goes on with it | `true` |
//! | `max-parallel-creates` | how many nodes are made at a time, from the first call until their address is known | 8 |
//! | `host` | the machine that VirtualBox is on, `[user@]name[:port]`, over SSH; all paths are then paths there, but those of keys and of files of hardware models: these belong to the program, as `pallet.toml` does | the controller |
//! | `vm-group` | VirtualBox's group that our machines are shown in | `/pallet` |
//!
//! `identity`, `credential`, `url` and `vbox-comm` belong to the web service that older versions of Pallet talked
//! to. They are accepted and mean nothing.
//!
//! # Image models
//!
//! A model is defined in the program ([`VirtualBox::image`]), in the configuration (`images`), or in a file of the folder of
//! models: `*.toml`, with a table for each model, and VMFest's `*.meta`, which are read as data. The configuration wins
//! over the program, and both over files. A mistake in one definition leaves the others alone. `images` lists all, with
//! what is wrong with them; `images --os-family debian` tells which would be chosen, and why: the newest system, of
//! equal ones a 64-bit one, then the first by id. Where nothing but the id decided, `plan` and `converge` say so.
//!
//! | key | meaning |
//! |---|---|
//! | `path` (or `uuid`) | the disk: a file, or the UUID of a disk that VirtualBox knows |
//! | `description` | for people |
//! | `os-family`, `os-version`, `os-64-bit` | what is in it, to be chosen by |
//! | `os-type` | VirtualBox's id of the guest system; by default it follows from the family |
//! | `username`, `password`, `sudo-password`, `no-sudo`, `private-key-path`, `public-key-path`, `private-key`, `passphrase` | the account that is in it, for `bootstrap` |
//! | `cloud-init` | `true`: the image makes the admin user itself, see below |
//! | `attach` | how nodes use the disk, see below |
//! | `origin`, `disk-sha256` | written by `image add` |
//!
//! `image add ID URL|FILE` brings a disk to the host and makes a VDI of it: from vdi, vmdk, vhd, qcow2 and raw disks, also in an
//! ova or box, packed by gzip, xz or zstd. What a file is is read from its bytes. A difference to another disk, and an
//! image whose data is in other files, is refused. It is fetched by the host's `curl`; a download that breaks off goes on where it was, also in
//! the next run. 256 MiB of the host's disk stay free. Blocks of zeros take no room. `image remove ID` removes what was added so, and nothing else, and
//! nothing that a node stands on; `image check` reads all disks to their end.
//!
//! | `attach` | a node's disk | |
//! |---|---|---|
//! | `multi-attach` | a difference that VirtualBox makes | the default |
//! | `linked-clone` | a difference, as a file of the node's own that it keeps when it is detached | |
//! | `full-copy` | a copy | needs the space and the time; does not need the model any more |
//! | `immutable` | a difference that VirtualBox empties whenever the node is switched on | the node forgets everything, also what pallet configured |
//!
//! # Cloud images
//!
//! An image with `cloud-init = true` needs no account. Each of its nodes has a small CD (label `cidata`) that tells cloud-init the node's
//! name, its adapters, and the admin user with the public key that belongs to `private-key-path`, or those of the usual
//! keys in `~/.ssh`. The first login is that of the admin user, who may use sudo without a password.
//!
//! ```text
//! $ cargo run -- image add debian-12 https://…/debian-12-generic-amd64.qcow2 --checksum sha512:… \
//!       --os-family debian --os-version 12 --os-64-bit --cloud-init
//! ```
//!
//! Of a distribution's cloud images choose one with drivers for real hardware, since VirtualBox emulates that: Debian's `generic`, not
//! `genericcloud`. In the tests a real cloud-init reads the CD, also on a machine that boots from it under QEMU. Never tried: a
//! cloud image in VirtualBox itself, whose kernel modules the tests do not have, and the images of other distributions.

mod address;
mod boot_disk;
mod command;
mod create;
mod destroy;
mod doctor;
mod hardware;
mod holder;
mod host;
mod host_only;
mod image;
mod inspect;
mod ledger;
mod lock;
mod machine;
mod neighbours;
mod network;
mod ports;
mod power;
mod problem;
mod provider;
mod seed;
mod service;
mod settings;
mod shared;
mod side_by_side;
mod snapshots;
mod tags;
mod unreadable;
mod vboxmanage;

pub use provider::{VirtualBox, provider};

#[doc = include_str!("../docs/hardware.md")]
pub mod hardware_reference {}
