//! What the tests of the VirtualBox provider stand on: a real VirtualBox in a folder ([`real`]), a registry of its own
//! for each test ([`world`]), a way to run programs that can be made to fail ([`runner`]), VirtualBox's server that
//! comes and goes ([`server`]), and a web server whose connections break ([`web`]).
//!
//! No machine can be started without kernel modules. The program `vboxmanage-without-hypervisor` of this package
//! stands in for the hypervisor at that one point and passes everything else to the real VBoxManage.

pub mod real;
pub mod runner;
pub mod server;
pub mod web;
pub mod world;
