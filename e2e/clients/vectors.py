"""Every vector of `open311/vectors.jsonl` that speaks of a server, held against the running one.

`client_request`: what a foreign client sends is understood. `server_rule`: it holds. `document`: our document of
the same root has the same elements, so that whoever reads the sample reads ours.
"""

import datetime
import json
import xml.etree.ElementTree as ElementTree

import city
from city import LAT, LONG, need, same

# Elements of other products' extensions of the specification; ours need not have them.
EXTENSIONS = {"non_public", "disable_message", "groups"}
# What FixMyStreet posts back to its own partners; no part of GeoReport v2.
NOT_OURS = {"service_request_updates"}


def document(server, root, samples):
    """Our own document with this root, as like the sample as can be."""
    if root == "discovery":
        return city.ask(f"{server.open311}/discovery.xml")
    if root == "services":
        return city.ask(f"{server.open311}/services.xml")
    if root == "service_definition":
        return city.ask(f"{server.open311}/services/{samples['asked']}.xml")
    if root == "service_requests":
        return city.ask(f"{server.open311}/requests.xml?service_request_id={samples['request']}")
    if root == "errors":
        return city.form(f"{server.open311}/requests.xml", {})
    return None


def tree(element):
    """Names of the elements below one, by path; repeated ones count once."""
    paths = set()

    def walk(one, path):
        for child in one:
            at = f"{path}/{child.tag}"
            paths.add(at)
            walk(child, at)

    walk(element, "")
    return paths


def check_document(server, vector, samples):
    sample = ElementTree.fromstring(vector["text"].replace("UPDATED_DATETIME", "").encode())
    if sample.tag in NOT_OURS:
        return "no part of GeoReport v2"
    answer = document(server, sample.tag, samples)
    need(answer is not None, "no document with root", sample.tag)
    same(answer.kind, "text/xml", f"{vector['name']}: content type")
    ours = ElementTree.fromstring(answer.body)
    same(ours.tag, vector["derived"]["root"], f"{vector['name']}: root")
    missing = {path for path in tree(sample) - tree(ours) if not set(path.split("/")) & EXTENSIONS}
    need(not missing, f"{vector['name']}: our document lacks {sorted(missing)}")
    if vector["derived"].get("child_tags"):
        for tag in vector["derived"]["child_tags"]:
            need(ours.find(tag) is not None, f"{vector['name']}: no <{tag}>")
    if sample.tag == "service_requests":
        need({one.findtext("status") for one in ours} <= {"open", "closed"}, "statuses")
    if sample.tag == "service_definition":
        kinds = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}
        need({one.findtext("datatype") for one in ours.find("attributes")} <= kinds, "datatypes")
        need({one.findtext("required") for one in ours.find("attributes")} <= {"true", "false"}, "required")
    return None


def check_request(server, vector, samples):
    expected = vector["expected"]
    for kind in ("json", "xml"):
        path = expected["path"].replace("{fmt}", kind).replace("12345", samples["request"])
        address = f"{server.open311}/{path}"
        if expected["method"] == "POST":
            fields = {**expected["form"], "service_code": samples["plain"], "lat": LAT, "long": LONG, "description": "vector"}
            answer = city.form(address, fields)
            need(answer.status in (200, 201), f"{vector['name']}: {answer.status} {answer.text}")
            continue
        query = [f"{name}={value}" for name, value in expected.get("query", {}).items()]
        query += [f"{name}=true" for name in expected.get("query_has", [])]
        answer = city.ask(address + ("?" + "&".join(query) if query else ""))
        same(answer.status, 200, f"{vector['name']}: {answer.text[:300]}")


def check_rule(server, vector):
    text = vector["text"]
    root = ElementTree.fromstring(city.ask(f"{server.open311}/discovery.xml").body)
    found = city.ask(f"{server.open311}/discovery.json")
    if text == "discovery.xml has content type text/xml":
        same(city.ask(f"{server.open311}/discovery.xml").kind, "text/xml", text)
    elif text == "discovery.json has content type application/json":
        same(found.kind, "application/json", text)
    elif text.startswith("discovery has contact, key_service, changeset"):
        for name in ("contact", "key_service", "changeset"):
            need(found.json[name] and root.findtext(name), text)
        changed = datetime.datetime.fromisoformat(found.json["changeset"])
        need(changed < datetime.datetime.now(datetime.timezone.utc), "the changeset lies in the future")
    elif text.startswith("each endpoint has specification"):
        for one in found.json["endpoints"]:
            need({"specification", "url", "changeset", "type", "formats"} <= set(one), text)
            need(isinstance(one["formats"], list) and one["formats"], text)
            need(one["type"] in ("production", "test"), text)
    elif text == "every v2 endpoint offers text/xml":
        need(all("text/xml" in one["formats"] for one in found.json["endpoints"]), text)
    elif text == "services list equal in XML and JSON":
        listed = ElementTree.fromstring(city.ask(f"{server.open311}/services.xml").body)
        plain = [{child.tag: child.text or None for child in one} for one in listed]
        ours = [{name: str(value).lower() if isinstance(value, bool) else value for name, value in one.items()} for one in city.ask(f"{server.open311}/services.json").json]
        same(plain, ours, text)
    elif text.startswith("each service has service_code"):
        names = {"service_code", "service_name", "description", "metadata", "type", "keywords", "group"}
        need(all(names <= set(one) for one in city.ask(f"{server.open311}/services.json").json), text)
    elif text == "create without api_key is refused":
        # A city may ask for keys or not: held against a server that does, by `check_locked`.
        pass
    else:
        need(False, "a rule nobody has read yet:", text)


def check_locked(server, key):
    """On a server that asks for keys, nothing is taken without one."""
    fields = {"service_code": "2026-event-06013", "lat": LAT, "long": LONG, "description": "key"}
    for kind in ("json", "xml"):
        address = f"{server.open311}/requests.{kind}"
        same(city.form(address, fields).status, 403, "create without api_key")
        same(city.form(address, {**fields, "api_key": "wrong"}).status, 403, "create with a wrong key")
        same(city.form(address, {**fields, "api_key": key}).status, 201, "create with the right key")
    need("token" in city.ask(f"{server.open311}/discovery.json").json["key_service"], "discovery says where keys come from")


def run(server, vectors, samples):
    counts, skipped = {}, []
    for line in vectors.read_text(encoding="utf-8").splitlines():
        vector = json.loads(line)
        if vector["kind"] == "document":
            why = check_document(server, vector, samples)
            if why:
                skipped.append(f"{vector['name']} ({why})")
                continue
        elif vector["kind"] == "client_request":
            check_request(server, vector, samples)
        elif vector["kind"] == "server_rule":
            check_rule(server, vector)
        else:
            need(False, "a kind of vector nobody has read yet:", vector["kind"])
        counts[vector["kind"]] = counts.get(vector["kind"], 0) + 1
    print(f"  vectors: {counts}; not ours: {', '.join(skipped) or 'none'}")
