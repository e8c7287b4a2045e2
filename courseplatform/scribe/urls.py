from django.urls import path

from courseplatform.scribe.views import editor, index, review

app_name = "scribe"
urlpatterns = [
    path("<slug:course>/scribe/", index.index, name="index"),
    path("<slug:course>/scribe/notes.csv", index.notes_csv, name="csv"),
    path("<slug:course>/scribe/assign/", index.assign, name="assign"),
    path("<slug:course>/scribe/assign/spread/", index.spread, name="spread"),
    path("<slug:course>/scribe/<int:duty>/", review.note, name="note"),
    path("<slug:course>/scribe/<int:duty>/duty/", index.duty, name="duty"),
    path("<slug:course>/scribe/<int:duty>/remove/", index.remove, name="remove"),
    path("<slug:course>/scribe/<int:duty>/edit/", editor.edit, name="edit"),
    path("<slug:course>/scribe/<int:duty>/edit/save/", editor.save, name="save"),
    path("<slug:course>/scribe/<int:duty>/edit/preview/", editor.preview, name="preview"),
    path("<slug:course>/scribe/<int:duty>/edit/import/", editor.import_text, name="import"),
    path("<slug:course>/scribe/<int:duty>/edit/texts/<int:version>/", editor.kept, name="kept"),
    path("<slug:course>/scribe/<int:duty>/edit/images/", editor.image_add, name="image_add"),
    path("<slug:course>/scribe/<int:duty>/edit/images/<uuid:image>/remove/", editor.image_remove, name="image_remove"),
    path("<slug:course>/scribe/<int:duty>/images/<uuid:image>/", review.image, name="image"),
    path("<slug:course>/scribe/<int:duty>/review/", review.review, name="review"),
    path("<slug:course>/scribe/<int:duty>/review/decide/", review.decide, name="decide"),
    path("<slug:course>/scribe/<int:duty>/review/requests/<int:number>/", review.request_answer, name="request"),
]
