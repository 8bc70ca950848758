//! What the supervisor saw, in words: a moment of the log as a document tells it.
use super::measured::seconds;
use super::{Moment, MomentView, What};
use crate::id::{ResourceId, StageId, TaskId};
use crate::plan::Plan;

/// A moment, with what it happened to by place and by name.
pub(super) fn view(plan: &Plan, moment: &Moment) -> MomentView {
    let label = |task: TaskId| plan.graph().tasks()[task.index()].label.clone();
    let resource = |id: ResourceId| plan.graph().resources()[id.index()].name.clone();
    let stage = |id: StageId| label(plan.stages()[id.index()].task);
    let mut view = MomentView {
        at: seconds(moment.at_ns),
        kind: "",
        words: String::new(),
        task: None,
        resource: None,
        worker: None,
        stage: None,
    };
    match &moment.what {
        What::Began(task) => {
            (view.kind, view.words, view.task) = ("began", format!("{} begins", label(*task)), Some(task.0))
        }
        What::Ended(task) => {
            (view.kind, view.words, view.task) = ("ended", format!("{} is done", label(*task)), Some(task.0))
        }
        What::Freed(id) => {
            (view.kind, view.words) = ("freed", format!("the memory of {} is given back", resource(*id)));
            view.resource = Some(id.0);
        }
        What::LetGo(id) => {
            (view.kind, view.words) = ("let_go", format!("{} is not read any more", resource(*id)));
            view.resource = Some(id.0);
        }
        What::Joined(worker) => {
            (view.kind, view.words) = ("joined", format!("worker {} joins", worker.0 + 1));
            view.worker = Some(worker.0 + 1);
        }
        What::Died(worker, how) => {
            (view.kind, view.words) = ("died", format!("worker {} died: {how}", worker.0 + 1));
            view.worker = Some(worker.0 + 1);
        }
        What::NotStarted(worker, why) => {
            (view.kind, view.words) =
                ("not_started", format!("worker {} could not be started: {why}", worker.0 + 1));
            view.worker = Some(worker.0 + 1);
        }
        What::PutUp(id, start, end, attempt) => {
            let words = format!(
                "{}: elements {} to {end} are put up, attempt {}",
                stage(*id),
                start + 1,
                attempt + 1
            );
            (view.kind, view.words, view.stage) = ("put_up", words, Some(id.0));
        }
        What::TakenBack(id, ranges) => {
            let words = format!("{}: {ranges} pieces are taken back, their costs misled", stage(*id));
            (view.kind, view.words, view.stage) = ("taken_back", words, Some(id.0));
        }
        What::Failed(id, _, element) => {
            let words = format!("{}: FUN failed at element {}", stage(*id), element + 1);
            (view.kind, view.words, view.stage) = ("failed", words, Some(id.0));
        }
        What::Stopped => (view.kind, view.words) = ("stopped", "the run is stopped".into()),
    }
    view
}
