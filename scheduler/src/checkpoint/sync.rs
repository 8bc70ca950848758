//! What workers write to a checkpoint is brought to the disk once a second, by a thread of the session: a killed process loses nothing that
//! it wrote, a machine without power no more than that second.
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::directory::names;
use super::log::{self, LogTarget, PREFIX};
use crate::os::with_signals_blocked;

const EVERY: Duration = Duration::from_secs(1);

/// A run whose logs are brought to the disk, until this is dropped. The last time is not waited for.
#[derive(Debug)]
pub struct Syncing {
    over: Arc<(Mutex<bool>, Condvar)>,
}

impl Syncing {
    /// Begins with the logs of a run's workers.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(target: LogTarget) -> std::io::Result<Syncing> {
        let over = Arc::new((Mutex::new(false), Condvar::new()));
        let ours = Arc::clone(&over);
        let work = move || {
            let mut synced = Synced {
                dir: target.dir,
                prefix: format!("{PREFIX}{}-", target.name),
                lengths: HashMap::new(),
            };
            let (is_over, told) = &*ours;
            loop {
                let flag = is_over.lock().unwrap_or_else(PoisonError::into_inner);
                let (flag, _) = told
                    .wait_timeout_while(flag, EVERY, |over| !*over)
                    .unwrap_or_else(PoisonError::into_inner);
                let last = *flag;
                drop(flag);
                synced.look();
                if last {
                    return;
                }
            }
        };
        with_signals_blocked(|| std::thread::Builder::new().name("memshare-sync".into()).spawn(work))
            .inspect_err(|e| tracing::warn!(%e, "no thread that brings the checkpoint to the disk"))?;
        Ok(Syncing { over })
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        *self.over.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.1.notify_all();
    }
}

/// How long each log was when it was brought to the disk.
struct Synced {
    dir: PathBuf,
    prefix: String,
    lengths: HashMap<String, u64>,
}

impl Synced {
    fn look(&mut self) {
        let mut names = names(&self.dir).unwrap_or_default();
        names.retain(|name| name.starts_with(&self.prefix));
        for name in names {
            if let Err(e) = self.sync(&name) {
                tracing::warn!(%e, name, "a log could not be brought to the disk");
            }
        }
    }

    fn sync(&mut self, name: &str) -> crate::error::Result<()> {
        let Some(file) = log::open(&self.dir, name)? else { return Ok(()) };
        let length = file.len()?;
        if self.lengths.get(name) != Some(&length) {
            file.sync()?;
            self.lengths.insert(name.to_owned(), length);
        }
        Ok(())
    }
}
