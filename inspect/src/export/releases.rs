//! A document without the tasks that give memory back: its drawing says the rest more plainly.
use crate::document::Document;

/// The document without its releases. What is left has new places in the list of tasks.
pub(super) fn without_releases(document: &Document) -> Document {
    let mut document = document.clone();
    let mut places: Vec<Option<u32>> = Vec::with_capacity(document.tasks.len());
    let mut next = 0;
    for task in &document.tasks {
        let stays = task.kind != "release";
        places.push(stays.then_some(next));
        next += u32::from(stays);
    }
    let place = |task: u32| places.get(task as usize).copied().flatten();
    document.tasks.retain(|task| task.kind != "release");
    for task in &mut document.tasks {
        task.id = place(task.id).unwrap_or(task.id);
        task.waits_for.retain(|wait| place(wait.task).is_some());
        task.waits_for.iter_mut().for_each(|wait| wait.task = place(wait.task).unwrap_or(wait.task));
    }
    for stage in &mut document.stages {
        stage.task = place(stage.task).unwrap_or(stage.task);
    }
    for resource in &mut document.resources {
        resource.made_by = resource.made_by.and_then(place);
        resource.read_by = resource.read_by.iter().copied().filter_map(place).collect();
    }
    let path = &mut document.critical_path.tasks;
    *path = path.iter().copied().filter_map(place).collect();
    document
}
