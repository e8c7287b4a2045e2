"""What a command works with: its options, the console, the site, the course and the hand-in that are meant."""

from __future__ import annotations

import argparse
import os
from typing import Any
from uuid import UUID

from courseplatform.cli.client import places, sign_in
from courseplatform.cli.client.console import Console
from courseplatform.cli.client.line import Line
from courseplatform.cli.client.text import clean
from courseplatform.cli.client.words import Refused, WrongUse

COURSE_VARIABLE = "MILLIAMP_COURSE"


class Session:
    """One call of the program."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self.options, self.console = options, console
        self._line: Line | None = None
        self._me: dict[str, Any] | None = None
        self._courses: list[dict[str, Any]] | None = None

    @property
    def line(self) -> Line:
        """The site as the token sees it. Raises SignedOut or WrongUse."""
        if self._line is None:
            self._line = Line(sign_in.current(insecure_http=self.options.insecure_http), self.console.say)
        return self._line

    @property
    def me(self) -> dict[str, Any]:
        if self._me is None:
            self._me = self.line.get("me")
        return self._me

    @property
    def courses(self) -> list[dict[str, Any]]:
        if self._courses is None:
            self._courses = list(self.line.pages("courses"))
            places.names_keep("", [], [one["slug"] for one in self._courses])
        return self._courses

    def course(self, lab: str = "") -> str:
        """The slug: of `COURSE/LAB`, of --course, of the environment, the one that was chosen, or the only one. Raises WrongUse."""
        said = lab.partition("/")[0] if "/" in lab else self.options.course or os.environ.get(COURSE_VARIABLE)
        chosen = places.choices().get("courses", {}).get(self.line.site)
        if said or chosen:
            return str(said or chosen)
        if len(self.courses) == 1:
            return str(self.courses[0]["slug"])
        if not self.courses:
            raise WrongUse("You are in no course of this site.", "no_course")
        names = ", ".join(clean(one["slug"]) for one in self.courses)
        raise WrongUse(
            f"Which course? You are in {names}. Say --course, or choose one: milliamp courses --use {names.split(', ')[0]}",
            "which_course",
        )

    def lab(self) -> tuple[str, str]:
        """(course, lab) of the argument, else of the last hand-in from here. Raises WrongUse."""
        said = self.options.lab
        if not said:
            last = places.choices().get("labs", {}).get(self.line.site)
            if not last:
                raise WrongUse("Which lab? milliamp labs lists them.", "which_lab")
            return str(last[0]), str(last[1])
        return self.course(said), said.rpartition("/")[2]

    def assignment(self) -> dict[str, Any]:
        """Its document, with `course`. Raises Refused: where there is none, with the names of those that are there."""
        course, lab = self.lab()
        try:
            return {**self.line.get("courses", course, "assignments", lab), "course": course}
        except Refused as error:
            if error.http_status != 404:
                raise
            known = list(self.line.pages("courses", course, "assignments"))
            names = ", ".join(clean(one["slug"]) for one in known) or "none"
            raise Refused(f"{error.sentence} In {course} there are: {names}.", error.code, error.http_status) from error

    def hand_ins(self, course: str, lab: str) -> list[dict[str, Any]]:
        """One's own and those of the team, the newest first."""
        role = next((one["role"] for one in self.courses if one["slug"] == course), "student")
        whose = {} if role == "student" else {"person": self.me["email"]}
        return list(self.line.pages("courses", course, "assignments", lab, "submissions", **whose))

    def hand_in(self) -> dict[str, Any]:
        """The one that is meant: --attempt of the lab, else the newest; or that of a run or hand-in named by its key.

        Raises WrongUse, code `no_attempt`, where nothing was handed in.
        """
        if (key := _uuid(self.options.lab or "")) is not None:
            return self._by_key(key)
        course, lab = self.lab()
        found, number = self.hand_ins(course, lab), getattr(self.options, "attempt", None)
        wanted = [one for one in found if number is None or one["number"] == number]
        if not wanted:
            said = f"There is no attempt {number}" if number is not None and found else "Nothing was handed in yet"
            raise WrongUse(f"{said} to {clean(lab)}.", "no_attempt")
        return wanted[0]

    def _by_key(self, key: str) -> dict[str, Any]:
        try:
            return self.line.get("submissions", self.line.get("runs", key)["submission"])
        except Refused as error:
            if error.http_status != 404:
                raise
        return self.line.get("submissions", key)

    def page(self, *parts: str) -> str:
        """The address of a page of a course."""
        return "/".join([self.line.site, "courses", *parts, ""])


def _uuid(said: str) -> str | None:
    try:
        return str(UUID(said)) if len(said) == 36 else None
    except ValueError:
        return None
