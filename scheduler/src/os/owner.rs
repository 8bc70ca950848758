//! Who owns what: a session and the lock that says whether it lives.
//!
//! A session holds an exclusive `flock` on a small segment of its own. The kernel gives it up when the session ends, however
//! it ends, and no later process can be mistaken for it, as one could by a process id. Whoever asks takes a shared lock, so
//! that two who ask at once do not each see the other as the owner.
//!
//! It has one in each place in which it makes segments: who sees that place alone, as a container that shares a directory does,
//! can tell there that the session lives.

use std::io;

use rustix::fs::{self, FlockOperation};
use rustix::io::Errno;

use super::file::{damaged, names, SegmentFile};
use super::handle::{Place, SegmentHandle};
use super::name;
use super::segment::Segment;
use super::session_id::SessionId;
use crate::error::{Error, Result};

/// Sessions that are begun before giving up; each is lost only to a cleaner that meets a gap of microseconds.
const ATTEMPTS: usize = 1000;

/// The sign of life of a session in one place: alive as long as this is held.
#[derive(Debug)]
pub struct SessionLock {
    id: SessionId,
    // Closed before the name goes (fields drop in this order); either order is fine, a dead session is a dead session.
    _held: SegmentFile,
    segment: Segment,
}

impl SessionLock {
    /// Begins a session, whose first lock lies in this place.
    ///
    /// # Errors
    /// [`Error::NoSpace`] and [`Error::NoPlace`] when its segment of a byte cannot be made there; [`Error::Os`] when the system refuses.
    pub fn acquire(place: &Place) -> Result<Self> {
        // A cleaner may come between the making of the segment and its locking: it takes the session for dead, and the name
        // away. Then another one is begun.
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let id = SessionId::draw()?;
            let begun = Segment::create(&name::lock(id), 1, place)
                .and_then(|(segment, held)| hold(&held).map(|()| (segment, held)));
            match begun {
                Ok((segment, held)) if names(&segment.handle()) => {
                    return Ok(SessionLock { id, _held: held, segment })
                }
                Ok(_) => {}
                Err(e @ Error::Damaged { .. }) => last = Some(e),
                Err(e) => return Err(e),
            }
        }
        Err(last.unwrap_or(Error::Unsupported("a lock on shared memory")))
    }

    /// A further lock of this session, in another place. `serials` gives numbers of pages to come.
    ///
    /// # Errors
    /// As [`SessionLock::acquire`].
    pub fn also_in(&self, place: &Place, mut serials: impl FnMut() -> u64) -> Result<SessionLock> {
        // The session's id is given, so no other session can be begun where a cleaner came in between. So it is locked under a
        // page's name, and nobody ever meets it under its own without its lock.
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let (mut segment, held) = Segment::create(&name::page(self.id, serials()), 1, place)?;
            hold(&held)?;
            match segment.rename(&name::lock(self.id)) {
                Ok(true) => return Ok(SessionLock { id: self.id, _held: held, segment }),
                Ok(false) => return Err(damaged(&segment.handle(), "the session has another lock there")),
                Err(e) => last = Some(e),
            }
        }
        Err(last.unwrap_or(Error::Unsupported("a lock on shared memory")))
    }

    /// Whose it is.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Where it lies.
    pub fn place(&self) -> &Place {
        self.segment.place()
    }

    /// Whether this process began the session. A forked child did not.
    pub fn is_mine(&self) -> bool {
        self.segment.is_mine()
    }

    /// Whether that session lives, as told in a place in which it makes segments. When it cannot be told, yes: nothing of it is
    /// then touched.
    pub fn is_alive(id: SessionId, place: &Place) -> bool {
        let handle = SegmentHandle::named(name::lock(id), place.clone());
        match SegmentFile::open_read(&handle) {
            Ok(None) => false,
            Ok(Some(file)) => matches!(dead(&file), Ok(false) | Err(_)),
            Err(_) => true,
        }
    }

    /// The process that holds a session's lock in this place; `None` when none does, or when it cannot be told.
    pub fn holder(id: SessionId, place: &Place) -> Option<u32> {
        let handle = SegmentHandle::named(name::lock(id), place.clone());
        let file = SegmentFile::open_read(&handle).ok()??;
        let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        match place {
            // Two containers have a `/dev/shm` each, and the same numbers of files in them.
            Place::Memory => {
                let device = file.device();
                holder_of(file.inode(), Some((fs::major(device), fs::minor(device))), &locks)
            }
            // File systems of several parts (btrfs, overlays) give their files other devices than the table says.
            Place::Directory(_) => holder_of(file.inode(), None, &locks),
        }
    }

    /// Takes away the lock that a session which died had in this place. `false` when it lives, or is gone already.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses the lock or the removal; [`Error::Damaged`] for what is no segment of this user.
    pub fn remove_dead(id: SessionId, place: &Place) -> Result<bool> {
        let handle = SegmentHandle::named(name::lock(id), place.clone());
        let Some(file) = SegmentFile::open_read(&handle)? else { return Ok(false) };
        // The shared lock is held until `file` closes, after the unlink: a session that is just beginning waits for it and
        // then sees that its name is gone.
        if !dead(&file).map_err(|e| Error::os("cannot lock a session's segment", e))? {
            return Ok(false);
        }
        match fs::unlink(handle.path()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(Error::os(format!("cannot remove the segment {}", handle.name), e)),
        }
    }
}

/// Takes the lock. A file system of a directory may know none: then the session's segments there are never taken for a dead one's,
/// and go with the session alone.
fn hold(file: &SegmentFile) -> Result<()> {
    match retry(|| fs::flock(file, FlockOperation::LockExclusive)) {
        Ok(()) => Ok(()),
        Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOLCK) if file.handle().place != Place::Memory => Ok(()),
        Err(e) => Err(Error::os("cannot lock the session's segment", e)),
    }
}

/// Whether nobody holds the lock; when so, it is now held shared through `file`.
fn dead(file: &SegmentFile) -> io::Result<bool> {
    match retry(|| fs::flock(file, FlockOperation::NonBlockingLockShared)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// The process that alone holds an exclusive `flock` on a file of this number, on this device where one is given, by the text of
/// `/proc/locks`: `1: FLOCK  ADVISORY  WRITE 1234 00:1a:567 0 EOF`, with the device in hexadecimal. `None` where several hold one.
fn holder_of(inode: u64, device: Option<(u32, u32)>, locks: &str) -> Option<u32> {
    let mut holders = locks.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (kind, _, access) = (fields.next()?, fields.next()?, fields.next()?);
        let (pid, file) = (fields.next()?.parse().ok()?, fields.next()?);
        let mut file = file.split(':');
        let mut half = || u32::from_str_radix(file.next()?, 16).ok();
        let lies_on = (half()?, half()?);
        let number: u64 = file.next()?.parse().ok()?;
        let same = number == inode && device.is_none_or(|device| device == lies_on);
        (kind == "FLOCK" && access == "WRITE" && same && pid > 0).then_some(pid)
    });
    holders.next().filter(|_| holders.next().is_none())
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_as_long_as_its_lock_is_held() {
        let lock = SessionLock::acquire(&Place::Memory).unwrap();
        let id = lock.id();
        assert!(SessionLock::is_alive(id, &Place::Memory) && lock.is_mine());
        assert!(!SessionLock::remove_dead(id, &Place::Memory).unwrap());
        assert!(SessionLock::is_alive(id, &Place::Memory));
        drop(lock);
        assert!(!SessionLock::is_alive(id, &Place::Memory));
        assert!(!SessionLock::remove_dead(id, &Place::Memory).unwrap(), "its name went with it");
    }

    #[test]
    fn the_process_behind_a_session_is_found() {
        let lock = SessionLock::acquire(&Place::Memory).unwrap();
        assert_eq!(SessionLock::holder(lock.id(), &Place::Memory), Some(std::process::id()));
        let id = lock.id();
        drop(lock);
        assert_eq!(SessionLock::holder(id, &Place::Memory), None);
        let locks = "1: OFDLCK ADVISORY  READ -1 00:1a:56 0 EOF\n\
            2: -> FLOCK  ADVISORY  WRITE 9 00:1a:567 0 EOF\n\
            3: FLOCK  ADVISORY  READ 8 00:1a:567 0 EOF\n\
            4: FLOCK  ADVISORY  WRITE 7 00:1a:567 0 EOF\n\
            5: FLOCK  ADVISORY  WRITE 5 00:2b:567 0 EOF\n\
            6: FLOCK  ADVISORY  WRITE 4 00:2b:568 0 EOF\n";
        assert_eq!(holder_of(567, Some((0, 0x1a)), locks), Some(7));
        assert_eq!(holder_of(567, Some((0, 0x2b)), locks), Some(5), "the file of another device");
        assert_eq!(holder_of(567, Some((0, 0x3c)), locks), None);
        assert_eq!(holder_of(567, None, locks), None, "one of two");
        assert_eq!(holder_of(568, None, locks), Some(4));
        assert_eq!(holder_of(56, None, locks), None);
    }

    #[test]
    fn a_lock_that_nobody_holds_is_a_dead_sessions() {
        let id = SessionId::draw().unwrap();
        let left = Segment::create(&name::lock(id), 1, &Place::Memory).unwrap().0;
        assert!(!SessionLock::is_alive(id, &Place::Memory));
        SessionLock::remove_dead(id, &Place::Memory).unwrap(); // unless another test's cleaner was quicker
        assert!(!left.handle().path().exists());
    }

    #[test]
    fn who_asks_is_not_taken_for_the_owner() {
        let id = SessionId::draw().unwrap();
        let handle = SegmentHandle::named(format!("memshare-test-{id}"), Place::Memory);
        let _left = Segment::create(&handle.name, 1, &Place::Memory).unwrap().0;
        let asks = || SegmentFile::open_read(&handle).unwrap().unwrap();
        let (one, two) = (asks(), asks());
        assert!(dead(&one).unwrap() && dead(&two).unwrap());
    }
}
