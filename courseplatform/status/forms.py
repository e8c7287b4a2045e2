"""What operators write."""

from django import forms


def _moment(label: str, *, required: bool = True, help_text: str = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=required, help_text=help_text, widget=widget)


class NoticeForm(forms.Form):
    """A sentence on every page, and for maintenance the hours in which the site is closed."""

    text = forms.CharField(
        label="What everybody reads", max_length=300, help_text="What it is, what it means, what to do"
    )
    starts_at = _moment("From")
    ends_at = _moment("Until")
    closes_site = forms.BooleanField(
        label="Close the site in this time",
        required=False,
        help_text="Announced a day before. In these hours students cannot hand in; the status page and operators get through",
    )


class IncidentForm(forms.Form):
    """Something that no rule saw."""

    title = forms.CharField(label="What broke", max_length=200)
    says = forms.CharField(
        label="What it meant, and what was changed", widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )
    opened_at = _moment("From")
    closed_at = _moment("Until", required=False, help_text="Empty: it lasts")
    is_down = forms.BooleanField(label="Nobody could work meanwhile", required=False)
