//! TCP connections that others opened in this process, and whose messages are to leave at once.
//!
//! R writes a message in several parts. TCP keeps a part that does not fill a packet until what went before is acknowledged, which the other end,
//! who waits for the rest, does only after 40 ms. R sets the option that prevents it when a connection is opened, if asked to; package parallel does
//! not ask.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::net::{self, sockopt, SocketAddrAny};

/// Has TCP send without delay on this process's sockets that have this port at one of their ends. How many these are.
pub fn send_at_once(port: u16) -> usize {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let fds = open.filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    fds.filter(|&fd| {
        // SAFETY: the number is one that was open a moment ago. Should its owner have closed it since then, the calls below fail; should it be
        // another socket's by now, they look at that one. None of them closes it, or changes what is sent.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let here = net::getsockname(fd).ok().and_then(port_of);
        let there = || net::getpeername(fd).ok().flatten().and_then(port_of);
        (here == Some(port) || there() == Some(port)) && sockopt::set_tcp_nodelay(fd, true).is_ok()
    })
    .count()
}

/// None where the address is none of TCP/IP.
fn port_of(address: SocketAddrAny) -> Option<u16> {
    SocketAddr::try_from(address).ok().map(|address| address.port())
}

#[cfg(test)]
mod tests {
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
        assert_eq!(send_at_once(port), 3);
        let without_delay = ends.map(|(here, there)| (here.nodelay().unwrap(), there.nodelay().unwrap()));
        assert_eq!(without_delay, [(true, true), (false, false)]);
    }
}
