/*
 * cmd_words.c - options out, operands left, and guesses for slips of the hand
 */
#include <string.h>

#include "cmd/cmd.h"
#include "core/explore_schedule.h"

static const struct cmd_option *
cmd_option_find(const struct cmd_option *options, size_t count, const char *word, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(options[i].name) == length && memcmp(options[i].name, word, length) == 0)
            return &options[i];
    }
    return NULL;
}

static bool
cmd_option_unknown(const struct cmd_verb *verb, const struct cmd_option *options, size_t count,
                   const char *word)
{
    struct scn_guess guess;

    scn_guess_init(&guess, word, strlen(word));
    for (size_t i = 0; i < count; i++)
        scn_guess_offer(&guess, options[i].name);
    if (guess.word != NULL)
        cmd_trouble("unknown option '%s' of '%s': did you mean '%s'?", word, verb->name,
                    guess.word);
    else
        cmd_trouble("unknown option '%s' of '%s': see 'faultline %s --help'", word, verb->name,
                    verb->name);
    return false;
}

/* One option at words->word[*at]; moves *at over a value that stands apart. */
static bool
cmd_option_take(const struct cmd_verb *verb, const struct cmd_words *words,
                const struct cmd_option *options, size_t count, int *at)
{
    /* -h is what other programs have taught us to type. */
    const char *word = strcmp(words->word[*at], "-h") == 0 ? "--help" : words->word[*at];
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct cmd_option *option = cmd_option_find(options, count, word, length);

    if (option == NULL)
        return cmd_option_unknown(verb, options, count, word);
    if (option->value == NULL && equals != NULL) {
        cmd_trouble("'%s' takes no value: write it alone", option->name);
        return false;
    }
    if (option->flag != NULL)
        *option->flag = true;
    if (option->value == NULL)
        return true;
    if (equals == NULL && *at + 1 >= words->count) {
        cmd_trouble("'%s' needs a value: %s NAME", option->name, option->name);
        return false;
    }
    *option->value = equals != NULL ? equals + 1 : words->word[++*at];
    return true;
}

bool
cmd_parse(const struct cmd_verb *verb, struct cmd_words *words, const struct cmd_option *options,
          size_t count)
{
    bool only_operands = false;
    int kept = 0;

    for (int at = 0; at < words->count; at++) {
        char *word = words->word[at];

        if (!only_operands && strcmp(word, "--") == 0)
            only_operands = true;
        else if (only_operands || word[0] != '-' || word[1] == '\0')
            words->word[kept++] = word;
        else if (!cmd_option_take(verb, words, options, count, &at))
            return false;
    }
    words->count = kept;
    return true;
}

bool
cmd_at_most(const struct cmd_verb *verb, const struct cmd_words *words, int most)
{
    if (words->count <= most)
        return true;
    cmd_trouble("'%s' does not know what to do with '%s': see 'faultline %s --help'", verb->name,
                words->word[most], verb->name);
    return false;
}

bool
cmd_profile_find(const char *name, size_t *row)
{
    struct scn_guess guess;

    if (vm_profile_find(name, strlen(name), row))
        return true;
    scn_guess_init(&guess, name, strlen(name));
    scn_guess_offer_profiles(&guess);
    if (guess.word != NULL)
        cmd_trouble("unknown profile '%s': did you mean '%s'?", name, guess.word);
    else
        cmd_trouble("unknown profile '%s': 'faultline profiles' lists them", name);
    return false;
}

bool
cmd_is_schedule(const char *id)
{
    struct explore_schedule schedule;

    if (explore_schedule_parse(&schedule, id))
        return true;
    cmd_trouble("--schedule: '%s' is no schedule's id: they look like 3b.9a, r17 and p17.40", id);
    return false;
}

bool
cmd_number(const char *option, const char *text, uint32_t *number)
{
    uint64_t value = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9' && value <= UINT32_MAX; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    if (*at == '\0' && value >= 1 && value <= UINT32_MAX) {
        *number = (uint32_t)value;
        return true;
    }
    cmd_trouble("'%s' needs a number from 1 on, not '%s'", option, text);
    return false;
}
