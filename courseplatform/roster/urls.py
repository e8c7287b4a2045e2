from django.urls import path

from courseplatform.roster.views import imports, invitation, merging, people

app_name = "roster"
urlpatterns = [
    path("<slug:course>/people/", people.people, name="people"),
    path("<slug:course>/people.csv", people.people_csv, name="people_csv"),
    path("<slug:course>/people/add/", people.add, name="add"),
    path("<slug:course>/people/invite/", people.invite_all, name="invite_all"),
    path("<slug:course>/people/import/", imports.new, name="import_new"),
    path("<slug:course>/people/import/<int:roster_import>/", imports.show, name="import"),
    path("<slug:course>/people/import/<int:roster_import>/apply/", imports.apply, name="import_apply"),
    path("<slug:course>/people/invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("<slug:course>/people/<int:enrolment>/", people.person, name="person"),
    path("<slug:course>/people/<int:enrolment>/role/", people.role, name="role"),
    path("<slug:course>/people/<int:enrolment>/sections/", people.sections, name="sections"),
    path("<slug:course>/people/<int:enrolment>/drop/", people.drop, name="drop"),
    path("<slug:course>/people/<int:enrolment>/take-back/", people.take_back, name="take_back"),
    path("<slug:course>/people/<int:enrolment>/invite/", people.invite, name="invite"),
    path("<slug:course>/people/<int:enrolment>/withdraw/", people.withdraw, name="withdraw"),
    path("<slug:course>/people/<int:enrolment>/merge/", merging.merge, name="merge"),
]
