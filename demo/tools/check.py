"""Checks that the demo city's tables fit together. Prints counts; exits 1 and names every fault."""
import collections
import csv
import gzip
import json
import pathlib
import re
import sys

HOME = pathlib.Path(__file__).resolve().parent.parent / "boston"
CITY_DATA = HOME.parents[1] / "crates" / "city" / "data"
LIMITS = {"urgent_minute", "urgent_work_hour", "urgent_work_day", "work_minute", "work_hour", "work_day", "natural_day"}
ROLES = {"collector", "intake_operator", "shift_leader", "dispatcher", "department_officer", "handler", "leader",
         "supervisor", "system_admin", "security_admin", "audit_admin"}
LENGTH = {"city": 6, "district": 6, "street": 9, "community": 12}
faults = []


def table(path):
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def need(holds, text):
    if not holds:
        faults.append(text)


def unique(rows, name, where):
    for value, count in collections.Counter(row[name] for row in rows).items():
        need(count == 1, f"{where}: {name} {value} {count} times")
    return {row[name]: row for row in rows}


cases = table(HOME / "boston311_2015.csv.gz")
classes, criteria = set(), set()
for edition, suffix in (("2013", ""), ("2026", "_2026")):
    for kind in ("component", "event"):
        classes |= {(edition, kind, row["full_code"]) for row in table(CITY_DATA / f"{kind}s{suffix}.csv")}
    criteria |= {(edition, row["kind"], row[f"code_{edition}"], row["seq"])
                 for row in table(CITY_DATA / f"case_standards{suffix}.csv")}
majors = {key[:2] + (key[2][:2],) for key in classes}
extensions = table(HOME / "extension_classes.csv")
for row in extensions:
    key = (row["edition"], row["kind"], row["code"])
    need(key not in classes, f"extension {key} is a national class or doubled")
    need(re.fullmatch(r"\d{4}" if row["edition"] == "2013" else r"\d{5}", row["code"]), f"extension {key}: code length")
    need(key[:2] + (row["major"],) in majors and row["code"].startswith(row["major"]), f"extension {key}: major")
    need(row["limit_kind"] in LIMITS and row["limit_value"].isdigit(), f"extension {key}: limit")
    need(all(row.values()), f"extension {key}: empty field")
    classes.add(key)
    criteria.add((*key, "1"))

departments = unique(table(HOME / "departments.csv"), "code", "departments")
areas = unique(table(HOME / "areas.csv"), "code", "areas")
for row in departments.values():
    need(row["parent_code"] in departments or row["code"] == "BOS", f"department {row['code']}: parent")
    need(row["area_code"] in areas, f"department {row['code']}: area {row['area_code']}")
queues = unique(table(HOME / "queues.csv"), "queue", "queues")
for row in queues.values():
    need(row["department_code"] in departments, f"queue {row['queue']}: department")
need({case["queue"] for case in cases} == set(queues), "queues: not those of the cases")

types = unique(table(HOME / "types.csv"), "type", "types")
need({case["type"] for case in cases} == set(types), "types: not those of the cases")
for row in types.values():
    key = (row["edition"], row["kind"], row["class_code"])
    need(key in classes, f"type {row['type']}: class {key}")
    need((*key, row["criterion_seq"]) in criteria, f"type {row['type']}: criterion {row['criterion_seq']} of {key}")
    need(row["default_department_code"] in departments, f"type {row['type']}: department")
    need(row["consultation"] in ("true", "false") and row["priority"] in ("normal", "high", "urgent"), f"type {row['type']}: flags")
    need(row["name_zh"] and row["name_en"] and row["name_en"].isascii(), f"type {row['type']}: names")
used = {(row["edition"], row["kind"], row["class_code"]) for row in types.values()}
for row in extensions:
    need((row["edition"], row["kind"], row["code"]) in used, f"extension {row['code']}: used by no type")

for row in areas.values():
    need(len(row["code"]) == LENGTH[row["level"]] and row["code"].isdigit(), f"area {row['code']}: code length")
    need(row["parent_code"] in areas or row["level"] == "city", f"area {row['code']}: parent")
    if row["level"] in ("street", "community"):
        need(row["code"][:-3] == row["parent_code"], f"area {row['code']}: not inside its parent")
shapes = json.loads((HOME / "areas.geojson").read_text(encoding="utf-8"))["features"]
need({shape["properties"]["code"] for shape in shapes} == set(areas), "areas.geojson: not the areas of areas.csv")

grids = unique(table(HOME / "unit_grids.csv.gz"), "code", "unit grids")
seen, per_community = {}, collections.defaultdict(list)
for code, row in grids.items():
    need(re.fullmatch(r"\d{15}", code), f"unit grid {code}: code length")
    need(code[:12] == row["community_code"] and row["community_code"] in areas, f"unit grid {code}: community")
    west, south, east, north = (float(row[side]) for side in ("west", "south", "east", "north"))
    cell = (round((west + 71.2) / 0.001215), round((south - 42.22) / 0.0009))
    need(cell not in seen, f"unit grids {code} and {seen.get(cell)} overlap")
    seen[cell] = code
    need(abs(east - west - 0.001215) < 2e-6 and abs(north - south - 0.0009) < 2e-6, f"unit grid {code}: size")
    need(abs(-71.2 + cell[0] * 0.001215 - west) < 1e-6 and abs(42.22 + cell[1] * 0.0009 - south) < 1e-6, f"unit grid {code}: off the grid")
    per_community[code[:12]].append((int(code[12:]), -cell[1], cell[0]))
for community, cells in per_community.items():
    cells.sort()
    need([cell[0] for cell in cells] == list(range(1, len(cells) + 1)), f"community {community}: sequence has gaps")
    need([cell[1:] for cell in cells] == sorted(cell[1:] for cell in cells), f"community {community}: order")


def ring_area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:])) / 2


for shape in shapes:
    code = shape["properties"]["code"]
    size = sum(ring_area(ring) for polygon in shape["geometry"]["coordinates"] for ring in polygon)
    want = int(areas[code]["unit_grids"])
    need(abs(size / (0.001215 * 0.0009) - want) < 0.5, f"area {code}: polygon is not its {want} unit grids")

duty = unique(table(HOME / "duty_grids.csv"), "code", "duty grids")
covered = collections.Counter(code for row in duty.values() for code in row["community_codes"].split(";"))
need(set(covered) == set(per_community) and max(covered.values()) == 1, "duty grids: do not cover each community once")
for code in duty:
    need(re.fullmatch(r"\d{6}Z\d{4}", code), f"duty grid {code}: code")

staff = unique(table(HOME / "staff.csv"), "account", "staff")
unique(table(HOME / "staff.csv"), "phone", "staff")
held = collections.Counter()
for row in staff.values():
    need(row["department_code"] in departments, f"staff {row['account']}: department")
    need(set(row["roles"].split(";")) <= ROLES, f"staff {row['account']}: roles")
    need(all(area in areas for area in row["areas"].split(";") if area), f"staff {row['account']}: areas")
    need(re.fullmatch(r"\d{3}-555-01\d\d", row["phone"]), f"staff {row['account']}: phone")
    held.update((row["department_code"], role) for role in row["roles"].split(";"))
    held.update(row["roles"].split(";"))
answerable = {row["department_code"] for row in queues.values()} | {row["default_department_code"] for row in types.values()}
for code in sorted(answerable):
    need(held[code, "department_officer"] and held[code, "handler"] >= 2, f"department {code}: no officer or handlers")
need(all(held[role] for role in ROLES), "staff: a role nobody holds")

responsibilities = table(HOME / "responsibility.csv")
everywhere = set()
for row in responsibilities:
    key = (row["edition"], row["kind"], row["class_code"])
    need(key in classes and row["department_code"] in departments, f"responsibility {key}: class or department")
    need(not row["street_code"] or areas.get(row["street_code"], {}).get("level") == "street", f"responsibility {key}: street")
    if not row["street_code"]:
        everywhere.add(key)
need(everywhere == used, "responsibility: a class in use without a city-wide department")

streets = table(HOME / "streets.csv")
for row in streets:
    need(row["street_code"] in areas and len(row["street_code"]) == 9, f"street {row['name']}: area")
for row in table(HOME / "neighborhoods.csv"):
    need(row["street_code"] in areas, f"neighbourhood {row['neighborhood']}: area")
need({case["neighborhood"] for case in cases} - {"", "Boston"} == {r["neighborhood"] for r in table(HOME / "neighborhoods.csv")}, "neighborhoods: not those of the cases")

text = re.compile(r"[\w.+-]+@[A-Za-z][\w-]*\.\w+|(?<!\d)617[-. ]?\d{3}[-. ]?\d{4}(?!\d)")
for case in cases:
    need(not text.search(case["title"] + " " + case["closure_reason"]), f"case {case['case_id']}: e-mail or phone left")

holidays = unique(table(CITY_DATA / "holidays_cn.csv"), "date", "holidays")
need({date[:4] for date in holidays} == {"2024", "2025", "2026", "2027"}, "holidays: years")

phrases = json.loads((HOME / "phrases.json").read_text(encoding="utf-8"))
for name, lines in phrases["reports"].items():
    need(name in types, f"phrases: {name} is no type")
    need(len(lines["zh"]) >= 3 and len(lines["en"]) >= 3, f"phrases: too few for {name}")
calendar = json.loads((HOME / "calendar.json").read_text(encoding="utf-8"))
need(calendar["calendar"]["zone"] == "America/New_York" and len(calendar["calendar"]["days"]) > 150, "calendar: zone or holidays")

size = sum(path.stat().st_size for path in HOME.parent.rglob("*") if path.is_file())
need(size < 20_000_000, f"demo/ has {size} bytes")
print(f"{len(cases)} cases, {len(types)} types in {len(used)} classes ({len(extensions)} of the city), {len(queues)} queues,"
      f" {len(departments)} departments, {len(areas)} areas, {len(grids)} unit grids, {len(duty)} duty grids, {len(streets)} street names,"
      f" {len(staff)} people, {len(responsibilities)} responsibilities, {len(phrases['reports'])} types with phrases,"
      f" {len(holidays)} holiday rows, {size / 1e6:.1f} MB")
for fault in faults:
    print(fault, file=sys.stderr)
sys.exit(1 if faults else 0)
