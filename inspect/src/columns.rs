//! The chunks of a log, and what passes did within them, as columns of equal length.
use scheduler::plan::Plan;
use scheduler::run::{EventLog, State};

use crate::run_view::{seconds, Chunks, Steps};

/// Chunks in the order of the log, numbered in each stage.
pub(crate) fn chunks(plan: &Plan, log: &EventLog) -> Chunks {
    let mut out = Chunks::default();
    let mut numbers = vec![0u64; plan.stages().len()];
    for chunk in &log.chunks {
        let number = &mut numbers[chunk.stage.index()];
        *number += 1;
        let outputs = plan.stages()[chunk.stage.index()].outputs.len();
        let from = chunk.outputs_at as usize;
        out.stage.push(chunk.stage.0);
        out.number.push(*number);
        out.first.push(chunk.start + 1);
        out.last.push(chunk.end);
        out.worker.push(chunk.worker.0 + 1);
        out.attempt.push(chunk.attempt + 1);
        out.state.push(match chunk.state {
            State::Done => "done",
            State::Failed => "failed",
            State::Lost => "lost",
            State::Stopped => "stopped",
        });
        out.started.push(seconds(chunk.started_ns));
        out.ended.push(seconds(chunk.ended_ns));
        out.fun.push(seconds(chunk.fun_ns));
        out.bytes.push(log.outputs[from..from + outputs].iter().sum());
    }
    out
}

/// The passes of chunks that are done, of stages that have several.
pub(crate) fn steps(plan: &Plan, log: &EventLog) -> Steps {
    let mut out = Steps::default();
    for (place, chunk) in log.chunks.iter().enumerate() {
        let passes = plan.stages()[chunk.stage.index()].passes.len();
        let count = if chunk.state == State::Done && passes > 1 { passes } else { 0 };
        for step in &log.steps[chunk.steps_at as usize..][..count] {
            out.chunk.push(place as u32);
            out.pass.push(step.pass.0);
            out.started.push(seconds(step.started_ns));
            out.ended.push(seconds(step.ended_ns));
            out.fun.push(seconds(step.fun_ns));
        }
    }
    out
}
