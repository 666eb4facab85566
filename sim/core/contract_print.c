/*
 * contract_print.c - a contract's outcome as text, and its answers as a recording (docs/contract.md)
 */
#include "contract.h"
#include "core_json.h"

static const char *
state_of(const struct contract_fact *fact)
{
    if (fact->is_skipped)
        return "skip";
    return fact->has_failed ? "FAIL" : "ok";
}

static void
put_failure(const struct core_out *out, const struct contract_fact *fact)
{
    core_put(out, "      ");
    core_put_clean(out, fact->verb);
    if (fact->why != NULL)
        CORE_PUT(out, ": %s\n", fact->why);
    else
        CORE_PUT(out, " gave %lld, not %lld\n", (long long)fact->gave, (long long)fact->wanted);
}

void
contract_print_text(const struct core_out *out, const struct contract *contract,
                    const struct contract_fact *facts)
{
    uint64_t held = 0;
    uint64_t failed = 0;

    for (size_t i = 0; i < contract_fact_count(); i++) {
        core_put_left(out, state_of(&facts[i]), 6);
        CORE_PUT(out, "%s\n", facts[i].text);
        if (facts[i].has_failed)
            put_failure(out, &facts[i]);
        failed += facts[i].has_failed;
        held += !facts[i].has_failed && !facts[i].is_skipped;
    }
    core_put_clean(out, contract->info.name);
    CORE_PUT(out, ", Darwin %u%s: %llu facts hold, %llu do not, %llu cannot be asked\n",
             contract->info.darwin_major, contract->is_replay ? ", recorded" : "",
             (unsigned long long)held, (unsigned long long)failed,
             (unsigned long long)(contract_fact_count() - held - failed));
}

static void
put_backend(struct core_json *answer, const vmk_info_t *info)
{
    struct core_json object;

    core_json_key(answer, "backend");
    object = core_json_begin(answer->out);
    core_json_string(&object, "name", info->name);
    core_json_number(&object, "darwin_major", info->darwin_major);
    core_json_number(&object, "page_shift", info->page_shift);
    core_json_number(&object, "caps", info->caps);
    core_json_end(&object);
}

/* Codes are 32 bits and may have the top one set, so numbers here can be negative. */
static void
put_signed(struct core_json *object, const char *name, int64_t value)
{
    core_json_key(object, name);
    CORE_PUT(object->out, "%lld", (long long)value);
}

static void
put_answer(const struct core_out *out, const struct contract_answer *answer)
{
    struct core_json object = core_json_begin(out);

    core_json_string(&object, "fact", answer->fact);
    core_json_string(&object, "verb", answer->verb);
    put_signed(&object, "gave", answer->gave);
    core_json_end(&object);
}

static void
put_fact(const struct core_out *out, const struct contract_fact *fact)
{
    struct core_json object = core_json_begin(out);

    core_json_string(&object, "fact", fact->name);
    core_json_string(&object, "state", state_of(fact));
    core_json_string(&object, "text", fact->text);
    if (fact->has_failed) {
        core_json_string(&object, "verb", fact->verb);
        put_signed(&object, "gave", fact->gave);
        put_signed(&object, "wanted", fact->wanted);
        core_json_string(&object, "why", fact->why);
    }
    core_json_end(&object);
}

void
contract_print_json(const struct core_out *out, const struct contract *contract,
                    const struct contract_fact *facts)
{
    struct core_json answer = core_json_begin_answer(out, "contract");

    put_backend(&answer, &contract->info);
    core_json_list(&answer, "facts");
    for (size_t i = 0; i < contract_fact_count(); i++) {
        core_json_element(out, i);
        put_fact(out, &facts[i]);
    }
    core_json_list_end(out);
    core_json_list(&answer, "answers");
    for (size_t i = 0; i < contract->count; i++) {
        core_json_element(out, i);
        put_answer(out, &contract->answers[i]);
    }
    core_json_list_end(out);
    core_json_end_answer(&answer);
}
