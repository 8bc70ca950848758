//! Documents made by hand: a plan by names, a run by its chunks. Figures are counted from the chunks, unless a test sets them.
use crate::*;

pub(super) struct Sample {
    pub(super) doc: Document,
}

impl Sample {
    /// A plan of nothing, for so many workers.
    pub(super) fn new(workers: u32) -> Sample {
        let doc = Document {
            bytes_by_step: Vec::new(),
            format: "memshare-record",
            version: VERSION,
            package: "0.1.0".into(),
            kind: "plan",
            title: "memRun(p)".into(),
            made: 1_700_000_000,
            workers,
            peak_bytes: 0,
            budget: None,
            held_back: false,
            predicted_fun_seconds: None,
            passes: Vec::new(),
            stages: Vec::new(),
            resources: Vec::new(),
            tasks: Vec::new(),
            critical_path: CriticalPath::default(),
            advice: Vec::new(),
            run: None,
        };
        Sample { doc }
    }

    /// Data. What is shared has a task that copies it in.
    pub(super) fn data(mut self, name: &str, scope: &'static str, bytes: u64) -> Sample {
        let id = self.resource(name, scope, bytes);
        if scope == "shared" {
            self.task("share", &format!("share {name}"), None, &[], &[id]);
            self.doc.peak_bytes += bytes;
        }
        self
    }

    /// A pass in a stage of its own, that reads resources of these names.
    pub(super) fn pass(mut self, name: &str, elements: u64, reads: &[&str], bytes: u64) -> Sample {
        let reads: Vec<u32> = reads.iter().map(|name| self.find(name)).collect();
        let result = self.resource(name, "result", bytes);
        self.doc.peak_bytes += bytes;
        let stage = self.doc.stages.len() as u32;
        let task = self.task("map", &format!("map {name}"), Some(stage), &reads, &[result]);
        let id = self.doc.passes.len() as u32;
        self.doc.stages.push(StageView { id: stage, task, passes: vec![id], elements, pieces: 0, chunks: 0 });
        self.doc.passes.push(PassView {
            repeated_names: 0,
            id,
            name: name.into(),
            about: String::new(),
            part: "map".into(),
            elements,
            stage,
            result: Some(result),
            schedule: "auto",
            reads,
            after: Vec::new(),
            predicted_fun_seconds: None,
            figures: None,
        });
        self
    }

    /// A pass that runs on each element after the last one, in the same stage; its results leave it instead.
    pub(super) fn then(mut self, name: &str) -> Sample {
        let id = self.doc.passes.len() as u32;
        let mut pass = self.doc.passes[id as usize - 1].clone();
        let last = self.doc.passes.last_mut().unwrap();
        let result = last.result.take().unwrap();
        self.doc.resources[result as usize].name = name.into();
        pass.after = vec![last.id];
        (pass.id, pass.name, pass.reads) = (id, name.into(), Vec::new());
        let stage = &mut self.doc.stages[pass.stage as usize];
        stage.passes.push(id);
        self.doc.tasks[stage.task as usize].label.push_str(&format!(" + {name}"));
        self.doc.passes.push(pass);
        self
    }

    /// The results of a pass are wanted.
    pub(super) fn gather(mut self, name: &str) -> Sample {
        let id = self.find(name);
        self.task("gather", &format!("gather {name}"), None, &[id], &[]);
        self
    }

    fn find(&self, name: &str) -> u32 {
        self.doc.resources.iter().position(|resource| resource.name == name).unwrap() as u32
    }

    fn resource(&mut self, name: &str, scope: &'static str, bytes: u64) -> u32 {
        let id = self.doc.resources.len() as u32;
        let name = name.into();
        self.doc.resources.push(ResourceView {
            id,
            name,
            scope,
            bytes,
            guessed: false,
            stays: false,
            born: None,
            last_use: None,
            made_by: None,
            read_by: Vec::new(),
            life: None,
        });
        id
    }

    fn task(
        &mut self,
        kind: &'static str,
        label: &str,
        stage: Option<u32>,
        reads: &[u32],
        writes: &[u32],
    ) -> u32 {
        let id = self.doc.tasks.len() as u32;
        let makers = reads.iter().filter_map(|&read| self.doc.resources[read as usize].made_by);
        let waits_for: Vec<Wait> = makers.map(|task| Wait { task, why: "reads" }).collect();
        let step =
            waits_for.iter().map(|wait| self.doc.tasks[wait.task as usize].step + 1).max().unwrap_or(0);
        for &read in reads {
            let resource = &mut self.doc.resources[read as usize];
            resource.read_by.push(id);
            resource.last_use = resource.last_use.max(Some(step));
        }
        for &written in writes {
            let resource = &mut self.doc.resources[written as usize];
            (resource.made_by, resource.born) = (Some(id), Some(step));
        }
        let resource = if stage.is_none() { reads.iter().chain(writes).next().copied() } else { None };
        self.doc.tasks.push(TaskView {
            id,
            kind,
            label: label.into(),
            step,
            stage,
            resource,
            reads: reads.to_vec(),
            writes: writes.to_vec(),
            frees: Vec::new(),
            waits_for,
            life: None,
        });
        id
    }

    /// It ran for so long, all workers from the first moment on.
    pub(super) fn run(mut self, wall: f64) -> Sample {
        let workers = 1..=self.doc.workers;
        let life = |worker| WorkerView {
            worker,
            pid: Some(4000 + worker),
            joined: 0.0,
            left: wall,
            ..WorkerView::default()
        };
        self.doc.kind = "run";
        self.doc.run = Some(RunView {
            ended: Outcome { kind: "done", words: String::new() },
            begun: 1_700_000_000.0,
            figures: RunFigures { seconds: wall, peak_bytes: self.doc.peak_bytes, ..RunFigures::default() },
            workers: workers.map(life).collect(),
            activities: vec![Activities::default(); self.doc.workers as usize],
            loads: Vec::new(),
            chunks: Chunks::default(),
            steps: Steps::default(),
            memory: Memory::default(),
            hosts: Vec::new(),
            events: Vec::new(),
        });
        self
    }

    /// A chunk that FUN took all the time of.
    pub(super) fn chunk(
        self,
        stage: u32,
        (first, last): (u64, u64),
        worker: u32,
        (from, to): (f64, f64),
    ) -> Sample {
        self.piece(stage, (first, last), (worker, 1), (from, to), ("done", 1.0))
    }

    /// A chunk, whichever way it ended; `fun`: the part of it that was FUN.
    pub(super) fn piece(
        mut self,
        stage: u32,
        (first, last): (u64, u64),
        (worker, attempt): (u32, u32),
        (from, to): (f64, f64),
        (state, fun): (&'static str, f64),
    ) -> Sample {
        let chunks = &mut self.run_mut().chunks;
        let number = chunks.stage.iter().filter(|&&other| other == stage).count() as u64 + 1;
        chunks.stage.push(stage);
        chunks.number.push(number);
        chunks.first.push(first);
        chunks.last.push(last);
        chunks.worker.push(worker);
        chunks.attempt.push(attempt);
        chunks.state.push(state);
        chunks.started.push(from);
        chunks.ended.push(to);
        chunks.fun.push(fun * (to - from));
        chunks.bytes.push(if state == "done" { 8 * (last + 1 - first) } else { 0 });
        self
    }

    /// Counts all figures from the chunks.
    pub(super) fn counted(mut self) -> Sample {
        let doc = &mut self.doc;
        let run = doc.run.as_mut().unwrap();
        let chunks = &run.chunks;
        let done = |stage: u32| {
            (0..chunks.stage.len()).filter(move |&at| chunks.stage[at] == stage && chunks.state[at] == "done")
        };
        let all: f64 = doc.stages.iter().flat_map(|stage| done(stage.id)).map(|at| chunks.fun[at]).sum();
        let mut work = 0.0;
        for stage in &mut doc.stages {
            let own: Vec<usize> = done(stage.id).collect();
            stage.chunks = own.len() as u64;
            let began = own.iter().map(|&at| chunks.started[at]).fold(f64::INFINITY, f64::min);
            let ended = own.iter().map(|&at| chunks.ended[at]).fold(0.0, f64::max);
            if own.is_empty() {
                continue;
            }
            let length = |&at: &usize| chunks.ended[at] - chunks.started[at];
            let (time, fun): (f64, f64) =
                (own.iter().map(length).sum(), own.iter().map(|&at| chunks.fun[at]).sum());
            work += time;
            let parts = stage.passes.len() as f64;
            for &pass in &stage.passes {
                doc.passes[pass as usize].figures = Some(PassFigures {
                    chunks: own.len() as u64,
                    began,
                    ended,
                    fun_seconds: fun / parts,
                    share: fun / parts / all,
                    utilisation: fun / (f64::from(doc.workers) * (ended - began)),
                    overhead: (time - fun) / time,
                    mean_chunk: time / own.len() as f64,
                    longest_chunk: own.iter().map(length).fold(0.0, f64::max),
                    bytes: own.iter().map(|&at| chunks.bytes[at]).sum(),
                    retries: own.iter().filter(|&&at| chunks.attempt[at] > 1).count() as u32,
                    misled: false,
                    slowest: Vec::new(),
                });
            }
            let task = &mut doc.tasks[stage.task as usize];
            task.life =
                Some(TaskLife { state: "done", ready: Some(began), began: Some(began), ended: Some(ended) });
        }
        let room = run.figures.seconds * f64::from(doc.workers);
        for at in 0..chunks.stage.len() {
            let place = &mut run.activities[chunks.worker[at] as usize - 1];
            place.run += chunks.fun[at];
            place.call += chunks.ended[at] - chunks.started[at] - chunks.fun[at];
        }
        for place in &mut run.activities {
            place.wait = run.figures.seconds - (place.run + place.call);
        }
        run.figures.spent = crate::spent::sum(&run.activities);
        let figures = &mut run.figures;
        figures.passes = doc.passes.len() as u64;
        figures.elements = doc.passes.iter().map(|pass| pass.elements).sum();
        figures.chunks = doc.stages.iter().map(|stage| stage.chunks).sum();
        figures.fun_seconds = all;
        figures.utilisation = all / room;
        figures.overhead = if work > 0.0 { (work - all) / work } else { 0.0 };
        figures.waiting = 1.0 - work / room;
        figures.deaths = run.workers.iter().filter(|worker| worker.died.is_some()).count() as u32;
        figures.retries = chunks.attempt.iter().filter(|&&attempt| attempt > 1).count() as u32;
        self
    }

    pub(super) fn run_mut(&mut self) -> &mut RunView {
        self.doc.run.as_mut().unwrap()
    }

    pub(super) fn figures(&mut self) -> &mut RunFigures {
        &mut self.run_mut().figures
    }

    pub(super) fn pass_figures(&mut self, pass: usize) -> &mut PassFigures {
        self.doc.passes[pass].figures.as_mut().unwrap()
    }

    /// A change in the middle of the building.
    pub(super) fn set(mut self, change: impl FnOnce(&mut Sample)) -> Sample {
        change(&mut self);
        self
    }

    /// Something that the supervisor saw.
    pub(super) fn event(mut self, at: f64, kind: &'static str, words: &str, more: EventView) -> Sample {
        self.run_mut().events.push(EventView { at, kind, words: words.into(), ..more });
        self
    }
}
