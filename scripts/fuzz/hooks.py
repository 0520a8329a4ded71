"""What the fuzzer does beyond the OpenAPI document."""

import itertools
import os

import requests
import schemathesis


requests_made = itertools.count()


def some_address():
    number = next(requests_made)
    return f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}"


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Sends each request from another address: the limit of one is a few requests a second."""
    if case.headers is None:
        case.headers = {}
    case.headers["X-Forwarded-For"] = some_address()


class Session:
    """Logs in, and again before the access token is over."""

    def get(self, case, context):
        response = requests.post(
            f"{os.environ['FUZZ_URL']}/v1/sessions",
            json={"email": os.environ["FUZZ_EMAIL"], "password": os.environ["FUZZ_PASSWORD"]},
            headers={"X-Forwarded-For": some_address()},
            timeout=20,
        )
        response.raise_for_status()
        return response.json()["access_token"]

    def set(self, case, token, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


if "FUZZ_PASSWORD" in os.environ:
    schemathesis.auth(refresh_interval=500)(Session)


# A message is sent as the bytes that it is.
schemathesis.serializer.alias("message/rfc822", "application/octet-stream")
