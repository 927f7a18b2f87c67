//! Whole programs on machines of a real VirtualBox that boot, without a hypervisor.
//!
//! VirtualBox cannot start a machine without its kernel modules. So the program `vboxmanage-on-qemu` of this package stands
//! in for VBoxManage: [`standin`] passes every call on to the real one, and at the single point where a hypervisor
//! is needed boots the machine under QEMU, which emulates every instruction.
//!
//! What is real: VBoxManage itself and the registry it keeps, so machines, media, the multi-attach base with its holder,
//! the differencing disk of each machine, forwarding rules, extra data; the firmware's boot from the disk, boot loader,
//! kernel, init system and sshd of the guest; the way to it through the forwarded port.
//!
//! What is stood in for:
//!
//! - `startvm`, `controlvm`, `discardstate`, and in what `showvminfo --machinereadable` answers the state and the time of its
//!   last change ([`standin`]);
//! - the hardware: QEMU's counterpart of each part that the registry names ([`machine`], [`qemu`]). Memory, processors,
//!   SATA and IDE controllers, disks, optical discs, network adapters behind NAT with their forwarding rules. Adapters of
//!   other kinds are there and lead nowhere, because what they lead to needs kernel modules as well;
//! - where a guest's writes go: VirtualBox would write them into the differencing disk that the registry has for the
//!   machine. Here they go to a file of QEMU's for each such disk ([`disks`]), which stays as long as the test, so that a
//!   machine that is started again has what it wrote. VirtualBox itself sees disks that nobody wrote to.
//!
//! [`lab`] has what the tests stand on: a registry with a model, a controller, a program to converge with.

pub mod disks;
pub mod lab;
pub mod machine;
pub mod qemu;
pub mod qmp;
pub mod standin;
