from django.urls import path

from courseplatform.participation.views import entry, imports, people

app_name = "participation"
urlpatterns = [
    path("<slug:course>/participation/", people.mine, name="mine"),
    path("<slug:course>/participation/entry/", entry.page, name="entry"),
    path("<slug:course>/participation/entry/record/", entry.record, name="record"),
    path("<slug:course>/participation/entry/withdraw/", entry.withdraw, name="undo"),
    path("<slug:course>/participation/entry/describe/", entry.describe, name="describe"),
    path("<slug:course>/participation/attendance/", entry.attendance, name="attendance"),
    path("<slug:course>/participation/attendance/record/", entry.attendance_save, name="attendance_record"),
    path("<slug:course>/participation/people/", people.everybody, name="people"),
    path("<slug:course>/participation/people.csv", people.everybody_csv, name="people_csv"),
    path("<slug:course>/participation/people/<int:person>/", people.person_detail, name="person"),
    path("<slug:course>/participation/people/<int:person>/give/", people.give, name="give"),
    path("<slug:course>/participation/people/<int:person>/withdraw/", people.withdraw, name="withdraw"),
    path("<slug:course>/participation/imports/", imports.index, name="imports"),
    path("<slug:course>/participation/imports/read/", imports.read, name="import_read"),
    path("<slug:course>/participation/imports/<uuid:batch>/", imports.preview, name="import"),
    path("<slug:course>/participation/imports/<uuid:batch>/match/", imports.match, name="import_match"),
    path("<slug:course>/participation/imports/<uuid:batch>/count/", imports.count, name="import_count"),
    path("<slug:course>/participation/imports/<uuid:batch>/close/", imports.close, name="import_close"),
]
