/*
 * scn_parser.c - lines, blocks and names
 *
 * A line is cut into tokens, and the statements on it are read one after the other. Braces end a
 * statement, so `nofault spin-lock { load m }` is three statements on one line: open, load, close.
 */
#include "scn_parser.h"

#include <string.h>

/* ---- tokens ---- */

const struct scn_token *
scn_peek(const struct scn_parser *parser)
{
    return &parser->line.tokens[parser->at];
}

const struct scn_token *
scn_peek_after(const struct scn_parser *parser)
{
    size_t after = parser->at < parser->line.count ? parser->at + 1 : parser->at;

    return &parser->line.tokens[after];
}

const struct scn_token *
scn_take(struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);

    if (parser->at < parser->line.count)
        parser->at++;
    return token;
}

bool
scn_take_kind(struct scn_parser *parser, enum scn_token_kind kind)
{
    bool is_it = scn_peek(parser)->kind == kind;

    if (is_it)
        scn_take(parser);
    return is_it;
}

bool
scn_take_word(struct scn_parser *parser, const char *word)
{
    const struct scn_token *token = scn_peek(parser);
    bool is_it = token->kind == SCN_TOKEN_WORD && scn_same(token->bytes, token->length, word) &&
                 scn_peek_after(parser)->kind != SCN_TOKEN_EQUALS;

    if (is_it)
        scn_take(parser);
    return is_it;
}

bool
scn_at_end(const struct scn_parser *parser)
{
    enum scn_token_kind kind = scn_peek(parser)->kind;

    return kind == SCN_TOKEN_END || kind == SCN_TOKEN_OPEN || kind == SCN_TOKEN_CLOSE;
}

/* ---- names ---- */

static size_t
hash_of(const char *bytes, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    return hash % SCN_HASH_SIZE;
}

struct scn_name *
scn_name_lookup(const struct scn_parser *parser, const char *bytes, size_t length)
{
    struct scn_name *name = parser->hash[hash_of(bytes, length)];

    while (name != NULL && !scn_same(bytes, length, name->text))
        name = name->next_same_hash;
    return name;
}

bool
scn_name_is_reserved(const char *bytes, size_t length)
{
    const struct scn_word *option = scn_word_find(&scn_options_list, bytes, length);

    return (option != NULL && (option->value & SCN_TAKES_VALUES) == 0) ||
           scn_same(bytes, length, "at-least") || scn_same(bytes, length, "at-most");
}

static struct scn_name *
name_add(struct scn_parser *parser, const char *bytes, size_t length, enum scn_type type)
{
    struct scn_name *name = core_arena_take(parser->arena, sizeof *name);
    size_t hash = hash_of(bytes, length);

    if (name == NULL)
        return NULL;
    name->text = core_arena_copy(parser->arena, bytes, length);
    if (name->text == NULL)
        return NULL;
    name->index = parser->program->name_count++;
    name->type = type;
    name->line = parser->line.number;
    name->rows = parser->rows;
    name->next_same_hash = parser->hash[hash];
    parser->hash[hash] = name;
    *parser->name_tail = name;
    parser->name_tail = &name->next;
    return name;
}

static bool
name_check_new(struct scn_parser *parser, const struct scn_token *token)
{
    char first = token->bytes[0];
    bool is_letter =
        (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_';

    if (!is_letter || memchr(token->bytes, '.', token->length) != NULL)
        return scn_fail_token(parser, token, "this is no name:",
                              "a name is letters, digits, '-' and '_', and begins with a letter");
    if (scn_name_is_reserved(token->bytes, token->length))
        return scn_fail_token(parser, token,
                              "this word cannot be a name:", "it may follow a name; take another");
    return true;
}

/* The same name again: only for releases that the first binding leaves out. */
static bool
name_bind_again(struct scn_parser *parser, const struct scn_token *token, struct scn_name *name,
                enum scn_type type)
{
    struct scn_rows both = scn_rows_both(&name->rows, &parser->rows);
    char how[160];
    struct vmm_text text;

    vmm_text_init(&text, how, sizeof how);
    if (name->index == SCN_KERNEL_NAME)
        vmm_text_put(&text, "kernel is the kernel's task; take another name");
    else
        vmm_text_format(&text, "line %u binds it; a name is bound once on each release",
                        name->line);
    if (!scn_rows_is_empty(&both))
        return scn_fail_token(parser, token, "the name is taken:", how);
    if (name->type != type)
        return scn_fail_text(parser, token, how, "%s is %s elsewhere, here %s", name->text,
                             scn_type_phrase(name->type), scn_type_phrase(type));
    scn_rows_join(&name->rows, &parser->rows);
    return true;
}

bool
scn_name_bind(struct scn_parser *parser, const struct scn_token *token, enum scn_type type,
              uint32_t *index)
{
    struct scn_name *name;

    if (!name_check_new(parser, token))
        return false;
    name = scn_name_lookup(parser, token->bytes, token->length);
    if (name != NULL && !name_bind_again(parser, token, name, type))
        return false;
    if (name == NULL)
        name = name_add(parser, token->bytes, token->length, type);
    if (name == NULL)
        return scn_fail_memory(parser);
    *index = name->index;
    return true;
}

/* ---- statements ---- */

static struct scn_statement *
statement_new(struct scn_parser *parser, enum scn_form form)
{
    struct scn_statement *statement = core_arena_take(parser->arena, sizeof *statement);

    if (statement == NULL) {
        scn_fail_memory(parser);
        return NULL;
    }
    statement->form = form;
    statement->line = parser->line.number;
    statement->depth = parser->depth;
    statement->rows = parser->rows;
    statement->result = SCN_NO_NAME;
    return statement;
}

/* Keeps the text from its start to the token before the next one, and links the statement in. */
static bool
statement_add(struct scn_parser *parser, struct scn_statement *statement)
{
    const struct scn_token *start = parser->start;
    const struct scn_token *last = &parser->line.tokens[parser->at - 1];
    const char *end = last->bytes + last->length + (last->kind == SCN_TOKEN_STRING ? 1 : 0);
    const char *source;

    source = core_arena_copy(parser->arena, start->bytes, (size_t)(end - start->bytes));
    if (source == NULL)
        return scn_fail_memory(parser);
    statement->source = source;
    *parser->tail = statement;
    parser->tail = &statement->next;
    parser->program->statement_count++;
    if (statement->form == SCN_DO || statement->form == SCN_OPEN)
        parser->program->operation_count++;
    return true;
}

/* `on RANGE...[:]` narrows the rows of what follows on the line. */
static bool
parse_on(struct scn_parser *parser)
{
    static const char how[] = "write: on macos-10.10..macos-10.12 STATEMENT";
    struct scn_rows named = { { 0 } };
    struct scn_span span;

    do {
        const struct scn_token *token = scn_peek(parser);
        const char *wrong;

        if (token->kind != SCN_TOKEN_WORD)
            return scn_fail_token(parser, token, "a release is missing", how);
        wrong = scn_span_parse(token->bytes, token->length, &span);
        if (wrong != NULL)
            return scn_fail_token(parser, token, wrong, "`faultline profiles` lists the releases");
        scn_rows_add_span(&named, span);
        scn_take(parser);
    } while (scn_peek(parser)->kind == SCN_TOKEN_WORD &&
             scn_peek_after(parser)->kind != SCN_TOKEN_EQUALS &&
             scn_span_looks_like(scn_peek(parser)->bytes, scn_peek(parser)->length));
    scn_take_kind(parser, SCN_TOKEN_COLON);
    parser->rows = scn_rows_both(&parser->rows, &named);
    if (scn_at_end(parser))
        return scn_fail_token(parser, scn_peek(parser), "a statement is missing", how);
    return true;
}

static bool
open_block(struct scn_parser *parser)
{
    const struct scn_token *brace = scn_peek(parser);

    if (!parser->brace_is_due)
        return scn_fail_token(parser, brace, "no block begins here:",
                              "a block begins with nofault KIND { or thread NAME {");
    scn_take(parser);
    parser->brace_is_due = false;
    parser->depth++;
    return true;
}

/* The head of a block is read: its brace follows, here or on the next line. */
static bool
begin_block(struct scn_parser *parser, struct scn_statement *statement, uint32_t number)
{
    const struct scn_token *start = parser->start;

    if (parser->depth == SCN_DEPTH_MAX)
        return scn_fail_token(parser, start, "blocks nest too deep:", "at most 16 levels");
    parser->blocks[parser->depth] = (struct scn_block){
        .line = parser->line.number,
        .column = start->column,
        .form = statement->form,
        .number = number,
        .rows = parser->rows,
    };
    parser->brace_is_due = true;
    if (scn_peek(parser)->kind == SCN_TOKEN_OPEN && !open_block(parser))
        return false;
    return statement_add(parser, statement);
}

static bool
parse_nofault(struct scn_parser *parser, struct scn_statement *statement)
{
    uint32_t section;

    if (!scn_parse_word(parser, &scn_sections, "a kind of section", "nofault KIND { ... }",
                        &section))
        return false;
    statement->form = SCN_OPEN;
    statement->section = (enum vm_no_fault)section;
    return begin_block(parser, statement, section);
}

static bool
is_in_thread(const struct scn_parser *parser)
{
    return parser->depth > 0 && parser->blocks[0].form == SCN_THREAD;
}

static bool
thread_check(struct scn_parser *parser, const struct scn_token *name)
{
    static const char how[] = "write: thread NAME { ... }";
    const struct scn_program *program = parser->program;

    if (parser->depth > 0)
        return scn_fail_token(parser, parser->start,
                              "a block holds no threads:", "threads begin outside of all blocks");
    if (name->kind != SCN_TOKEN_WORD)
        return scn_fail_token(parser, name, "a thread's name is missing", how);
    if (program->thread_count == SCN_THREADS_MAX)
        return scn_fail_token(parser, name, "one thread too many:", "a file has at most 8");
    if (program->cpu_count != 0 && program->thread_count == program->cpu_count)
        return scn_fail_token(parser, name, "no CPU is left for",
                              "each thread has one for itself: machine cpus=N");
    for (uint32_t i = 0; i < program->thread_count; i++) {
        if (scn_same(name->bytes, name->length, program->threads[i]))
            return scn_fail_token(parser, name, "a second thread of the name", how);
    }
    return true;
}

static bool
parse_thread(struct scn_parser *parser, struct scn_statement *statement)
{
    struct scn_program *program = parser->program;
    const struct scn_token *name = scn_peek(parser);

    if (!thread_check(parser, name))
        return false;
    scn_take(parser);
    program->threads[program->thread_count] =
        core_arena_copy(parser->arena, name->bytes, name->length);
    if (program->threads[program->thread_count] == NULL)
        return scn_fail_memory(parser);
    statement->form = SCN_THREAD;
    statement->result = program->thread_count++;
    return begin_block(parser, statement, statement->result);
}

static bool
close_block(struct scn_parser *parser)
{
    const struct scn_token *brace = scn_peek(parser);
    struct scn_statement *statement;

    if (parser->depth == 0)
        return scn_fail_token(parser, brace, "no block is open:", "remove the brace");
    scn_take(parser);
    parser->depth--;
    parser->rows = parser->blocks[parser->depth].rows;
    statement = statement_new(parser, SCN_CLOSE);
    if (statement == NULL)
        return false;
    if (parser->blocks[parser->depth].form == SCN_THREAD) {
        statement->form = SCN_THREAD_END;
        statement->result = parser->blocks[parser->depth].number;
    } else {
        statement->section = (enum vm_no_fault)parser->blocks[parser->depth].number;
    }
    return statement_add(parser, statement);
}

static bool
check_rest(struct scn_parser *parser)
{
    if (scn_at_end(parser))
        return true;
    return scn_fail_token(parser, scn_peek(parser), "the line should end before",
                          "one operation a line");
}

/* An operation, an expectation, a report or the head of a block. */
static bool
parse_statement(struct scn_parser *parser)
{
    struct scn_statement *statement = statement_new(parser, SCN_DO);
    const struct scn_token *name = NULL;
    bool is_parsed;

    if (statement == NULL)
        return false;
    if (scn_peek(parser)->kind == SCN_TOKEN_WORD &&
        scn_peek_after(parser)->kind == SCN_TOKEN_EQUALS) {
        name = scn_take(parser);
        scn_take(parser);
    } else if (scn_take_word(parser, "nofault")) {
        return parse_nofault(parser, statement);
    } else if (scn_take_word(parser, "thread")) {
        return parse_thread(parser, statement);
    }
    if (name == NULL && scn_take_word(parser, "expect"))
        is_parsed = scn_parse_expect(parser, statement);
    else if (name == NULL && scn_take_word(parser, "report"))
        is_parsed = scn_parse_report(parser, statement);
    else
        is_parsed = scn_parse_operation(parser, name, statement);
    if (is_parsed && statement->form == SCN_DO && statement->operation == SCN_OP_ON_CPU &&
        is_in_thread(parser))
        return scn_fail_token(parser, parser->start, "a thread keeps its CPU:",
                              "thread i of the file runs on CPU i; remove the line");
    return is_parsed && check_rest(parser) && statement_add(parser, statement);
}

static struct scn_rows
rows_of_block(const struct scn_parser *parser)
{
    return parser->depth > 0 ? parser->blocks[parser->depth - 1].rows : scn_rows_all();
}

/* What stands between braces, or on the whole line. */
static bool
parse_part(struct scn_parser *parser)
{
    const struct scn_token *start = scn_peek(parser);
    bool is_header = false;

    parser->start = start;
    parser->rows = rows_of_block(parser);
    if (start->kind == SCN_TOKEN_OPEN)
        return open_block(parser);
    if (parser->brace_is_due)
        return scn_fail_token(parser, start, "the block's { is missing before",
                              "write: nofault KIND { or thread NAME {");
    if (start->kind == SCN_TOKEN_CLOSE)
        return close_block(parser) && check_rest(parser);
    if (!scn_parse_header(parser, &is_header))
        return false;
    if (is_header)
        return check_rest(parser);
    if (!parser->header_is_over)
        scn_header_end(parser);
    if (scn_take_word(parser, "on") && !parse_on(parser))
        return false;
    return parse_statement(parser);
}

static bool
parse_line(struct scn_parser *parser)
{
    parser->at = 0;
    while (scn_peek(parser)->kind != SCN_TOKEN_END) {
        if (!parse_part(parser))
            return false;
    }
    return true;
}

/* ---- the whole source ---- */

static void
fail_whole(struct scn_parser *parser, uint32_t line, uint32_t column, const char *what,
           const char *how)
{
    parser->outcome = SCN_BAD_SOURCE;
    scn_error_set(parser->error, line, column, how, "%s", what);
}

static void
check_whole(struct scn_parser *parser, bool is_empty)
{
    uint32_t innermost = parser->brace_is_due ? parser->depth : parser->depth - 1;

    if (parser->brace_is_due || parser->depth > 0) {
        const struct scn_block *block = &parser->blocks[innermost];

        fail_whole(parser, block->line, block->column,
                   parser->brace_is_due ? "the block that begins here has no {"
                                        : "the block that begins here is never closed",
                   !parser->brace_is_due       ? "close it with }"
                   : block->form == SCN_THREAD ? "write: thread NAME {"
                                               : "write: nofault KIND {");
    } else if (is_empty) {
        fail_whole(parser, 0, 0, "the file is empty", "write one operation a line: app = task");
    } else if (parser->program->operation_count == 0) {
        fail_whole(parser, 0, 0, "the file has no operation",
                   "write one operation a line: app = task");
    }
}

static void
parse_source(struct scn_parser *parser, struct scn_source *source)
{
    bool is_end = false;
    bool is_empty = source->at == source->length;

    while (parser->outcome == SCN_OK) {
        if (!scn_source_line(source, &parser->line, &is_end, parser->error))
            parser->outcome = SCN_BAD_SOURCE;
        else if (is_end)
            break;
        else
            parse_line(parser);
    }
    if (parser->outcome == SCN_OK)
        check_whole(parser, is_empty);
}

static bool
parser_start(struct scn_parser *parser, struct core_arena *arena, struct scn_error *error)
{
    memset(parser, 0, sizeof *parser);
    parser->arena = arena;
    parser->error = error;
    parser->program = core_arena_take(arena, sizeof *parser->program);
    if (parser->program == NULL)
        return false;
    parser->program->title = "";
    parser->tail = &parser->program->first;
    parser->name_tail = &parser->program->names;
    parser->rows = scn_rows_all();
    return name_add(parser, "kernel", strlen("kernel"), SCN_TASK) != NULL;
}

enum scn_outcome
scn_parse(const struct vmm_alloc *alloc, const char *bytes, size_t length,
          struct scn_program **program, struct scn_error *error)
{
    struct core_arena arena;
    struct scn_source source;
    struct scn_parser *parser;
    enum scn_outcome outcome = SCN_NO_MEMORY;

    *error = (struct scn_error){ 0 };
    if (!scn_source_open(&source, bytes, length, error))
        return SCN_BAD_SOURCE;
    parser = alloc->take(alloc->context, sizeof *parser); /* too large for a kernel's stack */
    if (parser == NULL)
        return SCN_NO_MEMORY;
    core_arena_init(&arena, alloc);
    if (parser_start(parser, &arena, error)) {
        parse_source(parser, &source);
        outcome = parser->outcome;
    }
    if (outcome == SCN_OK) {
        parser->program->arena = arena;
        *program = parser->program;
    } else {
        core_arena_destroy(&arena);
    }
    alloc->give(alloc->context, parser, sizeof *parser);
    return outcome;
}
