"""Strangers' programs read the map: GDAL and OWSLib every collection of OGC API Features, a foreign decoder every tile of a sample."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import mapbox_vector_tile
import shapely.geometry
from owslib.ogcapi.features import Features
from owslib.util import Authentication

import city
from city import LAT, LONG, need, same

CASES = 12
# Round three of them; where the first one stands other parts have reported too.
BOX = [LONG + 5e-4, LAT - 1e-4, LONG + 35e-4, LAT + 1e-4]


def furnish(server):
    """Cases in a row, so that there is more than one page of them."""
    for n in range(CASES):
        fields = {"service_code": "2026-event-06013", "lat": LAT, "long": LONG + n * 1e-3, "description": f"地图上的第 {n} 件"}
        answer = city.form(f"{server.open311}/requests.json", fields)
        same(answer.status, 201, f"a report: {answer.text}")


def ours(server, token):
    """Collections with their numbers, as the interface says them."""
    found = {}
    # The packs of registers are taken over while the server answers already.
    for _ in range(60):
        listed = server.call(token, "GET", "/ogc/collections?f=json")
        same(listed.status, 200, f"collections: {listed.text}")
        if "transfer_station" in listed.text and "billboard" in listed.text and "rental" in listed.text:
            break
        time.sleep(0.5)
    for one in listed.json["collections"]:
        page = server.call(token, "GET", f"/ogc/collections/{one['id']}/items?f=json&limit=1").json
        found[one["id"]] = page["numberMatched"]
    need({"components", "unit_grids", "cases", "shop", "billboard", "toilet", "transfer_station", "rental"} <= set(found), "collections are missing:", found)
    need(found["unit_grids"] > 100 and found["cases"] >= CASES, "there is too little to read:", found)
    return found


def gdal(server, token, collections):
    environment = {**os.environ, "GDAL_HTTP_AUTH": "BASIC", "GDAL_HTTP_USERPWD": f"gdal:{token}", "CPL_CURL_VERBOSE": "NO"}
    source = f"OAPIF:{server.url}/ogc"

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=600)
        need(done.returncode == 0, " ".join(command), done.stdout[-2_000:], done.stderr[-2_000:])
        return done.stdout

    listed = run("ogrinfo", "-ro", source)
    for name in collections:
        need(name in listed, f"ogrinfo does not list {name}:", listed)
    with tempfile.TemporaryDirectory() as folder:
        for name, count in collections.items():
            target = Path(folder) / f"{name}.geojson"
            # Pages smaller than the collection, so that the next links are followed.
            page = 5 if name == "cases" else 500
            run("ogr2ogr", "-f", "GeoJSON", str(target), source, name, "-oo", f"PAGE_SIZE={page}")
            features = json.loads(target.read_text())["features"]
            same(len(features), count, f"ogr2ogr {name}")
            ids = {str(one.get("id") or one["properties"].get("id")) for one in features}
            same(len(ids), count, f"ogr2ogr {name}: ids")
        boxed = run("ogrinfo", "-ro", "-so", source, "cases", "-spat", *map(str, BOX))
        need("Feature Count: 3" in boxed, "ogrinfo in a box:", boxed)
    version = run("ogrinfo", "--version").strip()
    print(f"  {version}: {len(collections)} collections, {sum(collections.values())} features, counts equal")


def owslib(server, token, collections):
    service = Features(f"{server.url}/ogc", auth=Authentication(username="owslib", password=token))
    conformance = service.conformance()["conformsTo"]
    need(any(one.endswith("/conf/core") for one in conformance), "conformance:", conformance)
    same(service.api()["openapi"][:3], "3.0", "the definition's version")
    same(set(service.feature_collections()), set(collections), "collections")
    for name, count in collections.items():
        one = service.collection(name)
        same(one["id"], name, "id")
        page = service.collection_items(name, limit=7)
        same(page["numberMatched"], count, f"{name}: matched")
        same(len(page["features"]), min(7, count), f"{name}: returned")
        if page["features"]:
            first = page["features"][0]
            same(service.collection_item(name, first["id"])["id"], first["id"], f"{name}: one feature")
    near = service.collection_items("cases", bbox=BOX)
    same(near["numberMatched"], 3, "cases in a box")
    print(f"  OWSLib: landing, definition, conformance, {len(collections)} collections")


def tile_of(lng, lat, z):
    from math import asinh, floor, pi, radians, tan

    return floor((lng + 180) / 360 * 2**z), floor((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z)


def tiles(server, token):
    """Every tile decodes, is of version 2, and holds valid geometry inside its margin."""
    layers = [one["id"] for one in server.call(token, "GET", "/api/layers").json["layers"]]
    checked = features = 0
    for layer in layers:
        for z in (0, 5, 9, 11, 12, 13, 14, 15, 16, 18, 20, 22):
            x, y = tile_of(LONG, LAT, z)
            for dx, dy in ((0, 0), (1, 0), (0, 1), (-1, -1)):
                if not (0 <= x + dx < 2**z and 0 <= y + dy < 2**z):
                    continue
                answer = server.call(token, "GET", f"/api/tiles/{layer}/{z}/{x + dx}/{y + dy}")
                same(answer.status, 200, f"{layer} {z}/{x}/{y}")
                same(answer.kind, "application/vnd.mapbox-vector-tile", "content type")
                decoded = mapbox_vector_tile.decode(answer.body)
                need(set(decoded) <= {layer}, f"layers of a tile of {layer}:", set(decoded))
                for one in decoded.values():
                    same((one["version"], one["extent"]), (2, 4096), "version and extent")
                    seen = set()
                    for feature in one["features"]:
                        shape = shapely.geometry.shape(feature["geometry"])
                        need(shape.is_valid and not shape.is_empty, f"{layer} {z}/{x}/{y}: {feature['geometry']}")
                        need(all(-64 <= at <= 4160 for at in shape.bounds), f"{layer}: outside its margin: {shape.bounds}")
                        need(feature["id"] not in seen, f"{layer}: an id twice on one tile")
                        seen.add(feature["id"])
                        features += 1
                checked += 1
    need(checked > 100 and features > 500, "few tiles or features:", checked, features)
    print(f"  mapbox-vector-tile with shapely: {checked} tiles of {', '.join(layers)}, {features} valid features")


def run(server):
    furnish(server)
    token = server.token("leader")
    collections = ours(server, token)
    gdal(server, token, collections)
    owslib(server, token, collections)
    tiles(server, token)
