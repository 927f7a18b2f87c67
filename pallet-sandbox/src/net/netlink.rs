//! Messages to the kernel's network configuration, and their answers.
//!
//! A bare system has neither `ip` nor `nft`, so interfaces and the firewall table are made by talking to the
//! kernel directly. This file knows how messages are laid out (netlink(7)), not what they mean.

use rustix::fd::OwnedFd;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};
use std::io;
use std::time::Duration;

pub(crate) const REQUEST: u16 = 0x1;
pub(crate) const ACK: u16 = 0x4;
pub(crate) const EXCLUSIVE: u16 = 0x200;
pub(crate) const DUMP: u16 = 0x300;
pub(crate) const CREATE: u16 = 0x400;
pub(crate) const APPEND: u16 = 0x800;

const HEADER: usize = 16;
const KIND_ERROR: u16 = 2;
const KIND_DONE: u16 = 3;
const NESTED: u16 = 0x8000;
/// The kernel answers at once; this only keeps a bug from hanging a run.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message under construction. Lengths are filled in as parts are closed.
#[derive(Debug, Clone)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | REQUEST).to_ne_bytes());
        Message(bytes)
    }

    /// Adds bytes as they are: the fixed part that follows the header.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds an attribute.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len() + 4).expect("attributes are a few bytes long");
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.pad()
    }

    /// Adds an attribute that is a text with a zero at its end.
    pub(crate) fn text(self, kind: u16, value: &str) -> Self {
        self.attribute(kind, &[value.as_bytes(), b"\0"].concat())
    }

    /// Adds an attribute that consists of attributes.
    pub(crate) fn nested(self, kind: u16, inside: impl FnOnce(Message) -> Message) -> Self {
        let inner = inside(Message(Vec::new()));
        self.attribute(kind | NESTED, &inner.0)
    }

    #[cfg(test)]
    pub(crate) fn payload(&self) -> &[u8] {
        &self.0[HEADER..]
    }

    fn pad(mut self) -> Self {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).expect("messages are short");
        self.0[0..4].copy_from_slice(&length.to_ne_bytes());
        self.0[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.0
    }
}

/// A socket to one part of the kernel, in the network namespace of the thread that opened it.
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// Opens a socket for interfaces, addresses and routes.
    pub(crate) fn route() -> io::Result<Self> {
        Socket::open(None)
    }

    /// Opens a socket for the packet filter.
    pub(crate) fn netfilter() -> io::Result<Self> {
        Socket::open(Some(netlink::NETFILTER))
    }

    fn open(protocol: Option<Protocol>) -> io::Result<Self> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Socket(socket))
    }

    /// Sends a message that asks for an acknowledgement and waits for it.
    pub(crate) fn request(&self, message: Message) -> io::Result<()> {
        let last = self.send(vec![message])?;
        self.acknowledged(last)
    }

    /// Sends messages that the kernel takes or refuses together. The last of them must ask for an
    /// acknowledgement; `end` closes the transaction and gets none.
    pub(crate) fn transaction(&self, messages: Vec<Message>, end: Message) -> io::Result<()> {
        let last = self.send(messages.into_iter().chain([end]).collect())? - 1;
        self.acknowledged(last)
    }

    fn acknowledged(&self, last: u32) -> io::Result<()> {
        loop {
            for reply in parse(&self.receive()?) {
                match reply {
                    Reply::Error(errno, _) if errno != 0 => return Err(io::Error::from_raw_os_error(-errno)),
                    Reply::Error(_, sequence) if sequence == last => return Ok(()),
                    _ => {}
                }
            }
        }
    }

    /// Asks for a list and returns the payload of each entry.
    pub(crate) fn dump(&self, message: Message) -> io::Result<Vec<Vec<u8>>> {
        self.send(vec![message])?;
        let mut entries = Vec::new();
        loop {
            for reply in parse(&self.receive()?) {
                match reply {
                    Reply::Entry(payload) => entries.push(payload.to_vec()),
                    Reply::Done | Reply::Error(0, _) => return Ok(entries),
                    Reply::Error(errno, _) => return Err(io::Error::from_raw_os_error(-errno)),
                }
            }
        }
    }

    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.0
    }

    /// Sends and returns the last sequence number.
    fn send(&self, messages: Vec<Message>) -> io::Result<u32> {
        let mut bytes = Vec::new();
        let mut sequence = 0;
        for message in messages {
            sequence += 1;
            bytes.extend(message.finish(sequence));
        }
        send(&self.0, &bytes, SendFlags::empty())?;
        Ok(sequence)
    }

    fn receive(&self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; 64 * 1024];
        let (length, _) = recv(&self.0, buffer.as_mut_slice(), RecvFlags::empty())?;
        buffer.truncate(length);
        Ok(buffer)
    }
}

#[derive(Debug, PartialEq)]
enum Reply<'a> {
    /// A refusal, or with 0 an acknowledgement, of the message with this sequence number.
    Error(i32, u32),
    Entry(&'a [u8]),
    Done,
}

fn parse(mut bytes: &[u8]) -> Vec<Reply<'_>> {
    let mut replies = Vec::new();
    while let Some((length, kind, sequence)) = header(bytes) {
        let payload = &bytes[HEADER..length];
        replies.push(match kind {
            KIND_ERROR => {
                Reply::Error(payload.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code)), sequence)
            }
            KIND_DONE => Reply::Done,
            _ => Reply::Entry(payload),
        });
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    replies
}

fn header(bytes: &[u8]) -> Option<(usize, u16, u32)> {
    let length = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
    let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
    let sequence = u32::from_ne_bytes(*bytes.get(8..)?.first_chunk()?);
    (HEADER..=bytes.len()).contains(&length).then_some((length, kind, sequence))
}

/// Returns the value of the first attribute of this kind.
pub(crate) fn find_attribute(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
        let kind = u16::from_ne_bytes(*bytes.get(2..)?.first_chunk()?) & !NESTED;
        let value = bytes.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_nested_and_found_again() {
        let message = Message::new(16, ACK).text(3, "ab").nested(18, |inner| inner.text(1, "veth"));
        let bytes = message.finish(7);
        assert_eq!(header(&bytes), Some((bytes.len(), 16, 7)));
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(find_attribute(&bytes[HEADER..], 3), Some(&b"ab\0"[..]));
        let nest = find_attribute(&bytes[HEADER..], 18).expect("it was added");
        assert_eq!(find_attribute(nest, 1), Some(&b"veth\0"[..]));
        assert_eq!(find_attribute(nest, 2), None);
    }

    #[test]
    fn replies_are_told_apart_and_a_cut_one_is_dropped() {
        let error = Message::new(KIND_ERROR, 0).raw(&(-17_i32).to_ne_bytes()).finish(3);
        let entry = Message::new(24, 0).raw(b"12345678").finish(3);
        let bytes = [error.as_slice(), &entry, &entry[..12]].concat();
        assert_eq!(parse(&bytes), [Reply::Error(-17, 3), Reply::Entry(b"12345678")]);
    }
}
