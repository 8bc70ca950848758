// What lay in memory: a step curve of bytes, and under it each resource from birth to the moment it was freed. Of a run over its time,
// of a plan over its steps, as predicted.

/** The curve and the lives: `{end, at, bytes, lives: [{resource, from, until}], steps}`. */
export function livesOf(model) {
  return model.run ? measured(model) : predicted(model);
}

const largest = lives => lives.sort((a, b) => b.resource.bytes - a.resource.bytes || a.resource.id - b.resource.id);

function measured(model) {
  const { run, doc } = model;
  const lives = doc.resources
    .filter(one => one.life !== null)
    .map(resource => ({ resource, from: resource.life.from, until: resource.life.until }));
  let end = run.figures.seconds;
  for (let i = 0; i < model.count; i++) if (model.chunks.ended[i] > end) end = model.chunks.ended[i];
  return { end, at: run.memory.at, bytes: run.memory.bytes, lives: largest(lives), steps: false };
}

function predicted(model) {
  const { doc } = model;
  const end = model.maxStep + 1;
  const lives = [];
  const change = new Array(end + 1).fill(0);
  for (const resource of doc.resources) {
    if (resource.born === null && resource.last_use === null) continue;
    const from = resource.born ?? 0;
    const until = resource.last_use === null ? null : resource.last_use + 1;
    lives.push({ resource, from, until: resource.scope === 'registered' ? null : until });
    if (resource.scope === 'registered') continue;
    change[from] += resource.bytes;
    change[until ?? end] -= resource.bytes;
  }
  const at = [];
  const bytes = [];
  let now = 0;
  for (let step = 0; step <= end; step++) {
    now += change[step];
    at.push(step);
    bytes.push(step === end ? 0 : now);
  }
  return { end, at, bytes, lives: largest(lives), steps: true };
}
