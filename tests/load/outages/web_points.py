"""The site's own WSGI application, which can be caught when a hand-in is recorded and its sender has not been told."""

from courseplatform.wsgi import application as site
from tests.load.outages import points


def application(environ, start_response):
    answer = site(environ, start_response)
    if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/hand-in/"):
        points.at(points.BEFORE_ANSWER)
    return answer
