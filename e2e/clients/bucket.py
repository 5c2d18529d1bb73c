"""Attachments in a foreign S3 server (moto): taken in, shown as thumbnail and to the public, copied out and back."""

import os
import subprocess
import threading
import urllib.parse

import city
from city import LAT, LONG, need, same

KEY, SECRET, BUCKET = "yiwang-key", "yiwang-secret-0123456789", "city-photos"


class Moto:
    """The S3 server in a thread of its own. Moto believes every signed address; botocore checks them here as AWS does."""

    def __init__(self):
        import logging

        import boto3
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        inner = DomainDispatcherApplication(create_backend_app)

        def checked(environ, start):
            wrong = signature_wrong(environ)
            if wrong is None:
                return inner(environ, start)
            start("403 Forbidden", [("content-type", "application/xml")])
            return [f"<?xml version='1.0'?><Error><Code>{wrong}</Code></Error>".encode()]

        self.server = make_server("127.0.0.1", 0, checked, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.own = boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET)

    def keys(self):
        return [one["Key"] for one in self.own.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def stop(self):
        self.server.shutdown()


def signature_wrong(environ):
    """What AWS would say against the signed address of a request; None when it is right or there is none."""
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if "X-Amz-Signature" not in query:
        return None
    signature = query.pop("X-Amz-Signature")
    key, _, region, _, _ = query["X-Amz-Credential"].split("/")
    if key != KEY:
        return "InvalidAccessKeyId"
    path = urllib.parse.quote(environ["PATH_INFO"])
    url = f"http://{environ['HTTP_HOST']}{path}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"
    request = AWSRequest(method=environ["REQUEST_METHOD"], url=url, headers={"host": environ["HTTP_HOST"]})
    request.context["timestamp"] = query["X-Amz-Date"]
    signer = S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", region, expires=int(query["X-Amz-Expires"]))
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return None if expected == signature else "SignatureDoesNotMatch"


def settings(moto, **more):
    return {
        "YIWANG_BLOBS__KIND": "s3",
        "YIWANG_BLOBS__ENDPOINT": moto.url,
        "YIWANG_BLOBS__BUCKET": BUCKET,
        "YIWANG_BLOBS__ACCESS_KEY": KEY,
        "YIWANG_BLOBS__SECRET_KEY": SECRET,
        **more,
    }


def refused(moto, what, words, **more):
    """The server does not start, and says why in words an operator can act on."""
    try:
        server = city.Server(**settings(moto, **more))
    except SystemExit as ended:
        said = str(ended)
        need(all(word in said for word in words), f"{what}: not said: {words}:", said)
        need(SECRET not in said, f"{what}: the secret is in the log")
        return
    server.stop()
    raise SystemExit(f"FAILED: {what}: the server started")


def run():
    moto = Moto()
    server = None
    try:
        refused(moto, "no bucket", ["attachments", BUCKET])
        moto.own.create_bucket(Bucket=BUCKET)
        refused(moto, "a wrong secret", ["attachments", BUCKET, "SignatureDoesNotMatch"], YIWANG_BLOBS__SECRET_KEY="wrong")
        refused(moto, "a wrong key", ["attachments", BUCKET, "InvalidAccessKeyId"], YIWANG_BLOBS__ACCESS_KEY="wrong")
        refused(moto, "nobody listens", ["attachments"], YIWANG_BLOBS__ENDPOINT=f"http://127.0.0.1:{city.free_port()}")
        server = city.Server(**settings(moto))
        check(server, moto)
    finally:
        if server:
            server.stop()
        moto.stop()


def check(server, moto):
    operator = server.token("intake_operator")

    # Taken in: the original, a thumbnail and a copy for the public, all in the bucket.
    photo = city.png(seed=7, size=640)
    taken = city.multipart(f"{server.url}/api/attachments", [], [("file", "a.png", "image/png", photo)], authorization=f"Bearer {operator}")
    same(taken.status, 201, f"upload: {taken.text}")
    photo_id = taken.json["id"]
    keys = sorted(key.split("/")[1] for key in moto.keys() if photo_id in key)
    same(keys, ["photos", "public", "thumbs"], "what is in the bucket")

    # Out again: the very bytes, and a small picture.
    full = server.call(operator, "GET", f"/api/attachments/{photo_id}")
    need(full.status == 200 and full.body == photo, "the original is not what was sent")
    thumb = server.call(operator, "GET", f"/api/attachments/{photo_id}?size=thumb")
    same((thumb.status, thumb.kind), (200, "image/jpeg"), "thumbnail")
    part = server.call(operator, "GET", f"/api/attachments/{photo_id}", range="bytes=0-7")
    same((part.status, part.body), (206, photo[:8]), "a part")

    # A citizen's photo, seen by whoever has the link of the report; nothing of the photographer is in it.
    sent = city.multipart(
        f"{server.open311}/requests.json",
        [("service_code", "2026-event-06013"), ("lat", LAT), ("long", LONG), ("description", "hole")],
        [("media", "hole.png", "image/png", city.png(seed=9, size=320))],
    )
    same(sent.status, 201, f"report: {sent.text}")
    secret = sent.json[0]["service_notice"].rsplit("/", 1)[1]
    shown = city.ask(f"{server.url}/api/public/cases/{secret}")
    same(shown.status, 200, f"the followed report: {shown.text[:300]}")
    public = city.ask(f"{server.url}/api/public/attachments/{shown.json['photos'][0]['id']}?secret={secret}&size=full")
    same(public.status, 200, "the public copy")
    need(b"SECRET PHOTOGRAPHER" not in public.body, "the public copy says who took it")

    # Damage in the bucket is an error, never evidence.
    original = next(key for key in moto.keys() if photo_id in key and "/photos/" in key)
    moto.own.put_object(Bucket=BUCKET, Key=original, Body=b"something else")
    need(server.call(operator, "GET", f"/api/attachments/{photo_id}").status >= 500, "damaged bytes were given out")
    moto.own.put_object(Bucket=BUCKET, Key=original, Body=photo)

    # A backup leaves the bucket to whoever runs it, and says so; asked to, it copies everything out.
    folder = server.data
    said = command(server, moto, "backup", f"{folder}/one.backup")
    need("bucket" in said and BUCKET in said, f"the backup does not say that the bucket is apart: {said}")
    need(not os.path.exists(f"{folder}/attachments"), "the bucket was copied without being asked")
    said = command(server, moto, "backup", f"{folder}/two.backup", "--attachments", f"{folder}/copy")
    held = [name for _, _, names in os.walk(f"{folder}/copy") for name in names]
    need(any(photo_id in name for name in held), f"the copy does not hold the photo: {said} {held}")

    need("panicked" not in server.log(), "the server panicked")


def command(server, moto, *words):
    """The command line beside the running server."""
    environment = {**server.environment, **settings(moto)}
    done = subprocess.run([server.binary, *words, "--data", server.data], env=environment, capture_output=True, text=True, timeout=120)
    need(done.returncode == 0, f"yiwang {words[0]}: {done.stdout} {done.stderr}")
    return done.stdout + done.stderr
