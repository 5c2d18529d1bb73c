"""The foreign client `georeport` 0.3.1 from PyPI, unmodified, reads what was posted: JSON and XML."""

import xml.etree.ElementTree as ElementTree

import georeport

import city
from city import LAT, LONG, need, same


def posted(server, code, description, **more):
    fields = {"service_code": code, "lat": str(LAT), "long": str(LONG), "description": description, **more}
    answer = city.form(f"{server.open311}/requests.json", fields)
    same(answer.status, 201, f"post of {description}: {answer.text}")
    return answer.json[0]["service_request_id"]


def discovery(server):
    """The client has no call for it: an address is found in the discovery document by hand."""
    found = city.ask(f"{server.open311}/discovery.json").json
    urls = [endpoint["url"] for endpoint in found["endpoints"]]
    need(server.open311 in urls, "the discovery document names another address:", urls)
    root = ElementTree.fromstring(city.ask(f"{server.open311}/discovery.xml").body)
    same(root.findtext("endpoints/endpoint/url"), urls[0], "discovery in XML")
    return urls[0]


def run(server, asked_code):
    """`asked_code` is a service that asks questions."""
    url = discovery(server)
    plain = "2026-event-06013"
    answers = {"attribute[DEPTH]": "12", "attribute[LANE]": "middle"}
    first = posted(server, plain, "A pothole < 30 cm & \"deep\" 路面破损", address_string="24 Beacon St")
    second = posted(server, asked_code, "With answers", **answers)
    for kind in ("json", "xml"):
        client = georeport.GeoReport(url, jurisdiction="anything.gov", output_format=kind)
        services = client.get_service_list()
        need(len(services) > 100, "few services:", len(services))
        by_code = {service["service_code"]: service for service in services}
        need(len(by_code) == len(services), "service codes are not unique")
        for service in services:
            fields = {"service_code", "service_name", "description", "metadata", "type", "keywords", "group"}
            need(fields <= set(service), "a service lacks", fields - set(service))
        same(str(by_code[plain]["metadata"]).lower(), "false", f"{kind}: metadata of {plain}")
        same(str(by_code[asked_code]["metadata"]).lower(), "true", f"{kind}: metadata of {asked_code}")

        definition = client.get_service_definition(asked_code)
        same(definition["service_code"], asked_code, f"{kind}: definition")
        attributes = definition["attributes"] if kind == "json" else definition["attributes"]["attribute"]
        same([one["code"] for one in attributes], ["DEPTH", "LANE"], f"{kind}: questions")
        same([one["datatype"] for one in attributes], ["number", "singlevaluelist"], f"{kind}: datatypes")
        values = attributes[1]["values"] if kind == "json" else attributes[1]["values"]["value"]
        same([value["key"] for value in values], ["left", "middle"], f"{kind}: values")

        requests = client.get_service_requests()
        need({first, second} <= {one["service_request_id"] for one in requests}, f"{kind}: the posted ones are not listed")
        one = client.get_service_request(first)
        same(one["service_request_id"], first, f"{kind}: id")
        same(one["status"], "open", f"{kind}: status")
        same(one["service_code"], plain, f"{kind}: service")
        same(one["service_name"], by_code[plain]["service_name"], f"{kind}: name")
        same(one["description"], "A pothole < 30 cm & \"deep\" 路面破损", f"{kind}: description")
        same(one["address"], "24 Beacon St", f"{kind}: address")
        same((float(one["lat"]), float(one["long"])), (LAT, LONG), f"{kind}: place")
        need(one["requested_datetime"][10] == "T" and one["requested_datetime"][-6] in "+-", f"{kind}: time", one["requested_datetime"])

        same(set(client.get_service_requests(service_request_id=f"{first},{second}")[i]["service_request_id"] for i in (0, 1)), {first, second}, f"{kind}: by id")
        by_service = client.get_service_requests(service_code=asked_code)
        by_service = [by_service] if isinstance(by_service, dict) else by_service
        same({one["service_code"] for one in by_service}, {asked_code}, f"{kind}: by service")
        need(len(client.get_service_requests(status="open,closed", start_date="2020-01-01T00:00:00Z")) >= 2, f"{kind}: by status and date")
        if kind == "json":
            same(client.get_service_requests(end_date="2020-01-01T00:00:00Z"), [], "before there was anything")
    print(f"  georeport 0.3.1: services, definition, requests, one request in JSON and XML; {len(by_code)} services")
