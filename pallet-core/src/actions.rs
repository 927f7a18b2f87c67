//! The actions: functions that phases call. One file a kind.
//!
//! | function | declares |
//! |---|---|
//! | [`package`], [`packages`], [`packages_for`] | packages installed, upgraded, held, or absent |
//! | [`package_file`] | a package from a file |
//! | [`minimal_packages`] | the packages that pallet's own actions stand on |
//! | [`debconf`](debconf()) | an answer for a package that asks |
//! | [`package_source`] | a repository, with its key |
//! | [`package_manager`] | the package index refreshed, everything upgraded, the package manager configured |
//! | [`remote_file`] | a file with this content |
//! | [`remote_directory`] | a directory that is the same as one on the controller, or unpacked from an archive |
//! | [`archive`](archive()) | an archive of a directory of the node |
//! | [`fetch_file`] | a file on the controller that is the same as one on the node |
//! | [`fetch_directory`] | a directory on the controller that is the same as one on the node |
//! | [`file`](file()) | a file that exists, whatever its content, or does not |
//! | [`line_in_file`], [`block_in_file`], [`replace_in_file`] | a part of a file that others write as well |
//! | [`directory`](directory()) | a directory that exists, or does not |
//! | [`fifo`](fifo()) | a named pipe |
//! | [`symbolic_link`](symbolic_link()) | a symbolic link |
//! | [`exec`](exec()) | a command that is run |
//! | [`exec_script`] | a script that is run, by the node's `sh` or another program |
//! | [`output_of`] | what a command writes, as a value |
//! | [`publish_fact`] | a value of the node, for later phases of any node |
//! | [`service`](service()) | a service enabled, running, masked, reloaded when something changed |
//! | [`unit_file`], [`unit_drop_in`], [`init_script`] | a file that defines a service, or adds to its definition |
//! | [`user`], [`group`] | a user or a group of users, with password, memberships, home and so on |
//! | [`authorized_key`], [`authorized_keys`] | the SSH keys that a user accepts |
//! | [`ssh_key`], [`host_key`], [`host_key_pair`] | SSH keys of a user and of the node |
//! | [`known_host`] | the key of a host, known to all users |
//! | [`sudoers`] | rules of sudo, checked by `visudo` |
//! | [`cron`](cron()), [`crontab`](crontab()) | jobs of cron: in a file of their own, in the crontab of a user |
//! | [`sysctl`](sysctl()) | a setting of the kernel |
//! | [`hostname`](hostname()) | the name of the node |
//! | [`hosts_entry`], [`hosts`](hosts()) | lines of `/etc/hosts`: of an address, of the nodes of the run |
//! | [`limits`](limits()) | limits of users' sessions |
//! | [`environment`](environment()), [`etc_default`] | variables of sessions and of services |
//! | [`mount`](mount()) | a file system that is mounted |
//! | [`swap_file`] | swap space |
//! | [`timezone`](timezone()) | the time zone |
//! | [`locale`](locale()) | a language that the node has, and sessions begin with |
//! | [`kernel_module`](kernel_module()) | a module of the kernel, loaded or kept out |
//! | [`alternatives`](alternatives()), [`alternatives_auto`] | which of several programs a name stands for |
//! | [`nftables`](nftables()) | firewall rules of nftables, checked by `nft` |
//! | [`ufw_rule`], [`ufw`](ufw()) | firewall rules of ufw |
//! | [`reboot`](reboot()) | the node rebooted, and waited for |
//! | [`wait_for_file`], [`wait_for_port`], [`wait_for_http`], [`retry_until`] | nothing: something is waited for |

mod alternatives;
mod archive;
mod attributes;
mod authorized_keys;
mod cron;
mod crontab;
mod directory;
mod edit;
mod environment;
mod exec;
mod fetch_directory;
mod fetch_file;
mod fetched;
mod fifo;
mod file;
mod groups;
mod hostname;
mod hosts;
#[cfg(feature = "json")]
mod json;
mod kernel_module;
mod limits;
mod local_directory;
mod locale;
mod mount;
mod nftables;
mod package;
mod parts;
mod patterns;
mod public_key;
mod publish_fact;
mod reboot;
mod remote_directory;
mod remote_file;
mod service;
mod ssh_key;
mod sudoers;
mod swap;
mod symbolic_link;
mod sysctl;
mod timezone;
mod ufw;
mod user_entry;
mod users;
mod wait;

pub use alternatives::{Alternative, alternatives, alternatives_auto};
pub use archive::{Archive, NewArchive, archive};
pub use attributes::Attributes;
pub use authorized_keys::{AuthorizedKeys, authorized_key, authorized_keys};
pub use cron::{Cron, Schedule, cron};
pub use crontab::{Crontab, crontab};
pub use directory::{Directory, directory};
pub use edit::{
    BlockInFile, FileEdit, LineInFile, ReplaceInFile, block_in_file, line_in_file, replace_in_file,
};
pub use environment::{Environment, EtcDefault, environment, etc_default};
pub use exec::{Exec, OutputOf, exec, exec_script, output_of};
pub use fetch_directory::{Arrival, FetchDirectory, FetchedEntry, Listing, fetch_directory};
pub use fetch_file::{FetchFile, fetch_file};
pub use fifo::{Fifo, fifo};
pub use file::{File, file};
pub use groups::{Group, group};
pub use hostname::{Hostname, hostname};
pub use hosts::{Hosts, HostsEntry, hosts, hosts_entry};
#[cfg(feature = "json")]
pub use json::JsonPart;
pub use kernel_module::{KernelModule, kernel_module};
pub use limits::{Limits, limits};
pub use local_directory::{LocalDirectory, LocalEntry, LocalTree};
pub use locale::{Locale, locale};
pub use mount::{Mount, mount};
pub use nftables::{Nftables, nftables};
pub use package::{
    AutoRemove, CacheCleanup, Debconf, ForeignArchitecture, IndexUpdate, Package, PackageFile,
    PackageManager, PackageSetting, PackageSource, System, SystemUpgrade, debconf, minimal_packages, package,
    package_file, package_manager, package_source, packages, packages_for,
};
pub use publish_fact::{PublishFact, publish_fact};
pub use reboot::{Reboot, reboot};
pub use remote_directory::{NewDirectory, RemoteDirectory, remote_directory};
pub use remote_file::{Bytes, LocalContent, NewDownload, NewFile, RemoteFile, remote_file};
pub use service::{Service, ServiceAnswer, UnitFile, init_script, service, unit_drop_in, unit_file};
pub use ssh_key::{HostKeyPair, KnownHost, SshKey, host_key, host_key_pair, known_host, ssh_key};
pub use sudoers::{SudoRule, SudoUser, Sudoers, sudoers};
pub use swap::{SwapFile, swap_file};
pub use symbolic_link::{SymbolicLink, symbolic_link};
pub use sysctl::{Sysctl, sysctl};
pub use timezone::{Timezone, timezone};
pub use ufw::{Ufw, UfwRule, ufw, ufw_rule};
pub use users::{User, user};
pub use wait::{Wait, retry_until, wait_for_file, wait_for_http, wait_for_port};
