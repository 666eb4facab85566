/*
 * cmd_kpi.c - faultline kpi: which of the symbols that a driver uses are supported
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/core_out.h"
#include "core/version.h"
#include "io/io_file.h"
#include "kpi/kpi_audit.h"
#include "kpi/kpi_nm.h"
#include "kpi/macho.h"

enum { KPI_FILE_LIMIT = 256 << 20, KPI_PLIST_LIMIT = 1 << 20, KPI_PATH_BYTES = 4096 };
static_assert((int)IO_WHY_BYTES == (int)KPI_PLIST_WHY_BYTES, "either may fill the phrase");

const char cmd_kpi_help[] =
    "usage: faultline kpi FILE... [options]\n"
    "       faultline kpi --symbol NAME [--json]\n"
    "\n"
    "Says for every symbol that a driver imports which KPI list holds it and since\n"
    "when, which are unsupported, and what supported call does their work. FILE is a\n"
    "Mach-O object, bundle or kext (thin or fat, x86_64 or arm64), the folder\n"
    "NAME.kext, or what nm prints ('-': standard input).\n"
    "\n"
    "  --plist FILE    hold OSBundleLibraries of this Info.plist against the imports;\n"
    "                  the one of a .kext folder is found by itself\n"
    "  --release NAME  what holds on that release (15.4)\n"
    "  --symbol NAME   one symbol's history, as the linker spells it\n"
    "  --json          print one JSON object\n"
    "  --help          this page\n"
    "exit: 0 supported, 1 something is not or the plist is short, 2 unreadable\n"
    "\n"
    "example:\n"
    "  faultline kpi --symbol __ZN11IOMemoryMap9wireRangeEjyy\n";

struct kpi_job {
    struct cmd_words *files;
    const char *symbol;
    const char *plist_path;
    size_t release;
    bool is_json;
    bool has_said; /* an audit of this run has been printed */
    int at;        /* the next file */
    int code;
};

/* ---- printing ---- */

static void
kpi_job_begin(const struct kpi_job *job, const struct core_out *to)
{
    if (job->is_json)
        core_put(to, "{ \"schema\": 1, \"program\": \"faultline\", \"version\": "
                     "\"" FAULTLINE_VERSION "\", \"verb\": \"kpi\", \"audits\": [\n  ");
}

static void
kpi_job_print(struct kpi_job *job, const struct core_out *to, const char *path,
              const struct kpi_audit *audit)
{
    if (job->is_json) {
        core_put(to, job->has_said ? ",\n  { \"file\": " : "{ \"file\": ");
        core_put_json(to, path);
        core_put(to, ", \"audit\": ");
        kpi_audit_print_json(to, audit);
        core_put(to, " }");
    } else {
        core_put(to, job->has_said ? "\n" : "");
        core_put_clean(to, path);
        core_put(to, ": ");
        kpi_audit_print_text(to, &cmd_heap, audit);
    }
    job->has_said = true;
}

/* ---- one file ---- */

struct kpi_file {
    const char *path; /* as the user named it */
    struct io_bytes bytes;
    struct kpi_plist plist;
    bool has_plist;
};

static void
kpi_conclude(struct kpi_job *job, const struct kpi_file *file, const struct core_out *to,
             struct kpi_audit *audit)
{
    kpi_audit_finish(audit);
    kpi_job_print(job, to, file->path, audit);
    if (job->code == CMD_CLEAN && !kpi_audit_is_clean(audit))
        job->code = CMD_FINDINGS;
    kpi_audit_destroy(audit);
}

static struct kpi_audit
kpi_audit_of(const struct kpi_job *job, const struct kpi_file *file)
{
    return (struct kpi_audit){ .kind = "symbol list",
                               .release = job->release,
                               .plist = file->has_plist ? &file->plist : NULL };
}

static int
kpi_audit_macho(struct kpi_job *job, const struct kpi_file *file, const struct core_out *to,
                struct io_bytes *err)
{
    const uint8_t *bytes = (const uint8_t *)file->bytes.data;
    char why[MACHO_WHY_BYTES];
    struct macho macho;

    if (!macho_open(bytes, file->bytes.length, &macho, why))
        return cmd_complain(err, "%s: %s: give a Mach-O file for x86_64 or arm64", file->path, why);
    for (size_t i = 0; i < macho.count; i++) {
        struct kpi_audit audit = kpi_audit_of(job, file);

        audit.machine = macho.slices[i].machine;
        audit.kind = macho_filetype_name(macho.slices[i].filetype);
        if (!macho_imports(&macho.slices[i], kpi_audit_take, &audit, why) || audit.is_short) {
            kpi_audit_destroy(&audit);
            return cmd_complain(err, "%s: %s: the file is damaged; build it again", file->path,
                                audit.is_short ? "no memory for its symbols" : why);
        }
        kpi_conclude(job, file, to, &audit);
    }
    return job->code;
}

static int
kpi_audit_text(struct kpi_job *job, const struct kpi_file *file, const struct core_out *to,
               struct io_bytes *err)
{
    struct kpi_audit audit = kpi_audit_of(job, file);
    struct kpi_nm_error error;

    if (!kpi_nm_read(file->bytes.data, file->bytes.length, kpi_audit_take, &audit, &error)) {
        kpi_audit_destroy(&audit);
        return cmd_complain(err,
                            "%s:%zu:%zu: neither Mach-O nor what nm prints: give an object, a kext "
                            "or the text of nm -u",
                            file->path, error.line, error.column);
    }
    kpi_conclude(job, file, to, &audit);
    return job->code;
}

static bool
kpi_read_plist(struct kpi_file *file, const char *path, struct io_bytes *err)
{
    char why[IO_WHY_BYTES];
    struct io_bytes text = { 0 };
    bool is_read = io_file_read(path, KPI_PLIST_LIMIT, &text, why) &&
                   kpi_plist_read(text.data, text.length, &file->plist, why);

    io_bytes_free(&text);
    if (!is_read)
        cmd_complain(err, "%s: cannot be read: %s", path, why);
    file->has_plist = is_read;
    return is_read;
}

static bool
kpi_is_bundle(const char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    return length > 5 && strncmp(path + length - 5, ".kext", 5) == 0;
}

/* NAME.kext: its Info.plist names the executable. False after the complaint. */
static bool
kpi_open_bundle(struct kpi_file *file, char path[KPI_PATH_BYTES], struct io_bytes *err)
{
    snprintf(path, KPI_PATH_BYTES, "%s/Contents/Info.plist", file->path);
    if (!kpi_read_plist(file, path, err))
        return false;
    if (file->plist.executable[0] == '\0' || strchr(file->plist.executable, '/') != NULL) {
        cmd_complain(err, "%s: CFBundleExecutable names no file: a codeless kext imports nothing",
                     path);
        return false;
    }
    snprintf(path, KPI_PATH_BYTES, "%s/Contents/MacOS/%s", file->path, file->plist.executable);
    return true;
}

static int
kpi_audit_file(struct kpi_job *job, const char *name, const struct core_out *to,
               struct io_bytes *err)
{
    struct kpi_file file = { .path = name };
    char path[KPI_PATH_BYTES];
    int code;

    snprintf(path, sizeof(path), "%s", name);
    if (strlen(name) + KPI_PLIST_NAME_BYTES + 32 > sizeof(path))
        return cmd_complain(err, "%s: the path is too long", name);
    if (kpi_is_bundle(name) && !kpi_open_bundle(&file, path, err))
        return CMD_TROUBLE;
    if (job->plist_path != NULL && !kpi_read_plist(&file, job->plist_path, err))
        return CMD_TROUBLE;
    if (!cmd_read_file(path, KPI_FILE_LIMIT, &file.bytes, err)) {
        io_bytes_free(&file.bytes);
        return CMD_TROUBLE;
    }
    if (file.bytes.length == 0)
        return cmd_complain(err, "%s: is empty: give an object, a kext or the text of nm -u", name);
    code = macho_is((const uint8_t *)file.bytes.data, file.bytes.length)
               ? kpi_audit_macho(job, &file, to, err)
               : kpi_audit_text(job, &file, to, err);
    io_bytes_free(&file.bytes);
    return code;
}

/* ---- the work ---- */

static bool
kpi_files_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct kpi_job *job = context;
    struct core_out to = cmd_out(out);
    int code;

    if (job->at == 0)
        kpi_job_begin(job, &to);
    code = kpi_audit_file(job, job->files->word[job->at++], &to, err);
    job->code = code > job->code ? code : job->code;
    if (job->at < job->files->count)
        return true;
    if (job->is_json)
        core_put(&to, "\n] }\n");
    return false;
}

static bool
kpi_symbol_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct kpi_job *job = context;
    const struct kpi_symbol *symbol = kpi_symbol_find(job->symbol, strlen(job->symbol));
    enum kpi_list list = kpi_symbol_list(symbol, job->release);
    struct core_out to = cmd_out(out);
    struct scn_guess guess;

    if (symbol == NULL) {
        scn_guess_init(&guess, job->symbol, strlen(job->symbol));
        for (size_t i = 0; i < kpi_symbol_count(); i++)
            scn_guess_offer(&guess, kpi_symbol_at(i)->name);
        job->code = cmd_complain(err, "faultline: the table does not know '%s': %s%s%s",
                                 job->symbol, guess.word != NULL ? "did you mean '" : "",
                                 guess.word != NULL ? guess.word : "spell it as nm does",
                                 guess.word != NULL ? "'?" : "");
        return false;
    }
    if (job->is_json) {
        core_put(&to, "{ \"schema\": 1, \"program\": \"faultline\", \"version\": "
                      "\"" FAULTLINE_VERSION "\", \"verb\": \"kpi\", \"symbol\": ");
        kpi_symbol_print_json(&to, symbol);
        core_put(&to, " }\n");
    } else {
        kpi_symbol_print_text(&to, &cmd_heap, symbol);
    }
    job->code = kpi_list_is_supported(list) ? CMD_CLEAN : CMD_FINDINGS;
    return false;
}

int
cmd_kpi(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct kpi_job job = { .files = words, .release = kpi_release_count() - 1, .code = CMD_CLEAN };
    const char *release = NULL;
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--json", &job.is_json, NULL }, { "--plist", NULL, &job.plist_path },
        { "--release", NULL, &release },  { "--symbol", NULL, &job.symbol },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (release != NULL && !kpi_release_find(release, &job.release))
        return cmd_trouble("unknown release '%s': %s to %s, without a point release", release,
                           kpi_release_at(0), kpi_release_at(kpi_release_count() - 1));
    if (job.symbol != NULL)
        return !cmd_at_most(verb, words, 0) ? CMD_TROUBLE
                                            : cmd_work(kpi_symbol_work, &job, &job.code);
    if (words->count == 0)
        return cmd_trouble("'kpi' needs a file: see 'faultline kpi --help'");
    return cmd_work(kpi_files_work, &job, &job.code);
}
