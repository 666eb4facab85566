/*
 * The parser: what is text, what is a line, what is an error and how it reads.
 */
#include "scn_fixture.h"
#include "scn_program.h"

#include <stdlib.h>

/* ---- errors: one table ---- */

struct bad {
    const char *source;
    uint32_t line;
    uint32_t column;
    const char *what; /* a part of it */
    const char *how;
};

static const struct bad bad_sources[] = {
    /* the file */
    { "", 0, 0, "empty", "app = task" },
    { "# only a comment\n\n", 0, 0, "no operation", "app = task" },
    { "title \"t\"\n", 0, 0, "no operation", "app = task" },
    { "app = task\x01\n", 1, 11, "control character 0x01", "plain text" },
    { "app = task\rcheck\n", 1, 11, "control character 0x0d", "plain text" },
    { "check\napp = t\x7f\n", 2, 8, "control character 0x7f", "plain text" },
    { "check\n  ?\n", 2, 3, "unexpected character '?'", "words are" },
    { "check \xff\n", 1, 7, "unexpected byte 0xff", "words are" },
    { "title \"abc\ncheck\n", 1, 7, "the string has no end", "same line" },
    { "title \"a\\n\"\ncheck\n", 1, 7, "unknown escape", "escapes" },
    /* words */
    { "wyre m in\n", 1, 1, "unknown operation 'wyre'", "did you mean 'wire'?" },
    { "xpect running\n", 1, 1, "unknown operation 'xpect'", "did you mean 'expect'?" },
    { "frobnicate\n", 1, 1, "unknown operation 'frobnicate'", "docs/scenario-language.md" },
    { "app = tsak\n", 1, 7, "unknown operation 'tsak'", "did you mean 'task'?" },
    { "app =\n", 1, 6, "an operation is missing", "app = task" },
    { "check check\n", 1, 7, "nothing calls for 'check'", "write: check" },
    { "fail\n", 1, 5, "a call that can fail", "write: fail" },
    { "fail page\n", 1, 6, "a call that can fail 'page'", "did you mean 'pager'?" },
    { "fail xyzzyxyz\n", 1, 6, "a call that can fail 'xyzzyxyz'", "one of: allocation frame" },
    { "fail map 0\n", 1, 10, "calls count from 1, not '0'", "the second one" },
    { "fail map 1p\n", 1, 10, "calls count from 1, not '1p'", "the second one" },
    { "check cow\n", 1, 7, "nothing calls for 'cow'", "write: check" },
    { "x = check\n", 1, 5, "nothing to bind from 'check'", "write: check" },
    { "task\n", 1, 1, "a name is missing before 'task'", "write: APP = task" },
    { "check\nexpect runing\n", 2, 8, "unknown subject 'runing'", "did you mean 'running'?" },
    { "check\nexpect\n", 2, 7, "a subject is missing", "docs" },
    { "expect running\ncheck\n", 1, 8, "no operation stands before expect", "first" },
    { "check\nexpect running 5\n", 2, 16, "should end before '5'", "one operation" },
    { "check\nexpect finding fault-in-restricted-contxt\n", 2, 16, "unknown rule",
      "did you mean 'fault-in-restricted-context'?" },
    { "check\nexpect count PMAP_ENTR 3\n", 2, 14, "unknown event", "did you mean 'PMAP_ENTER'?" },
    { "check\nexpect result kIOReturnBadArgumnt\n", 2, 15, "unknown status",
      "did you mean 'kIOReturnBadArgument'?" },
    { "check\nexpect result\n", 2, 14, "a status is missing", "ok|null" },
    { "check\nexpect hidden null\n", 2, 15, "unknown status 'null'", "ok" },
    { "check\nexpect faults\n", 2, 14, "a number is missing", "expect faults N" },
    { "check\nreport x running\n", 2, 10, "a report is a number", "translated" },
    { "check\nreport\n", 2, 7, "a name is missing", "report NAME" },
    /* numbers */
    { "a = task\nb = allocate a 18446744073709551616\n", 2, 16, "more than 64 bits", "0xfff" },
    { "a = task\nb = allocate a 17179869184G\n", 2, 16, "more than 64 bits", "0xfff" },
    { "a = task\nb = allocate a 0x1000000000000p\n", 2, 16, "more than 64 bits", "0xfff" },
    { "a = task\nb = allocate a 0x\n", 2, 16, "this is no number: '0x'", "0x1000" },
    { "a = task\nb = allocate a 64KK\n", 2, 16, "this is no number: '64KK'", "4K" },
    { "a = task\nb = allocate a 64q\n", 2, 16, "this is no number: '64q'", "16p" },
    { "a = task\nb = allocate a -1\n", 2, 16, "this is no number: '-1'", "4096" },
    { "a = task\nb = allocate a\n", 2, 15, "a number is missing", "allocate TASK LENGTH" },
    { "a = task\nb = allocate a 4K\nstore b value=256\n", 3, 15, "out of range", "at most 255" },
    { "a = task\nb = allocate a 4K\nstore b value=1p\n", 3, 15, "out of range", "no pages" },
    /* names */
    { "load m\n", 1, 6, "nothing is bound to 'm'", "bind it" },
    { "buffer1 = task\nload bufer1\n", 2, 6, "nothing is bound to 'bufer1'",
      "did you mean 'buffer1'?" },
    { "a = task\na = task\n", 2, 1, "the name is taken: 'a'", "line 1" },
    { "kernel = task\n", 1, 1, "the name is taken: 'kernel'", "kernel" },
    { "cow = task\n", 1, 1, "cannot be a name: 'cow'", "another" },
    { "at-least = task\n", 1, 1, "cannot be a name", "another" },
    { "1a = task\n", 1, 1, "this is no name: '1a'", "begins with a letter" },
    { "a.b = task\n", 1, 1, "this is no name: 'a.b'", "letters" },
    { "a = task\nprepare a\n", 2, 9, "a is a task, prepare takes a descriptor", "line 1 binds a" },
    { "a = task\nload a\n", 2, 6, "a is a task, load takes a buffer or a map", "line 1" },
    { "load kernel\n", 1, 6, "kernel is a task, load takes a buffer or a map", "kernel's task" },
    { "a = task\nb = allocate a 4K\nm = map b kernel\n", 3, 9,
      "b is a buffer, map takes a descriptor", "line 2 binds b" },
    { "a = task\nrelease a\n", 2, 9, "release takes a descriptor or a map", "line 1" },
    /* operands and options */
    { "a = task\nb = allocate a 4K\nd = descriptor b\n", 3, 5, "direction= is missing",
      "direction=in|out" },
    { "a = task\nb = allocate a 4K\nd = descriptor b direction=up\n", 3, 28, "a direction 'up'",
      "one of: none in out inout" },
    { "a = task\nb = allocate a 4K\nd = descriptor b direction=in cow cow\n", 3, 35, "said twice",
      "once" },
    { "a = task\nb = allocate a 4K\nd = descriptor b direction\n", 3, 18, "= is missing after",
      "direction=" },
    { "a = task\nb = allocate a 4K\nd = descriptor b direction=in cow=1\n", 3, 31, "no = after",
      "cow" },
    { "a = task\nb = allocate a 4K\nd = descriptor b+1p direction=in offset=1p\n", 3, 5,
      "the offset is said twice", "+N or offset=N" },
    { "a = task\nb = allocate a 4K\nd = descriptor b direction=in ofset=1p\n", 3, 31,
      "nothing calls for 'ofset'", "did you mean 'offset'?" },
    { "a = task\nb = allocate a 4K\nc = allocate a 4K\nd = descriptor-ranges b:1 c:1 "
      "direction=in\n",
      4, 23, "one buffer", "same buffer" },
    { "a = task\nb = allocate a 4K\nd = descriptor b direction=in\nm = map d kernel\nwire m none\n",
      5, 8, "wire takes in, out or inout", "unwire M" },
    { "a = task\nb = allocate a 4K\nprotect b rw\n", 3, 11, "rights 'rw'", "read-write" },
    { "a = task\nb = allocate a 4K\nfill b pattern=zebra\n", 3, 16, "unknown pattern 'zebra'",
      "page" },
    { "on-cpu 2\n", 1, 8, "the machine has no CPU '2'", "machine cpus=N" },
    { "a = task\nb = allocate a 4K\nexpect translated b offset=0 offset=1 3\n", 3, 30, "said twice",
      "once" },
    { "a = task\nb = allocate a 4K\nexpect resident b length=1p\n", 3, 28, "a number is missing",
      "expect resident" },
    /* the vm floor */
    { "a = task\nb = allocate a 4K\ninherit b sharp\n", 3, 11, "an inheritance 'sharp'", "share" },
    { "a = task\nb = allocate a 4K\nbehavior b willneed\n", 3, 12, "a behavior 'willneed'",
      "will-need" },
    { "machine m1\na = task pages=8K\n", 2, 16, "a task's pages are the machine's or 4K",
      "write pages=4K" },
    { "machine m1\na = task pages=1p\n", 2, 16, "a task's pages are the machine's or 4K",
      "leave pages= out" },
    { "machine m1\na = task pages\n", 2, 10, "= is missing after 'pages'",
      "APP = task [pages=4K]" },
    { "machine skylake\na = task pages=4K\n", 2, 16, "the machine's own pages have 4 KiB",
      "machine m1" },
    { "a = task pages=4K\n", 1, 16, "the machine's own pages have 4 KiB", "machine m1" },
    { "a = task pages=many\n", 1, 16, "this is no number: 'many'", "write 4096" },
    { "a = task\nb = allocate a 4K\nmsync b sync offset=0 later\n", 3, 23, "nothing calls for",
      "msync BUF" },
    { "a = task\nb = allocate a 4K\nc = remap a b\n", 3, 14, "share or copy is missing",
      "remap TASK" },
    { "a = task\nb = map-entry a a read\n", 2, 15, "a is a task", "line 1" },
    { "f = file 4K\nfile-fail f KERN_WHATEVER\n", 2, 13, "unknown status", "KERN_" },
    { "a = task\nb = allocate a 4K\nexpect region b page 1\n", 3, 17, "a fact of a region 'page'",
      "pages" },
    { "a = task\nb = allocate a 4K\nexpect page-query b present red\n", 3, 29,
      "a page query has no 'red'", "ref" },
    { "a = task\nexpect statistic faulty 1\n", 2, 18, "a counter 'faulty'", "faults" },
    { "maximum = task\n", 1, 1, "cannot be a name", "another" },
    { "machine store=9999999999\n", 1, 15, "out of range", "at most" },
    /* blocks */
    { "check\nnofault spin-lock {\ncheck\n", 2, 1, "never closed", "}" },
    { "nofault spin-lock {\n nofault interrupt {\n}\n", 1, 1, "never closed", "}" },
    { "check\nnofault spin-lock\n", 2, 1, "has no {", "nofault KIND {" },
    { "nofault spin-lock\ncheck\n", 2, 1, "{ is missing before 'check'", "nofault KIND {" },
    { "check\n}\n", 2, 1, "no block is open", "remove" },
    { "check {\n}\n", 1, 7, "no block begins here", "nofault KIND {" },
    { "nofault spinlock {\n}\n", 1, 9, "a kind of section 'spinlock'",
      "did you mean 'spin-lock'?" },
    { "nofault\n", 1, 8, "a kind of section is missing", "nofault KIND" },
    { "nofault mutex { check } check\n", 1, 25, "should end before 'check'", "one operation" },
    /* header */
    { "check\ntitle \"late\"\n", 2, 1, "too late for 'title'", "before the first" },
    { "title \"a\"\ntitle \"b\"\ncheck\n", 2, 7, "a second title", "one title" },
    { "title a\ncheck\n", 1, 7, "a \"string\" is missing", "title" },
    { "profile macos-10.99\ncheck\n", 1, 9, "unknown release 'macos-10.99'", "did you mean" },
    { "profile\ncheck\n", 1, 8, "a release is missing", "profile macos" },
    { "profile macos-11..\ncheck\n", 1, 9, "profile takes one release", "each" },
    { "each macos-13..macos-11\ncheck\n", 1, 6, "the range runs backwards", "" },
    { "each macos-11..seed-view\ncheck\n", 1, 6, "seed-view is no release", "" },
    { "each ..\ncheck\n", 1, 6, "a range needs a name", "" },
    { "each\ncheck\n", 1, 5, "a release is missing", "each all" },
    { "profile macos-11\neach all\ncheck\n", 2, 6, "the releases are named twice", "`profile`" },
    { "machine cpus=0\ncheck\n", 1, 14, "out of range", "at least 1" },
    { "machine cpus=65\ncheck\n", 1, 14, "out of range", "at most 64" },
    { "machine frames=1\ncheck\n", 1, 16, "out of range", "at least 64" },
    { "machine frames 4096\ncheck\n", 1, 16, "= is missing", "machine cpus=2" },
    { "machine disks=1\ncheck\n", 1, 9, "machine has no 'disks'", "[asserts]" },
    { "machine m9\ncheck\n", 1, 9, "machine has no 'm9'", "did you mean 'm1'?" },
    { "machine m1 cpus=2 m2\ncheck\n", 1, 19, "a second machine: 'm2'", "one machine" },
    { "machine\ncheck\n", 1, 8, "machine has no", "[cpus=N]" },
    { "machine cpus=1\nmachine cpus=1\ncheck\n", 2, 9, "a second machine", "one machine line" },
    /* on */
    { "on macos-10.99 check\n", 1, 4, "unknown release 'macos-10.99'", "profiles" },
    { "on macos-13..\n", 1, 14, "a statement is missing", "STATEMENT" },
    { "on\n", 1, 3, "a release is missing", "STATEMENT" },
    { "each all\non macos-13.. a = task\nb = allocate a 4K\n", 3, 14,
      "a is not bound on every release", "same `on`" },
    { "on macos-13.. a = task\non macos-14.. a = task\n", 2, 15, "the name is taken", "line 1" },
};

static void
a_bad_source_names_line_column_and_the_way_out(void **state)
{
    for (size_t i = 0; i < sizeof bad_sources / sizeof *bad_sources; i++) {
        const struct bad *bad = &bad_sources[i];
        struct scn_fixture *fixture = *state;

        parse_bad(fixture, bad->source, strlen(bad->source));
        if (fixture->error.line != bad->line || fixture->error.column != bad->column)
            fail_msg("%s\nerror at %u:%u, expected %u:%u: %s", bad->source, fixture->error.line,
                     fixture->error.column, bad->line, bad->column, fixture->error.what);
        assert_has(fixture->error.what, bad->what);
        assert_has(fixture->error.how, bad->how);
    }
}

/* ---- what is a file ---- */

static void
a_nul_byte_makes_it_no_text(void **state)
{
    struct scn_fixture *fixture = *state;

    parse_bad(fixture, "check\nche\0ck\n", 13);
    assert_int_equal(fixture->error.line, 2);
    assert_int_equal(fixture->error.column, 4);
    assert_has(fixture->error.what, "0x00");
}

static void
a_file_beyond_the_limit_is_refused(void **state)
{
    struct scn_fixture *fixture = *state;
    char *bytes = malloc(SCN_SOURCE_MAX + 1);

    assert_non_null(bytes);
    memset(bytes, '\n', SCN_SOURCE_MAX + 1);
    memcpy(bytes, "check", 5);
    parse_bad(fixture, bytes, SCN_SOURCE_MAX + 1);
    assert_int_equal(fixture->error.line, 0);
    assert_has(fixture->error.what, "1048576");
    assert_int_equal(scn_parse(&fixture->counting.alloc, bytes, SCN_SOURCE_MAX, &fixture->program,
                               &fixture->error),
                     SCN_OK);
    free(bytes);
}

static void
a_line_beyond_the_limit_is_refused(void **state)
{
    struct scn_fixture *fixture = *state;
    char *bytes = malloc(SCN_LINE_MAX + 16);

    assert_non_null(bytes);
    memset(bytes, ' ', SCN_LINE_MAX + 16);
    memcpy(bytes, "check", 5);
    memcpy(bytes + SCN_LINE_MAX, "\n", 1);
    assert_int_equal(scn_parse(&fixture->counting.alloc, bytes, SCN_LINE_MAX + 1, &fixture->program,
                               &fixture->error),
                     SCN_OK);
    bytes[SCN_LINE_MAX] = ' ';
    bytes[SCN_LINE_MAX + 1] = '\n';
    parse_bad(fixture, bytes, SCN_LINE_MAX + 2);
    assert_int_equal(fixture->error.line, 1);
    assert_has(fixture->error.what, "longer than 4096");
    free(bytes);
}

static void
too_many_words_on_a_line_are_refused(void **state)
{
    struct scn_fixture *fixture = *state;
    char bytes[2000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 2 == 0 ? 'a' : ' ';
    parse_bad(fixture, bytes, sizeof bytes);
    assert_has(fixture->error.what, "too many words");
}

static void
line_ends_of_every_kind_are_accepted(void **state)
{
    static const char *const sources[] = {
        "app = task\r\nbuf = allocate app 4K\r\n",
        "app = task\nbuf = allocate app 4K",
        "\357\273\277app = task\nbuf = allocate app 4K\n",
        "\tapp\t=\ttask   # comment \xc3\xa9\n\n\n#\n  buf=allocate app 4K#x",
    };

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct scn_fixture *fixture = *state;

        parse_ok(fixture, sources[i]);
        assert_int_equal(fixture->program->statement_count, 2);
        assert_string_equal(fixture->program->first->source, i < 3 ? "app = task" : "app\t=\ttask");
    }
}

/* ---- what is kept ---- */

static const struct scn_statement *
statement_at(const struct scn_fixture *fixture, size_t index)
{
    const struct scn_statement *statement = fixture->program->first;

    while (index-- > 0)
        statement = statement->next;
    return statement;
}

static void
numbers_take_every_form(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
        bool in_pages;
    } numbers[] = {
        { "0", 0, false },
        { "4096", 4096, false },
        { "0x1000", 4096, false },
        { "0XfF", 255, false },
        { "64K", 65536, false },
        { "2M", 2 << 20, false },
        { "1G", 1 << 30, false },
        { "0x10K", 16384, false },
        { "16p", 16, true },
        { "0xffffffffffffffff", UINT64_MAX, false },
        { "18446744073709551615", UINT64_MAX, false },
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct scn_fixture *fixture = *state;
        const struct scn_statement *statement;
        char source[100] = "app = task\nbuf = allocate app ";

        memcpy(source + strlen(source), numbers[i].text, strlen(numbers[i].text) + 1);
        parse_ok(fixture, source);
        statement = statement_at(fixture, 1);
        assert_int_equal(statement->u.operands.numbers[0].value, numbers[i].value);
        assert_int_equal(statement->u.operands.numbers[0].in_pages, numbers[i].in_pages);
    }
}

static void
a_place_may_have_an_offset_and_a_length(void **state)
{
    struct scn_fixture *fixture = *state;
    const struct scn_operands *operands;

    parse_ok(fixture, "a = task\nb = allocate a 64K\n"
                      "d = descriptor-ranges b+0x800:4K b + 3p : 8K cow direction=out");
    operands = &statement_at(fixture, 2)->u.operands;
    assert_int_equal(operands->place_count, 2);
    assert_int_equal(operands->places[0].offset.value, 0x800);
    assert_int_equal(operands->places[0].length.value, 4096);
    assert_int_equal(operands->places[1].offset.value, 3);
    assert_true(operands->places[1].offset.in_pages);
    assert_int_equal(operands->places[1].length.value, 8192);
    assert_int_equal(operands->given, SCN_TAKES_COW | SCN_TAKES_DIRECTION);
    assert_int_equal(operands->word, SCN_DIRECTION_OUT);
}

static void
words_of_the_language_can_be_names(void **state)
{
    parse_ok(*state, "task = task\nmap = allocate task 4K\non = allocate task 4K\n"
                     "expect = descriptor map direction=in\nload map\nload on\nprepare expect in\n"
                     "nofault = task\ntitle = task\n");
}

static void
blocks_stand_on_one_line_or_many(void **state)
{
    static const char *const sources[] = {
        "nofault mutex { nofault interrupt { check } }",
        "nofault mutex {\n nofault interrupt {\n check\n }\n}\n",
        "nofault mutex\n{\nnofault interrupt\n{\ncheck\n}\n}",
        "nofault mutex\n{ nofault interrupt { check\n} }",
    };

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        static const enum scn_form forms[] = { SCN_OPEN, SCN_OPEN, SCN_DO, SCN_CLOSE, SCN_CLOSE };
        static const uint32_t depths[] = { 0, 1, 2, 1, 0 };
        struct scn_fixture *fixture = *state;

        parse_ok(fixture, sources[i]);
        assert_int_equal(fixture->program->statement_count, 5);
        for (size_t j = 0; j < 5; j++) {
            assert_int_equal(statement_at(fixture, j)->form, forms[j]);
            assert_int_equal(statement_at(fixture, j)->depth, depths[j]);
        }
        assert_int_equal(statement_at(fixture, 3)->section, VM_INTERRUPT);
        assert_int_equal(statement_at(fixture, 4)->section, VM_MUTEX);
    }
}

static void
blocks_nest_sixteen_deep(void **state)
{
    struct scn_fixture *fixture = *state;
    char source[1000] = "check\n";

    for (int i = 0; i < SCN_DEPTH_MAX; i++)
        strcat(source, "nofault mutex {\n");
    for (int i = 0; i < SCN_DEPTH_MAX; i++)
        strcat(source, "}\n");
    parse_ok(fixture, source);
    strcpy(source, "check\n");
    for (int i = 0; i <= SCN_DEPTH_MAX; i++)
        strcat(source, "nofault mutex {\n");
    parse_bad(fixture, source, strlen(source));
    assert_has(fixture->error.what, "too deep");
}

/* ---- releases ---- */

static const char *
profile_name(const struct scn_fixture *fixture, size_t index)
{
    static struct vm_profile profile;

    vm_profile_at(scn_program_profile_at(fixture->program, index), &profile);
    return profile.name;
}

static void
without_a_word_the_release_is_15_4(void **state)
{
    struct scn_fixture *fixture = *state;

    parse_ok(fixture, "check\n");
    assert_int_equal(scn_program_profile_count(fixture->program), 1);
    assert_string_equal(profile_name(fixture, 0), "macos-15.4");
    assert_string_equal(scn_program_title(fixture->program), "");
}

static void
each_keeps_the_order_of_the_file_and_drops_repeats(void **state)
{
    struct scn_fixture *fixture = *state;

    parse_ok(fixture,
             "title \"a \\\"b\\\" \\\\\"\neach macos-10.11 macos-10.9 macos-10.11\ncheck\n");
    assert_string_equal(scn_program_title(fixture->program), "a \"b\" \\");
    assert_int_equal(scn_program_profile_count(fixture->program), 2);
    assert_string_equal(profile_name(fixture, 0), "macos-10.11");
    assert_string_equal(profile_name(fixture, 1), "macos-10.9");
}

static void
each_all_is_every_release_and_not_seed_view(void **state)
{
    struct scn_fixture *fixture = *state;

    parse_ok(fixture, "each all\ncheck\n");
    assert_int_equal(scn_program_profile_count(fixture->program), vm_profile_count() - 1);
    for (size_t i = 0; i + 1 < vm_profile_count(); i++)
        assert_string_not_equal(profile_name(fixture, i), "seed-view");
    parse_ok(fixture, "each seed-view ..macos-10.7\ncheck\n");
    assert_string_equal(profile_name(fixture, 0), "seed-view");
    assert_string_equal(profile_name(fixture, 1), "macos-10.7");
}

static void
a_release_with_several_rows_means_all_of_them(void **state)
{
    struct scn_fixture *fixture = *state;
    size_t last;

    parse_ok(fixture, "each macos-10.12\ncheck\n");
    assert_true(scn_program_profile_count(fixture->program) > 1);
    last = scn_program_profile_count(fixture->program) - 1;
    assert_true(vm_profile_find("macos-10.12", 11, &last));
    parse_ok(fixture, "profile macos-10.12\ncheck\n");
    assert_int_equal(scn_program_profile_count(fixture->program), 1);
    assert_int_equal(scn_program_profile_at(fixture->program, 0), last);
}

static void
on_narrows_a_line_and_a_block(void **state)
{
    struct scn_fixture *fixture = *state;
    size_t old;
    size_t new;

    assert_true(vm_profile_find("macos-10.9", 10, &old));
    assert_true(vm_profile_find("macos-14", 8, &new));
    parse_ok(fixture, "each macos-10.9 macos-14\n"
                      "on macos-10.9: check\n"
                      "on ..macos-10.9 macos-14.. check\n"
                      "on macos-14.. nofault mutex {\n"
                      "  check\n"
                      "  on macos-10.9 check\n"
                      "}\n");
    assert_true(scn_rows_has(&statement_at(fixture, 0)->rows, old));
    assert_false(scn_rows_has(&statement_at(fixture, 0)->rows, new));
    assert_true(scn_rows_has(&statement_at(fixture, 1)->rows, old));
    assert_true(scn_rows_has(&statement_at(fixture, 1)->rows, new));
    for (size_t i = 2; i < 6; i++)
        assert_false(scn_rows_has(&statement_at(fixture, i)->rows, old));
    assert_true(scn_rows_has(&statement_at(fixture, 3)->rows, new));
    assert_true(scn_rows_is_empty(&statement_at(fixture, 4)->rows));
    assert_true(scn_rows_has(&statement_at(fixture, 5)->rows, new));
}

static void
a_name_may_be_bound_once_on_each_release(void **state)
{
    struct scn_fixture *fixture = *state;

    parse_ok(fixture, "each all\non ..macos-12 a = task\non macos-13.. a = task\n"
                      "b = allocate a 4K\n");
    assert_int_equal(fixture->program->name_count, 3);
    parse_bad(fixture, "on ..macos-12 a = task\non macos-13.. a = user-call kernel a\n", 56);
}

static void
running_out_of_memory_is_not_a_bad_source(void **state)
{
    static const char source[] =
        "title \"t\"\neach all\na = task\nb = allocate a 4K\n"
        "nofault mutex {\nload b\n}\nexpect panic \"x\"\nreport r faults\n";
    struct scn_fixture *fixture = *state;
    uint64_t at = 1;
    enum scn_outcome outcome;

    do {
        counting_alloc_init(&fixture->counting);
        fixture->counting.fail_at = at++;
        outcome = scn_parse(&fixture->counting.alloc, source, strlen(source), &fixture->program,
                            &fixture->error);
        if (outcome != SCN_OK) {
            assert_int_equal(outcome, SCN_NO_MEMORY);
            assert_int_equal(fixture->counting.live_bytes, 0);
        }
    } while (outcome != SCN_OK);
    assert_true(at > 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_bad_source_names_line_column_and_the_way_out),
        TEST(a_nul_byte_makes_it_no_text),
        TEST(a_file_beyond_the_limit_is_refused),
        TEST(a_line_beyond_the_limit_is_refused),
        TEST(too_many_words_on_a_line_are_refused),
        TEST(line_ends_of_every_kind_are_accepted),
        TEST(numbers_take_every_form),
        TEST(a_place_may_have_an_offset_and_a_length),
        TEST(words_of_the_language_can_be_names),
        TEST(blocks_stand_on_one_line_or_many),
        TEST(blocks_nest_sixteen_deep),
        TEST(without_a_word_the_release_is_15_4),
        TEST(each_keeps_the_order_of_the_file_and_drops_repeats),
        TEST(each_all_is_every_release_and_not_seed_view),
        TEST(a_release_with_several_rows_means_all_of_them),
        TEST(on_narrows_a_line_and_a_block),
        TEST(a_name_may_be_bound_once_on_each_release),
        TEST(running_out_of_memory_is_not_a_bad_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
