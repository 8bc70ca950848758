//! A socket with a path, on which processes that we did not start (a cluster's nodes on this host) connect.
//!
//! Two walls against other users: the directory is the user's alone, and whoever connects is asked for by the kernel.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::host::user;
use super::socket::Channel;
use crate::error::{Error, Result};

/// Connections that wait to be accepted; a cluster's nodes come all at once.
const BACKLOG: i32 = 1024;

/// A listening socket. Dropping it removes its path, in the process that made it.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    path: PathBuf,
    creator: u32,
}

impl Listener {
    /// Listens at `path`, in a directory that only this user can enter.
    ///
    /// # Errors
    /// [`Error::Os`] when others can enter the directory, or the system refuses.
    pub fn bind(path: &Path) -> Result<Listener> {
        let failed = |e: std::io::Error| Error::os(format!("cannot listen at {}", path.display()), e);
        let dir = path.parent().unwrap_or(Path::new("."));
        let owner = fs::metadata(dir).map_err(failed)?;
        if owner.uid() != user() || owner.mode() & 0o077 != 0 {
            return Err(failed(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                format!("other users can enter the directory {}", dir.display()),
            )));
        }
        let fd = socket(SocketFlags::NONBLOCK).map_err(|e| failed(e.into()))?;
        let address = SocketAddrUnix::new(path).map_err(|e| failed(e.into()))?;
        net::bind(&fd, &address).map_err(|e| failed(e.into()))?;
        let listener = Listener { fd, path: path.to_owned(), creator: std::process::id() };
        net::listen(&listener.fd, BACKLOG).map_err(|e| failed(e.into()))?;
        Ok(listener)
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next connection of a process of this user; `None` when there is none yet.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses.
    pub fn accept(&self) -> Result<Option<Channel>> {
        loop {
            match net::accept_with(&self.fd, SocketFlags::CLOEXEC) {
                Ok(fd) => {
                    let channel = Channel::from_fd(fd);
                    if channel.peer_uid()? == user() {
                        return Ok(Some(channel));
                    }
                    tracing::warn!("a connection of another user was refused");
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(e) => return Err(Error::os("cannot accept a connection", e)),
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.creator == std::process::id() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Channel {
    /// Connects to the process of this user that listens at `path`.
    ///
    /// # Errors
    /// [`Error::Os`] when nobody listens there, or another user does.
    pub fn connect(path: &Path) -> Result<Channel> {
        let failed = |e: Errno| Error::os(format!("cannot connect to {}", path.display()), e);
        let fd = socket(SocketFlags::empty()).map_err(failed)?;
        let address = SocketAddrUnix::new(path).map_err(failed)?;
        loop {
            match net::connect(&fd, &address) {
                Ok(()) | Err(Errno::ISCONN) => break,
                Err(Errno::INTR) => {}
                Err(e) => return Err(failed(e)),
            }
        }
        let channel = Channel::from_fd(fd);
        if channel.peer_uid()? != user() {
            return Err(failed(Errno::PERM));
        }
        Ok(channel)
    }
}

fn socket(flags: SocketFlags) -> rustix::io::Result<OwnedFd> {
    net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags | SocketFlags::CLOEXEC, None)
}
