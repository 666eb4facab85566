// digest.mjs - the same scenario gives the same events in a page as in the program
//
//   node digest.mjs page.wasm faultline SCENARIO...
//
// Every run of every scenario is compared by the digest of all its events, and the whole answers too.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [wasm, program, ...scenarios] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(wasm));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) {
    console.error('page.wasm imports', imports);
    process.exit(1);
}

// A fresh instance for each file, as a page that was just opened.
function inPage(text) {
    const { exports: page } = new WebAssembly.Instance(module, {});
    page._initialize();
    const at = page.page_input(text.length);
    new Uint8Array(page.memory.buffer).set(text, at);
    page.page_run(text.length, -1);
    const out = page.page_output();
    return JSON.parse(Buffer.from(page.memory.buffer, out, page.page_output_length()).toString());
}

function inProgram(file) {
    try {
        return JSON.parse(execFileSync(program, ['run', '--json', '--events', file],
            { maxBuffer: 1 << 30 }));
    } catch (failure) { // findings exit with 1
        return JSON.parse(failure.stdout);
    }
}

// The one thing that may differ is the name under which the file was given.
const plain = (answer) => JSON.stringify(answer.runs.map((run) => ({ ...run, file: '' })));

let failed = 0;
let runs = 0;
for (const file of scenarios) {
    const page = inPage(readFileSync(file));
    const native = inProgram(file);
    runs += native.runs.length;
    if (page.error || plain(page) !== plain(native)) {
        console.error(`${file}: the page's run differs`, page.error ?? '');
        failed++;
    }
}
console.log(`${scenarios.length - failed} passed, ${failed} failed`);
console.log(`${runs} runs`);
process.exit(failed > 0 || scenarios.length === 0 ? 1 : 0);
