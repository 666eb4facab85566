// engine.js - the model behind the page: text in, answers out; see page.h
//
// The module imports nothing, so nothing here can reach a network, a clock or a file.
'use strict';

class Engine {
    constructor(base64) {
        const bytes = Uint8Array.from(atob(base64.trim()), (c) => c.charCodeAt(0));
        this.module = new WebAssembly.Module(bytes);
        this.start();
    }

    start() {
        this.page = new WebAssembly.Instance(this.module, {}).exports;
        this.page._initialize();
        if (this.name) this.setName(this.name);
        if (this.kernel !== undefined) this.setKernel(this.kernel);
        if (this.machine !== undefined) this.setMachine(this.machine);
    }

    put(text) {
        const bytes = new TextEncoder().encode(text);
        const at = this.page.page_input(bytes.length);
        if (at === 0) return -1;
        new Uint8Array(this.page.memory.buffer).set(bytes, at);
        return bytes.length;
    }

    answer() {
        const at = this.page.page_output();
        const bytes = new Uint8Array(this.page.memory.buffer, at, this.page.page_output_length());
        return JSON.parse(new TextDecoder().decode(bytes));
    }

    // What the model's own assertion would stop is one line here, and a fresh model for the next run.
    guarded(call) {
        try {
            return call();
        } catch (trouble) {
            this.start();
            return { error: { line: 0, column: 0, text: `the model stopped: ${trouble.message}` } };
        }
    }

    setName(name) {
        this.name = name;
        const length = this.put(name);
        if (length > 0) this.page.page_name(length);
    }

    setKernel(kernel) {
        this.kernel = kernel;
        this.page.page_kernel(kernel);
    }

    // Row -1: the machine that the text names.
    setMachine(row) {
        this.machine = row;
        this.page.page_machine(row);
    }

    machines() { this.page.page_machines(); return this.answer(); }

    profiles() { this.page.page_profiles(); return this.answer(); }

    kinds() { this.page.page_kinds(); return this.answer(); }

    // Row -1: on every release that the text names.
    run(text, row) {
        return this.guarded(() => {
            const length = this.put(text);
            if (length < 0) return { error: { line: 0, column: 0, text: 'the text is too long: a scenario has at most 1 MiB' } };
            this.page.page_run(length, row);
            return this.answer();
        });
    }

    // `walk`: { space, va } with va a BigInt, or null for where the event is.
    state(text, row, event, walk) {
        return this.guarded(() => {
            const space = walk ? walk.space : -1;
            const va = walk ? walk.va : 0n;
            this.page.page_state(this.put(text), row, event, space, Number(va >> 32n),
                Number(va & 0xffffffffn));
            return this.answer();
        });
    }
}
