"""Strangers' software and hostile input against the real server. `run.py [--full] [--only PART …] [--vectors FILE]`"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
sys.stdout.reconfigure(line_buffering=True)

import bucket
import city
import form_posts
import fuzz
import georeport_reads
import map_reads
import single_sign_on
import vectors
from city import need, same

PARTS = ["sso", "bucket", "georeport", "forms", "map", "vectors", "fuzz"]
# A class of the national table that gets questions here, as a city may give them.
ASKED = "2026-component-01037"


def ask_questions(server):
    """The system administrator gives a class two questions, through the records API."""
    admin = server.token("system_admin")
    catalogue = server.call(admin, "GET", f"/api/records/classes/{ASKED}")
    version = catalogue.json["version"] if catalogue.status == 200 else 0
    rows = server.call(admin, "GET", "/api/catalogue?edition=2026").json["classes"]
    found = [one["class"] for one in rows if one["class"]["key"] == ASKED]
    need(found, f"{ASKED} is not in the catalogue")

    def words(zh, en):
        return {"zh": zh, "en": en}

    entry = {
        **{name: value for name, value in found[0].items() if name != "criteria"},
        "attributes": [
            {"code": "DEPTH", "datatype": "number", "required": True, "order": 1, "description": words("深度", "How deep"), "datatype_description": words("厘米", "cm")},
            {"code": "LANE", "datatype": "singlevaluelist", "order": 2, "description": words("车道", "Which lane"), "datatype_description": words("选一", "one of"),
             "values": [{"key": "left", "name": words("左", "Left")}, {"key": "middle", "name": words("中", "Middle")}]},
        ],
    }
    tag = {"if_match": f'"{version}"'} if version else {"if_none_match": "*"}
    put = server.call(admin, "PUT", f"/api/records/classes/{ASKED}", {"value": entry}, **tag)
    same(put.status, 200, f"questions of a class: {put.text}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full", action="store_true")
    arguments.add_argument("--only", nargs="*", default=PARTS, choices=PARTS)
    arguments.add_argument("--vectors", type=Path, default=city.ROOT.parent / "shared/protocols/open311/vectors.jsonl")
    chosen = arguments.parse_args()
    begun = time.monotonic()

    def lap(name):
        nonlocal begun
        print(f"  {name}: {time.monotonic() - begun:.0f} s")
        begun = time.monotonic()

    # These bring servers of their own, for us and for the strangers.
    for name, part in (("sso", single_sign_on), ("bucket", bucket)):
        if name in chosen.only:
            part.run()
            lap(name)
    if not {"georeport", "forms", "map", "vectors", "fuzz"} & set(chosen.only):
        return
    server = city.Server()
    locked = None
    try:
        ask_questions(server)
        if "georeport" in chosen.only:
            georeport_reads.run(server, ASKED)
            lap("georeport")
        if "forms" in chosen.only:
            form_posts.run(server, ASKED)
            lap("forms")
        if "map" in chosen.only:
            map_reads.run(server)
            lap("map")
        if "vectors" in chosen.only:
            if chosen.vectors.exists():
                one = city.form(f"{server.open311}/requests.json", {"service_code": "2026-event-06013", "lat": city.LAT, "long": city.LONG, "description": "sample"})
                samples = {"asked": ASKED, "plain": "2026-event-06013", "request": one.json[0]["service_request_id"]}
                key = server.token("system_admin")
                server.stop(keep=True)
                locked = city.Server(server.data, YIWANG_OPEN311__KEY_REQUIRED="true")
                vectors.check_locked(locked, key)
                locked.stop(keep=True)
                server = city.Server(server.data)
                vectors.run(server, chosen.vectors, samples)
                lap("vectors")
            else:
                print(f"  vectors: skipped, {chosen.vectors.name} is not part of the repository")
        if "fuzz" in chosen.only:
            fuzz.run(server, chosen.full)
            lap("fuzz")
        need(server.process.poll() is None, "the server went down")
        need("panicked" not in server.log(), "the server panicked:", server.log()[-3_000:])
    finally:
        for one in (server, locked):
            if one:
                one.stop()


if __name__ == "__main__":
    main()
