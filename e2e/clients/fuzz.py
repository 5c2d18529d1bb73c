"""schemathesis sends what the OpenAPI document allows and what it forbids, as several people and as nobody.

Whatever comes in, the server answers as the document says: never with an error of its own, never with a status or
a content type or a body that is not written down.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import city
from city import need, same

# Alone on the live stream one waits for ever; ending the session or changing the password would end the run.
LEFT_OUT = [
    "--exclude-path", "/api/live", "--exclude-path-regex", "^/api/(session|me/password)$",
]
QUICK = ["intake_operator", "", "department_officer", "system_admin"]
FULL = [*QUICK, "shift_leader", "dispatcher", "collector", "handler", "leader", "supervisor", "security_admin", "audit_admin"]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def real_things(server):
    """A case and its secret link, so that more than "no such case" is tried."""
    fields = {"service_code": "2026-event-06013", "lat": city.LAT, "long": city.LONG, "description": "to be fuzzed", "email": "a@b.test"}
    answer = city.form(f"{server.open311}/requests.json", fields)
    same(answer.status, 201, f"a report: {answer.text}")
    one = answer.json[0]
    return one["service_request_id"], one["service_notice"].rsplit("/", 1)[1]


def config(server):
    number, secret = real_things(server)
    path = Path(server.data) / "schemathesis.toml"
    path.write_text(f"""
[[operations]]
include-path-regex = '^/api/cases/\\{{id\\}}'
parameters = {{ "path.id" = "{number}" }}

[[operations]]
include-path-regex = '^/api/public/cases/\\{{case\\}}'
parameters = {{ "path.case" = "{secret}" }}
""")
    return path


# CPython 3.11 may fail so when two threads parse deeply nested sources; it is about the tool, not about an answer.
INTERPRETER = "SystemError: AST constructor recursion depth mismatch"


def send(command):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "160"}, check=False)


def run(server, full):
    tool = str(Path(sys.executable).parent / "st")
    settings = config(server)
    total, failed = 0, []
    roles = FULL if full else QUICK
    for role in roles:
        # Every boundary of every parameter is walked by one person; the others send a sample unless all is asked for.
        phases = "examples,coverage,fuzzing" if full or role == roles[0] else "fuzzing"
        token = server.token(role) if role else ""
        command = [
            tool, "--config-file", str(settings), "run", f"{server.url}/api/openapi.json", "--phases", phases,
            "--max-examples", "100" if full else "4", "--seed", "20261122", "--generation-deterministic",
            "--checks", CHECKS, "--workers", "2", "--request-timeout", "60", "--request-retries", "2", "--suppress-health-check", "all",
            "--no-color", "--warnings", "off", "--continue-on-failure", *LEFT_OUT,
        ]
        if token:
            command += ["--header", f"Authorization: Bearer {token}"]
        done = send(command)
        if INTERPRETER in done.stdout:
            done = send([*command, "--workers", "1"])
        if done.returncode != 0:
            said = re.sub(r"(%[0-9A-Fa-f]{2}){40,}", "…", done.stdout)
            print(said[-12_000:], done.stderr[-2_000:])
            failed.append(role or "nobody")
            continue
        found = re.search(r"([\d,]+) generated", done.stdout)
        count = int(found.group(1).replace(",", "")) if found else 0
        need(count > 100, "schemathesis did next to nothing:", done.stdout[-1_500:])
        total += count
    need(not failed, "schemathesis found something as", ", ".join(failed))
    print(f"  schemathesis: {total} requests by {len(roles)} callers, no failure")
