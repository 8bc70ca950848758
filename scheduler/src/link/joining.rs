//! How a node of the user's own cluster joins a session: first it makes sure that it can work for it at all. A node on another machine, or
//! in a container with files and shared memory of its own, would otherwise find no board and wait for a run that never comes.

use std::path::Path;

use crate::error::{Error, Result};
use crate::link::Link;
use crate::os::{Place, SessionId, SessionLock};

impl Link {
    /// The tie to `session`, of this `version` of the package, which listens at `path`.
    ///
    /// # Errors
    /// [`Error::Node`] when this process can take part in no run of that session, and says why; any other when it cannot join just now,
    /// as when the run is over.
    pub fn join_session(path: &Path, session: &str, version: &str) -> Result<Link> {
        let ours = env!("CARGO_PKG_VERSION");
        if version != ours {
            return Err(Error::Node(format!("it has memshare {ours}, and the session {version}")));
        }
        let dir = path.parent().unwrap_or(Path::new("/"));
        if !dir.is_dir() {
            return Err(Error::Node(format!(
                "it does not see the session's directory {}: it runs on another machine, or in a container with files of its own",
                dir.display()
            )));
        }
        let session: SessionId = session.parse().map_err(|_| Error::Message {
            from: "the session".into(),
            reason: "it gave no session's id".into(),
        })?;
        if !SessionLock::is_alive(session, &Place::Memory) {
            return Err(Error::Node(format!(
                "it does not see the session's shared memory in {}: it runs on another machine, or in a container with shared memory of \
                 its own",
                Place::Memory.dir().display()
            )));
        }
        Link::join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::Listener;
    use std::os::unix::fs::DirBuilderExt;

    #[test]
    fn a_node_that_cannot_work_for_a_session_says_why() {
        let version = env!("CARGO_PKG_VERSION");
        let refused =
            |path: &Path, session: &str, version: &str| match Link::join_session(path, session, version)
                .expect_err("it joined")
            {
                Error::Node(why) => why,
                other => panic!("{other}"),
            };
        let lock = SessionLock::acquire(&Place::Memory).unwrap();
        let id = lock.id().to_string();
        let dir = std::env::temp_dir().join(format!("memshare-joining-{}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
        let path = dir.join("join");
        let why = refused(&path, &id, "0.0.1");
        assert!(why.contains("0.0.1") && why.contains(version), "{why}");
        let why = refused(Path::new("/no/such/directory/join"), &id, version);
        assert!(why.contains("/no/such/directory"), "{why}");
        let why = refused(&path, "00000000000000ff", version);
        assert!(why.contains("/dev/shm"), "{why}");
        let late = Link::join_session(&path, &id, version).expect_err("nobody listens");
        assert!(!matches!(late, Error::Node(_)), "the run is over: {late}");
        let listener = Listener::bind(&path).unwrap();
        assert!(Link::join_session(&path, &id, version).is_ok());
        drop(listener);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
