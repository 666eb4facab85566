"""mutate.py ROOT [MINUTES] [--seed N] [--files GLOB] [--jobs N] [--again] [--tests REGEX]: do tests notice?

One small mistake at a time (a negated condition, a comparison off by one, a dropped statement, a
swapped constant) is made in a file of vmmodel. The tests link the model as a shared library, so a
mistake costs one compilation, one link and the tests until the first that fails; those go first that
have found most for their time. What no test noticed has survived. An object file that comes out the
same is no mistake (Papadakis et al., ICSE 2015) and counts neither way, nor does what does not compile.

Results stay in build/mutate/results.tsv, and the next call goes on; a file that has changed since
begins anew. --again: only survivors, after tests were added. --tests REGEX: only these, which makes
--again short after a few were added. --slow: with the slow tests too.
"""
import argparse
import collections
import fnmatch
import hashlib
import json
import os
import queue
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

RULES = [  # name, pattern, replacement
    ("negate", re.compile(r"\bif \((.+)\)$"), r"if (!(\1))"),
    ("negate", re.compile(r"\bif \((.+)\) \{$"), r"if (!(\1)) {"),
    ("and", re.compile(r" && "), " || "),
    ("or", re.compile(r" \|\| "), " && "),
    ("bound", re.compile(r" < "), " <= "),
    ("bound", re.compile(r" <= "), " < "),
    ("bound", re.compile(r" >= "), " > "),
    ("bound", re.compile(r" > "), " >= "),
    ("equal", re.compile(r" == "), " != "),
    ("equal", re.compile(r" != "), " == "),
    ("one", re.compile(r" \+ 1\b"), " + 0"),
    ("one", re.compile(r" - 1\b"), " - 0"),
    ("constant", re.compile(r"\btrue\b"), "false"),
    ("constant", re.compile(r"\bfalse\b"), "true"),
    ("drop", re.compile(r"^    ( *)(?!return)[a-z_]+\(.*\);$"), r"    \1;"),
    ("drop", re.compile(r"^    ( *)[a-z_>.\-]+(\+\+|--);$"), r"    \1;"),
    ("drop", re.compile(r"^    ( *)[a-z_]+->[a-z_.>\-]+ [+-]?= .*;$"), r"    \1;"),
]
# A weaker assertion is noticed only beside a second mistake.
SKIPPED = re.compile(r'VMM_ASSERT|^#|"')
# What takes part: everything that ctest runs on the model itself, once. Left out are tests of the tree,
# of other builds of the model (planted, kext, a kext on the kit), of the page and the program, and second runs of the
# same thing; and, unless it is asked for, what is slow: the program's parts, and scenarios again on another machine.
TESTS = re.compile(r"^(?!kit\.(?!test_)|kext\.|shape\.|planted\.|bench\.|fuzz\.|cli\.(?!inject)|page\."
                   r"|scenario\..*\.(json|twice)$)")
SLOW = re.compile(r"vm\.test_vm_bad_input|sim\.(?!test_explore|test_inject).*|cli\.inject"
                  r"|scenario\..*\.arm64")
FEWER = {"property.test_property_vm": ["150000"], "property.test_property_memory": ["40000"]}
PROGRAMS = re.compile(r"^(sim/faultline|tests/(?!planted|fuzz)[^/]+): C_EXECUTABLE_LINKER", re.M)
SHRINKS = re.compile(rb"property: seed \d+ operation")
NO_BUILD, SAME, SURVIVED, KILLED = "no build", "same", "survived", "killed"
MEMORY_BYTES = 3 << 30


# ---- mistakes ----

def mutations(text):
    """(line number, rule, new line) of everything that can be changed in a file."""
    in_comment = False
    for number, line in enumerate(text.split("\n")):
        in_comment = in_comment or "/*" in line
        code = not in_comment and not SKIPPED.search(line)
        in_comment = in_comment and "*/" not in line
        for rule, pattern, new in RULES if code else []:
            changed = pattern.sub(new, line, count=1)
            if changed != line:
                yield number, rule, changed


def all_mutations(tree, pattern, seed):
    """In an order that the seed decides: any beginning of it is a fair sample."""
    found = []
    for folder, _, files in os.walk(os.path.join(tree, "vmmodel")):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), tree)
            if name.endswith(".c") and fnmatch.fnmatch(path, pattern):
                with open(os.path.join(tree, path), encoding="utf-8") as file:
                    found += [(path,) + one for one in mutations(file.read())]
    return sorted(found, key=lambda one: hashlib.sha256(f"{seed} {one}".encode()).digest())


# ---- tests ----

class Test:
    def __init__(self, row):
        properties = {one["name"]: one["value"] for one in row.get("properties", [])}
        self.name = row["name"]
        self.words = row["command"] + FEWER.get(self.name, [])
        self.folder = properties.get("WORKING_DIRECTORY", ".")
        self.skip = properties.get("SKIP_RETURN_CODE")
        self.environment = dict(one.split("=", 1) for one in properties.get("ENVIRONMENT", []))
        self.seconds = 60.0  # of CPU; until it is measured
        self.kills = collections.Counter()  # by file, and by floor

    def passes(self, library):
        def limits():
            cpu = int(3 + 4 * self.seconds)
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        environment = dict(os.environ, LD_LIBRARY_PATH=library, **self.environment)
        process = subprocess.Popen(self.words, cwd=self.folder, env=environment, preexec_fn=limits,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        # Whoever has found something and only makes it shorter now need not end.
        late = threading.Timer(300 + 60 * self.seconds, os.killpg, (process.pid, 9))
        late.start()
        found = any(SHRINKS.match(line) for line in process.stdout)
        if found:
            os.killpg(process.pid, 9)
        _, status, self.usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        late.cancel()
        process.stdout.close()
        return not found and process.returncode in (0, self.skip)

    def worth(self, path):
        """What it has found here and near; before it has found anything, what its name promises."""
        floor = os.path.dirname(path)
        named = os.path.splitext(os.path.basename(path))[0] in self.name
        near = self.name.startswith((os.path.basename(floor) + ".", "recorded."))
        found = 8 * self.kills[path] + self.kills[floor]
        return (found + 4 * named + 0.2 * near) / (self.seconds + 0.05)


def read_tests(build, with_slow, chosen):
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                           capture_output=True, check=True).stdout
    return [Test(row) for row in json.loads(shown)["tests"]
            if "command" in row and TESTS.match(row["name"])
            and (with_slow or not SLOW.fullmatch(row["name"])) and re.search(chosen, row["name"])]


def measure(tests, build, kept):
    """How long each takes; what was measured on the same programs holds."""
    library = os.path.join(build, "vmmodel")
    stamp = max(os.stat(test.words[0]).st_mtime for test in tests if os.path.exists(test.words[0]))
    times = {}
    if os.path.exists(kept) and os.stat(kept).st_mtime > stamp:
        with open(kept, encoding="utf-8") as file:
            times = json.load(file)
    for test in tests:
        if test.name not in times:
            passed = test.passes(library)
            times[test.name] = test.usage.ru_utime + test.usage.ru_stime if passed else None
        test.seconds = times[test.name]
    with open(kept, "w", encoding="utf-8") as file:
        json.dump(times, file)
    for test in [test for test in tests if test.seconds is None]:
        print(f"left out, since it fails without any mistake: {test.name}")
        tests.remove(test)
    tests.sort(key=lambda test: test.seconds)


# ---- one mistake ----

class Builder:
    """Compiles one file as the build did, without what a debugger reads, and links it with the others."""

    def __init__(self, tree, build):
        self.tree = tree
        self.rows = {}
        self.folder = os.path.join(build, "objects")
        self.originals = {}
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
            for row in json.load(file):
                path = os.path.relpath(row["file"], tree)
                words = [word for word in shlex.split(row["command"]) if word not in ("ccache", "-g")]
                built = os.path.join(row["directory"], words[words.index("-o") + 1])
                if path.startswith("vmmodel/") and "vmmodel.dir" in built:
                    kept = os.path.join(self.folder, path.replace("/", ".") + ".o")
                    subprocess.run(["objcopy", "--strip-debug", built, kept], check=True)
                    self.rows[path] = (words, kept)

    def compile(self, path, source, out):
        """The object file's bytes; None: it does not compile."""
        words = list(self.rows[path][0])
        original = os.path.join(self.tree, path)
        words[words.index("-o") + 1] = out
        words[words.index("-c") + 1] = source
        words += ["-w", "-iquote", os.path.dirname(original),
                  f"-ffile-prefix-map={source}={original}"]
        if subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            return None
        with open(out, "rb") as file:
            return file.read()

    def original(self, path, folder):
        if path not in self.originals:
            self.originals[path] = self.compile(path, os.path.join(self.tree, path),
                                                os.path.join(folder, "original.o"))
        return self.originals[path]

    def link(self, path, changed, folder):
        objects = [changed if one == path else kept for one, (_, kept) in self.rows.items()]
        words = [self.rows[path][0][0], "-shared", "-o", os.path.join(folder, "libvmmodel.so")]
        subprocess.run(words + objects, check=True)


def judge(builder, tests, one, folder):
    """The verdict, and who noticed."""
    path, number, _, line = one
    with open(os.path.join(builder.tree, path), encoding="utf-8") as file:
        lines = file.read().split("\n")
    lines[number] = line
    source = os.path.join(folder, os.path.basename(path))
    with open(source, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    changed = os.path.join(folder, "changed.o")
    object_bytes = builder.compile(path, source, changed)
    if object_bytes is None:
        return NO_BUILD, ""
    if object_bytes == builder.original(path, folder):
        return SAME, ""
    builder.link(path, changed, folder)
    for test in sorted(tests, key=lambda test: -test.worth(path)):
        if not test.passes(folder):
            test.kills[path] += 1
            test.kills[os.path.dirname(path)] += 1
            return KILLED, test.name
    return SURVIVED, ""


# ---- all ----

def prepare(root, place, with_slow, chosen):
    """A copy of the tree, so that work on it may go on, built with the model as a library of its own."""
    tree, build = os.path.join(place, "tree"), os.path.join(place, "build")
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(root, tree, ignore=shutil.ignore_patterns("build", ".git"))
    log = os.path.join(place, "build.log")
    configure = ["cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 "-DFAULTLINE_SHARED_MODEL=ON", "-DCMAKE_SKIP_BUILD_RPATH=ON"]
    with open(log, "w", encoding="utf-8") as out:
        if subprocess.run(configure, stdout=out, stderr=out, check=False).returncode != 0:
            sys.exit(f"mutate: the tree cannot be configured: see {log}")
        known = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], capture_output=True,
                               text=True, check=True).stdout
        if subprocess.run(["ninja", "-C", build, "vmmodel/libvmmodel.so", *PROGRAMS.findall(known)],
                          stdout=out, stderr=out, check=False).returncode != 0:
            sys.exit(f"mutate: the tree does not build as it is: see {log}")
    tests = read_tests(build, with_slow, chosen)
    measure(tests, build, os.path.join(place, "times.json"))
    return tests, Builder(tree, build)


def read_results(path, tree):
    """Verdicts by mistake, of the files that are still what they were."""
    done = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for row in file:
                verdict, who, digest, *key = row.rstrip("\n").split("\t")
                if digest == digest_of(tree, key[0]):
                    done["\t".join(key)] = (verdict, who)
    return done


def digest_of(tree, path):
    full = os.path.join(tree, path)
    if not os.path.exists(full):
        return ""
    with open(full, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


def key_of(one):
    return f"{one[0]}\t{one[1] + 1}\t{one[2]}\t{one[3].strip()}"


def work(todo, done, builder, tests, results, end):
    """Takes mistakes until there are none, or no time."""
    with tempfile.TemporaryDirectory(prefix="faultline-mutate-") as folder:
        while time.monotonic() < end:
            try:
                one = todo.get_nowait()
            except queue.Empty:
                return
            verdict, who = judge(builder, tests, one, folder)
            done[key_of(one)] = (verdict, who)
            with open(results, "a", encoding="utf-8") as out:
                out.write(f"{verdict}\t{who}\t{digest_of(builder.tree, one[0])}\t{key_of(one)}\n")


def report(possible, done):
    verdicts = collections.Counter(verdict for verdict, _ in done.values())
    tried = verdicts[KILLED] + verdicts[SURVIVED]
    print(f"{possible} mistakes possible; {tried} tried, {verdicts[KILLED]} noticed "
          f"({100 * verdicts[KILLED] / max(1, tried):.1f} %); {verdicts[SAME]} gave the same code, "
          f"{verdicts[NO_BUILD]} did not compile")
    floors = collections.defaultdict(collections.Counter)
    for key, (verdict, _) in done.items():
        floors[key.split("/")[1]][verdict] += 1
    for floor, counts in sorted(floors.items()):
        print(f"  {floor:8} {counts[KILLED]:4} of {counts[KILLED] + counts[SURVIVED]:4}")
    for key in sorted(key for key, (verdict, _) in done.items() if verdict == SURVIVED):
        print("survived: " + key.replace("\t", " "))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("minutes", nargs="?", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", default="vmmodel/*")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--tests", default=".")
    parser.add_argument("--nice", type=int, default=19)
    options = parser.parse_args()
    place = os.path.join(options.root, "build", "mutate")
    results = os.path.join(place, "results.tsv")
    os.makedirs(place, exist_ok=True)
    tests, builder = prepare(options.root, place, options.slow, options.tests)
    print(f"{len(tests)} tests, {sum(test.seconds for test in tests):.0f} s when nothing is wrong; "
          + ", ".join(f"{test.name} {test.seconds:.1f}" for test in tests[-8:]), flush=True)
    all_of_them = all_mutations(builder.tree, options.files, options.seed)
    done = read_results(results, builder.tree)
    by_name = {test.name: test for test in tests}
    for key, (verdict, who) in done.items():
        if verdict == KILLED and who in by_name:
            path = key.split("\t")[0]
            by_name[who].kills[path] += 1
            by_name[who].kills[os.path.dirname(path)] += 1
    todo = queue.Queue()
    for one in all_of_them:
        verdict = done.get(key_of(one), (None, ""))[0]
        if verdict == SURVIVED if options.again else verdict is None:
            todo.put(one)
    os.nice(options.nice)
    end = time.monotonic() + 60 * options.minutes
    workers = [threading.Thread(target=work, args=(todo, done, builder, tests, results, end))
               for _ in range(options.jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    report(len(all_of_them), done)


main()
