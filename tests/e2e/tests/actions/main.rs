//! What actions do to real nodes: the plan is right, the node is as declared afterwards, and the second run finds
//! nothing to do. Each table is of one kind of action.

mod accounts;
mod commands;
mod cost;
mod edits;
mod files;
mod hostile;
mod how;
mod packages;
mod random;
mod remote_files;
mod services;
mod sources;
mod uploads;
