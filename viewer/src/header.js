// The top of the page: what was called, how it ended, what the figures say, and the advice that follows from them.
import { h } from './dom.js';
import { bytes, count, countOf, moment, percent, seconds } from './format.js';
import { ACTIVITIES } from './panel/work.js';

const VERDICTS = {
  done: 'done',
  failed: 'failed',
  worker_died: 'worker died',
  cancelled: 'cancelled',
  timeout: 'timed out',
  no_workers: 'no workers',
};

/** The header: title, outcome, when it was made, and the switch between light and dark. */
export function header(model, toggle) {
  const { doc, run } = model;
  const kind = run?.ended.kind;
  return h(
    'header',
    { class: 'top' },
    h('div', { class: 'brand', 'aria-hidden': 'true' }, 'memshare'),
    h('h1', { id: 'title', title: doc.title }, doc.title),
    run
      ? h(
          'span',
          { class: `outcome ${kind === 'done' ? 'good' : 'wrong'}`, id: 'outcome' },
          kind === 'done' ? '✓ ' : '✕ ',
          VERDICTS[kind] ?? kind,
        )
      : h('span', { class: 'outcome plan', id: 'outcome' }, 'plan, not run'),
    h('span', { class: 'note made' }, `${run ? 'run' : 'made'} ${moment(run ? run.begun : doc.made)} · memshare ${doc.package}`),
    h(
      'button',
      { class: 'tool', id: 'theme', 'aria-label': 'Switch between light and dark', title: 'Light or dark', onclick: toggle },
      '◐',
    ),
  );
}

const figure = (name, label, value, note, exact) =>
  h(
    'div',
    { class: 'figure' },
    h('dt', null, label),
    h('dd', { 'data-figure': name, title: exact ?? null }, value),
    note && h('dd', { class: 'note' }, note),
  );

function runFigures(model) {
  const { doc } = model;
  const f = model.run.figures;
  const path = doc.critical_path;
  return [
    figure(
      'seconds',
      'Time',
      seconds(f.seconds),
      f.copy_seconds > 0.01 * f.seconds ? `after ${seconds(f.copy_seconds)} of copying data` : null,
      `${f.seconds} s`,
    ),
    figure('elements', 'Elements', count(f.elements), `in ${countOf(f.passes, 'pass', 'passes')}`),
    figure('chunks', 'Chunks', count(f.chunks), `by ${countOf(doc.workers, 'worker')}`),
    figure('fun_seconds', 'FUN', seconds(f.fun_seconds), 'over all workers', `${f.fun_seconds} s`),
    figure('overhead', 'Overhead', percent(f.overhead), 'of the time at work'),
    figure(
      'critical',
      'Critical path',
      seconds(path.seconds),
      path.seconds === null ? 'not measured' : `${percent(path.seconds / f.seconds)} of the time`,
    ),
    figure(
      'peak_bytes',
      'Peak memory',
      bytes(f.peak_bytes),
      model.hosts.length ? 'at most on a host' : `predicted ${bytes(doc.peak_bytes)}`,
      `${count(f.peak_bytes)} bytes`,
    ),
    figure('shared_bytes', 'Shared', bytes(f.shared_bytes), 'data and results', `${count(f.shared_bytes)} bytes`),
    ...(model.hosts.length ? [hostsFigure(model)] : []),
    figure('deaths', 'Deaths', count(f.deaths), `${countOf(f.retries, 'retry', 'retries')}`),
  ];
}

// Of a run over several hosts.
function hostsFigure(model) {
  const f = model.run.figures;
  const lost = model.hosts.filter(host => host.lost !== null).length;
  const moved = `${bytes(f.sent_bytes)} sent, ${bytes(f.received_bytes)} received, in ${percent(f.network_seconds / f.seconds)} of the time`;
  return figure('hosts', 'Hosts', count(model.hosts.length), lost ? `${count(lost)} lost; ${moved}` : moved);
}

function planFigures(model) {
  const { doc } = model;
  // What brings a reduce together counts once.
  const mine = doc.passes.filter(pass => pass.part === 'map' || pass.part === 'last');
  return [
    figure('passes', 'Passes', count(mine.length), `in ${countOf(doc.stages.length, 'stage')}`),
    figure('workers', 'Workers', count(doc.workers), 'at most'),
    figure('tasks', 'Tasks', count(doc.tasks.length), `in ${countOf(model.maxStep + 1, 'step')}`),
    figure('resources', 'Resources', count(doc.resources.length)),
    figure(
      'peak_bytes',
      'Predicted peak',
      bytes(doc.peak_bytes),
      doc.budget === null ? 'no budget' : `of a budget of ${bytes(doc.budget)}`,
      `${count(doc.peak_bytes)} bytes`,
    ),
    figure(
      'predicted_fun_seconds',
      'FUN, expected',
      seconds(doc.predicted_fun_seconds),
      doc.predicted_fun_seconds === null ? 'costs are not known' : 'over all workers',
    ),
    figure(
      'critical',
      'Critical path',
      seconds(doc.critical_path.seconds),
      doc.critical_path.seconds === null ? 'costs are not known' : 'at least',
    ),
  ];
}

// Where the workers' time went, as one bar.
function timeBar(model) {
  const { spent } = model.run.figures;
  const whole = ACTIVITIES.reduce((sum, [key]) => sum + spent[key], 0) || 1;
  const parts = ACTIVITIES.map(([key, label]) => [key, label, spent[key] / whole]).filter(
    ([key, , part]) => key === 'run' || part >= 0.0005,
  );
  const said = parts.map(([, label, part]) => `${label} ${percent(part)}`).join(', ');
  return h(
    'div',
    { class: 'where' },
    h('h2', null, 'Where the workers’ time went'),
    h(
      'div',
      { class: 'time-bar', role: 'img', 'aria-label': said },
      parts.map(([name, , part]) => h('i', { class: `spent-${name}`, style: { 'flex-grow': String(part) } })),
    ),
    h(
      'p',
      { class: 'time-keys' },
      parts.map(([name, label, part]) =>
        h(
          'span',
          { class: 'key' },
          h('i', { class: `swatch spent-${name}` }),
          `${label} `,
          h('b', { 'data-figure': `spent-${name}` }, percent(part)),
        ),
      ),
    ),
  );
}

/** The figures, and what follows from them. */
export function summary(model) {
  const { run, doc } = model;
  const words = run?.ended.words;
  const advice = doc.advice;
  const held = doc.held_back ? ['Stages wait for each other to stay within the budget.'] : [];
  const says = [...advice, ...held];
  return h(
    'section',
    { class: 'summary', 'aria-label': 'Figures' },
    words && h('p', { class: 'verdict', role: 'alert' }, words),
    (run || says.length > 0) &&
      h(
        'div',
        { class: run && says.length ? 'why' : 'why alone' },
        run && timeBar(model),
        says.length > 0 &&
          h(
            'div',
            { class: 'advice' },
            h('h2', null, run ? 'What follows from it' : 'What to expect'),
            h(
              'ul',
              { id: 'advice' },
              says.map(one => h('li', null, one)),
            ),
          ),
      ),
    h('dl', { class: 'figures' }, run ? runFigures(model) : planFigures(model)),
  );
}
