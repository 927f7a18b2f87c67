//! The whole program, over real SSH, on Debian nodes with systemd.

mod broken;
mod life;
mod refused;
mod secrets;
