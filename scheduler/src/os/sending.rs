//! TCP connections that others opened in this process, and that are to take messages at once.
//!
//! R writes a message in several parts. TCP keeps a part that does not fill a packet until what went before is acknowledged, which the other end,
//! who waits for the rest, does only after 40 ms. R sets the option that prevents it when a connection is opened, if asked to; package parallel does
//! not ask.
//!
//! And R waits within a message until the system has taken all of it. Where the other end takes nothing any more, that is what the buffer of the
//! connection has room for.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io;
use rustix::net::{self, sockopt, SocketAddrAny};

/// Has TCP send without delay on this process's sockets that have this port at one of their ends, and gives them room for messages of `bytes`,
/// as far as the system allows. How many sockets these are, and how many bytes each of them takes that is empty.
pub fn send_at_once(port: u16, bytes: usize) -> (usize, usize) {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let fds = open.filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    let rooms = fds.filter_map(|fd| {
        // SAFETY: the number is one that was open a moment ago. Should its owner have closed it since then, the calls below fail; should it be
        // another socket's by now, they look at that one. None of them closes it, or changes what is sent.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let here = net::getsockname(fd).ok().and_then(port_of);
        let there = || net::getpeername(fd).ok().flatten().and_then(port_of);
        let ours = here == Some(port) || there() == Some(port);
        ours.then(|| room(fd, bytes).ok()).flatten()
    });
    rooms.fold((0, usize::MAX), |(count, least), room| (count + 1, least.min(room)))
}

/// Makes room in a socket. The system's own figure counts what it needs besides, as much again.
fn room(fd: BorrowedFd<'_>, bytes: usize) -> io::Result<usize> {
    sockopt::set_tcp_nodelay(fd, true)?;
    if sockopt::socket_send_buffer_size(fd)? / 2 < bytes {
        sockopt::set_socket_send_buffer_size(fd, bytes)?;
    }
    Ok(sockopt::socket_send_buffer_size(fd)? / 2)
}

/// None where the address is none of TCP/IP.
fn port_of(address: SocketAddrAny) -> Option<u16> {
    SocketAddr::try_from(address).ok().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::send_at_once;

    #[test]
    fn both_ends_of_connections_with_the_port_send_at_once_and_no_others() {
        let [ours, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let port = ours.local_addr().unwrap().port();
        let ends = [&ours, &other].map(|listener| {
            let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            (here, listener.accept().unwrap().0)
        });
        // The listening socket has the port too.
        assert_eq!(send_at_once(port, 1 << 17).0, 3);
        let without_delay = ends.map(|(here, there)| (here.nodelay().unwrap(), there.nodelay().unwrap()));
        assert_eq!(without_delay, [(true, true), (false, false)]);
    }

    #[test]
    fn a_message_for_which_there_is_room_is_taken_though_nobody_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _there = listener.accept().unwrap();
        let (_, room) = send_at_once(listener.local_addr().unwrap().port(), 1 << 20);
        assert!(room >= 1 << 16, "{room}");
        // What does not wait fails where it would have to.
        here.set_nonblocking(true).unwrap();
        // In parts, as R writes.
        let part = vec![1; 4096];
        (0..room / part.len()).for_each(|_| (&here).write_all(&part).unwrap());
    }
}
