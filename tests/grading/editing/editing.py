"""An assignment in its form, as a browser would send it back."""

from django.http import QueryDict

from grading.course_file.assignment_item import item_of, session_days
from grading.forms.editing.whole import EditForm


def form_of(row, data=None, **more):
    days = session_days(row.course)
    sets = [(row.hidden_set.slug, "test")] if row.hidden_set else []
    return EditForm(row, item_of(row, days), data, days=days, sets=sets, **more)


def forms_in(form):
    return [form, form.dates, form.bench, *form.parts, *form.criteria, *form.baselines, *form.stages]


def sent(row, **changes):
    """What the page of this assignment would send; `None` takes a name away."""
    form, found = form_of(row), QueryDict(mutable=True)
    for part in forms_in(form):
        for field in part:
            value = field.value()
            if isinstance(value, list):
                found.setlist(field.html_name, [str(one) for one in value])
            elif value is not None and value is not False:
                found[field.html_name] = "on" if value is True else _text(value)
    for rows in (form.parts, form.criteria, form.baselines, form.stages):
        found[rows.count_name] = str(rows.count)
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return found


def _text(value):
    """Times as the widgets write them; line ends as browsers send them."""
    shown = f"{value:%H:%M}" if hasattr(value, "hour") and not hasattr(value, "year") else str(value)
    return shown.replace("\n", "\r\n")
