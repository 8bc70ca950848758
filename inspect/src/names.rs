//! What stages and elements are called, and which names are most like one that nothing has.
use std::collections::HashSet;

use crate::document::Document;
use crate::record::PassNote;
use crate::words;

/// "mu + s"; of many passes the first and the last.
pub(crate) fn stage_name(document: &Document, passes: &[u32]) -> String {
    let name = |&pass: &u32| document.passes.get(pass as usize).map_or("?", |pass| pass.name.as_str());
    let names: Vec<String> = passes.iter().map(|pass| words::short(name(pass), 24)).collect();
    match names.len() {
        0..=3 => names.join(" + "),
        n => format!("{} + {} more + {}", names[0], n - 2, names[n - 1]),
    }
}

/// The name of an element of a pass, both from 0 on.
pub(crate) fn element_name(notes: &[PassNote], pass: u32, element: u64) -> Option<String> {
    let name = notes.get(pass as usize)?.names.get(element as usize)?;
    (!name.is_empty()).then(|| name.clone())
}

/// Characters of a name that are compared.
const COMPARED: usize = 60;

/// Of these names the ones that are most like `name`, five at most: by the letters that have to be changed, put in or taken out, whatever
/// their case; a name of which `name` is a part, or the other way round, counts half as far.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lower = |text: &str| text.chars().take(COMPARED).flat_map(char::to_lowercase).collect::<String>();
    let name = lower(name);
    let distance = |other: &str| {
        let other = lower(other);
        let far = strsim::levenshtein(&name, &other);
        let is_part = |part: &str, whole: &str| part.chars().count() > 1 && whole.contains(part);
        if is_part(&name, &other) || is_part(&other, &name) {
            far / 2
        } else {
            far
        }
    };
    let mut seen = HashSet::new();
    let known = known.into_iter().filter(|other| seen.insert(*other));
    let mut ranked: Vec<(usize, &str)> = known.map(|other| (distance(other), other)).collect();
    ranked.sort();
    let most = ranked.first().map_or(0, |(least, _)| least + 1);
    let like = ranked.into_iter().take_while(|(far, _)| *far <= most);
    like.take(5).map(|(_, other)| other.to_owned()).collect()
}
