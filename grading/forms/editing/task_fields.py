"""The fields of a lab's task: made of the keys that the task names (grading/ml_tasks/base.py Key), so that a new task needs no form."""

from collections.abc import Mapping
from typing import Any

from django import forms

from grading.forms.editing.fields import choice, line, lines, plain, text_of, whole, words_of
from grading.ml_tasks.base import Key, Task
from grading.ml_tasks.registry import TASKS, USUAL

Item = dict[str, Any]
CHOICES = [(task.name, task.title) for task in TASKS.values()]


def chosen_task(data: Any, name: str, held: Item) -> Task:
    """What the form says, else what holds, else the usual one."""
    said = data.get(name) if isinstance(data, Mapping) else None
    return TASKS.get(str(said)) or TASKS.get(held.get("task", USUAL)) or TASKS[USUAL]


def fields_of(task: Task) -> dict[str, forms.Field]:
    return {key.name: _field(key) for key in task.keys}


def _field(key: Key) -> forms.Field:
    if key.kind in ("words", "tokens"):
        return lines(key.label, key.help, rows=2 if key.kind == "words" else 5)
    if key.kind == "choice":
        return choice(key.label, list(key.choices), key.help)
    if key.kind == "text":
        return line(key.label, key.help)
    return whole(key.label, key.help, "" if key.usual is None else str(key.usual))


def shown(task: Task, held: Item) -> Item:
    """What the fields begin with."""
    found: Item = {}
    for key in task.keys:
        value = held.get(key.name)
        if key.kind == "words":
            found[key.name] = text_of(value or [])
        elif key.kind == "tokens":
            found[key.name] = "\n".join(map(str, value or []))
        else:
            found[key.name] = key.usual if value is None and key.kind == "choice" else value
    return found


def said(task: Task, data: Item, held: Item) -> Item:
    """The task's keys as the file says them. What holds its default and was not written before stays unwritten."""
    found: Item = {}
    for key in task.keys:
        value = _value(key, data.get(key.name), held.get(key.name))
        if key.usual is None:
            found |= {} if value is None else {key.name: value}
        elif value not in (None, "") and (value != key.usual or key.name in held):
            found[key.name] = value
    return found


def _value(key: Key, given: Any, before: Any) -> Any:
    """Words are left as they were written where they are the same: a file may write numbers."""
    if key.kind not in ("words", "tokens"):
        return plain(given)
    words = words_of(given or "") if key.kind == "words" else _tokens(given or "")
    return before if isinstance(before, list) and [str(word) for word in before] == words else words


def _tokens(text: str) -> list[str]:
    """One a line, as it is: a space is a token."""
    rows = text.replace("\r\n", "\n").split("\n")
    return [row for row in rows if row]
