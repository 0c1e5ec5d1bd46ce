"""Credentials for schemathesis at the local stack: a browser's session, and signatures of AWS IAM."""

import os
import re

import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

API = os.environ["API"]
CREDENTIALS = os.environ["CREDENTIALS"]
ACCOUNT = "anna.schmidt@example.com"


def connect():
    """Walks the way of a browser: to Google, a tick in every box, back. Gives the session."""
    browser = requests.Session()
    browser.trust_env = False
    asked = browser.get(f"{API}/authorize", params={"login_hint": ACCOUNT, "prompt": "consent"})
    boxes = re.findall(r'name="scope" value="([^"]+)"', asked.text)
    answer = {"account": ACCOUNT, "decision": "continue", "scope": boxes}
    connected = browser.post(asked.url, data=answer, headers={"Accept": "application/json"})
    connected.raise_for_status()
    return browser.cookies["session"], connected.json()["user_id"]


@schemathesis.serializer("application/secevent+jwt", "application/jwt")
def as_it_is(context, value):
    """A token is text, and goes as text."""
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.deserializer("text/html")
def page(context, response):
    return response.text


class Signature(requests.auth.AuthBase):
    """AWS Signature Version 4, as the local stack's gateway takes it."""

    credentials = Credentials("AKIALOCALSTACK000000", "local-stack-secret-access-key")

    def __call__(self, request):
        # What is signed writes a space as %20 and never as a plus.
        path, _, query = request.url.partition("?")
        request.url = f"{path}?{query.replace('+', '%20')}" if query else path
        signed = AWSRequest(request.method, request.url, data=request.body)
        SigV4Auth(self.credentials, "execute-api", "eu-central-1").add_auth(signed)
        request.headers.update(signed.headers)
        return request


if CREDENTIALS != "none":
    SESSION, USER_ID = connect()
    schemathesis.auth.set_from_requests(Signature()).apply_to(path_regex="^/users")

    @schemathesis.auth(refresh_interval=None).apply_to(path=["/messages", "/connection"])
    class Session:
        def get(self, case, context):
            return SESSION

        def set(self, case, data, context):
            case.cookies["session"] = data

    @schemathesis.hook
    def map_path_parameters(context, path_parameters):
        """Every other user is one who is connected."""
        user_id = (path_parameters or {}).get("user_id")
        if isinstance(user_id, str) and len(user_id) % 2 == 1:
            path_parameters["user_id"] = USER_ID
        return path_parameters


if CREDENTIALS == "renewed":

    @schemathesis.hook
    def before_call(context, case, kwargs):
        global SESSION
        SESSION, _ = connect()
        if "session" in case.cookies:
            case.cookies["session"] = SESSION
