"""Derives the demo city's areas, unit grids, duty grids and street names from its cases, roads and places.

A plain square grid of about 100 m; each cell takes the neighbourhood of the nearest cases. Reads and writes demo/boston.
"""
import collections
import csv
import gzip
import io
import json
import math
import pathlib
import re

HOME = pathlib.Path(__file__).resolve().parent.parent / "boston"
WEST, SOUTH = -71.2, 42.22
DX, DY = 0.001215, 0.0009
NEAR = 1.5  # cells, about 150 m
EDGE = 2.5  # cells: how far land without a case of its own may lie from one
UNLOCATED = ("42.359400", "-71.058700")
CITY = "990100"

DISTRICTS = [
    ("990101", "中心城区", "Central District"),
    ("990102", "海港区", "Harbor District"),
    ("990103", "西北区", "Northwest District"),
    ("990104", "罗克斯伯里区", "Roxbury District"),
    ("990105", "多切斯特区", "Dorchester District"),
    ("990106", "西南区", "Southwest District"),
]
STREETS = [
    ("990101001", "市中心街道", "Downtown"),
    ("990101002", "北端街道", "North End"),
    ("990101003", "西端街道", "West End"),
    ("990101004", "唐人街街道", "Chinatown"),
    ("990101005", "灯塔山街道", "Beacon Hill"),
    ("990101006", "后湾街道", "Back Bay"),
    ("990102001", "查尔斯敦街道", "Charlestown"),
    ("990102002", "东波士顿街道", "East Boston"),
    ("990102003", "南波士顿街道", "South Boston"),
    ("990102004", "南波士顿滨水街道", "South Boston Waterfront"),
    ("990103001", "奥尔斯顿街道", "Allston"),
    ("990103002", "布莱顿街道", "Brighton"),
    ("990103003", "芬威-肯莫尔街道", "Fenway / Kenmore"),
    ("990104001", "南端街道", "South End"),
    ("990104002", "罗克斯伯里街道", "Roxbury"),
    ("990104003", "米申山街道", "Mission Hill"),
    ("990105001", "北多切斯特街道", "North Dorchester"),
    ("990105002", "南多切斯特街道", "South Dorchester"),
    ("990105003", "马塔潘街道", "Mattapan"),
    ("990106001", "牙买加平原街道", "Jamaica Plain"),
    ("990106002", "罗斯林代尔街道", "Roslindale"),
    ("990106003", "西罗克斯伯里街道", "West Roxbury"),
    ("990106004", "海德公园街道", "Hyde Park"),
]
CODE = {name: code for code, _, name in STREETS}
PLAIN = {
    "East Boston": "East Boston", "West Roxbury": "West Roxbury", "Roxbury": "Roxbury",
    "Jamaica Plain": "Jamaica Plain", "South End": "South End", "Back Bay": "Back Bay",
    "Greater Mattapan": "Mattapan", "Mattapan": "Mattapan", "Roslindale": "Roslindale",
    "Hyde Park": "Hyde Park", "Beacon Hill": "Beacon Hill", "Charlestown": "Charlestown",
    "Mission Hill": "Mission Hill", "Fenway / Kenmore / Audubon Circle / Longwood": "Fenway / Kenmore",
    "Brighton": "Brighton", "Allston": "Allston", "Chestnut Hill": "West Roxbury",
}
BY_ZIP = {
    "Downtown / Financial District": (
        {"2113": "North End", "2114": "West End", "2111": "Chinatown",
         "2108": "Downtown", "2109": "Downtown", "2110": "Downtown", "2116": "Downtown"}, "Downtown"),
    "Allston / Brighton": ({"2134": "Allston", "2163": "Allston", "2135": "Brighton", "2215": "Allston"}, "Brighton"),
    "South Boston / South Boston Waterfront": ({"2210": "South Boston Waterfront", "2127": "South Boston"}, "South Boston"),
    "South Boston": ({"2210": "South Boston Waterfront", "2127": "South Boston"}, "South Boston"),
}
DORCHESTER = {"03": "North Dorchester", "05": "North Dorchester", "07": "South Dorchester"}
COMPASS = {
    (): ("", ""), ("n",): ("北片", "North"), ("s",): ("南片", "South"), ("e",): ("东片", "East"), ("w",): ("西片", "West"),
    ("mid",): ("中片", "Centre"), ("n", "e"): ("东北片", "Northeast"), ("n", "w"): ("西北片", "Northwest"),
    ("s", "e"): ("东南片", "Southeast"), ("s", "w"): ("西南片", "Southwest"),
}


def rows_of(name):
    with gzip.open(HOME / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write(name, header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    data = text.getvalue().encode()
    if name.endswith(".gz"):
        with open(HOME / name, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
            file.write(data)
    else:
        (HOME / name).write_bytes(data)


def street_of(case):
    """Street-level area (街道) named by the case itself, or None where the file does not say."""
    name, zip_code = case["neighborhood"], case["zip"].split(".")[0]
    if name == "Dorchester":
        return DORCHESTER.get(case["pwd_district"])
    if name in BY_ZIP:
        return BY_ZIP[name][0].get(zip_code)
    return PLAIN.get(name)


def cell_at(lon, lat):
    return (lon - WEST) / DX, (lat - SOUTH) / DY


def mark(cells, x, y, reach):
    """Adds every cell whose middle lies within `reach` cells of the point."""
    for ix in range(int(x - reach - 1), int(x + reach + 2)):
        for iy in range(int(y - reach - 1), int(y + reach + 2)):
            if (ix + 0.5 - x) ** 2 + (iy + 0.5 - y) ** 2 <= reach * reach:
                cells.add((ix, iy))


def road_points():
    for road in rows_of("osm_roads.csv.gz"):
        if road["class"] in ("rail", "transit", "pier") or road["brunnel"]:
            continue
        line = [cell_at(*map(float, point.split())) for point in road["line_lonlat"].split(";")]
        for (ax, ay), (bx, by) in zip(line, line[1:]):
            steps = max(1, math.ceil(math.hypot(bx - ax, by - ay) * 2))
            for step in range(steps):
                yield ax + (bx - ax) * step / steps, ay + (by - ay) * step / steps


def land(points):
    """Cells of the city: near a case, or near a road or place and not far from a case; enclosed gaps filled."""
    near, edge, paved = set(), set(), set()
    for x, y in points:
        mark(near, x, y, NEAR)
        mark(edge, x, y, EDGE)
    for x, y in sorted({(round(x, 1), round(y, 1)) for x, y in road_points()}):
        mark(paved, x, y, NEAR)
    for place in rows_of("osm_poi.csv.gz"):
        mark(paved, *cell_at(float(place["lon"]), float(place["lat"])), NEAR)
    cells = (near & paved) | (edge & paved) | {(int(x), int(y)) for x, y in points}
    xs, ys = [x for x, _ in cells], [y for _, y in cells]
    box = {(x, y) for x in range(min(xs) - 1, max(xs) + 2) for y in range(min(ys) - 1, max(ys) + 2)}
    outside, queue = {(min(xs) - 1, min(ys) - 1)}, [(min(xs) - 1, min(ys) - 1)]
    while queue:
        x, y = queue.pop()
        for cell in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if cell in box and cell not in outside and cell not in cells:
                outside.add(cell)
                queue.append(cell)
    return cells | {cell for cell in box - outside - cells if cell in paved}


def nearest(cells, votes):
    """Gives each cell the majority among its nearest voting points, then dissolves specks."""
    buckets = collections.defaultdict(list)
    for x, y, name in votes:
        buckets[int(x) // 4, int(y) // 4].append((x, y, name))
    owner = {}
    for cx, cy in sorted(cells):
        found, ring = [], 0
        while len(found) < 12 or ring < 2:
            bx, by = cx // 4, cy // 4
            for x in range(bx - ring, bx + ring + 1):
                for y in range(by - ring, by + ring + 1):
                    if max(abs(x - bx), abs(y - by)) == ring:
                        found += buckets.get((x, y), ())
            ring += 1
        found.sort(key=lambda p: ((p[0] - cx - 0.5) ** 2 + (p[1] - cy - 0.5) ** 2, p[2]))
        count = collections.Counter(name for _, _, name in found[:9])
        owner[cx, cy] = min(count, key=lambda name: (-count[name], name))
    for _ in range(3):
        largest = {}
        for part in sorted(parts(owner), key=len):
            largest[owner[min(part)]] = part
        for part in parts(owner):
            if len(part) < 60 and part != largest[owner[min(part)]]:
                ring = collections.Counter(
                    owner[n] for c in part for n in around(c) if n in owner and n not in part)
                if ring:
                    name = min(ring, key=lambda key: (-ring[key], key))
                    owner.update((cell, name) for cell in part)
    return owner


def around(cell):
    x, y = cell
    return (x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)


def parts(owner):
    """Connected parts of one owner each."""
    seen, found = set(), []
    for start in sorted(owner):
        if start in seen:
            continue
        part, queue = {start}, [start]
        while queue:
            for cell in around(queue.pop()):
                if cell not in part and owner.get(cell) == owner[start]:
                    part.add(cell)
                    queue.append(cell)
        seen |= part
        found.append(part)
    return found


def split(cells, weight):
    """Communities (社区) of one street: one to four, balanced by cells and cases, named by compass."""
    count = 1 if len(cells) <= 120 else 2 if len(cells) <= 320 else 3 if len(cells) <= 520 else 4

    def cut(group, pieces, axis):
        group = sorted(group, key=lambda c: (c[axis], c[1 - axis]))
        total, out, start, run = sum(weight[c] for c in group), [], 0, 0.0
        for at, cell in enumerate(group):
            run += weight[cell]
            if len(out) < pieces - 1 and run >= total * (len(out) + 1) / pieces:
                out.append(group[start:at + 1])
                start = at + 1
        return out + [group[start:]]

    def spread(axis):
        values = [c[axis] for c in cells]
        return max(values) - min(values)

    axis = 1 if spread(1) >= spread(0) else 0
    words = ("s", "n") if axis else ("w", "e")
    if count == 1:
        return [((), cells)]
    if count == 2:
        return [((words[i],), g) for i, g in enumerate(cut(cells, 2, axis))]
    if count == 3:
        return [((w,), g) for w, g in zip((words[0], "mid", words[1]), cut(cells, 3, axis))]
    out = []
    for first, half in zip(words, cut(cells, 2, axis)):
        for second, group in zip(("w", "e") if axis else ("s", "n"), cut(half, 2, 1 - axis)):
            out.append(((first, second) if axis else (second, first), group))
    return out


def outline(cells):
    """MultiPolygon coordinates of a set of cells."""
    follow = collections.defaultdict(list)
    for x, y in cells:
        for a, b, beyond in (((x, y), (x + 1, y), (x, y - 1)), ((x + 1, y), (x + 1, y + 1), (x + 1, y)),
                             ((x + 1, y + 1), (x, y + 1), (x, y + 1)), ((x, y + 1), (x, y), (x - 1, y))):
            if beyond not in cells:
                follow[a].append(b)
    rings = []
    for start in sorted(follow):
        while follow[start]:
            ring, here = [start], follow[start].pop()
            while here != start or (len(follow[here]) > 0 and len(ring) < 4):
                px, py = here[0] - ring[-1][0], here[1] - ring[-1][1]
                left = (here[0] - py, here[1] + px)
                ring.append(here)
                options = follow[here]
                options.sort(key=lambda step: step != left)
                here = options.pop(0)
            ring = [p for i, p in enumerate(ring)
                    if not (ring[i - 1][0] == p[0] == ring[(i + 1) % len(ring)][0]
                            or ring[i - 1][1] == p[1] == ring[(i + 1) % len(ring)][1])]
            rings.append(ring)
    area = lambda ring: sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1])) / 2
    polygons = [[ring] for ring in rings if area(ring) > 0]
    for hole in (ring for ring in rings if area(ring) < 0):
        x, y = max(hole)[0] - 0.5, max(hole)[1] - 0.5
        holders = [p for p in polygons if inside(p[0], x, y)]
        min(holders, key=lambda p: area(p[0])).append(hole)
    degrees = lambda p: [round(WEST + p[0] * DX, 6), round(SOUTH + p[1] * DY, 6)]
    return [[[degrees(p) for p in ring + ring[:1]] for ring in polygon] for polygon in polygons]


def inside(ring, x, y):
    odd = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            odd = not odd
    return odd


def names_in(text):
    """Street names in a `street` value: the house number cut off, both streets of an intersection."""
    if text.startswith("INTERSECTION "):
        found = text[len("INTERSECTION "):].split(" & ")
    else:
        found = [re.sub(r"^\d+[A-Z]?(?:\s*-\s*\d+[A-Z]?)?(?:\s+\d/\d)?\s+", "", text)]
    found = (" ".join(word.title() if word.isupper() and len(word) > 2 else word for word in name.split()) for name in found)
    return [name for name in found if len(name) > 3 and not name[0].isdigit()]


def main():
    cases = [c for c in rows_of("boston311_2015.csv.gz") if (c["lat"], c["lon"]) != UNLOCATED]
    placed = [(*cell_at(float(c["lon"]), float(c["lat"])), c) for c in cases]
    points = sorted({(x, y) for x, y, _ in placed})
    votes = sorted({(x, y, CODE[street_of(c)]) for x, y, c in placed if street_of(c)})
    owner = nearest(land(points), votes)
    load = collections.Counter((int(x), int(y)) for x, y, _ in placed)
    mean = sum(load.values()) / len(owner)

    areas, grids, communities = [(CITY, "", "city", "波士顿市（演示）", "City of Boston (demo)", set(owner))], [], []
    for code, zh, en in DISTRICTS:
        areas.append((code, CITY, "district", zh, en, {c for c, s in owner.items() if s.startswith(code)}))
    grid_of = {}
    for code, zh, en in STREETS:
        cells = {c for c, s in owner.items() if s == code}
        areas.append((code, code[:6], "street", zh, en, cells))
        weight = {c: 1 + load[c] / mean for c in cells}
        pieces = split(cells, weight)
        pieces.sort(key=lambda p: (-max(y for _, y in p[1]), min(x for x, _ in p[1])))
        for number, (where, group) in enumerate(pieces, 1):
            community = f"{code}{number:03}"
            part_zh, part_en = COMPASS[where]
            stem = zh.removesuffix("街道")
            communities.append((community, code, f"{stem}{part_zh}社区", f"{en} {part_en}".strip(), len(group)))
            areas.append((community, code, "community", f"{stem}{part_zh}社区", f"{en} {part_en}".strip(), set(group)))
            for sequence, (x, y) in enumerate(sorted(group, key=lambda c: (-c[1], c[0])), 1):
                grid_of[x, y] = f"{community}{sequence:03}"
                west, south, east, north = (round(v, 6) for v in (
                    WEST + x * DX, SOUTH + y * DY, WEST + (x + 1) * DX, SOUTH + (y + 1) * DY))
                grids.append((grid_of[x, y], community, f"{west:.6f}", f"{south:.6f}", f"{east:.6f}", f"{north:.6f}"))
    write("unit_grids.csv.gz", ("code", "community_code", "west", "south", "east", "north"), sorted(grids))

    features, table = [], []
    for code, parent, level, zh, en, cells in areas:
        cx = sum(x for x, _ in cells) / len(cells)
        cy = sum(y for _, y in cells) / len(cells)
        mx, my = min(cells, key=lambda c: ((c[0] - cx) ** 2 + (c[1] - cy) ** 2, c))
        lng, lat = f"{WEST + (mx + 0.5) * DX:.6f}", f"{SOUTH + (my + 0.5) * DY:.6f}"
        count = sum(load[c] for c in cells)
        table.append((code, parent, level, zh, en, lng, lat, len(cells), count))
        features.append({"type": "Feature", "id": code, "properties": {
            "code": code, "parent_code": parent, "level": level, "name_zh": zh, "name_en": en},
            "geometry": {"type": "MultiPolygon", "coordinates": outline(cells)}})
    write("areas.csv", ("code", "parent_code", "level", "name_zh", "name_en", "lng", "lat", "unit_grids", "cases_2015"), table)
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    (HOME / "areas.geojson").write_text(
        '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n", encoding="utf-8")

    duty = [(f"{c[:6]}Z{n:04}", zh.replace("社区", "责任网格"), f"{en} duty grid", c[:9], c, size)
            for n, (c, _, zh, en, size) in enumerate(communities, 1)]
    write("duty_grids.csv", ("code", "name_zh", "name_en", "street_code", "community_codes", "unit_grids"), duty)

    found = collections.defaultdict(collections.Counter)
    for x, y, case in placed:
        grid = grid_of.get((int(x), int(y)))
        for name in names_in(case["street"]) if grid else ():
            found[name, grid[:9]][case["lon"], case["lat"]] += 1
    streets = []
    for (name, code), spots in sorted(found.items()):
        total = sum(spots.values())
        mx = sum(float(lon) * n for (lon, _), n in spots.items()) / total
        my = sum(float(lat) * n for (_, lat), n in spots.items()) / total
        lon, lat = min(spots, key=lambda s: ((float(s[0]) - mx) ** 2 + (float(s[1]) - my) ** 2, s))
        streets.append((name, lon.rstrip("0"), lat.rstrip("0"), code, total))
    write("streets.csv", ("name", "lng", "lat", "street_code", "cases_2015"), streets)

    fallback = [(n, CODE[s]) for n, s in PLAIN.items()] + [(n, CODE[s]) for n, (_, s) in BY_ZIP.items()]
    fallback.append(("Dorchester", CODE["South Dorchester"]))
    write("neighborhoods.csv", ("neighborhood", "street_code"), sorted(fallback))
    inside_grid = sum((int(x), int(y)) in grid_of for x, y, _ in placed)
    print(f"{len(grids)} unit grids, {len(communities)} communities, {len(streets)} street names,"
          f" {inside_grid} of {len(placed)} located cases inside a grid")


main()
