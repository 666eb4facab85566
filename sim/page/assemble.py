"""assemble.py TEMPLATE STYLE WASM OUT SCRIPT...: one file of the page's parts, the model inside

The place for a scenario stays as it is: `faultline report` fills it.
"""
import base64
import pathlib
import sys

template, style, wasm, out, *scripts = map(pathlib.Path, sys.argv[1:])
page = template.read_text()
script = "\n".join(path.read_text().replace("'use strict';\n", "", 1) for path in scripts)
assert "</script" not in script and "@GIVEN@" not in script
for name, text in (("@STYLE@", style.read_text()),
                   ("@WASM@", base64.b64encode(wasm.read_bytes()).decode()),
                   ("@SCRIPT@", "'use strict';\n(() => {\n" + script + "})();\n")):
    before, after = page.split(name)
    page = before + text + after
assert page.count("@GIVEN@") == 1
out.write_text(page)
