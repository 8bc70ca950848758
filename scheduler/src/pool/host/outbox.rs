//! Messages to one process that never make us wait. What its channel has no room for is kept, in order, and sent when there is room:
//! a process that was stopped, or that reads nothing for long, must not stop whoever speaks to it.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{Error, Result};
use crate::os::{Channel, Interest, Received};

/// The most messages that are kept. A worker with any is given no further run, and a fork server gets one for each worker.
const MOST: usize = 2048;

/// A channel, and what it had no room for.
#[derive(Debug)]
pub(crate) struct Outbox {
    channel: Channel,
    kept: VecDeque<(Vec<u8>, Option<OwnedFd>)>,
    /// Since when the first of them waits.
    since_ns: u64,
}

impl Outbox {
    pub(crate) fn new(channel: Channel) -> Self {
        Outbox { channel, kept: VecDeque::new(), since_ns: 0 }
    }

    /// Sends a message, or keeps it behind those that wait.
    ///
    /// # Errors
    /// When the other end is closed, or too much waits already.
    pub(crate) fn send(&mut self, message: Vec<u8>, fd: Option<OwnedFd>, now_ns: u64) -> Result<()> {
        if self.kept.is_empty() {
            if self.channel.try_send(&message, fd.as_ref().map(AsFd::as_fd))? {
                return Ok(());
            }
            self.since_ns = now_ns;
        } else if self.kept.len() >= MOST {
            let reason = format!("{MOST} messages wait for it already");
            return Err(Error::Message { from: "this process".into(), reason });
        }
        self.kept.push_back((message, fd));
        Ok(())
    }

    /// Sends what waits, as far as there is room.
    ///
    /// # Errors
    /// When the other end is closed.
    pub(crate) fn flush(&mut self, now_ns: u64) -> Result<()> {
        while let Some((message, fd)) = self.kept.front() {
            if !self.channel.try_send(message, fd.as_ref().map(AsFd::as_fd))? {
                break;
            }
            self.kept.pop_front();
            self.since_ns = now_ns;
        }
        Ok(())
    }

    /// Since when a message waits without any being taken; `None` when none waits.
    pub(crate) fn waits_since(&self) -> Option<u64> {
        (!self.kept.is_empty()).then_some(self.since_ns)
    }

    /// What is to be waited for at its channel.
    pub(crate) fn interest(&self) -> (BorrowedFd<'_>, Interest) {
        let interest = if self.kept.is_empty() { Interest::Read } else { Interest::ReadOrWrite };
        (self.channel.as_fd(), interest)
    }

    /// Takes a message if there is one.
    pub(crate) fn try_receive(&self, frame: &mut Vec<u8>) -> Result<Received> {
        self.channel.try_receive(frame)
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::poll_each;
    use std::time::Duration;

    const LONG: usize = 4096;

    /// A message of `LONG` bytes that begins with its number.
    fn message(number: u32) -> Vec<u8> {
        let mut message = number.to_le_bytes().to_vec();
        message.resize(LONG, 0);
        message
    }

    fn number(frame: &[u8]) -> u32 {
        u32::from_le_bytes(frame[..4].try_into().unwrap())
    }

    #[test]
    fn messages_wait_in_order_and_none_overtakes() {
        let (ours, theirs) = Channel::pair().unwrap();
        let mut outbox = Outbox::new(ours);
        let count = 200;
        for nth in 0..count {
            outbox.send(message(nth), None, 5).unwrap();
        }
        assert_eq!(outbox.waits_since(), Some(5), "the channel holds fewer");
        let mut frame = Vec::new();
        let mut heard = Vec::new();
        let mut sent = count;
        while let Received::Message(LONG, _) = theirs.try_receive(&mut frame).unwrap() {
            heard.push(number(&frame));
            // There may be room again, yet the new ones go behind the old ones.
            if sent < count + 50 {
                outbox.send(message(sent), None, 6).unwrap();
                sent += 1;
            }
            if poll_each(&[outbox.interest()], Some(Duration::ZERO)).unwrap()[0] {
                outbox.flush(7).unwrap();
            }
        }
        assert_eq!(heard, (0..sent).collect::<Vec<_>>());
        assert_eq!((outbox.waits_since(), outbox.interest().1), (None, Interest::Read));
    }

    #[test]
    fn a_message_that_is_taken_begins_the_wait_anew() {
        let (ours, theirs) = Channel::pair().unwrap();
        let mut outbox = Outbox::new(ours);
        for nth in 0..200 {
            outbox.send(message(nth), None, 5).unwrap();
        }
        outbox.flush(9).unwrap();
        assert_eq!(outbox.waits_since(), Some(5), "nothing was taken");
        let mut frame = Vec::new();
        for _ in 0..20 {
            theirs.try_receive(&mut frame).unwrap();
        }
        outbox.flush(9).unwrap();
        assert_eq!(outbox.waits_since(), Some(9));
    }

    #[test]
    fn too_many_messages_and_a_closed_end_are_errors() {
        let (ours, theirs) = Channel::pair().unwrap();
        let mut outbox = Outbox::new(ours);
        let refused = (0..2 * MOST as u32).find_map(|nth| outbox.send(message(nth), None, 5).err());
        assert!(refused.expect("it is bounded").to_string().contains("wait for it already"));
        drop(theirs);
        assert!(outbox.flush(9).is_err());
    }
}
