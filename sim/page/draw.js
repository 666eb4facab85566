// draw.js - pictures of a state: each function takes an answer's part and gives an element
'use strict';

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
        else if (value === true) node.setAttribute(name, '');
        else if (value !== false && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
}
const el = (tag, attributes = {}, ...children) =>
    fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

const RESIDENT = 1, WIRED = 2, TRANSLATED = 4, TRANSLATION_WIRED = 8, WRITABLE = 16;

const capital = (word) => word[0].toUpperCase() + word.slice(1);
const hex = (value) => `0x${BigInt(value).toString(16)}`;
const pages = (bytes, page) => `${bytes / page} page${bytes === page ? '' : 's'}`;

// Which floor an event belongs to, for its colour.
function floorOf(kind) {
    if (/^(PANIC|HANG|FAULT_REFUSED|FAULT_UNSAFE)$/.test(kind)) return 'stop';
    if (/^MAP_/.test(kind)) return 'map';
    if (/^(OBJECT|PAGE|UPL)_/.test(kind)) return 'page';
    if (/^FAULT/.test(kind)) return 'fault';
    if (/^PMAP_/.test(kind)) return 'pmap';
    if (/^TLB_/.test(kind)) return 'tlb';
    return 'iokit';
}

// ---- address spaces ----

function cellText(bits, frame) {
    const words = [];
    if (bits & RESIDENT) words.push(bits & WIRED ? 'in memory, wired' : 'in memory');
    else words.push('not in memory');
    if (bits & TRANSLATED) {
        words.push(`translated ${bits & WRITABLE ? 'read-write' : 'read-only'}`);
        if (bits & TRANSLATION_WIRED) words.push('translation wired');
    } else words.push('no translation');
    if (frame) words.push(`frame ${frame}`);
    return words.join('; ');
}

function cellClass(bits) {
    const names = [];
    if (bits & TRANSLATED) names.push('t');
    else if (bits & RESIDENT) names.push('r');
    if (bits & TRANSLATED && !(bits & WRITABLE)) names.push('ro');
    if (bits & WIRED) names.push('w');
    if (bits & TRANSLATION_WIRED) names.push('tw');
    return names.join(' ');
}

// One roving tab stop a strip; the arrows belong to the timeline, so Enter on a cell walks to it.
function drawCells(region, space, pageBytes, marked, choose) {
    const count = region.pages.length / 2;
    return el('div', { class: 'cells' }, Array.from({ length: count }, (_, i) => {
        const bits = parseInt(region.pages.slice(2 * i, 2 * i + 2), 16);
        const va = BigInt(region.start) + BigInt(i) * BigInt(pageBytes);
        const at = `${space.id}:${va}`;
        const names = [cellClass(bits)];
        if (at === marked.event) names.push('event');
        if (at === marked.chosen) names.push('chosen');
        const text = `${hex(va)}: ${cellText(bits, region.frames[i])}`;
        return el('button', { type: 'button', class: names.join(' '), title: text,
            'aria-label': text, tabindex: i === 0 ? 0 : -1, onclick: () => choose(space.id, va) });
    }));
}

function drawRegion(region, space, pageBytes, marked, choose) {
    const wires = region.wired_count ? `wired ${region.wired_count}×` : 'not wired';
    const object = region.object ? `object ${region.object}${region.needs_copy ? ', needs copy' : ''}`
        : 'no object yet';
    return el('div', { class: 'region' },
        el('div', { class: 'head' },
            el('span', { class: 'name' }, region.detail || region.type),
            el('span', { class: 'mono' }, `${region.start}`),
            el('span', {}, pages(region.vsize, pageBytes)),
            el('span', { class: 'mono' }, `${region.protection}/${region.max_protection}`),
            el('span', {}, wires), el('span', {}, object),
            el('span', {}, `${region.translated_pages} translated`)),
        region.pages ? drawCells(region, space, pageBytes, marked, choose) : null,
        region.cut ? el('div', { class: 'dim' }, `the first ${region.pages.length / 2} pages`) : null);
}

function drawLegend() {
    const item = (bits, text) => el('span', {},
        el('span', { class: 'cells' }, el('i', { class: cellClass(bits) })), text);
    return el('div', { class: 'legend' }, item(0, 'nothing'), item(RESIDENT, 'in memory'),
        item(RESIDENT | WIRED, 'and wired'),
        item(RESIDENT | TRANSLATED, 'translated, read-only'),
        item(RESIDENT | TRANSLATED | WRITABLE, 'translated'),
        item(RESIDENT | WIRED | TRANSLATED | TRANSLATION_WIRED | WRITABLE, 'translation wired'));
}

function drawSpaces(state, marked, choose) {
    const spaces = state.spaces.map((space) => {
        const regions = space.regions.filter((region) => region.type !== '__PAGEZERO');
        return [el('h3', {}, space.id === 0 ? 'Kernel map' : `Task ${space.task} (space ${space.id})`),
            regions.length ? regions.map((region) =>
                drawRegion(region, space, state.page_bytes, marked, choose))
                : el('p', { class: 'dim' }, 'nothing mapped')];
    });
    return [spaces.flat(2), drawLegend()];
}

// ---- the walk ----

const BIT = { valid: 1n, write: 2n, user: 4n, ref: 32n, mod: 64n, large: 128n, wired: 512n };

function entryWords(entry, isLeaf) {
    const bits = BigInt(entry);
    if (!(bits & BIT.valid)) return 'not valid';
    const words = [isLeaf ? `frame ${(bits >> 12n) & 0xffffffffn}` : `table ${(bits >> 12n) & 0xffffffffn}`];
    if (isLeaf) {
        words.push(bits & BIT.write ? 'rw' : 'ro');
        if (bits & BIT.ref) words.push('ref');
        if (bits & BIT.mod) words.push('mod');
        if (bits & BIT.wired) words.push('wired');
    }
    return words.join(' ');
}

// One word for the pages of a whole table: the walk ends there.
function isLarge(step) {
    return (BigInt(step.entry) & (BIT.valid | BIT.large)) === (BIT.valid | BIT.large);
}

function drawWalk(state) {
    const { walk, cpus } = state;
    if (!walk.steps.length) return [];
    const width = 156, gap = 28;
    const steps = walk.steps;
    const broken = !(BigInt(steps.at(-1).entry) & BIT.valid);
    const boxes = steps.map((step, i) => {
        const x = i * (width + gap);
        const isLast = i === steps.length - 1;
        const isLeaf = i === walk.levels - 1 || isLarge(step);
        return svg('g', {},
            svg('rect', { class: isLast && broken ? 'box off' : 'box', x: x + 1, y: 18, width, height: 44, rx: 4 }),
            svg('text', { class: 'dim', x: x + 2, y: 12, 'font-size': 11 }, i === 0 ? `root, frame ${step.table}` : `table in frame ${step.table}`),
            svg('text', { x: x + 9, y: 36, 'font-size': 12 }, `[${step.index}]`),
            svg('text', { x: x + 9, y: 53, 'font-size': 12 }, entryWords(step.entry, isLeaf)),
            i ? svg('path', { class: 'arrow', d: `M${x - gap + 2} 40H${x - 6}` }) : null,
            i ? svg('path', { class: 'head', d: `M${x} 40l-7 -4v8z` }) : null);
    });
    for (let i = steps.length; broken && i < walk.levels; i++) {
        const x = i * (width + gap);
        boxes.push(svg('rect', { class: 'box ghost', x: x + 1, y: 18, width, height: 44, rx: 4 }),
            svg('text', { class: 'dim', x: x + 9, y: 45, 'font-size': 12 }, 'no table'));
    }
    const page = BigInt(walk.va) & ~BigInt(state.page_bytes - 1);
    const held = cpus.map((cpu, i) => [i, cpu.tlb.find((line) =>
        line.space === walk.space && BigInt(line.va) === page)]).filter(([, line]) => line);
    const where = `${walk.space === 0 ? 'kernel' : `space ${walk.space}`} ${walk.va}`;
    const tlb = held.length ? `in the TLB of ${held.map(([i, line]) => `CPU ${i}${line.stale ? ' (stale)' : ''}`).join(', ')}`
        : 'in no TLB';
    const outcome = broken ? 'the walk ends early: an access here faults' : 'an access here needs no fault';
    const wide = walk.levels * (width + gap) - gap + 4;
    return [el('h3', {}, 'Page-table walk'),
        el('div', {}, el('span', { class: 'mono' }, where), `: ${outcome}; ${tlb}.`),
        el('div', { class: 'draw', tabindex: 0, role: 'region', 'aria-label': 'The walk, level by level' },
            svg('svg', { width: wide, height: 66, viewBox: `0 0 ${wide} 66`, role: 'img',
                'aria-label': `Page-table walk to ${where}: ${outcome}` }, boxes))];
}

// ---- objects ----

// Chains stand side by side, each from the top down: what shows first stands highest.
function chainsOf(objects) {
    const below = new Set(objects.map((object) => object.shadow));
    const byId = new Map(objects.map((object) => [object.id, object]));
    const drawn = new Set();
    const chains = [];
    for (const top of objects.filter((object) => !below.has(object.id))) {
        const chain = [];
        for (let at = top; at && !drawn.has(at.id); at = byId.get(at.shadow)) {
            drawn.add(at.id);
            chain.push(at);
        }
        chains.push(chain);
    }
    return chains;
}

const OBJECT_WIDTH = 232, OBJECT_CELLS = 16, CELL = 13;

function objectHeight(object) {
    return 42 + Math.min(3, Math.ceil(object.resident_pages / OBJECT_CELLS)) * (CELL + 1);
}

function drawObject(object, x, y) {
    const shown = object.pages.slice(0, 3 * OBJECT_CELLS);
    const cells = shown.map((page, i) => {
        const cx = x + 8 + (i % OBJECT_CELLS) * (CELL + 0.8);
        const cy = y + 36 + Math.floor(i / OBJECT_CELLS) * (CELL + 1);
        const maps = page.mappings.map((m) => `${m.space === 0 ? 'kernel' : `space ${m.space}`} ${m.va}`);
        return svg('g', {},
            svg('title', {}, `offset ${page.offset}, frame ${page.ppn}, wire count ${page.wire_count}` +
                `${page.dirty ? ', dirty' : ''}; mapped by ${maps.join(', ') || 'nobody'}`),
            svg('rect', { class: page.mapping_count ? 'cell mapped' : 'cell r', x: cx, y: cy, width: CELL - 1, height: CELL - 1, rx: 2 }),
            page.wire_count ? svg('circle', { class: 'dot', cx: cx + 6, cy: cy + 6, r: 2.5 }) : null,
            page.mapping_count > 1 && !page.wire_count ? svg('text', { class: 'count', x: cx + 3, y: cy + 10, 'font-size': 9 }, page.mapping_count) : null);
    });
    const more = object.resident_pages - shown.length;
    const kind = object.device ? ' device' : object.file ? ' file' : '';
    return svg('g', {},
        svg('rect', { class: 'box', x: x + 1, y: y + 1, width: OBJECT_WIDTH, height: objectHeight(object) - 4, rx: 4 }),
        svg('text', { x: x + 8, y: y + 16, 'font-size': 12 }, `object ${object.id}${kind}  refs ${object.references}`),
        svg('text', { class: 'dim', x: x + 8, y: y + 30, 'font-size': 11 },
            `${object.resident_pages} in memory, ${object.wired_pages} wired${more > 0 ? ` (+${more})` : ''}`),
        cells);
}

function drawObjects(state) {
    if (!state.objects.length) return [el('h3', {}, 'Objects'), el('p', { class: 'dim' }, 'none yet')];
    let height = 0, x = 0;
    const parts = [];
    const told = [];
    for (const chain of chainsOf(state.objects)) {
        let y = 0;
        chain.forEach((object, i) => {
            parts.push(drawObject(object, x, y));
            y += objectHeight(object);
            if (object.shadow) {
                parts.push(svg('path', { class: 'arrow', d: `M${x + 20} ${y - 3}v18` }),
                    svg('path', { class: 'head', d: `M${x + 20} ${y + 20}l-4 -7h8z` }),
                    svg('text', { class: 'dim', x: x + 30, y: y + 13, 'font-size': 11 },
                        i === chain.length - 1 ? `shadow: object ${object.shadow}` : 'shadow'));
                y += 20;
            }
            told.push(`object ${object.id}: ${object.resident_pages} pages in memory${object.shadow ? `, shadow ${object.shadow}` : ''}`);
        });
        height = Math.max(height, y);
        x += OBJECT_WIDTH + 20;
    }
    return [el('h3', {}, 'Objects, and what they shadow'),
        el('div', { class: 'draw', tabindex: 0, role: 'region', 'aria-label': 'Objects and their chains' },
            svg('svg', { width: x, height: height + 4, viewBox: `0 0 ${x} ${height + 4}`, role: 'img',
                'aria-label': told.join('; ') }, parts)),
        state.objects_cut ? el('p', { class: 'dim' }, 'and more') : null];
}

// ---- CPUs ----

function drawCpu(cpu, index) {
    const words = [`space ${cpu.space || 'none'}`];
    if (cpu.sections.length) words.push(cpu.sections.join(', '));
    if (!cpu.interrupts_enabled) words.push('interrupts off');
    if (cpu.flush_pending) words.push('flush pending');
    words.push(`${cpu.l1_hits + cpu.l2_hits} hits, ${cpu.misses} misses`);
    const rows = cpu.tlb.map((line) => el('tr', { class: line.stale ? 'stale' : '' },
        el('td', {}, line.space === 0 ? 'kernel' : line.space ?? 'gone'), el('td', {}, line.va),
        el('td', {}, line.ppn), el('td', {}, line.rights),
        el('td', {}, [line.l1 ? 'L1' : '', line.l2 ? 'L2' : ''].join(' ').trim()),
        el('td', {}, line.stale ? 'stale' : '')));
    return el('div', {},
        el('div', {}, el('strong', {}, `CPU ${index}`), ` ${words.join('; ')}`),
        rows.length ? el('div', { class: 'lines', tabindex: 0, role: 'region', 'aria-label': `TLB of CPU ${index}` },
            el('table', {}, el('thead', {}, el('tr', {}, ['space', 'address', 'frame', 'rights', 'level', 'state']
                .map((name) => el('th', { scope: 'col' }, name)))), el('tbody', {}, rows)))
            : el('div', { class: 'dim' }, 'its TLB is empty'));
}

function drawTlbs(state) {
    return [el('h3', {}, 'CPUs and their TLBs'),
        el('div', { class: 'cpus' }, state.cpus.map(drawCpu))];
}

// ---- time ----

const STRIP_HEIGHT = 32;
const STRIP_FLOORS = ['iokit', 'map', 'page', 'fault', 'pmap', 'tlb', 'stop'];

// A thousand columns at most, each with the floors that had something to say in it.
function drawStrip(events, at) {
    const columns = Math.min(events.length, 1000) || 1;
    const marks = STRIP_FLOORS.map(() => new Set());
    events.forEach((event, i) => marks[STRIP_FLOORS.indexOf(floorOf(event.event))]
        .add(Math.floor(i * columns / events.length)));
    const row = STRIP_HEIGHT / STRIP_FLOORS.length;
    const paths = marks.map((set, floor) => svg('path', { class: `k-${STRIP_FLOORS[floor]}`,
        style: 'fill: var(--kind)',
        d: [...set].map((x) => `M${x} ${floor * row}h1v${row - 0.6}h-1z`).join('') }));
    const x = (at - 0.5) * columns / (events.length || 1);
    return svg('svg', { viewBox: `0 0 ${columns} ${STRIP_HEIGHT}`, preserveAspectRatio: 'none', role: 'img',
        'aria-label': `${events.length} events by floor: I/O Kit, maps, objects and pages, faults, translations, TLBs, stops` },
        paths, svg('path', { class: 'cursor', d: `M${x} 0V${STRIP_HEIGHT}` }));
}

function drawPlot(name, events, at) {
    const total = events.reduce((sum, event) => sum + (event.event === name), 0);
    let count = 0, before = 0, path = 'M0 40';
    events.forEach((event, i) => {
        if (event.event !== name) return;
        count++;
        if (i < at) before = count;
        path += `H${i + 1}V${40 - 36 * count / total}`;
    });
    path += `H${events.length}`;
    return el('figure', { class: `k-${floorOf(name)}` },
        el('figcaption', {}, el('span', {}, name), el('span', {}, `${before} of ${total}`)),
        svg('svg', { viewBox: `0 0 ${events.length} 42`, preserveAspectRatio: 'none', role: 'img',
            'aria-label': `${name}: ${before} so far, ${total} at the end` },
            svg('path', { d: path }), svg('path', { class: 'cursor', d: `M${at} 0V42` })));
}

function drawCounters(events, at) {
    const names = [...new Set(events.map((event) => event.event))];
    return [el('h3', {}, 'Counters over the run'),
        el('div', { id: 'plots' }, names.map((name) => drawPlot(name, events, at)))];
}

// ---- findings ----

// The panic's own words stand once, at the first finding about it.
function drawFinding(finding, index, run) {
    const expected = finding.expected ? ', and the scenario expects it' : '';
    const stop = run.stop.kind !== 'running' && run.stop.line === finding.line;
    return el('div', { class: `finding ${finding.severity === 'advice' ? 'warn' : ''}` },
        el('h2', {}, `${stop ? `${capital(run.stop.kind)} at` : 'Finding on'} line ${finding.line}: ${finding.rule}`,
            el('span', { class: 'dim' }, ` (${finding.severity}${expected})`)),
        stop && run.findings.findIndex(({ line }) => line === finding.line) === index ? el('pre', {}, run.stop.text) : null,
        el('dl', {},
            el('dt', {}, 'what'), el('dd', {}, finding.sentence),
            el('dt', {}, 'missing'), el('dd', {}, finding.missing),
            el('dt', {}, 'fix'), el('dd', {}, finding.fix),
            el('dt', {}, 'source'), el('dd', {}, finding.source)));
}

function drawFailures(run) {
    const failed = run.steps.filter((step) => step.state === 'failed');
    return failed.length === 0 ? null : el('div', { class: 'finding warn' },
        el('h2', {}, failed.length === 1 ? 'One line does not hold' : `${failed.length} lines do not hold`),
        el('ul', {}, failed.map((step) => el('li', {}, `line ${step.line}: expected ${step.expected}, found ${step.found}`))));
}

function drawFindings(run) {
    const parts = run.findings.map((finding, index) => drawFinding(finding, index, run));
    if (!parts.length && run.stop.kind !== 'running')
        parts.push(el('div', { class: 'finding' }, el('h2', {}, `${capital(run.stop.kind)} at line ${run.stop.line}: ${run.stop.reason}`),
            el('pre', {}, run.stop.text)));
    if (!parts.length)
        parts.push(el('div', { class: 'finding good' }, el('h2', {}, `No finding on ${run.profile.label}`)));
    return [...parts, drawFailures(run)];
}
