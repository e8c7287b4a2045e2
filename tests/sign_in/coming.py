"""A browser that signs in at the provider, as far as a test client can: it follows the addresses itself."""

from urllib.parse import parse_qs, urlsplit

BEGIN, BACK = "/accounts/single-sign-on/", "/accounts/single-sign-on/back/"


def begin(client, **fields):
    """What the site sends the browser to the provider with."""
    answer = client.get(BEGIN, fields)
    assert answer.status_code == 302, answer.content
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def come_back(client, provider, asked, **fields):
    return client.get(BACK, {"code": provider.code_for(asked), "state": asked["state"]} | fields)


def come(client, provider, **fields):
    return come_back(client, provider, begin(client, **fields))


def code_of(answer):
    return answer.context["error"].code


def is_in(client):
    return client.get("/accounts/profile/").status_code == 200
