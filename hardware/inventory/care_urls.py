"""Addresses of damage cases and counts."""

from django.urls import path

from hardware.inventory.views import cases, takes

patterns = [
    path("<slug:course>/hardware/cases/", cases.index, name="cases"),
    path("<slug:course>/hardware/cases/<int:case>/", cases.show, name="case"),
    path("<slug:course>/hardware/cases/<int:case>/move/", cases.move, name="case_move"),
    path("<slug:course>/hardware/cases/<int:case>/note/", cases.note, name="case_note"),
    path("<slug:course>/hardware/cases/<int:case>/cost/", cases.cost, name="case_cost"),
    path("<slug:course>/hardware/cases/<int:case>/photos/", cases.photo_add, name="case_photo_add"),
    path("<slug:course>/hardware/case-photos/<int:case_photo>/", cases.photo, name="case_photo"),
    path("<slug:course>/hardware/items/<slug:tag>/case/", cases.opened, name="case_open"),
    path("<slug:course>/hardware/items/<slug:tag>/report/", cases.report, name="case_report"),
    path("<slug:course>/hardware/counts/", takes.index, name="takes"),
    path("<slug:course>/hardware/counts/begin/", takes.begin, name="take_begin"),
    path("<slug:course>/hardware/counts/<int:take>/", takes.show, name="take"),
    path("<slug:course>/hardware/counts/<int:take>/changed/", takes.changed, name="take_changed"),
    path("<slug:course>/hardware/counts/<int:take>/end/", takes.end, name="take_end"),
    path("<slug:course>/hardware/counts/<int:take>/drop/", takes.drop, name="take_drop"),
    path("<slug:course>/hardware/counts/<int:take>/settle/", takes.settle, name="take_settle"),
    path("<slug:course>/hardware/counts/<int:take>/result.csv", takes.csv, name="take_csv"),
]
