//! What actions do to real nodes: the plan is right, the node is as declared afterwards, and the second run finds
//! nothing to do. Each table is of one kind of action.

mod accounts;
mod commands;
mod cost;
mod edits;
mod files;
mod firewall;
mod git;
mod hostile;
mod how;
mod package_managers;
mod package_sources;
mod packages;
mod random;
mod remote_files;
mod scripts;
mod services;
mod sources;
mod ssh;
mod system;
mod waits;
