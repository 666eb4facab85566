/*
 * explain.c - see explain.h
 */
#include "explain.h"

#include <string.h>

#include "core_json.h"

/* ---- tables ---- */

struct code_row {
    enum vmm_status status;
    const char *why;
    const char *fix;
    const char *source;
};

static const struct code_row codes[] = {
#define EXPLAIN_CODE(status, why, fix, source) { status, why, fix, source },
#include "explain_codes.def"
#undef EXPLAIN_CODE
};

struct trap_row {
    const char *name;
    const char *what;
    const char *why;
    const char *fix;
    const char *source;
};

static const struct trap_row traps[] = {
#define EXPLAIN_TRAP(name, what, why, fix, source) { name, what, why, fix, source },
#include "explain_traps_vm.def"
#include "explain_traps_io.def"
#undef EXPLAIN_TRAP
};

static void
code_at(size_t index, struct explain *explain)
{
    const struct code_row *row = &codes[index];

    explain->word = vmm_status_name(row->status);
    explain->what = vmm_status_text(row->status);
    explain->why = row->why;
    explain->fix = row->fix;
    explain->source = row->source;
    explain->code = (int32_t)row->status;
}

static void
rule_at(size_t index, struct explain *explain)
{
    const struct verify_rule *rule = verify_rule_at(index);

    explain->word = rule->id;
    explain->what = rule->sentence;
    explain->why = rule->missing;
    explain->fix = rule->fix;
    explain->source = rule->source;
}

static void
event_at(size_t index, struct explain *explain)
{
    enum trace_kind kind = (enum trace_kind)index;

    explain->word = trace_kind_name(kind);
    explain->what = trace_kind_text(kind);
    explain->why = trace_kind_fields(kind);
    explain->source = trace_kind_xnu(kind);
}

static void
trap_at(size_t index, struct explain *explain)
{
    const struct trap_row *row = &traps[index];

    explain->word = row->name;
    explain->what = row->what;
    explain->why = row->why;
    explain->fix = row->fix;
    explain->source = row->source;
}

static void
behaviour_at(size_t index, struct explain *explain)
{
    struct vm_profile_field field;

    vm_profile_field_at(0, index, &field);
    explain->word = field.name;
    explain->what = field.text;
    explain->source = field.source;
}

static size_t
kind_count(enum explain_kind kind)
{
    switch (kind) {
    case EXPLAIN_A_CODE:
        return VMM_COUNT_OF(codes);
    case EXPLAIN_A_RULE:
        return verify_rule_count();
    case EXPLAIN_AN_EVENT:
        return EV_KIND_COUNT;
    case EXPLAIN_A_TRAP:
        return VMM_COUNT_OF(traps);
    case EXPLAIN_A_BEHAVIOUR:
        return vm_profile_field_count();
    case EXPLAIN_KINDS:
        break;
    }
    return 0;
}

const char *
explain_kind_name(enum explain_kind kind)
{
    static const char *const names[] = { "code", "rule", "event", "trap", "behaviour" };

    return names[kind];
}

size_t
explain_count(void)
{
    size_t count = 0;

    for (int kind = 0; kind < EXPLAIN_KINDS; kind++)
        count += kind_count((enum explain_kind)kind);
    return count;
}

void
explain_at(size_t index, struct explain *explain)
{
    static void (*const at[])(size_t, struct explain *) = { code_at, rule_at, event_at, trap_at,
                                                            behaviour_at };
    int kind = 0;

    while (index >= kind_count((enum explain_kind)kind))
        index -= kind_count((enum explain_kind)kind++);
    *explain = (struct explain){ .kind = (enum explain_kind)kind, .index = index };
    at[kind](index, explain);
}

/* ---- finding ---- */

static char
lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool
is_same_word(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

static int
digit_of(char byte, unsigned base)
{
    int digit = byte >= '0' && byte <= '9' ? byte - '0' : 99;

    if (lower(byte) >= 'a' && lower(byte) <= 'f')
        digit = lower(byte) - 'a' + 10;
    return digit < (int)base ? digit : -1;
}

/* "2", "0xE00002C2", "-536870206": the 32 bits, whichever way they were written. */
static bool
number_of(const char *word, int32_t *number)
{
    bool is_negative = word[0] == '-';
    bool is_hex = word[0] == '0' && lower(word[1]) == 'x';
    unsigned base = is_hex ? 16 : 10;
    const char *at = word + (is_hex ? 2 : is_negative);
    uint64_t value = 0;

    if (*at == '\0')
        return false;
    for (; *at != '\0'; at++) {
        int digit = digit_of(*at, base);

        if (digit < 0 || value > UINT32_MAX)
            return false;
        value = value * base + (unsigned)digit;
    }
    if (value > UINT32_MAX)
        return false;
    *number = (int32_t)(uint32_t)(is_negative ? 0 - value : value);
    return true;
}

bool
explain_find(const char *word, struct explain *explain, struct scn_guess *guess)
{
    int32_t number = 0;
    bool is_number = number_of(word, &number);
    struct explain at;

    scn_guess_init(guess, word, strlen(word));
    for (size_t i = 0; i < explain_count(); i++) {
        explain_at(i, &at);
        if (is_number ? at.kind == EXPLAIN_A_CODE && at.code == number
                      : is_same_word(at.word, word)) {
            *explain = at;
            return true;
        }
        scn_guess_offer(guess, at.word);
    }
    return false;
}

/* ---- printing ---- */

enum { INDENT = 11, WIDTH = 88 };

/* How much of the text fits on a line: all of it, or up to the last space that does. */
static size_t
line_length(const char *text)
{
    size_t length = strlen(text);

    if (length <= WIDTH)
        return length;
    for (length = WIDTH; length > 0 && text[length] != ' '; length--)
        continue;
    return length > 0 ? length : WIDTH;
}

static void
put_part(const struct core_out *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    core_put(out, "  ");
    core_put_left(out, name, INDENT - 2);
    for (;;) {
        size_t length = line_length(text);

        core_put_bytes(out, text, length);
        core_put(out, "\n");
        text += length;
        if (*text == '\0')
            return;
        text += *text == ' ';
        core_put_spaces(out, INDENT);
    }
}

/* A behaviour's whole history: the rows that set it. */
static void
put_history(const struct core_out *out, size_t index)
{
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile_field field;
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        vm_profile_field_at(row, index, &field);
        if (strcmp(field.since, profile.name) != 0)
            continue;
        core_put(out, "  ");
        core_put_left(out, profile.name, 15);
        if (field.value_name != NULL)
            core_put(out, field.value_name);
        else
            core_format(out, "%llu", (unsigned long long)field.value);
        core_format(out, " (%s)\n", field.source);
    }
}

/* What the three parts are called depends on what the word is. */
static void
put_parts(const struct core_out *out, const struct explain *explain)
{
    put_part(out, "what", explain->what);
    switch (explain->kind) {
    case EXPLAIN_A_BEHAVIOUR:
        put_history(out, explain->index);
        return;
    case EXPLAIN_AN_EVENT:
        put_part(out, "carries", explain->why);
        put_part(out, "see it", "faultline run --events FILE; expect count EVENT N");
        put_part(out, "in XNU", explain->source);
        return;
    case EXPLAIN_A_RULE:
        put_part(out, "missing", explain->why);
        break;
    default:
        put_part(out, "why", explain->why);
        break;
    }
    put_part(out, "fix", explain->fix);
    put_part(out, "source", explain->source);
}

void
explain_print_text(const struct core_out *out, const struct explain *explain)
{
    core_put(out, explain->word);
    if (explain->kind == EXPLAIN_A_CODE && (explain->code < 0 || explain->code > 0xffff))
        core_format(out, " (0x%08x)", (unsigned)explain->code);
    else if (explain->kind == EXPLAIN_A_CODE)
        core_format(out, " (%d)", (int)explain->code);
    core_format(out, ", %s %s\n", explain->kind == EXPLAIN_AN_EVENT ? "an" : "a",
                explain_kind_name(explain->kind));
    put_parts(out, explain);
}

void
explain_print_json(const struct core_out *out, const struct explain *explain)
{
    struct core_json object = core_json_begin_answer(out, "explain");

    core_json_string(&object, "word", explain->word);
    core_json_string(&object, "kind", explain_kind_name(explain->kind));
    if (explain->kind == EXPLAIN_A_CODE)
        core_json_status(&object, "status", explain->code);
    core_json_string(&object, "what", explain->what);
    core_json_string(&object, "why", explain->why);
    core_json_string(&object, "fix", explain->fix);
    core_json_string(&object, "source", explain->source);
    core_json_end_answer(&object);
}

void
explain_print_list(const struct core_out *out)
{
    for (size_t i = 0; i < explain_count(); i++) {
        struct explain explain;

        explain_at(i, &explain);
        core_put_left(out, explain_kind_name(explain.kind), 11);
        core_put_left(out, explain.word, 35);
        core_format(out, "%s\n", explain.what);
    }
}
