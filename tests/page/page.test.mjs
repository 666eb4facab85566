// page.test.mjs - a report in a real browser: from disk, with the network off, by mouse and by keys
//
//   node --test page.test.mjs     with FAULTLINE (the program), SOURCE (the tree), MODULES (a folder
//                                 with node_modules), CHROMIUM (the browser) in the environment
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const { FAULTLINE, SOURCE, MODULES, CHROMIUM } = process.env;
const require = createRequire(join(MODULES, 'here.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = 180_000; // ms, of a slow machine; what never comes fails all the same
const radar = 'sim/scenarios/r25140509_prepare_leaves_mapping_lazy.scn';

let folder, browser;

function report(scenario, ...more) {
    const out = join(folder, 'report.html');
    execFileSync(FAULTLINE, ['report', scenario, '-o', out, ...more], { cwd: SOURCE });
    return out;
}

// Every page here has no network, and any complaint of the browser fails the test.
async function withPage(options, body) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, offline: true, ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => (options.allowed ?? /^(file|data):/).test(request.url()) || complaints.push(request.url()));
    try {
        await body(page);
        assert.deepEqual(complaints, []);
    } finally {
        await context.close();
    }
}

const withRadar = (options, body) => withPage(options, async (page) => {
    await page.goto(`file://${report(radar, '--profile', 'macos-10.11')}`);
    await body(page);
});

const eventOf = (page) => page.locator('#event').innerText();
// { at, count, line, kind }: how many events there are is the model's business.
async function placeOf(page) {
    const [, at, count, line, kind] = /^(\d+) of (\d+), line (\d+): (\w+)/.exec(await eventOf(page));
    return { at: Number(at), count: Number(count), line: Number(line), kind };
}
const findingsOf = (page) => page.locator('#findings').innerText();
// The view as a reader could compare it: what is drawn, and for which event.
const viewOf = (page) => page.evaluate(() => ['spaces', 'walk', 'objects', 'tlbs', 'counters', 'event', 'said']
    .map((id) => document.getElementById(id).innerHTML).join('\n'));

before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'faultline-page-'));
    browser = await chromium.launch({ executablePath: CHROMIUM, timeout: PATIENCE,
        args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
});

after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
});

test('a report is one file below a megabyte', () => {
    assert.ok(statSync(report(radar)).size < 1_000_000);
});

test('the finding is on the first screen, in the shape of the panic, with its fix', () => withRadar({}, async (page) => {
    const box = await page.locator('#findings .finding').first().boundingBox();
    assert.ok(box.y + box.height < 800);
    const said = await findingsOf(page);
    assert.match(said, /Panic at line 25: fault-in-restricted-context/);
    assert.match(said, /type 14=page fault/);
    assert.match(said, /wireRange\(kIODirectionIn/);
    const { line, kind } = await placeOf(page);
    assert.deepEqual([line, kind], [25, 'PANIC']);
}));

test('arrows step one event, and back shows exactly what was', () => withRadar({}, async (page) => {
    const seen = [];
    const start = await placeOf(page);
    for (let i = 0; i < 30; i++) {
        seen.push(await viewOf(page));
        await page.keyboard.press('ArrowLeft');
    }
    assert.equal((await placeOf(page)).at, start.at - 30);
    assert.equal(new Set(seen).size, 30);
    for (let i = 29; i >= 0; i--) {
        await page.keyboard.press('ArrowRight');
        assert.equal(await viewOf(page), seen[i], `${i} back`);
    }
}));

test('up and down step whole lines; Home and End go to the ends', () => withRadar({}, async (page) => {
    await page.keyboard.press('Home');
    assert.deepEqual([(await placeOf(page)).at, (await placeOf(page)).line], [1, 8]);
    for (let line = 8; line < 9; line = (await placeOf(page)).line) await page.keyboard.press('ArrowDown');
    assert.equal((await placeOf(page)).line, 9);
    await page.keyboard.press('ArrowDown');
    assert.equal((await placeOf(page)).line, 10);
    assert.equal(await page.locator('#spaces .cells button.t').count(), 16);
    await page.keyboard.press('ArrowUp');
    assert.equal(await page.locator('#spaces .cells button.t').count(), 0);
    await page.keyboard.press('End');
    const { at, count, line } = await placeOf(page);
    assert.deepEqual([at, line], [count, 25]);
}));

test('the slider scrubs', () => withRadar({}, async (page) => {
    await page.locator('#at').fill('20');
    assert.match(await eventOf(page), /^20 of/);
}));

test('the finding goes when the wire line is added, and comes back when it is taken away', () => withRadar({}, async (page) => {
    const text = await page.locator('#text').inputValue();
    await page.locator('#text').fill(text.replace('mark\n', 'wire m in\nmark\n'));
    await page.locator('#run').click();
    assert.match(await findingsOf(page), /No finding/);
    assert.match(await findingsOf(page), /expected panic/); // the scenario's own claims fail now
    assert.equal(await page.locator('#spaces .cells button.tw').count(), 16);
    await page.locator('#given-again').click();
    assert.match(await findingsOf(page), /fault-in-restricted-context/);
    assert.equal(await page.locator('#text').inputValue(), text);
}));

test('the same with keys alone', () => withRadar({}, async (page) => {
    for (let i = 0; i < 100; i++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(() => document.activeElement.id === 'text')) break;
    }
    assert.equal(await page.evaluate(() => document.activeElement.id), 'text');
    await page.keyboard.press('Control+Home');
    for (let line = 1; line < 23; line++) await page.keyboard.press('ArrowDown');
    await page.keyboard.type('wire m in\n');
    await page.keyboard.press('Control+Enter');
    assert.match(await findingsOf(page), /No finding/);
    for (let i = 0; i < 100; i++) { // and out of the box again
        await page.keyboard.press('Tab');
        if (await page.evaluate(() => document.activeElement.id === 'back')) break;
    }
    const at = await eventOf(page);
    await page.keyboard.press('Enter');
    assert.notEqual(await eventOf(page), at);
}));

test('another release is the other kernel', () => withRadar({}, async (page) => {
    await page.locator('#profile').selectOption('seed-view');
    assert.match(await findingsOf(page), /No finding/); // what the radar's author believed: eager
    await page.locator('#runs button', { hasText: '10.15 panic' }).click();
    assert.match(await findingsOf(page), /fault-in-restricted-context/);
    assert.equal(await page.locator('#profile').inputValue(), 'macos-10.15');
}));

test('another machine has other pages, and a link carries it', () => withRadar({}, async (page) => {
    assert.equal(await page.locator('#spaces .cells button.t').count(), 16); // 64 KiB are 16 pages
    await page.locator('#machine').selectOption('m1');
    await page.keyboard.press('Tab');
    assert.equal(await page.locator('#spaces .cells button.t').count(), 4);
    assert.match(await findingsOf(page), /fault-in-restricted-context/);
    const link = await page.locator('#link').getAttribute('href');
    await page.locator('#machine').selectOption('');
    assert.equal(await page.locator('#spaces .cells button.t').count(), 16);
    await page.goto('about:blank');
    await page.goto(`file://${join(folder, 'report.html')}${link}`);
    assert.equal(await page.locator('#machine').inputValue(), 'm1');
    assert.equal(await page.locator('#spaces .cells button.t').count(), 4);
    await page.goto('about:blank');
    await page.goto(`file://${report(radar, '--machine', 'm2')}`);
    assert.equal(await page.locator('#machine').inputValue(), 'm2');
}));

test('a page that is chosen is walked to', () => withRadar({}, async (page) => {
    await page.locator('#spaces .cells button').nth(2).click();
    assert.match(await page.locator('#walk').innerText(), /space 1 0x100002000: an access here needs no fault; in the TLB of CPU 0/);
}));

test('a link carries text, release and event', () => withRadar({}, async (page) => {
    const text = (await page.locator('#text').inputValue()).replace('mark\n', 'wire m in\nmark\n');
    await page.locator('#text').fill(`${text}# ☂\n`);
    await page.locator('#run').click();
    await page.locator('#profile').selectOption('macos-10.13');
    await page.locator('#at').fill('33');
    const link = await page.locator('#link').getAttribute('href');
    const view = await viewOf(page);
    await page.goto('about:blank');
    await page.goto(`file://${join(folder, 'report.html')}${link}`);
    assert.equal(await page.locator('#text').inputValue(), `${text}# ☂\n`);
    assert.equal(await page.locator('#profile').inputValue(), 'macos-10.13');
    assert.match(await eventOf(page), /^33 of/);
    assert.equal(await viewOf(page), view);
}));

test('a broken link shows what the report was made of', () => withRadar({}, async (page) => {
    const url = page.url();
    await page.goto('about:blank');
    await page.goto(`${url}#s=%FF*not-base64&e=7&p=nowhere`);
    assert.match(await findingsOf(page), /fault-in-restricted-context/);
}));

test('a mistake is told as file:line:col, and stepping goes on in what ran before', () => withRadar({}, async (page) => {
    const text = await page.locator('#text').inputValue();
    await page.locator('#text').fill(text.replace('prepare md', 'prepair md'));
    await page.keyboard.press('Control+Enter');
    const said = await page.locator('[role=alert]').innerText();
    assert.match(said, new RegExp(`${radar}:14:1: unknown operation 'prepair': did you mean 'prepare'\\?`));
    assert.equal(await page.evaluate(() => document.activeElement.selectionStart), text.indexOf('prepare md'));
    const { at } = await placeOf(page);
    await page.locator('#back').click();
    assert.equal((await placeOf(page)).at, at - 1);
}));

test('text that looks like markup stays text', () => withPage({}, async (page) => {
    const file = join(folder, 'markup.scn');
    writeFileSync(file, 'title "</script><img src=x onerror=alert(1)>"\napp = task # <b>\n');
    await page.goto(`file://${report(file)}`);
    assert.match(await page.locator('#about').innerText(), /<\/script><img/);
    assert.equal(await page.locator('img').count(), 0);
}));

// A server for one file; its page may ask it and nobody else.
async function withServer(text, body) {
    const file = join(folder, 'served.scn');
    writeFileSync(file, text);
    const server = spawn(FAULTLINE, ['serve', '--watch', file], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
        const [said] = await once(server.stdout, 'data');
        const [url] = /^http:\/\/127\.0\.0\.1:\d+\//.exec(said.toString());
        await withPage({ offline: false, allowed: new RegExp(`^(data:|${url})`) }, async (page) => {
            await page.goto(url);
            await body(page, file, server);
        });
    } finally {
        server.kill('SIGINT');
        if (server.exitCode === null) await once(server, 'exit');
    }
}

test('a served page follows its file, and the program says how its own run ended', () =>
    withServer('app = task\nbuf = allocate app 4p\nfill buf\n', async (page, file, server) => {
        await page.locator('#live', { hasText: '1 run, 0 not clean' }).waitFor();
        assert.match(await findingsOf(page), /No finding/);
        appendFileSync(file, 'nofault spin-lock { load buf }\nmd = descriptor buf direction=out\nm = map md kernel\nnofault spin-lock { load m }\n');
        await page.locator('#findings', { hasText: 'fault-in-restricted-context' }).waitFor();
        await page.locator('#live', { hasText: '1 run, 1 not clean' }).waitFor();
        await page.locator('#text').fill('app = task # mine\n');
        writeFileSync(file, 'each macos-15..macos-15.4\napp = task\ncheck\n');
        await page.locator('#live', { hasText: /[2-9] runs, 0 not clean/ }).waitFor();
        await page.locator('#behind', { hasText: 'has changed' }).waitFor(); // whatever the run's end said
        assert.equal(await page.locator('#text').inputValue(), 'app = task # mine\n');
        await page.locator('#given-again').click();
        assert.match(await page.locator('#text').inputValue(), /task\ncheck\n$/);
        await page.locator('#behind').waitFor({ state: 'hidden' });
        server.kill('SIGINT');
        await page.locator('#live', { hasText: 'the server is gone' }).waitFor();
        await page.keyboard.press('Home'); // and what is here works on
        assert.equal((await placeOf(page)).at, 1);
    }));

for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 600]) {
        test(`axe has no serious complaint: ${colorScheme}, ${width} wide`, () =>
            withRadar({ colorScheme, viewport: { width, height: 800 } }, async (page) => {
                await page.evaluate(axe);
                const { violations } = await page.evaluate(() => globalThis.axe.run());
                const bad = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
                assert.deepEqual(bad.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]), []);
                const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                assert.ok(over <= 0, `${over} pixels too wide`);
            }));
    }
}
