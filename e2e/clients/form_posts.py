"""Reports posted as plain forms by `urllib`, and what comes back: never who reported."""

import datetime
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

import city
from city import LAT, LONG, need, same

PLAIN = "2026-event-06013"
# Everything personal a report may carry; none of it may be read by anyone.
PERSON = {
    "email": "very.private@person.test",
    "first_name": "Wilhelmina",
    "last_name": "Ottoline",
    "phone": "617-555-8642",
    "device_id": "device-7f3a",
    "account_id": "account-9c1b",
}
HIDDEN = [*PERSON.values(), "6175558642"]


def place(**more):
    return {"service_code": PLAIN, "lat": str(LAT), "long": str(LONG), "description": "hole", **more}


def errors(answer):
    """Descriptions of a list of errors in either format, after checking its shape."""
    if answer.kind == "application/json":
        need(isinstance(answer.json, list) and answer.json, "errors are a list:", answer.text)
        for one in answer.json:
            same(one["code"], str(answer.status), "code of an error")
        return [one["description"] for one in answer.json]
    same(answer.kind, "text/xml", "content type of errors")
    root = ElementTree.fromstring(answer.body)
    same(root.tag, "errors", "root of errors")
    need(len(root) > 0 and all(one.tag == "error" for one in root), "errors are a list")
    for one in root:
        same(one.findtext("code"), str(answer.status), "code of an error")
    return [one.findtext("description") for one in root]


def accepted(server):
    """What strangers send and what they get, in both formats."""
    ids = []
    for kind in ("json", "xml"):
        sent = place(**PERSON, description="Sinkhole <b>here</b> & there", address_string="33 Beacon St", api_key="whatever", jurisdiction_id="boston.gov")
        answer = city.form(f"{server.open311}/requests.{kind}", sent)
        same(answer.status, 201, f"{kind}: post: {answer.text}")
        if kind == "json":
            need(isinstance(answer.json, list) and len(answer.json) == 1, "one answer in a list")
            one = answer.json[0]
            need(isinstance(one["service_request_id"], str), "the id is text")
            ids.append(one["service_request_id"])
            link = one["service_notice"]
        else:
            root = ElementTree.fromstring(answer.body)
            same(root.tag, "service_requests", "root of the answer")
            ids.append(root.findtext("request/service_request_id"))
            link = root.findtext("request/service_notice")
        secret = link.rsplit("/", 1)[1]
        own = city.ask(f"{server.url}/api/public/cases/{secret}")
        same(own.status, 200, "the follow link of the notice")
        same(own.json["number"], ids[-1], "the followed case")
    need(ids[0] != ids[1], "two posts are two reports")
    return ids


def shapes(server):
    """Shapes of the same question that clients really send."""
    post = f"{server.open311}/requests.json"
    good = [
        place(lat=f" {LAT} ", long=f"{LONG}"),
        place(lat=f"+{LAT}"),
        {"service_code": PLAIN, "address_string": "1 City Hall Sq", "description": "by address"},
        {"service_code": PLAIN, "address_id": "12345", "description": "by address id"},
        place(description="好" * 4000),
        place(media_url="http://169.254.169.254/latest/meta-data/"),
        [("service_code", PLAIN), ("lat", LAT), ("long", LONG), ("description", "lists"), ("attribute[A][]", "x"), ("attribute[A][]", "y"), ("attribute[B]", "z")],
    ]
    for fields in good:
        answer = city.form(post, fields)
        same(answer.status, 201, f"{str(fields)[:200]}: {answer.text}")
    text = city.ask(post, b"service_code=" + PLAIN.encode() + f"&lat={LAT}&long={LONG}&description=a+b%2Bc%E4%BA%95".encode())
    same(text.status, 201, "raw form")
    read = city.ask(f"{server.open311}/requests/{text.json[0]['service_request_id']}.json").json[0]
    same(read["description"], "a b+c井", "plus signs and percent signs")


def refused(server, asked_code):
    wrong = [
        ({}, 400, ["service_code", "lat and long"]),
        ({"service_code": PLAIN}, 400, ["lat and long"]),
        ({"service_code": PLAIN, "lat": "42"}, 400, ["lat and long"]),
        (place(lat="north", long="181"), 400, ["lat", "long"]),
        (place(lat="NaN"), 400, ["lat"]),
        (place(lat="inf"), 400, ["lat"]),
        (place(lat="0", long="0"), 400, [""]),
        (place(service_code="no-such-service"), 404, ["service_code"]),
        (place(service_code="2026-event-99999"), 404, ["service_code"]),
        (place(jurisdiction_id="x" * 5000), None, [""]),
        (place(description="字" * 4001), 400, ["description"]),
        (place(description=""), 400, [""]),
        (place(email="not an address"), 400, [""]),
        (place(service_code=asked_code), 400, ["DEPTH"]),
    ]
    for fields, status, words in wrong:
        for kind in ("json", "xml"):
            answer = city.form(f"{server.open311}/requests.{kind}", fields)
            if status is None:
                need(answer.status < 500, f"{str(fields)[:100]}: {answer.status}")
                continue
            same(answer.status, status, f"{kind} {str(fields)[:200]}: {answer.text[:300]}")
            said = " | ".join(errors(answer))
            for word in words:
                need(word in said, f"{kind}: {word} is not in {said}")
    for kind in ("json", "xml"):
        address = f"{server.open311}/requests.{kind}"
        same(city.ask(address, b"{}", {"content-type": "application/json"}).status, 400, "JSON is no form")
        same(city.ask(address, b"x", {"content-type": "multipart/form-data"}).status, 400, "multipart without a boundary")
        cut = city.ask(address, b"--e\r\nContent-Disposition: form-data; name=\"lat\"\r\n\r\n4", {"content-type": "multipart/form-data; boundary=e"})
        same(cut.status, 400, "multipart cut short")
        need(errors(cut), "said why")
        many = city.form(address, [(f"f{n}", "x") for n in range(300)])
        same(many.status, 400, "too many fields")
        nul = city.ask(address, f"service_code={PLAIN}&lat={LAT}&long={LONG}&description=a%00b%FF%FE".encode())
        need(nul.status in (201, 400), "control characters:", nul.status, nul.text)
        for path, status in (("requests/none", 404), ("requests/0000000000000000000", 404), ("tokens/none", 404), ("services/none", 404)):
            answer = city.ask(f"{server.open311}/{path}.{kind}")
            same(answer.status, status, path)
            errors(answer)
        for query in ("start_date=soon", "status=fixed", "page=0", "page_size=100000", "page=x"):
            answer = city.ask(f"{server.open311}/requests.{kind}?{query}")
            same(answer.status, 400, query)
            errors(answer)


def media(server):
    """A photo comes in, is kept without what gives its maker away, and only the reporter's link shows it."""
    picture = city.png(7)
    for name in ("media", "photo", "file[]"):
        answer = city.multipart(f"{server.open311}/requests.json", list(place(description=f"photo as {name}").items()), [(name, "hole.png", "image/png", picture)])
        same(answer.status, 201, f"media as {name}: {answer.text}")
    secret = answer.json[0]["service_notice"].rsplit("/", 1)[1]
    shown = city.ask(f"{server.url}/api/public/cases/{secret}").json
    same(len(shown["photos"]), 1, "photos of the report")
    got = city.ask(f"{server.url}/api/public/attachments/{shown['photos'][0]['id']}?secret={secret}&size=full")
    if got.status != 200:
        got = city.ask(f"{server.url}/api/public/attachments/{shown['photos'][0]['id']}?case={secret}&size=full")
    same(got.status, 200, f"the photo by the link: {got.text[:200] if got.kind.startswith('application') else got.kind}")
    need(b"SECRET PHOTOGRAPHER" in picture and b"SECRET PHOTOGRAPHER" not in got.body, "the photo still names its maker")
    for bad in (b"GIF89a" + b"\0" * 50, b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture[:60], b"MZ" + b"\0" * 100):
        answer = city.multipart(f"{server.open311}/requests.xml", list(place().items()), [("media", "x.png", "image/png", bad)])
        same(answer.status, 400, f"a file that is no photo: {answer.text[:300]}")
        errors(answer)
    four = [("media", f"{n}.png", "image/png", city.png(n)) for n in range(4)]
    same(city.multipart(f"{server.open311}/requests.json", list(place().items()), four).status, 400, "four files")


def lists(server, ids):
    base = f"{server.open311}/requests.json"
    page = city.ask(f"{base}?page=1&page_size=2")
    total = int(page.headers["x-total-count"])
    same(len(page.json), 2, "page_size")
    need(total >= len(ids), "total", total)
    seen, number = [], 1
    while True:
        part = city.ask(f"{base}?page={number}&page_size=3").json
        if not part:
            break
        seen += [one["service_request_id"] for one in part]
        number += 1
    same(len(seen), total, "all pages together")
    same(len(set(seen)), total, "no request twice")
    # A plus sign that was not escaped arrives as a space; both mean the same moment.
    begun = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)).astimezone(datetime.timezone(datetime.timedelta(hours=8)))
    text = begun.isoformat(timespec="seconds")
    raw = city.ask(f"{base}?start_date={text}&page_size=1000")
    escaped = city.ask(f"{base}?start_date={urllib.parse.quote(text)}&page_size=1000")
    same((raw.status, len(raw.json)), (200, total), "start_date with a bare plus sign")
    same(raw.json, escaped.json, "escaped or not")
    same(city.ask(f"{base}?start_date={begun.date().isoformat()}").status, 200, "a date alone")
    last = city.ask(f"{server.open311}/requests/{ids[1]}.json").json[0]["updated_datetime"]
    quoted = urllib.parse.quote(last)
    same(city.ask(f"{base}?updated_before={quoted}&updated_after=2020-01-01").status, 200, "updated_before")
    after = {one["service_request_id"] for one in city.ask(f"{base}?updated_after={quoted}&page_size=1000").json}
    need(ids[1] in after, "updated_after is inclusive")
    future = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    same(city.ask(f"{base}?updated_after={future}").json, [], "nothing was updated tomorrow")
    same(city.ask(f"{base}?status=closed").json, [], "nothing is closed yet")
    only = city.ask(f"{base}?service_request_id={ids[0]},{ids[1]}&status=closed&service_code=none")
    same({one["service_request_id"] for one in only.json}, set(ids), "ids override everything else")


def tokens(server, ids):
    answer = city.ask(f"{server.open311}/tokens/{ids[0]}.json")
    same(answer.json, [{"service_request_id": ids[0], "token": ids[0]}], "token")
    root = ElementTree.fromstring(city.ask(f"{server.open311}/tokens/{ids[0]}.xml").body)
    same(root.findtext("request/service_request_id"), ids[0], "token in XML")


def nobody_is_named(server, ids):
    everything = [
        f"{server.open311}/requests.{kind}?page_size=1000" for kind in ("json", "xml")
    ] + [f"{server.open311}/{what}/{one}.{kind}" for one in ids for what in ("requests", "tokens") for kind in ("json", "xml")]
    for address in everything:
        text = city.ask(address).text
        for word in HIDDEN:
            need(word not in text, f"{word} can be read at {address}")
    xml = city.ask(f"{server.open311}/requests/{ids[1]}.xml")
    one = ElementTree.fromstring(xml.body)[0]
    names = ["service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
             "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode",
             "lat", "long", "media_url"]
    same([element.tag for element in one], names, "elements of a request, empty ones kept")
    same(one.findtext("description"), "Sinkhole <b>here</b> & there", "escaped and read back")
    log = server.log()
    for word in HIDDEN:
        need(word not in log, f"{word} stands in the log")


def not_every_case(server):
    """An instruction of the leadership is no request of a citizen: Open311 does not show it."""
    leader = server.token("leader")
    case = {"id": city.uuid7(), "source": "leader", "text": "Mayor wants this done", "class": PLAIN,
            "place": {"lng": LONG, "lat": LAT, "address": ""}}
    made = server.call(leader, "POST", "/api/cases", case)
    same(made.status, 201, f"a leader's case: {made.text}")
    number = made.json["number"]
    same(city.ask(f"{server.open311}/requests/{number}.json").status, 404, "a leader's case in Open311")
    need(number not in city.ask(f"{server.open311}/requests.json?page_size=1000").text, "a leader's case is listed")


def closed(server):
    """A declined report is a closed request with its reason."""
    number = city.form(f"{server.open311}/requests.json", place(description="not ours")).json[0]["service_request_id"]
    intake = server.token("intake_operator")
    answer = server.call(intake, "POST", f"/api/cases/{number}/steps", {"step": "decline", "reason": "Private ground"})
    same(answer.status, 200, f"decline: {answer.text}")
    one = city.ask(f"{server.open311}/requests/{number}.json").json[0]
    same((one["status"], one["status_notes"]), ("closed", "Private ground"), "a declined report")
    listed = city.ask(f"{server.open311}/requests.json?status=closed").json
    same([one["service_request_id"] for one in listed], [number], "closed requests")


def nul(server):
    """The character NUL, wherever text is taken: no database may choke on it."""
    intake, admin = server.token("intake_operator"), server.token("system_admin")
    case = {"id": city.uuid7(), "source": "hotline", "text": "a\0b", "place": {"lng": LONG, "lat": LAT, "address": "x\0y"},
            "reporter": {"name": "n\0", "email": "e\0@f.test"}, "attributes": {"k\0": "v\0"}}
    answers = [server.call(intake, "POST", "/api/cases", case)]
    for step in ({"step": "comment", "text": "n\0l"}, {"step": "correct", "text": "\0"}):
        answers.append(server.call(intake, "POST", f"/api/cases/{case['id']}/steps", step))
    public = {**{name: case[name] for name in ("text", "place", "reporter", "attributes")}, "id": city.uuid7()}
    answers.append(server.call(intake, "POST", "/api/public/cases", public))
    answers.append(server.call(intake, "PUT", "/api/views", [{"id": "1", "name": "x\0", "url": "/a\0"}]))
    answers.append(server.call(admin, "POST", "/api/me/tokens", {"name": "t\0", "days": 1}))
    answers.append(server.call(intake, "POST", "/api/session", {"account": "a\0", "password": "b\0"}))
    for path in ("cases?q=a%00b", "cases/%00", "callers?phone=1234%005", "records/people?q=%00", "public/places/search?q=%00"):
        answers.append(server.call(admin if "records" in path else intake, "GET", f"/api/{path}"))
    for answer in answers:
        need(answer.status < 500, "NUL:", answer.status, answer.text[:300])


def run(server, asked_code):
    ids = accepted(server)
    shapes(server)
    refused(server, asked_code)
    media(server)
    lists(server, ids)
    tokens(server, ids)
    not_every_case(server)
    nobody_is_named(server, ids)
    closed(server)
    nul(server)
    total = city.ask(f"{server.open311}/requests.json?page_size=1").headers["x-total-count"]
    print(f"  form posts: accepted, refused, media, pages, dates, tokens, no personal data; {json.loads(total)} requests")
