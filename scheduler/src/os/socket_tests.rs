//! Channels, waiting and listening, on real sockets.

use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

use super::*;
use std::time::Duration;

use crate::os::{poll, poll_each, user, Interest, Listener};

fn text(channel: &Channel) -> Option<String> {
    let mut buf = Vec::new();
    let (length, _) = channel.receive(&mut buf).unwrap()?;
    buf.truncate(length);
    Some(String::from_utf8(buf).unwrap())
}

#[test]
fn messages_stay_whole_and_in_order_and_the_end_is_told() {
    let (a, b) = Channel::pair().unwrap();
    let long = "x".repeat(MAX_MESSAGE);
    a.send(b"one").unwrap();
    a.send(long.as_bytes()).unwrap();
    drop(a);
    assert_eq!(text(&b).as_deref(), Some("one"));
    assert_eq!(text(&b), Some(long));
    assert_eq!(text(&b), None);
    let Err(Error::Os { source, .. }) = b.send(b"x") else { panic!("sent to nobody") };
    assert_eq!(source.kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn an_end_that_dies_with_unread_messages_is_closed_not_an_error() {
    let (a, b) = Channel::pair().unwrap();
    b.send(b"never read").unwrap();
    drop(a);
    assert_eq!(text(&b), None); // waits: another test's fork may have a copy of the end until its exec
    assert!(matches!(b.try_receive(&mut Vec::new()).unwrap(), Received::Closed));
}

#[test]
fn nothing_empty_or_too_long_is_sent_or_taken() {
    let (a, b) = Channel::pair().unwrap();
    assert!(matches!(a.send(b""), Err(Error::Message { .. })));
    assert!(matches!(a.send(&vec![0; MAX_MESSAGE + 1]), Err(Error::Message { .. })));
    let mut buf = Vec::new();
    assert!(matches!(b.try_receive(&mut buf).unwrap(), Received::Nothing));
    net::send(&a, &vec![0; MAX_MESSAGE + 1], SendFlags::empty()).unwrap();
    assert!(matches!(b.try_receive(&mut buf), Err(Error::Message { .. })), "it was cut");
}

#[test]
fn a_descriptor_travels_with_a_message_and_is_closed_on_exec() {
    let path = std::env::temp_dir().join(format!("memshare-fd-{}", std::process::id()));
    let mut file = std::fs::File::create_new(&path).unwrap();
    file.write_all(b"the file").unwrap();
    let (a, b) = Channel::pair().unwrap();
    let reading = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(a.try_send(b"here", Some(reading.as_fd())).unwrap());
    drop(reading);
    let Some((4, Some(fd))) = b.receive(&mut Vec::new()).unwrap() else { panic!("no descriptor") };
    assert!(rustix::io::fcntl_getfd(&fd).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    let (mut got, mut taken) = (String::new(), std::fs::File::from(fd));
    taken.rewind().unwrap();
    taken.read_to_string(&mut got).unwrap();
    assert_eq!(got, "the file");
}

#[test]
fn a_full_channel_to_a_stopped_process_takes_no_more_and_nobody_waits() {
    let (a, b) = Channel::pair().unwrap();
    let taken = (0..10_000).take_while(|_| a.try_send(&[7; 4096], None).unwrap()).count();
    assert!(taken > 0 && taken < 10_000, "endless room");
    let writable = || poll_each(&[(a.as_fd(), Interest::ReadOrWrite)], Some(Duration::ZERO)).unwrap();
    assert_eq!(writable(), [false]);
    for _ in 0..taken {
        assert_eq!(b.receive(&mut Vec::new()).unwrap().map(|(length, _)| length), Some(4096));
    }
    assert_eq!(writable(), [true]);
    assert!(a.try_send(b"more", None).unwrap());
}

#[test]
fn a_connection_that_is_shut_down_is_closed_for_both() {
    let (a, b) = Channel::pair().unwrap();
    a.shut_down();
    assert_eq!((text(&a), text(&b)), (None, None));
    assert!(a.try_send(b"x", None).is_err() && b.send(b"x").is_err());
}

#[test]
fn waiting_tells_which_and_a_closed_end_is_ready() {
    let ((a, b), (c, d)) = (Channel::pair().unwrap(), Channel::pair().unwrap());
    let ready = |timeout| poll(&[b.as_fd(), d.as_fd()], Some(timeout)).unwrap();
    assert_eq!(ready(Duration::from_millis(1)), [false, false]);
    a.send(b"x").unwrap();
    assert_eq!(ready(Duration::from_secs(9)), [true, false]);
    assert_eq!(text(&b).as_deref(), Some("x"));
    drop(c);
    assert_eq!(ready(Duration::MAX), [false, true]);
    drop(a);
    assert_eq!(text(&b), None);
    assert_eq!(ready(Duration::MAX), [true, true]);
}

/// A directory of the user's own, removed when dropped.
struct Private(PathBuf);

impl Private {
    fn new(name: &str) -> Private {
        let path = std::env::temp_dir().join(format!("memshare-{name}-{}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        Private(path)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_node_connects_by_path_and_the_path_goes_with_the_listener() {
    let dir = Private::new("listen");
    let path = dir.0.join("socket");
    let listener = Listener::bind(&path).unwrap();
    assert!(listener.accept().unwrap().is_none());
    let node = Channel::connect(&path).unwrap();
    assert_eq!(poll(&[listener.as_fd()], Some(Duration::from_secs(9))).unwrap(), [true]);
    let ours = listener.accept().unwrap().unwrap();
    node.send(b"hello").unwrap();
    assert_eq!(text(&ours).as_deref(), Some("hello"), "and the accepted end waits");
    assert_eq!((ours.peer_uid().unwrap(), node.peer_uid().unwrap()), (user(), user()));
    assert_eq!(ours.peer_pid().unwrap(), Some(std::process::id()));
    assert!(Listener::bind(&path).is_err(), "the path is taken");
    assert_eq!(listener.path(), path);
    drop(listener);
    assert!(!path.exists());
    assert!(Channel::connect(&path).is_err());
}

#[test]
fn nothing_listens_where_others_can_enter() {
    let dir = Private::new("open");
    std::fs::set_permissions(&dir.0, PermissionsExt::from_mode(0o750)).unwrap();
    let refused = Listener::bind(&dir.0.join("socket")).unwrap_err().to_string();
    assert!(refused.contains("other users can enter"), "{refused}");
    assert!(!dir.0.join("socket").exists());
}
