"""Hand in: look at everything here first, say what it costs, send, and print the receipt."""

from __future__ import annotations

from typing import Any

from courseplatform.cli.client import cost, places
from courseplatform.cli.client.line import Answer
from courseplatform.cli.client.parts import STATEMENT, Wanted, missing, wanted_parts
from courseplatform.cli.client.receipts import receipt_lines
from courseplatform.cli.client.sending import Local, Progress, Sender, look_at
from courseplatform.cli.client.session import Session
from courseplatform.cli.client.text import clean, size
from courseplatform.cli.client.unfinished import Begun, tidy
from courseplatform.cli.client.watch import watched
from courseplatform.cli.client.words import DONE, NotSaid, Refused, WrongUse


def run(session: Session) -> int:
    """`submit LAB [MODEL]`."""
    hand_in = HandIn(session)
    hand_in.look()
    hand_in.ask()
    receipt = hand_in.send()
    course, lab = hand_in.assignment["course"], hand_in.assignment["slug"]
    places.choose(labs={**places.choices().get("labs", {}), session.line.site: [course, lab]})
    if not session.options.json:
        session.console.lines(receipt_lines(session, receipt, hand_in.assignment))
    if not session.options.watch or not receipt["runs"]:
        if session.options.json:
            session.console.json(receipt)
        elif receipt["runs"]:
            session.console.say(f"It is measured now. To follow it: milliamp status {receipt['runs'][0]['id']} --watch")
        return DONE
    return watched(session, receipt["runs"][0]["id"])


class HandIn:
    """One hand-in, from files to a receipt."""

    def __init__(self, session: Session) -> None:
        self.session, self.options, self.console = session, session.options, session.console
        self.assignment = session.assignment()
        self.target = f"{self.assignment['course']}/{self.assignment['slug']}"
        self.model: Local | None = None
        self.parts: list[Wanted] = []

    # -- before anything is sent ----------------------------------------------------------------------------------

    def look(self) -> None:
        """Files, sizes, parts. Raises WrongUse or Refused."""
        short, limits = clean(self.assignment["short"]), self.assignment["limits"]
        if self.options.model:
            if not self.assignment["takes_model"]:
                raise WrongUse(f"{short} takes no model file.", "no_model_taken")
            self.model = look_at(self.options.model, most_bytes=(limits or {}).get("max_bytes", 0))
        asked = self.options
        self.parts = wanted_parts(self.assignment, asked.part, asked.report, asked.statement)
        desk = self.session.line.rows(
            "courses", self.assignment["course"], "assignments", self.assignment["slug"], "parts"
        )
        lacks = missing(self.assignment, self.parts, desk)
        if any(part["key"] == STATEMENT for part in lacks):
            said = "The collaboration statement is missing: with whom you talked about this work, or nobody. Say it with --statement"
            raise WrongUse(said, "statement_missing")
        if self.model is None and not self.parts and not desk:
            raise WrongUse(f"Nothing to hand in to {short}: name a model, or a part with --part.", "nothing_to_hand_in")
        self._tell([clean(part["title"]) for part in lacks])

    def _tell(self, lacks: list[str]) -> None:
        say = self.console.say
        say(f"{clean(self.assignment['title'])} ({clean(self.target)})")
        for file, title in [(self.model, "Model"), *((one.file, one.title) for one in self.parts)]:
            if file is not None:
                say(f"{title}: {clean(file.name)}, {size(file.size)}, SHA-256 {file.sha256}")
        if lacks:
            say(f"Still missing, and may come later: {', '.join(lacks)}.")

    def ask(self) -> None:
        """Says what it costs; where it costs something, wants a yes. Raises NotSaid."""
        with_model = self.model is not None
        said = cost.sentences(self.assignment) + ([cost.attempts(self.assignment)] if with_model else [])
        self.console.say(" ".join(said))
        if self.options.yes or not cost.is_asked(self.assignment, with_model=with_model):
            return
        if not self.console.can_ask:
            raise NotSaid("It costs something, and nobody is here to say yes. Add --yes.", "not_confirmed")
        if not self.console.ask("Hand it in?"):
            raise NotSaid("Nothing was handed in.", "not_confirmed")

    # -- sending --------------------------------------------------------------------------------------------------

    def send(self) -> dict[str, Any]:
        """The receipt. The model is sent before the parts are put, so that one hand-in holds them all where that can be."""
        tidy()
        begun, upload_id = self._send_model()
        handed = self._put_parts()
        address = ("courses", self.assignment["course"], "assignments", self.assignment["slug"], "submissions")
        if begun is not None:
            fields = {"upload_id": upload_id, "upload_key": begun.upload_key}
            answer = self.session.line.post(*address, fields=fields)
            begun.done()
            return answer.document()
        if handed:  # the parts completed it, and it was free
            return {**self.session.line.get("submissions", handed), "created": True}
        return self._hand_in_desk(address)

    def _send_model(self) -> tuple[Begun | None, str]:
        if self.model is None:
            return None, ""
        return self._send_file(self.model, "hand_in", self.target)

    def _send_file(self, file: Local, purpose: str, target: str) -> tuple[Begun, str]:
        line = self.session.line
        begun = Begun(
            site=line.site, person=self.session.me["email"], purpose=purpose, target=target, sha256=file.sha256
        )
        progress = Progress(self.console, file)
        found = Sender(line, begun, file, purpose=purpose, target=target, progress=progress).send()
        self.console.settle()
        return begun, found

    def _put_parts(self) -> str | None:
        """The hand-in that they completed; None: none yet."""
        handed: str | None = None
        for part in self.parts:
            address = ("courses", self.assignment["course"], "assignments", self.assignment["slug"], "parts", part.key)
            begun, fields = None, dict(part.fields)
            # One attempt holds the model and what comes with it; without a model the last part may complete the work.
            along = {"hand_in": "false"} if self.model is not None else {}
            if part.file is not None:
                begun, upload_id = self._send_file(part.file, "part", f"{self.target}/{part.key}")
                fields = {"upload_id": upload_id, "upload_key": begun.upload_key}
            answer: Answer = self.session.line.post(*address, fields={**fields, **along})
            if begun is not None:
                begun.done()
            handed = answer.document()["submission"] or handed
            self.console.say(f"{part.title}: it is here.")
        return handed

    def _hand_in_desk(self, address: tuple[str, ...]) -> dict[str, Any]:
        """What lies on the desk, without a new model. Its key is kept like that of a file, by what is put there."""
        line = self.session.line
        pieces = line.rows(*address[:-1], "parts")
        of_desk = ",".join(sorted(str(one["id"]) for one in pieces))
        begun = Begun(
            site=line.site, person=self.session.me["email"], purpose="desk", target=self.target, sha256=of_desk
        )
        begun.keep()
        try:
            found = line.post(*address, fields={"without_model": "true", "upload_key": begun.upload_key}).document()
        except Refused:
            begun.done()
            raise
        begun.done()
        return found
