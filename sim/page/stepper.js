// stepper.js - the page itself: what was given, what is shown, and what keys and buttons do
'use strict';

const $ = (id) => document.getElementById(id);
const given = JSON.parse($('given').textContent);
const engine = new Engine($('wasm').textContent);
const profiles = engine.profiles();
const machines = engine.machines();
const kinds = new Map(engine.kinds().map((kind) => [kind.name, kind]));

// Everything that can change; `ran` is the text behind what is shown.
const now = { ran: '', runs: [], run: null, row: 0, at: 1, walk: null, state: null };

// ---- links ----

function encode(text) {
    const bytes = new TextEncoder().encode(text);
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
        .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text) {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

// What a link asks for; a link that was cut on its way asks for nothing.
function fromLink() {
    const asked = new URLSearchParams(location.hash.slice(1));
    try {
        return { text: asked.has('s') ? decode(asked.get('s')) : null, profile: asked.get('p'),
            event: Number(asked.get('e')) || null, kernel: asked.get('k') ?? '0', machine: asked.get('m') };
    } catch {
        return { text: null, profile: null, event: null, kernel: '0', machine: null };
    }
}

function showLink() {
    const asked = new URLSearchParams({ p: profiles[now.row], e: now.at, k: $('kernel').value,
        m: $('machine').value,
        s: encode(now.ran) });
    $('link').href = `#${asked}`;
}

// ---- running ----

function showError(error) {
    $('findings').replaceChildren(el('div', { class: 'finding', role: 'alert' },
        el('h2', {}, 'The scenario does not run'), el('pre', {}, error.text)));
    if (error.line > 0) {
        const lines = $('text').value.split('\n');
        const start = lines.slice(0, error.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
        $('text').focus();
        $('text').setSelectionRange(start + error.column - 1, start + error.column - 1);
        moveHere(error.line);
    }
}

const fates = { running: 'clean', panic: 'panic', hang: 'hang' };

function fateOf(run) {
    return run.verdict === 'failed' ? 'fails' : run.stop.kind === 'running' && run.findings.length
        ? 'finding' : fates[run.stop.kind];
}

function showRuns() {
    $('runs').replaceChildren(...now.runs.map((run) => {
        const fate = fateOf(run);
        return el('button', { type: 'button', class: fate === 'fails' || fate === 'finding' ? 'bad' : fate,
            'aria-pressed': String(run === now.run), title: run.profile.label,
            onclick: () => choose(run.profile.name) }, `${run.profile.name.replace('macos-', '')} ${fate}`);
    }));
}

// Runs the text that stands in the box; keeps what was shown when it does not parse.
function runText(event) {
    const text = $('text').value;
    engine.setKernel(Number($('kernel').value));
    engine.setMachine(machines.indexOf($('machine').value));
    const answer = engine.run(text, -1);
    $('given-again').disabled = text === given.text;
    $('behind').hidden ||= text === given.text;
    if (answer.error) {
        showError(answer.error);
        showGutter();
        return;
    }
    now.ran = text;
    now.runs = answer.runs;
    const same = now.runs.some((run) => run.profile.name === profiles[now.row]) || now.chosen;
    choose(same ? profiles[now.row] : now.runs[0].profile.name, event);
}

// Shows one release, which need not be one that the text names.
function choose(profile, event) {
    now.row = profiles.indexOf(profile);
    now.run = now.runs.find((run) => run.profile.name === profile);
    if (!now.run) now.run = engine.run(now.ran, now.row).runs[0];
    $('profile').value = profile;
    $('about').replaceChildren(now.run.title, ' ', el('span', { class: 'dim' }, given.file));
    document.title = `${now.run.title || given.file} - Faultline`;
    $('findings').replaceChildren(...drawFindings(now.run).filter(Boolean));
    showRuns();
    showGutter();
    now.walk = null;
    const count = now.run.events.length;
    $('at').max = Math.max(count, 1);
    go(event ?? startingEvent());
}

// Where a reader wants to be first: at the finding, or else at the end.
function startingEvent() {
    const finding = now.run.findings[0];
    const at = finding ? now.run.events.findIndex((event) => event.sequence === finding.event.sequence) : -1;
    return at >= 0 ? at + 1 : now.run.events.length;
}

// ---- the text ----

const LINE_HEIGHT = 18;

function showPlainGutter() {
    const count = $('text').value.split('\n').length;
    $('gutter').textContent = Array.from({ length: count }, (_, i) => ` ${String(i + 1).padStart(4)}\n`).join('');
}

function showGutter() {
    if (!now.run) {
        showPlainGutter();
        return;
    }
    const states = new Map(now.run.steps.map((step) => [step.line, step.state]));
    const found = new Set(now.run.findings.map((finding) => finding.line));
    const here = lineAt(now.at);
    const count = $('text').value.split('\n').length;
    $('gutter').replaceChildren(...Array.from({ length: count }, (_, i) => {
        const line = i + 1;
        const mark = found.has(line) ? '⚡' : { held: '✓', failed: '✗', skipped: '–' }[states.get(line)] ?? ' ';
        const kind = mark === '✗' || mark === '⚡' ? 'bad' : mark === '✓' ? 'good' : '';
        return el('span', { class: `${kind} ${line === here ? 'now' : ''}` }, `${mark}${String(line).padStart(4)}\n`);
    }));
    moveHere(here);
}

function moveHere(line) {
    $('here').dataset.line = line;
    followScroll();
    const top = (line - 1) * LINE_HEIGHT;
    const box = $('text');
    if (document.activeElement !== box && (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 40))
        box.scrollTop = Math.max(0, top - box.clientHeight / 2);
}

function followScroll() {
    const shift = -$('text').scrollTop;
    $('gutter').style.transform = `translateY(${shift}px)`;
    $('here').style.transform = `translateY(${shift + (Number($('here').dataset.line || 1) - 1) * LINE_HEIGHT}px)`;
}

// ---- stepping ----

const stepAt = (at) => now.run.steps.findLast((step) => step.first_event < at && step.event_count > 0) ?? now.run.steps[0];
const lineAt = (at) => stepAt(at)?.line ?? 1;

function showSaid() {
    const step = stepAt(now.at);
    if (!step) return;
    const status = step.status ? ` -> ${step.status.name === 'KERN_SUCCESS' ? 'ok' : step.status.name}` : '';
    $('said').textContent = `line ${step.line}: ${step.source}${status}\n${step.narration}`;
}

function showEvent() {
    const event = now.run.events[now.at - 1];
    const count = now.run.events.length;
    if (!event) {
        $('event').replaceChildren('Nothing happened.');
        return;
    }
    const skip = new Set(['sequence', 'event']);
    const fields = Object.entries(event).filter(([name]) => !skip.has(name))
        .map(([name, value]) => `${name} ${typeof value === 'object' ? value.name : value}`).join('  ');
    const kind = kinds.get(event.event);
    $('event').className = `k-${floorOf(event.event)}`;
    $('event').replaceChildren(`${now.at} of ${count}, line ${lineAt(now.at)}: `, el('b', {}, event.event),
        ` ${kind.text}`, el('br'), el('span', { class: 'fields' }, fields));
    $('at').setAttribute('aria-valuetext', `event ${now.at} of ${count}, line ${lineAt(now.at)}: ${event.event}, ${kind.text}`);
}

function showState() {
    const event = now.run.events[now.at - 1];
    const state = engine.state(now.ran, now.row, now.at, now.walk);
    if (state.error) {
        showError(state.error);
        return;
    }
    now.state = state;
    const page = ~BigInt(state.page_bytes - 1);
    const marked = {
        event: event && event.va && event.space !== undefined ? `${event.space}:${BigInt(event.va) & page}` : '',
        chosen: now.walk ? `${now.walk.space}:${now.walk.va}` : '',
    };
    const walkTo = (space, va) => { now.walk = { space, va }; showState(); };
    $('spaces').replaceChildren(...drawSpaces(state, marked, walkTo).flat());
    $('walk').replaceChildren(...drawWalk(state));
    $('objects').replaceChildren(...drawObjects(state).filter(Boolean));
    $('tlbs').replaceChildren(...drawTlbs(state));
}

function go(at) {
    if (!now.run) return;
    const count = now.run.events.length;
    now.at = Math.min(Math.max(at, 1), Math.max(count, 1));
    $('at').value = now.at;
    $('strip').replaceChildren(drawStrip(now.run.events, now.at));
    $('counters').replaceChildren(...drawCounters(now.run.events, now.at));
    $('first').disabled = $('back').disabled = $('line-back').disabled = now.at <= 1;
    $('last').disabled = $('next').disabled = $('line-next').disabled = now.at >= count;
    showEvent();
    showGutter();
    showSaid();
    showState();
    showLink();
}

function step(by) {
    now.walk = null;
    go(now.at + by);
}

// To the last event of the line before or of the next line.
function stepLine(by) {
    if (!now.run) return;
    const lines = now.run.steps.filter((one) => one.event_count > 0);
    const ends = lines.map((one) => one.first_event + one.event_count);
    const end = by > 0 ? ends.find((one) => one > now.at) : ends.findLast((one) => one < now.at);
    now.walk = null;
    go(end ?? (by > 0 ? now.run.events.length : 1));
}

// ---- keys and buttons ----

const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => stepLine(-1),
    ArrowDown: () => stepLine(1), Home: () => step(-Infinity), End: () => step(Infinity) };

function onKey(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        runText();
        return;
    }
    const inText = event.target.matches('textarea, select') || event.target.closest('[role=region][tabindex]');
    if (inText || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
}

function begin() {
    const asked = fromLink();
    $('text').value = asked.text ?? given.text;
    $('kernel').value = asked.kernel;
    const machine = asked.machine ?? given.machine;
    $('machine').value = machines.includes(machine) ? machine : '';
    const wanted = asked.profile ?? given.profile;
    now.row = Math.max(profiles.indexOf(wanted), 0);
    now.chosen = profiles.includes(wanted);
    runText(asked.event);
}

$('machine').append(...machines.map((name) => el('option', { value: name }, name)));
$('profile').append(...profiles.map((name) => el('option', { value: name }, name)));
engine.setName(given.file);
$('profile').addEventListener('change', () => {
    now.chosen = true;
    if (now.run) choose($('profile').value);
    else now.row = profiles.indexOf($('profile').value);
});
$('kernel').addEventListener('change', () => runText());
$('machine').addEventListener('change', () => runText());
$('run').addEventListener('click', () => runText());
$('given-again').addEventListener('click', () => { $('text').value = given.text; runText(); });
$('at').addEventListener('input', () => { now.walk = null; go(Number($('at').value)); });
$('first').addEventListener('click', () => step(-Infinity));
$('back').addEventListener('click', () => step(-1));
$('next').addEventListener('click', () => step(1));
$('last').addEventListener('click', () => step(Infinity));
$('line-back').addEventListener('click', () => stepLine(-1));
$('line-next').addEventListener('click', () => stepLine(1));
$('text').addEventListener('scroll', followScroll);
$('text').addEventListener('input', showGutter);
document.addEventListener('keydown', onKey);
addEventListener('hashchange', begin);
begin();
