//! Channels between our processes: Unix sockets that keep messages whole, and tell of a death by end-of-file.
//!
//! `SOCK_SEQPACKET`: one send is one receive, in order. A message may carry one file descriptor. Every descriptor here is
//! close-on-exec, so a channel's end lives in exactly one process, and closes when that dies. Which is why a death is seen
//! at once, and why `launch` alone lets one through.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::net::{
    self, AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

use crate::error::{Error, Result};

/// The longest message. What is bigger goes into a page.
pub const MAX_MESSAGE: usize = 64 << 10;

/// One end of a connection.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// What there was to receive.
#[derive(Debug)]
pub enum Received {
    /// Nothing yet.
    Nothing,
    /// The other end is closed: its process ended, or wants no more.
    Closed,
    /// A message of this many bytes, and the descriptor that came with it.
    Message(usize, Option<OwnedFd>),
}

impl Channel {
    /// Two connected ends.
    ///
    /// # Errors
    /// [`Error::Os`] when there is no descriptor left.
    pub fn pair() -> Result<(Channel, Channel)> {
        net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map(|(a, b)| (Channel(a), Channel(b)))
            .map_err(|e| Error::os("cannot make a pair of sockets", e))
    }

    /// The end that this process was started with.
    ///
    /// # Safety
    /// `fd` is open, is such an end, and nothing else in this process owns it.
    pub unsafe fn from_raw_fd(fd: RawFd) -> Channel {
        // SAFETY: the caller's promise is `OwnedFd`'s condition.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // It came open through exec; what this process starts must not have it too.
        let _ = rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC);
        Channel(fd)
    }

    pub(super) fn from_fd(fd: OwnedFd) -> Channel {
        Channel(fd)
    }

    /// Sends one message, and waits for room where there is none.
    ///
    /// # Errors
    /// [`Error::Os`], with `BrokenPipe` for a closed other end, which is never a signal; [`Error::Message`] for a message that is
    /// empty or too long.
    pub fn send(&self, message: &[u8]) -> Result<()> {
        self.send_with(message, None, SendFlags::empty()).map(|_| ())
    }

    /// Sends one message and, with it, a copy of a file descriptor, without waiting. `false`: there is no room now, for the other
    /// end does not read.
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub fn try_send(&self, message: &[u8], fd: Option<BorrowedFd<'_>>) -> Result<bool> {
        self.send_with(message, fd, SendFlags::DONTWAIT)
    }

    /// Ends the connection in both directions: the other end sees it closed, and so does this one.
    pub fn shut_down(&self) {
        let _ = net::shutdown(&self.0, net::Shutdown::Both); // it may be closed already
    }

    fn send_with(&self, message: &[u8], fd: Option<BorrowedFd<'_>>, flags: SendFlags) -> Result<bool> {
        if message.is_empty() || message.len() > MAX_MESSAGE {
            // An empty one could not be told from the end of file.
            let reason = format!("it has {} bytes; 1 to {MAX_MESSAGE} can be sent", message.len());
            return Err(Error::Message { from: "this process".into(), reason });
        }
        let fds: Vec<BorrowedFd<'_>> = fd.into_iter().collect();
        loop {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !fds.is_empty() {
                control.push(SendAncillaryMessage::ScmRights(&fds)); // there is room for one
            }
            match net::sendmsg(&self.0, &[IoSlice::new(message)], &mut control, flags | SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(true), // whole, or not at all
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                Err(Errno::CONNRESET) => return Err(Error::os("cannot send a message", Errno::PIPE)),
                Err(e) => return Err(Error::os("cannot send a message", e)),
            }
        }
    }

    /// Waits for a message and puts it into the front of `buf`: its length, and the descriptor that came with it. `None` when
    /// the other end is closed. `buf` grows to [`MAX_MESSAGE`] once: keep it for the next message.
    ///
    /// # Errors
    /// [`Error::Message`] for one that is too long or carries more than a descriptor; [`Error::Os`] when the system refuses.
    pub fn receive(&self, buf: &mut Vec<u8>) -> Result<Option<(usize, Option<OwnedFd>)>> {
        match self.receive_with(buf, RecvFlags::empty())? {
            Received::Message(length, fd) => Ok(Some((length, fd))),
            Received::Closed => Ok(None),
            Received::Nothing => Err(Error::os("cannot receive a message", Errno::AGAIN)),
        }
    }

    /// Takes a message if there is one; like [`Channel::receive`], without waiting.
    ///
    /// # Errors
    /// As [`Channel::receive`].
    pub fn try_receive(&self, buf: &mut Vec<u8>) -> Result<Received> {
        self.receive_with(buf, RecvFlags::DONTWAIT)
    }

    fn receive_with(&self, buf: &mut Vec<u8>, flags: RecvFlags) -> Result<Received> {
        if buf.len() < MAX_MESSAGE {
            buf.resize(MAX_MESSAGE, 0);
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = flags | RecvFlags::CMSG_CLOEXEC;
        let got = loop {
            match net::recvmsg(&self.0, &mut [IoSliceMut::new(buf)], &mut control, flags) {
                Ok(got) => break got,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(Received::Nothing),
                // It died with messages of ours unread.
                Err(Errno::CONNRESET) => return Ok(Received::Closed),
                Err(e) => return Err(Error::os("cannot receive a message", e)),
            }
        };
        let fd = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
            let reason = "it is too long, or carries too much".into();
            return Err(Error::Message { from: "the other end".into(), reason });
        }
        Ok(if got.bytes == 0 { Received::Closed } else { Received::Message(got.bytes, fd) })
    }

    /// The user of the process that made the other end, as the kernel knows it.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses to say.
    pub fn peer_uid(&self) -> Result<u32> {
        self.peer().map(|who| who.uid)
    }

    /// The process that made the other end, by its id as this process sees it; `None` of one in a namespace that cannot be seen from
    /// here.
    ///
    /// # Errors
    /// As [`Channel::peer_uid`].
    pub fn peer_pid(&self) -> Result<Option<u32>> {
        self.peer().map(|who| u32::try_from(who.pid).ok().filter(|&pid| pid > 0))
    }

    // Not by rustix, whose type for a process id cannot hold the kernel's 0 for "not seen from here".
    fn peer(&self) -> Result<libc::ucred> {
        let mut who = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut len = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: the descriptor is open, and the kernel writes at most `len` bytes into `who`, plain integers of that size.
        let refused = unsafe {
            let to = (&raw mut who).cast();
            libc::getsockopt(self.0.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, to, &mut len)
        };
        match refused {
            0 => Ok(who),
            _ => Err(Error::os("cannot ask whose a connection is", std::io::Error::last_os_error())),
        }
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> OwnedFd {
        channel.0
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
