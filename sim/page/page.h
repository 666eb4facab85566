/*
 * page.h - what a web page calls: the real model and the real runner, text in, JSON out
 *
 * PURPOSE     The few functions that page.wasm exports. The page writes a scenario's text into the
 *             input, runs it, and reads JSON from the output. Nothing is imported: no clock, no
 *             files, no console.
 * INVARIANTS  W1  the same text and profile give the same output as `faultline run --json --events`
 * UNITS       lengths: bytes
 * OWNERSHIP   the module owns both buffers; each call may move or change them
 * ERRORS      page_run() answers 2 and writes { "error": .. } when the text is no scenario
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include <stddef.h>
#include <stdint.h>

/* Room for `length` bytes of text; NULL: no memory. */
char *page_input(size_t length);

/*
 * Runs the first `length` bytes of the input, named `file` in what is said. `profile`: a row of
 * page_profiles(), or -1 for those that the text asks for. Answers as an exit code: 0 clean, 1
 * findings or failed expectations, 2 trouble.
 */
int page_run(size_t length, int profile);

/*
 * What there is to see behind event number `event` (from 1; more than there are: at the end) of a run
 * on that profile, as JSON (scn_state_json.c). `space` and the address in two halves: where to walk to,
 * or PAGE_NO_SPACE for where the event is. Answers 0, or 2 and { "error": .. }.
 */
enum { PAGE_NO_SPACE = -1 };
int page_state(size_t length, int profile, uint32_t event, int space, uint32_t address_high,
               uint32_t address_low);

/* The names of all profiles, as a JSON list, into the output. */
int page_profiles(void);

/* Every kind of event: [{ "name": .., "text": .., "xnu": .. }, ..]. */
int page_kinds(void);

/* From now on: 0 the kernel that the text's machine line names, 1 release, 2 with assertions. */
int page_kernel(int kernel);

/* The names of all machines, as a JSON list, into the output. */
int page_machines(void);

/* From now on: a row of page_machines(), or -1 for the machine that the text names. */
int page_machine(int row);

/* From now on the first `length` bytes of the input (at most 255) name the text in what is said. */
int page_name(size_t length);

const char *page_output(void);
size_t page_output_length(void);

#endif
