"""A foreign OpenID provider (oidc-provider-mock, on Authlib) and a browser without JavaScript: the whole log-in."""

import base64
import hashlib
import http.cookies
import json
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import city
from city import need, same

CLIENT, SECRET = "yiwang", "a secret of the two"
PAGE = {"accept": "text/html,application/xhtml+xml"}


class Provider:
    """The provider in a thread of its own; notes what it is asked for codes, and can change its keys."""

    def __init__(self):
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
        import logging

        import oidc_provider_mock
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        logging.getLogger("oidc_provider_mock").setLevel(logging.ERROR)
        self.exchanges = []
        app = oidc_provider_mock.app(require_client_registration=True, require_nonce=True)

        @app.before_request
        def note():
            import flask

            if flask.request.path == "/oauth2/token":
                self.exchanges.append((dict(flask.request.headers), flask.request.form.to_dict()))
            if self.change_keys:
                from authlib import jose

                storage = flask.g.oidc_provider_mock_storage
                storage.jwk = jose.RSAKey.generate_key(is_private=True)
                self.change_keys = False

        self.change_keys = False
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def user(self, sub, **claims):
        body = json.dumps(claims).encode()
        same(city.ask(f"{self.url}/users/{sub}", body, {"content-type": "application/json"}, "PUT").status, 204, f"user {sub}")

    def client(self, back):
        body = json.dumps({"redirect_uris": back, "token_endpoint_auth_method": "client_secret_basic"}).encode()
        made = city.ask(f"{self.url}/oauth2/clients", body, {"content-type": "application/json"})
        same(made.status, 201, f"client: {made.text}")
        return made.json["client_id"], made.json["client_secret"]

    def stop(self):
        self.server.shutdown()


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Keeps cookies and shows every redirect instead of following it."""

    def __init__(self, server):
        self.server, self.cookies = server, {}
        self.opener = urllib.request.build_opener(Stay)

    def ask(self, url, data=None, method=None, **headers):
        head = {name.replace("_", "-"): value for name, value in headers.items()}
        if url.startswith(self.server.url) and self.cookies:
            head["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = urllib.request.Request(url, data=data, headers=head, method=method)
        try:
            with self.opener.open(request, timeout=60) as response:
                answer = city.Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            answer = city.Answer(error.code, error.headers, error.read())
        for line in answer.headers.get_all("set-cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                need("HttpOnly" in line and "SameSite=Lax" in line, f"cookie {name} can be read by scripts: {line}")
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    def begin(self, provider, next_page=None):
        """To the provider; answers the address it is asked at."""
        more = "" if next_page is None else "?" + urllib.parse.urlencode({"next": next_page})
        answer = self.ask(f"{self.server.url}/api/oidc/{provider}/start{more}", **PAGE)
        same(answer.status, 303, f"start: {answer.text[:300]}")
        return answer.headers["location"]

    def agree(self, url, sub):
        """The person says yes at the provider; answers the address to come back to."""
        shown = self.ask(url)
        same(shown.status, 200, f"the provider's page: {shown.text[:300]}")
        answer = self.ask(url, urllib.parse.urlencode({"sub": sub}).encode())
        same(answer.status, 302, f"the provider's answer: {answer.text[:300]}")
        return answer.headers["location"]

    def back(self, url):
        answer = self.ask(url, **PAGE)
        same(answer.status, 303, f"back: {answer.text[:300]}")
        return answer.headers["location"]

    def log_in(self, provider, sub, next_page=None):
        return self.back(self.agree(self.begin(provider, next_page), sub))

    def me(self):
        return self.ask(f"{self.server.url}/api/me")


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def changed(url, **fields):
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode({**query(url), **fields})))


def problem(location):
    return query(location).get("problem") if urllib.parse.urlsplit(location).path == "/login" else f"no problem: {location}"


def run():
    provider = Provider()
    server = None
    try:
        port = city.free_port()
        back = [f"http://127.0.0.1:{port}/api/oidc/{one}/back" for one in ("gov", "mail", "other")]
        client, secret = provider.client(back)
        entry = f'issuer = "{provider.url}", client_id = "{client}", client_secret = "{secret}"'
        listed = ", ".join(
            f'{{ id = "{one}", name = "{name}", {entry}, account_claim = "{claim}" }}'
            for one, name, claim in [("gov", "统一身份认证", "preferred_username"), ("mail", "邮箱", "email"), ("other", "工号", "sub")]
        )
        server = city.Server(port=port, YIWANG_OIDC=f"[{listed}]")
        check(server, provider, client)
    finally:
        if server:
            server.stop()
        provider.stop()


def check(server, provider, client):
    operator = server.accounts["intake_operator"]["account"]
    leader = server.accounts["shift_leader"]["account"]
    provider.user("p-1", preferred_username=operator, email="someone@example.org", email_verified=True)
    provider.user("p-2", preferred_username="nobody.at.all")
    address = give_address(server, "shift_leader")
    provider.user("p-3", email=address.upper(), email_verified=True)
    provider.user("p-4", email=address, email_verified=False)
    provider.user(leader)

    shown = city.ask(f"{server.url}/api/login-options").json["oidc"]
    same([one["id"] for one in shown], ["gov", "mail", "other"], "providers on the log-in page")

    # The whole way, and where it leads.
    browser = Browser(server)
    same(browser.me().status, 401, "before the log-in")
    url = browser.begin("gov", "/cases?stage=filed")
    asked = query(url)
    need(url.startswith(provider.url + "/oauth2/authorize?"), f"not to the provider: {url}")
    same(asked["response_type"], "code", "flow")
    same(asked["client_id"], client, "client")
    same(asked["redirect_uri"], f"{server.url}/api/oidc/gov/back", "way back")
    same(asked["code_challenge_method"], "S256", "PKCE")
    need({"openid", "email", "profile"} <= set(asked["scope"].split()), f"scope {asked['scope']}")
    need(len(asked["state"]) >= 16 and len(asked["nonce"]) >= 16, "state and nonce are too short")
    home = browser.agree(url, "p-1")
    same(browser.back(home), "/cases?stage=filed", "the page asked for")
    same(browser.me().json["account"], operator, "who is signed in")
    head, fields = provider.exchanges[-1]
    proof = base64.urlsafe_b64encode(hashlib.sha256(fields["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    same(proof, asked["code_challenge"], "proof of PKCE")
    need(head.get("Authorization", "").startswith("Basic "), "the client does not show its secret")
    need("yiwang_oidc" not in browser.cookies, "the state's cookie stays")

    # The same answer once more opens nothing, also not for the one who began.
    same(problem(browser.back(home)), "login_expired", "the same answer twice")
    browser.cookies["yiwang_oidc"] = query(home)["state"]
    same(problem(browser.back(home)), "login_expired", "the same answer twice, with its state")

    # Out again.
    out = browser.ask(f"{server.url}/api/session", method="DELETE", x_yiwang="1")
    same(out.status, 204, f"log-out: {out.text}")
    same(browser.me().status, 401, "after the log-out")

    # Someone else's state, no state, the state of another provider, a refusal at the provider.
    for name, spoil in [
        ("a state of one's own", lambda b, u: changed(u, state="x" * 22)),
        ("no cookie", lambda b, u: b.cookies.clear() or u),
        ("another provider's address", lambda b, u: u.replace("/gov/", "/mail/")),
        ("no state", lambda b, u: u.replace("state=", "stat=")),
    ]:
        browser = Browser(server)
        same(problem(browser.back(spoil(browser, browser.agree(browser.begin("gov"), "p-1")))), "login_expired", name)
        same(browser.me().status, 401, name)
    browser = Browser(server)
    url = browser.begin("gov")
    said_no = browser.ask(url, urllib.parse.urlencode({"action": "deny"}).encode()).headers["location"]
    same(query(said_no)["error"], "access_denied", "the provider's no")
    same(problem(browser.back(changed(said_no, state=query(url)["state"]))), "login_refused", "a refusal")

    # A token made for another log-in, and a made-up code.
    browser = Browser(server)
    same(problem(browser.back(browser.agree(changed(browser.begin("gov"), nonce="n" * 22), "p-1"))), "login_refused", "another nonce")
    same(browser.me().status, 401, "another nonce")
    browser = Browser(server)
    home = browser.agree(browser.begin("gov"), "p-1")
    same(problem(browser.back(changed(home, code="made-up"))), "provider_unavailable", "a made-up code")

    # An identity without an account; programs get the problem itself, and the log says who tried.
    browser = Browser(server)
    same(problem(browser.log_in("gov", "p-2")), "account_unknown", "an unknown account")
    same(browser.me().status, 401, "an unknown account")
    told = browser.ask(browser.agree(browser.begin("gov"), "p-2"), accept="application/json")
    same((told.status, told.json["code"]), (401, "account_unknown"), "an unknown account, told to a program")
    log = server.call(server.token("audit_admin"), "GET", "/api/audit?action=login_failed").json
    need("nobody.at.all" in json.dumps(log), f"the audit log does not say who tried: {log}")

    # By e-mail address only when the provider has verified it; by the provider's own name of the person.
    browser = Browser(server)
    browser.log_in("mail", "p-3")
    same(browser.me().json["account"], leader, "by e-mail")
    browser = Browser(server)
    same(problem(browser.log_in("mail", "p-4")), "login_refused", "an address that is not verified")
    browser = Browser(server)
    same(browser.log_in("other", leader, "//evil.example.org"), "/", "another site's page")
    same(browser.me().json["account"], leader, "by sub")

    # The provider changes its keys: nobody notices.
    time.sleep(1.1)
    provider.change_keys = True
    browser = Browser(server)
    browser.log_in("gov", "p-1")
    same(browser.me().status, 200, "after the provider changed its keys")

    # A provider that is not there any more.
    provider.stop()
    provider.server.server_close()
    browser = Browser(server)
    url = browser.begin("gov")
    home = f"{server.url}/api/oidc/gov/back?" + urllib.parse.urlencode({"code": "x", "state": query(url)["state"]})
    same(problem(browser.back(home)), "provider_unavailable", "a provider that is gone")


def give_address(server, role):
    """An e-mail address for the ready-made person of a role."""
    address = f"{role.replace('_', '.')}@example.org"
    token = server.token("security_admin")
    account = server.accounts[role]["account"]
    people = server.call(token, "GET", f"/api/records/people?q={account}").json["items"]
    found = [one for one in people if one["value"]["account"] == account]
    need(found, f"{account} is not among the people")
    value = {**found[0]["value"], "email": address}
    put = server.call(token, "PUT", f"/api/records/people/{found[0]['key']}", {"value": value}, if_match=f'"{found[0]["version"]}"')
    same(put.status, 200, f"an address for {account}: {put.text}")
    return address
