/*
 * test_memtrace.c - every form of a trace gives its references, however it is cut, and says what is wrong
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memtrace.h"
#include "memtrace_own.h"
#include "test_alloc.h"

enum { HEARD_BYTES = 1 << 16 };

/* What a sink hears, as text. */
struct heard {
    char text[HEARD_BYTES];
    size_t length;
    uint64_t bad_line;
};

static void
hear(struct heard *heard, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(heard->text + heard->length, HEARD_BYTES - heard->length, format, arguments);
    va_end(arguments);
    assert_in_range(length, 0, HEARD_BYTES - heard->length - 1);
    heard->length += (size_t)length;
}

static bool
hear_references(void *context, const struct memtrace_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        hear(context, "%c%llx,%u ", "ILSM"[MEMTRACE_KIND(batch->how[i])],
             (unsigned long long)batch -> va[i], MEMTRACE_SIZE(batch->how[i]));
    return true;
}

static bool
hear_event(void *context, const struct memtrace_event *event)
{
    hear(context, "%s(%llx,%llx,%u) ", memtrace_verb_name(event->verb),
         (unsigned long long)event->va, (unsigned long long)event->length, event->value);
    return true;
}

static bool
hear_bad(void *context, uint64_t line, const char *text, size_t length)
{
    struct heard *heard = context;

    hear(heard, "bad%llu[%.*s] ", (unsigned long long)line, (int)length, text);
    heard->bad_line = line;
    return true;
}

/* Reads `bytes` in pieces of `piece`; NULL when all is well, else what is wrong. */
static const char *
read_in_pieces(enum memtrace_format format, const void *bytes, size_t length, size_t piece,
               struct heard *heard)
{
    static struct memtrace_reader reader;
    const struct memtrace_sink sink = { heard, hear_references, hear_event, hear_bad, NULL };

    memset(heard, 0, sizeof *heard);
    memtrace_reader_init(&reader, format, &sink);
    for (size_t at = 0; at < length; at += piece) {
        if (!memtrace_feed(&reader, (const uint8_t *)bytes + at,
                           length - at < piece ? length - at : piece))
            break;
    }
    memtrace_finish(&reader);
    return memtrace_why(&reader);
}

static const char lackey[] = "==12== Lackey\n"
                             "I  0401ab70,3\n"
                             " S 1fff000708,8\n"
                             "I  0401ab73,15\n"
                             " M fffffffff0,16\n"
                             " L 04,4\n"
                             "I  ffffffffffffffff,1\n"
                             "hello\n"
                             " L 1234567g,8\n"
                             " L 12345678,0\n"
                             "I# 1234567g,4\n"
                             " L 1234567890abcdef1,4\n"
                             "\n"
                             " S deadbeef,4\r\n"
                             " L deadbef7,8";

static const char lackey_heard[] =
    "I401ab70,3 S1fff000708,8 I401ab73,15 Mfffffffff0,16 L4,4 Iffffffffffffffff,1 bad8[hello] "
    "bad9[ L 1234567g,8] bad10[ L 12345678,0] bad11[I# 1234567g,4] bad12[ L 1234567890abcdef1,4] "
    "Sdeadbeef,4 Ldeadbef7,8 ";

static const char din[] = "0 7fff1234\n1 0x10 comment\n2 400000\n4 0\n5 0\n3 1\nx\n";
static const char din_heard[] = "L7fff1234,4 S10,4 I400000,4 bad5[5 0] bad7[x] ";

static const char view[] =
    "Output format:\n"
    "<--record#-> <--instr#->: <---tid---> <record details>\n"
    "------------------------------------------------------------\n"
    "           1           0:        4242 <marker: version 6>\n"
    "           2           1:        4242 ifetch       3 byte(s) @ 0x00007f6fdd3ec100 48 89 e7 "
    "mov\n"
    "           3           1:        4242 write        8 byte(s) @ 0x00007ffe00000008 by PC "
    "0x7f6f\n"
    "           4           1:        4243 read         4 byte(s) @ 0x0000000000001000 by PC "
    "0x7f6f\n"
    "           5           1:        4243 read         4 byte(s) at 0x0000000000001000\n"
    "           6           1:        4242 prefetch     4 byte(s) @ 0x0000000000001000 by PC "
    "0x7f6f\n"
    "View tool results:\n"
    "              1 : total instructions\n";
static const char view_heard[] =
    "I7f6fdd3ec100,3 S7ffe00000008,8 cpu(0,0,1) L1000,4 "
    "bad8[           5           1:        4243 read         4 byte(s) at 0x00000000000010] "
    "cpu(0,0,0) ";

static const char plain[] = "# a comment\n"
                            "map 10000 0x4000 rw-\n"
                            "I 401000 4\n"
                            "S 10008 8   # behind\n"
                            "L 0x10010\n"
                            "protect 10000 4096 none\n"
                            "wire 10000 8192\nunwire 10000 8192\nadvise 10000 4096 dontneed\n"
                            "fork 3\ncpu 2\nspace 3\nunmap 10000 16384\n"
                            "cpu 64\nmap 10000 0 rw\nmap ffffffffffffffff 2 r\nmap 1 2 q\nL 1 0\n";
static const char plain_heard[] =
    "map(10000,4000,3) I401000,4 S10008,8 L10010,1 protect(10000,1000,0) wire(10000,2000,0) "
    "unwire(10000,2000,0) advise(10000,1000,5) fork(0,0,3) cpu(0,0,2) space(0,0,3) "
    "unmap(10000,4000,0) bad14[cpu 64] bad15[map 10000 0 rw] bad16[map ffffffffffffffff 2 r] "
    "bad17[map 1 2 q] bad18[L 1 0] ";

static const struct {
    enum memtrace_format format;
    const char *text;
    const char *heard;
} texts[] = {
    { MEMTRACE_LACKEY, lackey, lackey_heard },
    { MEMTRACE_DIN, din, din_heard },
    { MEMTRACE_VIEW, view, view_heard },
    { MEMTRACE_PLAIN, plain, plain_heard },
};

static void
each_text_gives_its_references(void **state)
{
    static struct heard heard;

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(texts); i++) {
        size_t length = strlen(texts[i].text);

        assert_int_equal(memtrace_guess((const uint8_t *)texts[i].text, length), texts[i].format);
        assert_null(read_in_pieces(MEMTRACE_UNKNOWN, texts[i].text, length, length, &heard));
        assert_string_equal(heard.text, texts[i].heard);
    }
}

/* M1 */
static void
m1_how_a_trace_is_cut_makes_no_difference(void **state)
{
    static struct heard heard;

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(texts); i++) {
        for (size_t piece = 1; piece < 70; piece++) {
            assert_null(read_in_pieces(texts[i].format, texts[i].text, strlen(texts[i].text), piece,
                                       &heard));
            assert_string_equal(heard.text, texts[i].heard);
        }
    }
}

/* The fast way and the slow way read the same lines: the same text with room behind it. */
static void
ordinary_lackey_lines_are_read_the_same_fast_and_slowly(void **state)
{
    static struct heard fast, slow;
    static char text[1 << 14];
    size_t length = 0;

    (void)state;
    for (unsigned i = 0; i < 600; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%08llx,%u\n",
                                   i % 4 == 0   ? " L "
                                   : i % 4 == 1 ? " S "
                                   : i % 4 == 2 ? " M "
                                                : "I  ",
                                   0x9e3779b97f4a7c15ULL * i >> (i % 50), 1 + i % 64);
    assert_null(read_in_pieces(MEMTRACE_LACKEY, text, length, length, &fast));
    assert_null(read_in_pieces(MEMTRACE_LACKEY, text, length, 7, &slow));
    assert_string_equal(fast.text, slow.text);
    assert_null(strstr(fast.text, "bad"));
}

/* Whatever byte stands wherever in a line: the fast way leaves to the slow one what it does not know. */
static void
any_byte_in_a_lackey_line_is_read_the_same_fast_and_slowly(void **state)
{
    static struct heard fast, slow;
    static const char *const lines[] = { "I  0401ab70,3\n", " S 1fff000af8,16\n" };
    char text[128];

    (void)state;
    for (size_t line = 0; line < VMM_COUNT_OF(lines); line++) {
        size_t length = (size_t)snprintf(text, sizeof text, "%s%s%s%s%s", lines[line], lines[0],
                                         lines[0], lines[0], lines[0]);

        for (size_t place = 0; place < strlen(lines[line]); place++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                text[place] = (char)byte;
                read_in_pieces(MEMTRACE_LACKEY, text, length, length, &fast);
                read_in_pieces(MEMTRACE_LACKEY, text, length, 7, &slow);
                assert_string_equal(fast.text, slow.text);
            }
            text[place] = lines[line][place];
        }
    }
}

static void
champsim_records_become_a_fetch_and_its_data(void **state)
{
    static struct heard heard;
    uint8_t records[128] = { 0 };
    const uint64_t ip = 0x401000, load = 0x7fff0008, store = 0x10;

    (void)state;
    memcpy(records, &ip, 8);
    records[8] = 1;
    memcpy(records + 16, &store, 8);
    memcpy(records + 40, &load, 8);
    memset(records + 64, 0xee, 64);
    assert_null(read_in_pieces(MEMTRACE_CHAMPSIM, records, 128, 50, &heard));
    assert_string_equal(heard.text, "I401000,4 L7fff0008,4 S10,4 bad2[] ");
    assert_string_equal(read_in_pieces(MEMTRACE_CHAMPSIM, records, 100, 50, &heard),
                        "ends in the middle of a 64-byte record");
}

/* ---- our own ---- */

struct file {
    uint8_t bytes[1 << 18];
    size_t length;
};

static void
file_put(void *context, const char *bytes, size_t length)
{
    struct file *file = context;

    assert_true(length <= sizeof file->bytes - file->length);
    memcpy(file->bytes + file->length, bytes, length);
    file->length += length;
}

struct rewriting {
    struct memtrace_writer writer;
    struct heard heard;
};

static bool
rewrite_references(void *context, const struct memtrace_batch *batch)
{
    struct rewriting *rewriting = context;

    memtrace_write(&rewriting->writer, batch);
    return true;
}

static bool
rewrite_event(void *context, const struct memtrace_event *event)
{
    struct rewriting *rewriting = context;

    memtrace_write_event(&rewriting->writer, event);
    return true;
}

static bool
rewrite_bad(void *context, uint64_t line, const char *text, size_t length)
{
    (void)context;
    (void)line;
    (void)text;
    (void)length;
    return true;
}

static void
convert(const struct vmm_alloc *alloc, const char *text, struct file *file)
{
    static struct memtrace_reader reader;
    static struct rewriting rewriting;
    const struct core_out out = { file_put, file };
    const struct memtrace_sink sink = { &rewriting, rewrite_references, rewrite_event, rewrite_bad,
                                        NULL };

    file->length = 0;
    memtrace_writer_init(&rewriting.writer, alloc, &out);
    memtrace_reader_init(&reader, MEMTRACE_UNKNOWN, &sink);
    memtrace_feed(&reader, (const uint8_t *)text, strlen(text));
    memtrace_finish(&reader);
    assert_true(memtrace_writer_finish(&rewriting.writer));
    memtrace_writer_free(&rewriting.writer);
}

/* A text of many blocks: every kind, every size, near and far, events between. */
static const char *
long_text(void)
{
    static char text[1 << 20];
    uint64_t random = 88172645463325252u;
    size_t length = 0;

    for (unsigned i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (i % 1000 == 999)
            length += (size_t)snprintf(text + length, sizeof text - length, "cpu %u\n", i % 64);
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%c %llx %u\n",
                             "ILSM"[random & 3], (unsigned long long)(random >> (random >> 2 & 63)),
                             1 + (unsigned)(random >> 40 & (i % 100 == 0 ? 0xfffff : 63)));
    }
    return text;
}

/* N1 */
static void
n1_what_is_written_and_read_again_is_the_same(void **state)
{
    static struct heard before, after;
    static struct file file;
    static char plain_long[1 << 20];
    struct counting_alloc alloc;

    (void)state;
    counting_alloc_init(&alloc);
    convert(&alloc.alloc, plain, &file);
    for (size_t piece = 1; piece < 80; piece++) {
        assert_null(read_in_pieces(MEMTRACE_UNKNOWN, file.bytes, file.length, piece, &after));
        read_in_pieces(MEMTRACE_PLAIN, plain, (size_t)(strstr(plain, "cpu 64") - plain), 4096,
                       &before);
        assert_string_equal(after.text, before.text);
    }
    strcpy(plain_long, long_text());
    convert(&alloc.alloc, plain_long, &file);
    assert_true(file.length > MEMTRACE_BLOCK); /* more than one block */
    plain_long[40000] = '\0';
    *(strrchr(plain_long, '\n') + 1) = '\0';
    convert(&alloc.alloc, plain_long, &file);
    assert_null(read_in_pieces(MEMTRACE_OWN, file.bytes, file.length, 1000, &after));
    assert_null(read_in_pieces(MEMTRACE_PLAIN, plain_long, strlen(plain_long), 4096, &before));
    assert_string_equal(after.text, before.text);
    test_alloc_assert_empty(&alloc);
}

/* A file that ends anywhere but at its end, or whose bytes changed, is not taken for a whole one. */
static void
a_cut_or_damaged_file_says_so(void **state)
{
    static struct heard heard;
    static struct file file;
    struct counting_alloc alloc;

    (void)state;
    counting_alloc_init(&alloc);
    convert(&alloc.alloc, plain, &file);
    for (size_t length = 8; length < file.length; length++)
        assert_string_equal(read_in_pieces(MEMTRACE_OWN, file.bytes, length, 4096, &heard),
                            "ends early: its index is missing");
    file.bytes[7] = 3;
    assert_string_equal(read_in_pieces(MEMTRACE_OWN, file.bytes, file.length, 4096, &heard),
                        "is a trace of a version that this program does not know");
    file.bytes[7] = 2;
    file.bytes[16] ^= 1; /* how many references the block has */
    assert_string_equal(read_in_pieces(MEMTRACE_OWN, file.bytes, file.length, 4096, &heard),
                        "is damaged: a block does not have what its head says");
    file.bytes[16] ^= 1;
    file.bytes[file.length] = 'x';
    assert_string_equal(read_in_pieces(MEMTRACE_OWN, file.bytes, file.length + 1, 4096, &heard),
                        "has bytes behind its end");
}

/*  M1 of what is damaged: bytes behind a block are not read as its own, whichever they are             */
static void
a_code_that_a_block_cuts_short_is_no_reference(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } codes[] = {
        { "\x24", 1 },             /* a fetch elsewhere */
        { "\x09", 1 },             /* a load elsewhere */
        { "\x1d", 1 },             /* a load of a size of its own */
        { "\x1d\x03", 2 },         /* the same, and its address is missing */
        { "\0", 1 },               /* an event or a large fetch */
        { "\0\x01\x40", 3 },       /* an unmap without its length */
        { "\0\0\x40\x02\x80", 5 }, /* a map in the middle of its rights */
        { "\0\x09\x40", 3 },       /* a large fetch without its address */
    };
    static struct heard heard;

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        uint8_t file[64] = "FLTRACE\1BLK1";
        size_t length = 24 + codes[i].length + 16;

        file[12] = (uint8_t)codes[i].length;
        memcpy(file + 24, codes[i].bytes, codes[i].length);
        memset(file + 24 + codes[i].length, 1, 16);
        for (size_t piece = 1; piece <= length; piece++) {
            assert_string_equal(read_in_pieces(MEMTRACE_OWN, file, length, piece, &heard),
                                "is damaged: a block does not have what its head says");
            assert_string_equal(heard.text, "");
        }
    }
}

/* ---- visits ---- */

static bool
see_begins(void *context, const struct memtrace_block *block)
{
    hear(context, "begins(%llu", (unsigned long long)block->references);
    for (size_t i = 0; i < block->word_count; i++)
        hear(context, " %llx%c*%u", (unsigned long long)block->words[i] >> 2,
             "ILSM"[block->words[i] & 3], block -> counts[i]);
    hear(context, ") ");
    return true;
}

static bool
see_visits(void *context, const uint8_t *visits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hear(context, "%u ", visits[i]);
    return true;
}

static bool
see_ends(void *context)
{
    hear(context, "ends ");
    return true;
}

static const struct memtrace_visitor seeing = { see_begins, see_visits, see_ends };

static const char *
read_visits(const struct file *file, const struct memtrace_visitor *visitor, struct heard *heard)
{
    static struct memtrace_reader reader;
    const struct memtrace_sink sink = { heard, hear_references, hear_event, hear_bad, visitor };

    memset(heard, 0, sizeof *heard);
    memtrace_reader_init(&reader, MEMTRACE_OWN, &sink);
    memtrace_feed(&reader, file->bytes, file->length);
    memtrace_finish(&reader);
    return memtrace_why(&reader);
}

/*  pages 400 and 404 are of two classes, 400 and 410 of one; what crosses, and an event, empty the slots   */
static void
a_block_is_heard_by_its_visits(void **state)
{
    static struct heard heard;
    static struct file file;
    struct counting_alloc alloc;

    (void)state;
    counting_alloc_init(&alloc);
    convert(&alloc.alloc,
            "I 400000 4\nI 400004 4\nL 400008 4\nL 404000 8\nL 400010 8\nS 400010 8\nL 400018 8\n"
            "L 410000 1\nL 400020 4\nL 400ffe 4\nL 400024 4\nunmap 410000 4096\nI 400008 4\n"
            "cpu 1\nI 40000c 4\n",
            &file);
    assert_null(read_visits(&file, &seeing, &heard));
    assert_string_equal(heard.text,
                        "begins(12 400I*3 400L*5 404L*1 400S*1 410L*1) 0 1 2 3 4 1 L400ffe,4 1 "
                        "unmap(410000,1000,0) 0 ends begins(1 400I*1) cpu(0,0,1) 0 ends ");
    test_alloc_assert_empty(&alloc);
}

static bool
see_too_much(void *context, const uint8_t *visits, size_t count)
{
    (void)context;
    (void)visits;
    (void)count;
    return false;
}

static bool
see_none(void *context, const struct memtrace_block *block)
{
    (void)context;
    (void)block;
    return false;
}

/* Whoever wants no visits, or no more of them, has the whole block by its references. */
static void
a_block_comes_again_by_its_references(void **state)
{
    static const struct memtrace_visitor visitors[] = { { see_none, NULL, NULL },
                                                        { see_begins, see_too_much, NULL } };
    static const char *const says[] = { "", "begins(2 400I*1 400L*1) " };
    static struct heard heard;
    static struct file file;
    struct counting_alloc alloc;
    char expected[80];

    (void)state;
    counting_alloc_init(&alloc);
    convert(&alloc.alloc, "I 400000 4\nL 400008 4\n", &file);
    for (size_t i = 0; i < 2; i++) {
        assert_null(read_visits(&file, &visitors[i], &heard));
        snprintf(expected, sizeof expected, "%sI400000,4 L400008,4 ", says[i]);
        assert_string_equal(heard.text, expected);
    }
    test_alloc_assert_empty(&alloc);
}

/* What follows a head of 8 bytes, in a block that has no codes and says that it has one reference. */
static void
visits_that_are_none_are_damage(void **state)
{
    static const struct {
        const char *bytes; /* length of codes, number of words, words, visits */
        size_t length;
    } blocks[] = {
        { "\0\0\0\0", 4 },                          /* no whole head */
        { "\1\0\0\0\0\0\0\0", 8 },                  /* more codes than there are bytes */
        { "\0\0\0\0\0\1\0\0", 8 },                  /* 256 words */
        { "\0\0\0\0\1\0\0\0\4", 9 },                /* a word without its count */
        { "\0\0\0\0\1\0\0\0\1\2\0", 11 },           /* counted twice */
        { "\0\0\0\0\1\0\0\0\5\1\0", 11 },           /* a page below 0 */
        { "\0\0\0\0\1\0\0\0\1\1\1", 11 },           /* no such word */
        { "\0\0\0\0\1\0\0\0\1\1\0\0", 12 },         /* more visits than references */
        { "\0\0\0\0\1\0\0\0\1\0\0", 11 },           /* and nobody is like it */
        { "\0\0\0\0\0\0\0\0\377", 9 },              /* something else, and nothing */
        { "\0\0\0\0\0\0\0\0\377\5\0\1", 12 },       /* no such thing */
        { "\0\0\0\0\0\0\0\0\377\1\0\0", 12 },       /* a reference to no byte */
        { "\0\0\0\0\1\0\0\0\1\1\0\377\0\7\1", 15 }, /* another CPU behind a visit */
    };
    static struct heard heard;
    static struct file file;

    (void)state;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        memset(&file, 0, sizeof file);
        memcpy(file.bytes, "FLTRACE\2BLK2", 12);
        file.bytes[12] = (uint8_t)blocks[i].length;
        file.bytes[16] = 1;
        memcpy(file.bytes + 24, blocks[i].bytes, blocks[i].length);
        file.length = 24 + blocks[i].length;
        assert_string_equal(read_visits(&file, &seeing, &heard),
                            "is damaged: a block does not have what its head says");
        assert_null(strstr(heard.text, "ends"));
    }
}

/* ---- trouble ---- */

/* M2 */
static void
m2_a_line_of_any_length_is_one_bad_line(void **state)
{
    static struct heard heard;
    static char text[3 * 65536];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, " L 10000000,4\n", 14);
    memcpy(text + sizeof text - 15, "\n L 20000000,4\n", 15);
    for (size_t piece = 1000; piece <= sizeof text; piece *= 3) {
        assert_null(read_in_pieces(MEMTRACE_UNKNOWN, text, sizeof text, piece, &heard));
        assert_int_equal(heard.bad_line, 2);
        assert_non_null(strstr(heard.text, "L10000000,4 bad2[aaa"));
        assert_non_null(strstr(heard.text, "] L20000000,4 "));
    }
}

static void
what_has_no_reference_says_so(void **state)
{
    static struct heard heard;

    (void)state;
    assert_string_equal(read_in_pieces(MEMTRACE_UNKNOWN, "", 0, 1, &heard), "has no reference");
    assert_string_equal(read_in_pieces(MEMTRACE_UNKNOWN, "==1== x\n", 8, 8, &heard),
                        "has no reference");
    assert_string_equal(read_in_pieces(MEMTRACE_UNKNOWN, "\0\1\2\3", 4, 4, &heard),
                        "has no line that is a reference");
}

static void
a_line_that_begins_with_zeroes_is_no_fetch(void **state)
{
    static struct heard heard;
    static char text[] = " L 10000000,4\nxxx20000000,4\n L 30000000,4\n L 40000000,4\n"
                         " L 50000000,4\n L 60000000,4\n L 70000000,4\n";

    (void)state;
    memset(strchr(text, 'x'), 0, 3);
    assert_null(read_in_pieces(MEMTRACE_UNKNOWN, text, sizeof text - 1, sizeof text, &heard));
    assert_int_equal(heard.bad_line, 2);
    assert_null(strchr(heard.text, 'I'));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_gives_its_references),
        cmocka_unit_test(m1_how_a_trace_is_cut_makes_no_difference),
        cmocka_unit_test(ordinary_lackey_lines_are_read_the_same_fast_and_slowly),
        cmocka_unit_test(any_byte_in_a_lackey_line_is_read_the_same_fast_and_slowly),
        cmocka_unit_test(champsim_records_become_a_fetch_and_its_data),
        cmocka_unit_test(n1_what_is_written_and_read_again_is_the_same),
        cmocka_unit_test(a_cut_or_damaged_file_says_so),
        cmocka_unit_test(a_code_that_a_block_cuts_short_is_no_reference),
        cmocka_unit_test(a_block_is_heard_by_its_visits),
        cmocka_unit_test(a_block_comes_again_by_its_references),
        cmocka_unit_test(visits_that_are_none_are_damage),
        cmocka_unit_test(m2_a_line_of_any_length_is_one_bad_line),
        cmocka_unit_test(what_has_no_reference_says_so),
        cmocka_unit_test(a_line_that_begins_with_zeroes_is_no_fetch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
