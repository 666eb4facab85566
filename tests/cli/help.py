"""help.py PROGRAM SOURCE - each verb's --help fits 24 lines of 80 columns, and slips get a hint

A page has an example, and the options it lists are those that the verb takes. Verbs, options, profiles,
machines, operations and the words of `explain` that are nearly right are answered with the nearest.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

program, source = sys.argv[1], pathlib.Path(sys.argv[2])
errors = []


def run(*words, text=""):
    return subprocess.run([program, *words], input=text, capture_output=True, text=True, check=False)


def taken(verb):
    """The options in the tables of the verb's file; what two verbs share is told apart by nobody."""
    page = f"cmd_{verb}_help[] ="
    text = next(path.read_text(encoding="utf-8") for path in (source / "sim/cmd").glob("*.c")
                if page in path.read_text(encoding="utf-8"))
    return set(re.findall(r'\{ "(--?[a-z-]+)", [N&]', text)) - {"-h"}


overview = run("help").stdout
verbs = re.findall(r"^  ([a-z]+) +\S", overview.split("Every verb")[0], re.M)
if max(map(len, overview.splitlines())) > 80:
    errors.append("faultline help is wider than 80 columns")
for verb in verbs:
    page = run(verb, "--help").stdout
    lines = page.splitlines()
    if len(lines) > 24 or max(map(len, lines), default=99) > 80:
        errors.append(f"{verb} --help: {len(lines)} lines, {max(map(len, lines))} columns")
    if not re.search(r"^example:\n  (.*\| )?faultline (--)?" + verb, page, re.M):
        errors.append(f"{verb} --help has no example")
    if page != run("help", verb).stdout:
        errors.append(f"help {verb} is not {verb} --help")
    shown = set(re.findall(r"^  (--?[a-z-]+)(?= |$)", page, re.M))
    hidden = {"--release"} if verb == "replay" else set()
    if shown != taken(verb) - hidden:
        errors.append(f"{verb} --help shows, or takes: {sorted(shown ^ (taken(verb) - hidden))}")

FILE = "app = task\nbuf = allocate app 1p\n"


def answered(made, what, hint):
    if made.returncode != 2 or hint not in made.stderr:
        errors.append(f"{what}: {made.returncode}, {made.stderr.strip()}")


# Long lists give the nearest word; short ones are given whole.
for words, hint in {
        "runn": "did you mean 'run'", "help sweeep": "did you mean 'sweep'", "run --jsn": "did you mean '--json'",
        "profiles show macos-10.99": "did you mean 'macos-10.", "profiles shwo": "profiles show",
        "run --profile macos-15.6 -": "did you mean 'macos-15.", "machines show skylak": "did you mean 'skylake'",
        "price --machine haswel -": "did you mean 'haswell'", "machines shwo": "machines show",
        "explain PMAP_ENTR": "did you mean 'PMAP_ENTER'", "run --verify strickt -": "strict",
        "run --backend modle -": "model", "contract --backend xun": "xnu", "replay --memory prefalt -": "prefault",
        "replay --format lacky -": "lackey", "record --with lacky -- ls": "lackey", "completion run": "completion -- run",
        "kpi --release 10.99 --symbol _bcopy": "10.7 to"}.items():
    answered(run(*words.split(), text=FILE), words, hint)
for line, hint in {
        "alocate app 1p": "allocate", "lod buf": "load", "load buff": "buf", "nofault spin-lok {": "spin-lock",
        "expect residnt buf 1": "resident", "expect count FALT 1": "FAULT", "report x residen buf": "resident",
        "expect finding use-after-relase": "use-after-release", "c = allocate app 1p supperpage": "superpage"}.items():
    answered(run("run", "-", text=FILE + line + "\n"), line, f"did you mean '{hint}'")
for line, hint in {"titel \"x\"": "title", "profil macos-11": "profile", "machine haswel": "haswell",
                   "machine cpu=2": "cpus=N", "each macos-10.99": "macos-10."}.items():
    answered(run("run", "-", text=line + "\n" + FILE), line, hint)

answered(run("run", "-", text=FILE + "expect result KERN_INVALID_ARGUMET\n"), "a status",
         "did you mean 'KERN_INVALID_ARGUMENT'")
folder = tempfile.mkdtemp()
scenario, results = folder + "/s.scn", folder + "/r.db"
pathlib.Path(scenario).write_text("param pages = 1 2\napp = task\nb = allocate app ${pages}p\nreport all resident b\n")
pathlib.Path(folder, "t.scn").write_text(FILE)
pathlib.Path(folder, "m.json").write_text('{ "base": "skylak" }')
run("sweep", scenario, "-o", results, "--quiet")
answered(run("results", results, "--svg", folder + "/x", "--x", "page"), "an axis", "did you mean 'pages'")
answered(run("results", results, "--svg", folder + "/x", "--value", "al"), "a value", "did you mean 'all'")
answered(run("price", "--machine", folder + "/m.json", "-", text=FILE), "a base", "did you mean 'skylake'")
for command, hint in ("objets", "objects"), ("until PAGE_WIRR", "until PAGE_WIRE"):
    made = run("step", folder + "/t.scn", text=command + "\n")
    if hint not in made.stdout:
        errors.append(f"step, {command}: {made.stdout}")
shutil.rmtree(folder)

print(f"{len(verbs)} verbs")
print("\n".join(errors))
sys.exit(1 if errors or len(verbs) < 25 else 0)
