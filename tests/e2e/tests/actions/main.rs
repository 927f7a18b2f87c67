//! What actions do to real nodes: the plan is right, the node is as declared afterwards, and the second run finds
//! nothing to do. Each table is of one kind of action.

mod accounts;
mod archives;
mod commands;
mod cost;
mod crontabs;
mod edits;
mod facts;
mod files;
mod firewall;
mod hostile;
mod how;
mod leftovers;
mod limits;
mod node_facts;
mod package_managers;
mod package_sources;
mod packages;
mod packing;
mod random;
mod reboots;
mod remote_files;
mod scripts;
mod secrets;
mod services;
mod sources;
mod ssh;
mod sync;
mod system;
mod uploads;
mod waits;
