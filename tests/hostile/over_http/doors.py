"""By which address a kind of file comes in, who sends it, and the form around it."""

import http.client
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.hostile.bad_files.case import Case
from tests.load.outages.students import code_of

ANSWER_S, FORM_TOKEN = 120.0, "f" * 32
COURSE, API = "/courses/odml/", "/api/v1/courses/odml/"
MODELS = ("onnx", "tflite", "pt", "pt2", "safetensors")


@dataclass(frozen=True)
class Door:
    """field: of the file in the form; "" where the file is the whole body. who: "sender" is a student of whom there are many.

    more: what else stands in the form. as_text: the file is no upload, its text is typed into a field.
    """

    path: str
    field: str
    who: str = "sender"
    more: dict[str, str] = field(default_factory=dict)
    media_type: str = ""
    as_text: bool = False


def doors(world: dict[str, Any]) -> dict[str, tuple[Door, ...]]:
    """By kind. world: what `made` has told."""
    models = Door(f"{API}assignments/models/submissions", "model", more={"upload_key": ""})
    stages = Door(f"{API}assignments/stages/submissions", "model", more={"upload_key": ""})
    report = Door(f"{API}assignments/report/parts/report", "file", more={"upload_key": "", "hand_in": "0"})
    notes = f"{COURSE}scribe/{world['duty']}/edit/"
    image = (
        Door(f"{notes}images/", "image", "ruth"),
        Door(f"{COURSE}hardware/products/{world['product']}/picture/set/", "picture", "helen"),
    )
    note = (Door(f"{notes}import/", "file", "ruth"), Door(f"{notes}preview/", "text", "ruth", as_text=True))
    course = (
        Door(f"{COURSE}file/preview/", "file", "helen"),
        Door("/new-course/", "file", "olu", {"from": "file", "do": "preview"}),
    )
    readings = Door(f"{API}teams/magpie/power-readings", "", "ruth", media_type="application/json")
    enrol = Door("/api/runner/v1/enroll", "", "nobody", media_type="application/json")
    return dict.fromkeys(MODELS, (models,)) | {
        "zip": (Door(f"{notes}import/", "file", "ruth"), stages),
        "pdf": (report, Door(f"{COURSE}papers/propose/", "pdf", more={"title": "A paper", "reason": "Of interest."})),
        "table": (Door(f"{API}assignments/report/parts/numbers", "file"),),
        "png": image, "jpeg": image, "webp": image, "note": note, "course": course, "json": (readings, enrol),
        "slack": (Door(f"{COURSE}participation/imports/read/", "export", "amit"),),
        "npy": (Door(f"{COURSE}hidden-sets/", "inputs", "helen", {"title": "Set", "task": "classification"}),),
        "roster": (Door(f"{COURSE}people/import/", "file", "amit"),),
        "canvas": (Door(f"{COURSE}grades/canvas/", "file", "helen"),),
        "stock": (Door(f"{COURSE}hardware/import/", "file", "helen"),),
        "meter": (Door(f"{COURSE}team/magpie/energy/add/", "file", "ruth", {"at": "", "label": "A run", "entry_key": ""}),),
        "profile": (Door(f"{COURSE}device-profiles/new/", "file", "helen", {"do": "file", "slug": ""}),),
    }  # fmt: skip


@dataclass(frozen=True)
class Said:
    """An answer. status: 0 where none came. code: of a refusal, where it has one."""

    status: int
    code: str
    place: str
    body: bytes


class Sender:
    """A browser that is signed in already."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.cookies = f"csrftoken={FORM_TOKEN}" + (f"; sessionid={cookie}" if cookie else "")

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Said:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        sent = {"Cookie": self.cookies, "X-CSRFToken": FORM_TOKEN} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        try:
            line.request(method, path, body, sent)
            answer = line.getresponse()
            said, status, place = answer.read(), answer.status, answer.getheader("location") or ""
        except (OSError, http.client.HTTPException):
            return Said(0, "no_answer", "", b"")
        finally:
            line.close()
        return Said(status, code_in(said) if status >= 400 else "", place, said)

    def send(self, door: Door, case: Case) -> Said:
        """As the form of the page does; what it leads to is looked at as well, and is the answer where that is none."""
        if not door.field:
            return self.ask("POST", door.path, case.content, Content_Type=door.media_type)
        edge, fields = uuid.uuid4().hex, {name: value or _made_up(name) for name, value in door.more.items()}
        body = b"".join(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        )
        called = "" if door.as_text else f'; filename="{case.name}"\r\nContent-Type: application/octet-stream'
        body += f'--{edge}\r\nContent-Disposition: form-data; name="{door.field}"{called}\r\n\r\n'.encode()
        body += case.content + f"\r\n--{edge}--\r\n".encode()
        said = self.ask("POST", door.path, body, Content_Type=f"multipart/form-data; boundary={edge}")
        if said.status in (302, 303):
            shown = self.ask("GET", urlsplit(said.place).path)
            return shown if shown.status >= 400 or not shown.status else said
        return said


def code_in(body: bytes) -> str:
    """Of a document or a page; a form that is shown again has no code, and is refused all the same."""
    code, _ = code_of(body)
    return code or "form_shown_again"


def _made_up(name: str) -> str:
    if name == "at":
        return "2026-01-01T10:00"
    made = str(uuid.uuid4())
    return f"d{made[:8]}" if name == "slug" else made


def kind_of(case: Case, known: dict[str, tuple[Door, ...]]) -> str:
    """Of a document by its first word, of a model by its ending."""
    first, ending = re.split(r"-", case.name, maxsplit=1)[0], case.name.rpartition(".")[2]
    return ending if ending in MODELS or first not in known else first
