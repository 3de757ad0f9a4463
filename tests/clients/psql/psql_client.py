# Runs script.sql through psql and prints one JSON document: per section what came on stdout and what on stderr.
import json
import os
import pathlib
import re
import subprocess
import sys

here = pathlib.Path(__file__).parent
environment = {**os.environ, "PGCLIENTENCODING": "UTF8", "PGTZ": "UTC", "PGAPPNAME": "psql under test"}
command = ["psql", "--no-psqlrc", "--quiet", "--file", "script.sql"]
result = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=100, check=False)


def sections(text):
    """The script marks each section on both streams with a line "== name"."""
    found = {"": []}
    name = ""
    # psql centres a heading by the length of a name that holds a number.
    text = re.sub(r"^ *(Table \"pg_temp_)\d+", r"\1N", text, flags=re.MULTILINE)
    for line in re.sub(r"(process with PID |pg_temp_)\d+", r"\1N", text).splitlines():
        if line.startswith("== "):
            name = line[3:]
            found[name] = []
        else:
            found[name].append(line)
    return found


out, err = sections(result.stdout), sections(result.stderr)
outcomes = {name: {"out": out.get(name, []), "err": err.get(name, [])} for name in {**out, **err}}
outcomes["exit code"] = result.returncode
json.dump(outcomes, sys.stdout, indent=1, ensure_ascii=False)
print()
