/*
 * cmd.h - what the program's verbs share
 *
 * PURPOSE     One file per verb, one table of verbs, one way to complain.
 * INVARIANTS  C1  trouble is one line on stderr and exit 2; words that are wrong put nothing on stdout, and of
 *                 several files the good ones run
 * UNITS       exit codes: 0 clean, 1 findings or failed expectations, 2 trouble, 130 Ctrl-C
 * OWNERSHIP   words belong to main(); verbs own what they make
 * ERRORS      exit codes
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "core/machine.h"
#include "core/scn.h"
#include "core/scn_words.h"
#include "io/io_bytes.h"
#include "io/io_loop.h"

enum { CMD_CLEAN = 0, CMD_FINDINGS = 1, CMD_TROUBLE = 2 };

/* The words after the verb. cmd_parse() leaves only operands in them. */
struct cmd_words {
    int count;
    char **word;
};

struct cmd_verb {
    const char *name;
    const char *summary;
    const char *help; /* fits a screen, with an example */
    int (*run)(const struct cmd_verb *verb, struct cmd_words *words);
};

size_t cmd_verb_count(void);
const struct cmd_verb *cmd_verb_at(size_t index);
/* NULL after the complaint, with the nearest verb as a hint. */
const struct cmd_verb *cmd_verb_find(const char *name);

int cmd_calibrate(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_compare(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_completion(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_contract(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_diff(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_explain(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_explore(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_help(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_inject(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_kpi(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_lab(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_machines(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_matrix(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_price(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_profiles(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_report(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_rules(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_run(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_serve(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_shrink(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_stat(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_step(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_story(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_record(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_replay(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_results(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_sweep(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_version(const struct cmd_verb *verb, struct cmd_words *words);
int cmd_vmmap(const struct cmd_verb *verb, struct cmd_words *words);

extern const char cmd_calibrate_help[];
extern const char cmd_compare_help[];
extern const char cmd_completion_help[];
extern const char cmd_contract_help[];
extern const char cmd_diff_help[];
extern const char cmd_explain_help[];
extern const char cmd_explore_help[];
extern const char cmd_help_help[];
extern const char cmd_inject_help[];
extern const char cmd_kpi_help[];
extern const char cmd_lab_help[];
extern const char cmd_machines_help[];
extern const char cmd_matrix_help[];
extern const char cmd_price_help[];
extern const char cmd_profiles_help[];
extern const char cmd_report_help[];
extern const char cmd_rules_help[];
extern const char cmd_run_help[];
extern const char cmd_serve_help[];
extern const char cmd_shrink_help[];
extern const char cmd_stat_help[];
extern const char cmd_step_help[];
extern const char cmd_story_help[];
extern const char cmd_record_help[];
extern const char cmd_replay_help[];
extern const char cmd_results_help[];
extern const char cmd_sweep_help[];
extern const char cmd_version_help[];
extern const char cmd_vmmap_help[];

/* ---- options ---- */
struct cmd_option {
    const char *name;   /* "--json" */
    bool *flag;         /* set when the option is given, or NULL */
    const char **value; /* takes the option's value, or NULL */
};

/* Takes the options out of *words. False: the complaint has been made. */
bool cmd_parse(const struct cmd_verb *verb, struct cmd_words *words,
               const struct cmd_option *options, size_t count);

/* Complains when there are more operands than `most`. */
bool cmd_at_most(const struct cmd_verb *verb, const struct cmd_words *words, int most);

/* Finds a profile row; false after the complaint, with the nearest name as a hint. */
bool cmd_profile_find(const char *name, size_t *row);

/* A machine by name, or from a .json file of a user's own; false after the complaint on `err`. */
bool cmd_machine_load(const char *name, struct machine *machine, struct io_bytes *err);

/* The same, and the geometry to run on. */
bool cmd_machine_shape(const char *name, struct machine *machine, struct hw_geometry *geometry,
                       struct io_bytes *err);

/*
 * The bytes of a file that the user named ("-": standard input), or all of what it is to hold: whole or not at
 * all. False after the complaint on `err`.
 */
bool cmd_read_file(const char *path, size_t limit, struct io_bytes *bytes, struct io_bytes *err);
bool cmd_write_file(const char *path, const char *data, size_t length, struct io_bytes *err);

/* Reads and parses a scenario file ("-": standard input); NULL after the complaint. */
struct scn_program *cmd_load(const char *file, struct io_bytes *err);

/* The same, with its text in *source, which the caller frees. */
struct scn_program *cmd_load_text(const char *file, struct io_bytes *source, struct io_bytes *err);

/* The same, with the text that the program is of: of a file with parameters, its first point's. */
struct scn_program *cmd_load_point(const char *file, struct io_bytes *text, struct io_bytes *err);

/* The program of a text; `file` is its name in complaints. */
struct scn_program *cmd_program(const char *file, const char *text, size_t length,
                                struct io_bytes *err);

/*
 * Runs one release for a verb that shows something else than what the run finds: findings are one line of warning, and
 * *code becomes CMD_FINDINGS. `options` without fibers. NULL after the complaint; the caller frees the report.
 */
struct scn_report *cmd_run_row(const char *file, const struct scn_program *program, size_t row,
                               struct scn_options options, struct io_bytes *err, int *code);

/* "file:line:col: what: how to fix", as compilers say it; of the whole file without line and column. */
enum { CMD_ERROR_BYTES = 768 };
void cmd_error_text(const char *file, const struct scn_error *error, char text[CMD_ERROR_BYTES]);

/* The same as a complaint; returns CMD_TROUBLE. */
int cmd_complain_at(struct io_bytes *err, const char *file, const struct scn_error *error);

/* Whether the text is a schedule's id (core/explore.h); false after the complaint. */
bool cmd_is_schedule(const char *id);

/* A decimal number from 1 to UINT32_MAX behind `option`; false after the complaint. */
bool cmd_number(const char *option, const char *text, uint32_t *number);

/* ---- saying things ---- */
/* "faultline: ..." on stderr, one line whatever bytes the arguments carry; returns CMD_TROUBLE. */
int cmd_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line on stderr, as it is, for who runs no loop and goes on. */
void cmd_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line, as it is, added to what a piece of work has to say on stderr. */
int cmd_complain(struct io_bytes *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "WHAT: memory ran out"; `what` is a file, or the program. */
int cmd_no_memory(struct io_bytes *err, const char *what);

/* Writes a text on stdout through the loop. */
int cmd_say(const char *text);

/*
 * Writes bytes, or one line whatever bytes the arguments carry, on stdout without the loop, for who runs none.
 * False: nobody gets what follows either.
 */
bool cmd_print(const char *bytes, size_t length);
bool cmd_print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The exit code behind the last cmd_print(): trouble where not all of it was written. */
int cmd_print_end(int code);

/* Runs work through the loop; *code is read after the work is done. Returns the exit code. */
int cmd_work(io_work work, void *context, const int *code);

/* An io_bytes as the printers of sim/core see it. */
struct core_out cmd_out(struct io_bytes *bytes);

/* Whether stdout is a terminal that wants colour. */
bool cmd_wants_colour(void);

/* From now on each thread has a current world of its own: before scenarios run on several. */
void cmd_worlds_by_thread(void);

/* The C library's heap for programs, worlds and reports. */
extern const struct vmm_alloc cmd_heap;

/* From now on cmd_heap gives no more than so many bytes at a time: who asks for more is told that there is none. */
void cmd_limit_memory(uint64_t bytes);

/* "64K", "2M", "1G", "4096" behind `option`, up to 4 TiB; false after the complaint. */
bool cmd_size(const char *option, const char *text, uint64_t *bytes);

#endif
