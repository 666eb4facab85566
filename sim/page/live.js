// live.js - what a page does that `faultline serve` has sent: it follows the file and the program's run
'use strict';

// The file has changed. An edited text stays; the new one is behind "As given".
function takeScenario(scenario) {
    const isEdited = $('text').value !== given.text;
    if (scenario.text === given.text) return;
    Object.assign(given, scenario);
    if (isEdited) {
        $('given-again').disabled = false;
        $('behind').hidden = false;
        $('behind').textContent = `${given.file} has changed: "As given" takes it`;
        return;
    }
    $('text').value = given.text;
    runText();
}

async function fetchScenario() {
    const answer = await fetch('/scenario');
    if (answer.ok) takeScenario(await answer.json());
}

function follow() {
    const source = new EventSource('/events');
    const say = (text) => { $('live').textContent = text; };
    $('live').hidden = false;
    source.addEventListener('open', () => say(`live: ${given.file}`));
    source.addEventListener('error', () => say('the server is gone; what is here works on'));
    source.addEventListener('site', fetchScenario);
    source.addEventListener('progress', ({ data }) => {
        const { run, events } = JSON.parse(data);
        say(`live: run ${run} has come to event ${events}`);
    });
    source.addEventListener('driver', ({ data }) => {
        const { events, findings, last } = JSON.parse(data);
        say(`driver's test: ${events} events, ${findings} ${findings === 1 ? 'finding' : 'findings'}`
            + (last ? `; last ${last.event} in space ${last.space} at ${last.va}` : ''));
    });
    source.addEventListener('ran', ({ data }) => {
        const { runs, unclean } = JSON.parse(data);
        say(runs === 0 ? 'live: the file does not run' : `live: ${runs} ${runs === 1 ? 'run' : 'runs'}, ${unclean} not clean`);
    });
}

if (given.live) follow();
