/*
 * lab.h - a lab: a scenario that asks before it tells
 *
 * PURPOSE     A lab's file is a scenario with parameters (sweep.h) whose comments carry its words: `#:`
 *             what to read first, `#?` a question, `#!` a hint, `#=` why. A question belongs to the
 *             next line: to a `report NAME` line, whose number is the answer, or behind `#$ NAME` to
 *             an operation, whose price in nanoseconds is. The model answers, whatever the variant.
 *             `expect` lines are for those who run the file, and are not shown.
 * INVARIANTS  B1  the same file and variant give the same scenario, questions and answers
 *             B2  an answer is the run's: no file holds one
 * UNITS       variant: a seed that chooses a point of the grid, 0: the first; numbers: as the questions
 *             say, prices in nanoseconds
 * OWNERSHIP   lab_free() gives back a lab and everything it shows
 * ERRORS      SCN_BAD_SOURCE and SCN_NO_MEMORY as scn_parse() has them
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_LAB_H
#define CORE_LAB_H

#include "cost/cost.h"
#include "scn.h"

enum { LAB_QUESTIONS_MAX = 32 };

/* A price is right anywhere in its range; any other answer has one number. */
struct lab_question {
    const char *name;
    const char *text; /* lines, each ended by '\n'; "" for none, as the next two */
    const char *hint;
    const char *why;
    uint32_t line;      /* of the scenario that the reader is shown */
    const char *source; /* that line */
    bool is_price;
    struct cost_time answer;
};

struct lab {
    const char *title;
    const char *intro;
    const char *scenario; /* this variant's, without the lab's own comments */
    uint64_t variant;
    struct lab_question questions[LAB_QUESTIONS_MAX];
    size_t question_count;
};

/* Reads a lab's file, takes the variant's point, runs it and notes the answers. */
enum scn_outcome lab_open(const struct vmm_alloc *alloc, const char *bytes, size_t length,
                          uint64_t variant, struct lab **lab, struct scn_error *error);
void lab_free(struct lab *lab);

enum lab_telling { LAB_ASKS, LAB_HINTS, LAB_ANSWERS };

/* What the reader is told: words, scenario and questions, and with them hints or answers. */
void lab_text(const struct core_out *out, const struct lab *lab, uint32_t number,
              enum lab_telling telling);
void lab_json(const struct core_out *out, const struct lab *lab, uint32_t number,
              enum lab_telling telling);

/* What somebody answered. */
struct lab_given {
    uint64_t number;
    bool is_given;
};

/*
 * Reads `NAME = NUMBER` lines; `#` begins a comment. SCN_BAD_SOURCE: *error says which line is none,
 * names no question, or answers one twice. given[LAB_QUESTIONS_MAX].
 */
enum scn_outcome lab_read_answers(const struct lab *lab, const char *bytes, size_t length,
                                  struct lab_given *given, struct scn_error *error);

/* How many answers are right. */
size_t lab_grade(const struct lab *lab, const struct lab_given *given);

/* Which are right, and what differs. */
void lab_grade_text(const struct core_out *out, const struct lab *lab, uint32_t number,
                    const struct lab_given *given);
void lab_grade_json(const struct core_out *out, const struct lab *lab, uint32_t number,
                    const struct lab_given *given);

#endif
