/*
 * bench_bar_trace.c - how fast traces are read, against loops that do nothing else
 *
 *   bench_bar_trace [REFERENCES | FILE]    a made-up program's trace of so many references (2M), or a lackey text
 *
 * text floor   lines found by their newline, eight digits at once, no line ever checked, addresses added up
 * own floor    the same references as a kind in two bits and a zigzag difference of the address, added up
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "core/memtrace.h"
#include "core/memtrace_own.h"
#include "harness.h"

enum { TURNS = 9, CHUNK = 1 << 16, LINE_BYTES = 24 };

struct bytes {
    uint8_t *data;
    size_t length, room;
};

static void
put(void *context, const char *data, size_t length)
{
    struct bytes *bytes = context;

    bench_check(length <= bytes->room - bytes->length, "the buffer is too small");
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

/* ---- a made-up program: three fetches in a row, then data on the stack, in arrays, in a heap ---- */

static void
make_text(struct bytes *text, uint64_t references)
{
    uint64_t random = 88172645463325252u, ip = 0x401000, at = 0x5400000, va;
    char line[LINE_BYTES * 2];

    for (uint64_t i = 0; i < references; i++) {
        unsigned size = 1u << (random >> 20 & 3);

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (i % 4 != 3) {
            if (random % 7 == 0)
                ip = 0x401000 + (random >> 8 & 0x3ffff);
            size = 1 + (unsigned)(random >> 30 & 7);
            snprintf(line, sizeof line, "I  %08llx,%u\n", (unsigned long long)ip, size);
            ip += size;
        } else {
            va = random % 3 == 0   ? 0x1fff000000 + (random >> 9 & 0x3f8)
                 : random % 3 == 1 ? (at += 8)
                                   : 0x4c00000 + (random >> 9 & 0xffff8);
            snprintf(line, sizeof line, " %c %08llx,%u\n", random & 64 ? 'L' : 'S',
                     (unsigned long long)va, size);
        }
        put(text, line, strlen(line));
    }
}

static void
read_text(struct bytes *text, const char *path)
{
    FILE *file = fopen(path, "rb");

    bench_check(file != NULL, "the file cannot be opened");
    text->length = fread(text->data, 1, text->room, file);
    fclose(file);
    while (text->length > 0 && text->data[text->length - 1] != '\n')
        text->length--;
}

/* ---- sides ---- */

struct input {
    struct bytes bytes;
    enum memtrace_format format;
};

static void *
start(const void *context)
{
    return (void *)(uintptr_t)context;
}

static uint64_t
floor_text_run(void *state)
{
    const struct bytes *text = &((const struct input *)state)->bytes;
    const uint8_t *at = text->data, *end = text->data + text->length;
    uint64_t sum = 0;

    while (at < end) {
        if (at[0] != '=') {
            uint64_t word, ones = UINT64_C(0x0101010101010101);

            memcpy(&word, at + 3, 8);
            word = (word & 0x0f * ones) + 9 * (word >> 6 & ones);
            word = __builtin_bswap64(word);
            word = (word | word >> 4) & UINT64_C(0x00ff00ff00ff00ff);
            word = (word | word >> 8) & UINT64_C(0x0000ffff0000ffff);
            word = (word | word >> 16) & UINT64_C(0xffffffff);
            for (at += 11; *at != ','; at++)
                word = word << 4 | ((*at & 0xfu) + 9u * (*at >> 6 & 1u));
            sum += word;
        }
        while (*at != '\n')
            at++;
        at++;
    }
    return sum;
}

static uint64_t
floor_own_run(void *state)
{
    const struct bytes *codes = &((const struct input *)state)->bytes;
    const uint8_t *at = codes->data, *end = codes->data + codes->length;
    uint64_t va = 0, sum = 0;

    while (at < end) {
        uint64_t byte = *at++, value = byte & 0x7f;

        for (unsigned shift = 7; byte >= 0x80; shift += 7) {
            byte = *at++;
            value |= (byte & 0x7f) << shift;
        }
        value >>= 2; /* the kind */
        va += value >> 1 ^ (0 - (value & 1));
        sum += va;
    }
    return sum;
}

static bool
add_references(void *context, const struct memtrace_batch *batch)
{
    uint64_t *sum = context;

    for (size_t i = 0; i < batch->count; i++)
        *sum += batch->va[i];
    return true;
}

static bool
no_event(void *context, const struct memtrace_event *event)
{
    (void)context;
    (void)event;
    return true;
}

static bool
no_bad(void *context, uint64_t line, const char *text, size_t length)
{
    (void)context;
    (void)line;
    (void)text;
    (void)length;
    return true;
}

static uint64_t
ours_run(void *state)
{
    static struct memtrace_reader reader;
    const struct input *input = state;
    uint64_t sum = 0;
    const struct memtrace_sink sink = { &sum, add_references, no_event, no_bad, NULL };

    memtrace_reader_init(&reader, input->format, &sink);
    for (size_t at = 0; at < input->bytes.length; at += CHUNK)
        memtrace_feed(&reader, input->bytes.data + at,
                      input->bytes.length - at < CHUNK ? input->bytes.length - at : CHUNK);
    bench_check(memtrace_finish(&reader), "the trace is not whole");
    return sum;
}

/* ---- the same references in other forms ---- */

struct forms {
    struct memtrace_writer writer;
    struct bytes *bare;
    uint64_t va, count;
};

static bool
write_both(void *context, const struct memtrace_batch *batch)
{
    struct forms *forms = context;

    memtrace_write(&forms->writer, batch);
    for (size_t i = 0; i < batch->count; i++) {
        int64_t difference = (int64_t)(batch->va[i] - forms->va);
        uint64_t code = ((uint64_t)difference << 1 ^ (uint64_t)(difference >> 63)) << 2 |
                        MEMTRACE_KIND(batch->how[i]);
        char byte;

        for (; code >= 0x80; code >>= 7) {
            byte = (char)((code & 0x7f) | 0x80);
            put(forms->bare, &byte, 1);
        }
        byte = (char)code;
        put(forms->bare, &byte, 1);
        forms->va = batch->va[i];
    }
    forms->count += batch->count;
    return true;
}

static uint64_t
make_forms(const struct bytes *text, struct bytes *own, struct bytes *bare)
{
    static struct memtrace_reader reader;
    static struct forms forms;
    const struct core_out out = { put, own };
    const struct memtrace_sink sink = { &forms, write_both, no_event, no_bad, NULL };

    forms.bare = bare;
    memtrace_writer_init(&forms.writer, &bench_alloc, &out);
    memtrace_reader_init(&reader, MEMTRACE_LACKEY, &sink);
    memtrace_feed(&reader, text->data, text->length);
    bench_check(memtrace_finish(&reader) && memtrace_writer_finish(&forms.writer),
                "the trace cannot be written");
    return forms.count;
}

static void
print(const char *name, const struct bytes *bytes, uint64_t references,
      const struct bench_time *floor, const struct bench_time *ours, double needs)
{
    double count = (double)references;

    printf("%s: %.2f bytes a reference, %.0f and %.0f million a second\n", name,
           (double)bytes->length / count, count / 1e6 / floor->median, count / 1e6 / ours->median);
    bench_bar(name, ours->median * 1e9 / count, floor->median * 1e9 / count, "ns a reference",
              needs);
}

static void
make_bytes(struct bytes *bytes, size_t room)
{
    *bytes = (struct bytes){ malloc(room), 0, room };
    bench_check(bytes->data != NULL, "no memory");
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "2M";
    bool is_file = what[0] < '0' || what[0] > '9';
    uint64_t references = is_file ? 0 : bench_number(what);
    size_t room = is_file ? (size_t)1 << 28 : (size_t)references * LINE_BYTES + 64;
    struct input text = { .format = MEMTRACE_LACKEY }, own = { .format = MEMTRACE_OWN },
                 bare = { 0 };
    struct bench_time times[4];

    make_bytes(&text.bytes, room);
    make_bytes(&own.bytes, room);
    make_bytes(&bare.bytes, room);
    bench_arena_create((size_t)1 << 22);
    if (is_file)
        read_text(&text.bytes, what);
    else
        make_text(&text.bytes, references);
    references = make_forms(&text.bytes, &own.bytes, &bare.bytes);
    const struct bench_side sides[] = { { &text, start, floor_text_run, NULL },
                                        { &text, start, ours_run, NULL },
                                        { &bare, start, floor_own_run, NULL },
                                        { &own, start, ours_run, NULL } };
    bench_race(sides, VMM_COUNT_OF(sides), TURNS, times);
    print("trace-lackey", &text.bytes, references, &times[0], &times[1], 0.5);
    print("trace-own", &own.bytes, references, &times[2], &times[3], 0.6);
    free(text.bytes.data);
    free(own.bytes.data);
    free(bare.bytes.data);
    return bench_bar_code();
}
