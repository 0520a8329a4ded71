"""What the fuzzer does beyond the OpenAPI document."""

import itertools
import os
import time

import requests
import schemathesis


requests_made = itertools.count()

# An access token is good for ten minutes.
seconds_of_token = 500


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

    token = None
    taken_at = 0

    def get(self, case, context):
        # The fuzzer asks anew in each phase. It also guesses at the password of this account, which is locked for a while then.
        if Session.token is None or time.monotonic() - Session.taken_at > seconds_of_token:
            Session.token = self.log_in()
            Session.taken_at = time.monotonic()
        return Session.token

    def log_in(self):
        for _ in range(20):
            response = requests.post(
                f"{os.environ['FUZZ_URL']}/v1/sessions",
                json={"email": os.environ["FUZZ_EMAIL"], "password": os.environ["FUZZ_PASSWORD"]},
                headers={"X-Forwarded-For": some_address()},
                timeout=20,
            )
            if response.status_code != 429:
                break
            time.sleep(int(response.headers.get("Retry-After", "1")))
        if not response.ok:
            print(f"Nobody can log in: {response.status_code} {response.text[:300]}", flush=True)
        response.raise_for_status()
        return response.json()["access_token"]

    def set(self, case, token, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


if "FUZZ_PASSWORD" in os.environ:
    schemathesis.auth(refresh_interval=seconds_of_token)(Session)


# A message is sent as the bytes that it is.
schemathesis.serializer.alias("message/rfc822", "application/octet-stream")
