//! The messages between session, workers and fork server: small control frames, one a send, over a channel that keeps
//! their bounds. Data never travels here: it lies in pages, and a frame names them.
//!
//! | from | to | messages |
//! |---|---|---|
//! | session | worker | `Run` join a run, `Wake` look at the board again, `EndRun` leave the run, `Exit` |
//! | worker | session | `Hello` once, `Dry` nothing to claim, `StageEnded`, `Failed` a chunk ended in an error, `Loaded`, `Note`, `Changed` not to be used again |
//! | session | fork server | `Fork` a worker, `Mirror` become the server of a generation (each with the new channel's end attached) |
//! | fork server | session | `Loading` while it is made, `Serving` or `Unsafe` once, `ForkFailed`, `Exited` |

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::board::{ElementPosition, PageSegment};
use crate::checkpoint::LogTarget;
use crate::error::{Error, Result, Shortage};
use crate::id::{ChunkId, PassId, ResourceId, StageId, WorkerId};
use crate::os::{Exit, SegmentHandle};
use crate::store::PageAddress;
use crate::trace;

/// First byte of every frame; a worker of another version is refused with words instead of misread.
const VERSION: u8 = 6;
/// A control frame is never near this long; a longer one is damage.
const LIMIT: usize = 1 << 16;

/// To a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Attach to this board under this slot and claim from it.
    Run {
        /// The run's number, echoed in what the worker says about it.
        run: u64,
        /// The worker's place on the board.
        slot: WorkerId,
        /// The board.
        board: SegmentHandle,
        /// What a worker of the pool is to log from now on. Nodes of the user's cluster keep to their own log.
        log: Option<trace::Setting>,
    },
    /// There may be something to claim again.
    Wake,
    /// The run is over: let go of its pages.
    EndRun,
    /// Leave the process.
    Exit,
}

/// From a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// First word: who is there.
    Hello {
        /// The worker's process id.
        pid: u32,
        /// The package version it runs, which must be the session's.
        version: String,
        /// The boot it lives in: a worker on another machine cannot map our pages.
        boot: String,
    },
    /// Found nothing to claim, or was told to stop; now waits for `Wake` or `EndRun`.
    Dry {
        /// The run it speaks of.
        run: u64,
    },
    /// Completed the last chunk of a stage.
    StageEnded {
        /// The run it speaks of.
        run: u64,
    },
    /// A chunk ended in an error of FUN; its condition lies in the page of the run's notes.
    Failed {
        /// The run it speaks of.
        run: u64,
        /// The stage.
        stage: StageId,
        /// The chunk.
        chunk: ChunkId,
        /// The step and the element whose FUN failed.
        position: ElementPosition,
        /// What there was no room for; then no condition was written.
        unwritten: Option<Unwritten>,
    },
    /// A finished chunk could not be written down in the run's checkpoint; no further one of this worker will be.
    Unlogged {
        /// The run it speaks of.
        run: u64,
        /// What could not be done, and why.
        what: Unlogged,
    },
    /// Packages were loaded in this worker while the run went on.
    Loaded {
        /// Their names.
        packages: String,
        /// The stage whose element loaded them; `None`: they were loaded before FUN was called.
        stage: Option<StageId>,
        /// How long that took: of an element, all of its time.
        ns: u64,
    },
    /// Something the user should know that is no error.
    Note {
        /// In words.
        text: String,
    },
    /// A run left a state behind that cannot be put back; this process ends now, and another one is to take its place.
    Changed {
        /// What is left, for the log.
        what: String,
    },
}

/// What a failed chunk's worker could not write for want of room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unwritten {
    /// The chunk's results, which is why it failed.
    Results(Shortage),
    /// The condition that FUN ended with.
    Condition(Shortage),
}

/// Why chunks are not written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlogged {
    /// In words.
    pub reason: String,
    /// In numbers, where it was for want of room.
    pub shortage: Option<Shortage>,
}

/// To the fork server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ToForkServer {
    /// Fork a worker that owns the attached channel end and writes to this log.
    Fork {
        /// Names this request in the answer.
        token: u64,
        /// The new worker's log.
        log: PathBuf,
        /// Its temporary directory.
        scratch: PathBuf,
    },
    /// Fork a process that brings itself into the state in this file and then forks workers, over the attached channel end.
    Mirror {
        /// Its log.
        log: PathBuf,
        /// Its temporary directory.
        scratch: PathBuf,
        /// The generation's state; only the caller's code reads it.
        state: PathBuf,
        /// Packages that it must not load.
        deferred: Vec<String>,
    },
}

/// From the fork server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FromForkServer {
    /// A mirror says what it does next, so that one that hangs or dies over it can be made without.
    Loading {
        /// Its process id.
        pid: u32,
        /// The package; empty for none.
        package: String,
    },
    /// It is alone in its process and takes requests.
    Serving,
    /// It cannot fork safely: other threads run in it. The first fork server goes on as a plain worker on this very channel, a mirror ends.
    Unsafe {
        /// Why.
        reason: String,
    },
    /// A fork was refused by the system.
    ForkFailed {
        /// The request.
        token: u64,
        /// Why.
        reason: String,
    },
    /// A worker that it forked is gone.
    Exited {
        /// Its process id.
        pid: u32,
        /// How it went.
        exit: Exit,
    },
}

/// What a run is about, written once onto the board: page handles and the caller's bytes, which we do not look into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// What was called, for people.
    pub title: String,
    /// The page of each resource of the plan's graph: variables, then results.
    pub pages: Vec<Option<SegmentHandle>>,
    /// Where results go whose page has no room: a second page, in the session's directory. Empty where it has none.
    pub overflow: Vec<(ResourceId, SegmentHandle)>,
    /// The pages that the data of a resource refers to, in the order of their numbers there; most refer to none.
    pub refers: Vec<(ResourceId, Vec<PageAddress>)>,
    /// Where finished chunks are written down, in a run with a checkpoint.
    pub log: Option<LogTarget>,
    /// The stages, by [`StageId`].
    pub stages: Vec<RunStage>,
    /// Where warnings, messages and errors go: a results page that lasts until the caller has it.
    pub notes: (StageId, u32),
    /// The caller's bytes: for R how elements are cut, the serialized FUNs, their arguments and what they need.
    #[serde(with = "serde_bytes")]
    pub program: Vec<u8>,
    /// The caller's bytes on the state of its session that workers are to be in.
    #[serde(with = "serde_bytes")]
    pub session: Vec<u8>,
}

/// One stage of a [`RunSpec`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStage {
    /// Where the results of each output go.
    pub outputs: Vec<ResourceId>,
    /// Elements that end in one result, of each output.
    pub elements_per_result: Vec<u64>,
    /// Results of earlier stages that go as this one reads them.
    pub consumes: Vec<ResourceId>,
    /// By what it is known in a checkpoint.
    pub key: u32,
    /// The names of its passes, in the order of an element's steps.
    pub passes: Vec<String>,
    /// The stages whose results it reads, in order.
    pub after: Vec<StageId>,
}

impl RunSpec {
    /// What a board tells the workers of `plan`'s run. Its title is what the plan is made for: the wanted passes.
    pub fn new(plan: &crate::plan::Plan, pages: Vec<Option<SegmentHandle>>, program: Vec<u8>) -> RunSpec {
        let passes = &plan.spec().passes;
        let name = |pass: &PassId| passes[pass.index()].name.clone();
        let stage = |stage: &crate::plan::Stage| RunStage {
            outputs: stage.outputs.iter().filter_map(|&pass| plan.result_of(pass)).collect(),
            elements_per_result: stage
                .outputs
                .iter()
                .map(|pass| passes[pass.index()].elements_per_result())
                .collect(),
            consumes: stage.consumes.clone(),
            key: stage.key(),
            passes: stage.passes.iter().map(name).collect(),
            after: read_by(plan, stage),
        };
        let stages = plan.stages().iter().map(stage).collect();
        let wanted = plan.spec().gather.first().and_then(|&pass| plan.result_of(pass));
        let notes = wanted.and_then(|resource| plan.maker_of(resource)).unwrap_or((StageId(0), 0));
        let title = plan.spec().gather.iter().map(name).collect::<Vec<_>>().join(", ");
        RunSpec {
            title,
            pages,
            overflow: Vec::new(),
            refers: Vec::new(),
            log: None,
            stages,
            notes,
            program,
            session: Vec::new(),
        }
    }

    /// A segment of a resource's page, if it has it.
    pub fn segment(&self, resource: ResourceId, segment: PageSegment) -> Option<&SegmentHandle> {
        match segment {
            PageSegment::Main => self.pages.get(resource.index())?.as_ref(),
            PageSegment::Overflow => {
                self.overflow.iter().find(|(id, _)| *id == resource).map(|(_, handle)| handle)
            }
        }
    }

    /// The stage that makes a resource, and which of its outputs it is; `None` for a variable.
    pub fn maker_of(&self, resource: ResourceId) -> Option<(StageId, u32)> {
        let made = |stage: &RunStage| stage.outputs.iter().position(|&output| output == resource);
        let mut stages = self.stages.iter().enumerate();
        stages.find_map(|(id, stage)| Some((StageId(id as u32), made(stage)? as u32)))
    }
}

/// The stages whose results a stage reads.
fn read_by(plan: &crate::plan::Plan, stage: &crate::plan::Stage) -> Vec<StageId> {
    let sources = stage.passes.iter().flat_map(|pass| plan.spec().passes[pass.index()].sources());
    let outside = sources.filter_map(|source| source.pass()).filter(|pass| !stage.passes.contains(pass));
    let makers = outside.filter_map(|pass| Some(plan.maker_of(plan.result_of(pass)?)?.0));
    makers.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// A frame of `message`.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let mut frame = vec![VERSION];
    bincode::serde::encode_into_std_write(message, &mut frame, bincode::config::standard())
        .expect("a message of plain fields encodes into memory");
    frame
}

/// The message in `frame`, which came from `from`.
///
/// # Errors
/// [`Error::Message`] for what is no such message, or one of another version.
pub fn decode<T: DeserializeOwned>(frame: &[u8], from: &str) -> Result<T> {
    let refuse = |reason: String| Error::Message { from: from.to_owned(), reason };
    let (version, body) = frame.split_first().ok_or_else(|| refuse("it is empty".into()))?;
    if *version != VERSION {
        return Err(refuse(format!("it is of version {version}, this is version {VERSION}")));
    }
    let config = bincode::config::standard().with_limit::<LIMIT>();
    let (message, used) =
        bincode::serde::decode_from_slice(body, config).map_err(|e| refuse(e.to_string()))?;
    if used != body.len() {
        return Err(refuse(format!("{} bytes stand behind it", body.len() - used)));
    }
    Ok(message)
}

/// The bytes of a value of any size, for memory that we share.
pub fn pack<T: Serialize>(value: &T) -> Vec<u8> {
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .expect("a value of plain fields encodes into memory")
}

/// The value in `bytes`, which came from `from`. A length in it that they cannot have is an error before room is made.
///
/// # Errors
/// [`Error::Message`] for what is no such value.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8], from: &str) -> Result<T> {
    // A number takes a byte at least and counts as 8. The library knows limits at compile time only: the next one will do.
    match bytes.len().saturating_mul(8) {
        0..=0x4000 => unpack_within::<0x4000, T>(bytes, from),
        0x4001..=0x10_0000 => unpack_within::<0x10_0000, T>(bytes, from),
        0x10_0001..=0x400_0000 => unpack_within::<0x400_0000, T>(bytes, from),
        _ => unpack_within::<0x1_0000_0000, T>(bytes, from),
    }
}

fn unpack_within<const BYTES: usize, T: DeserializeOwned>(bytes: &[u8], from: &str) -> Result<T> {
    bincode::serde::decode_from_slice(bytes, bincode::config::standard().with_limit::<BYTES>())
        .map(|(value, _)| value)
        .map_err(|e| Error::Message { from: from.to_owned(), reason: e.to_string() })
}

impl RunSpec {
    /// The bytes that the board carries.
    pub fn to_bytes(&self) -> Vec<u8> {
        pack(self)
    }

    /// The spec that a board carries.
    ///
    /// # Errors
    /// As [`unpack`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        unpack(bytes, "the board")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_comes_back_as_it_went() {
        let message = FromWorker::Failed {
            run: 7,
            stage: StageId(0),
            chunk: ChunkId(3),
            position: ElementPosition { step: 1, element: 41 },
            unwritten: Some(Unwritten::Results(Shortage {
                needed: 3,
                free: 2,
                limit: 1,
                dir: "/dev/shm".into(),
            })),
        };
        assert_eq!(decode::<FromWorker>(&encode(&message), "test").unwrap(), message);
    }

    #[test]
    fn another_version_is_refused_with_words() {
        let mut frame = encode(&ToWorker::Wake);
        frame[0] = VERSION + 1;
        let refusal = decode::<ToWorker>(&frame, "worker 3").unwrap_err().to_string();
        assert!(refusal.contains("worker 3") && refusal.contains("version"), "{refusal}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(frame in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode::<FromWorker>(&frame, "noise");
            let _ = decode::<ToWorker>(&frame, "noise");
            let _ = RunSpec::from_bytes(&frame);
        }
    }
}
