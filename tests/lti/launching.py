"""A browser between the LMS and us, and what tests begin with: a course that is connected."""

from urllib.parse import parse_qs, urlsplit

from django.test import Client

from courseplatform.lti.models import CourseLink, Launch, Platform
from tests.lti.platform import ALL_SCOPES


class Browser:
    """Keeps cookies as one does. `open` is a click in the LMS up to the first page of ours."""

    def __init__(self, lms, client=None):
        self.lms, self.client = lms, client or Client()

    def begin(self, sub, **more):
        """The login; returns state and nonce that the LMS was asked for."""
        asked = {
            "iss": self.lms.issuer,
            "client_id": self.lms.client_id,
            "login_hint": sub,
            "lti_message_hint": "hint",
        } | more
        answer = self.client.get("/lti/login/", {name: value for name, value in asked.items() if value is not None})
        assert answer.status_code == 302, answer.content
        assert answer["Location"].startswith(f"{self.lms.url}/auth?")
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
        return query["state"], query["nonce"], query

    def message(self, who, key=None, **changes):
        state, nonce, _ = self.begin(who)
        claims = self.lms.claims(who, nonce) | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"state": state, "id_token": self.lms.sign(claims, key)}

    def send(self, message, framed=False):
        return self.client.post("/lti/launch/", message, headers={"Sec-Fetch-Dest": "iframe" if framed else "document"})

    def open(self, who, **changes):
        """Through to the page where one arrives."""
        answer = self.send(self.message(who, **changes))
        return self.client.get(answer["Location"]) if answer.status_code == 302 else answer

    @property
    def person(self):
        return self.client.session.get("_auth_user_id")


def code_of(answer):
    page = answer.content.decode()
    return page.rpartition('<p class="note below">Code <span class="mono">')[2].partition("<")[0]


def connect(cast, platform, lms, **more):
    return CourseLink.objects.create(
        deployment=platform.deployments.get(), context_id=lms.context["id"], context_title=lms.context["title"], course=cast.course,
        linked_by=cast.helen.email, nrps_url=f"{lms.url}/api/members", lineitems_url=f"{lms.url}/api/lineitems", scopes=ALL_SCOPES, **more,
    )  # fmt: skip


def newest():
    return Launch.objects.order_by("-made_at").first()


def platform_of_tests():
    """A platform that is entered and that nobody asks anything."""
    base = "https://canvas.example.edu"
    return Platform.objects.create(
        name="Canvas", issuer=base, client_id="1", site_url=base, auth_login_url=f"{base}/auth", auth_token_url=f"{base}/token",
        key_set_url=f"{base}/jwks", made_by="olu@example.edu",
    )  # fmt: skip
