"""Addresses of the stock of a course, and the short one that stands on labels."""

from django.urls import path

from hardware.inventory import care_urls
from hardware.inventory.views import desk, imports, items, labels, loans, mine, products, rules, scan, stock, usage

app_name = "stock"
personal = path("hardware/mine/", mine.mine, name="my_hardware")
label = path("t/<slug:stockroom>/<slug:tag>", stock.label, name="label")
urlpatterns = [
    path("<slug:course>/hardware/", stock.index, name="index"),
    path("<slug:course>/hardware/setup/", stock.setup, name="setup"),
    path("<slug:course>/hardware/rules/", rules.show, name="rules"),
    path("<slug:course>/hardware/rules/edit/", rules.edit, name="rules_edit"),
    path("<slug:course>/hardware/stock.csv", stock.csv, name="csv"),
    path("<slug:course>/hardware/history.csv", stock.history_csv, name="history_csv"),
    path("<slug:course>/hardware/use/", usage.index, name="usage"),
    path("<slug:course>/hardware/use/products.csv", usage.used_csv, name="usage_csv"),
    path("<slug:course>/hardware/use/over-the-term.csv", usage.term_csv, name="term_csv"),
    path("<slug:course>/hardware/use/over-the-term.png", usage.term_png, name="term_png"),
    path("<slug:course>/hardware/scan/", scan.scan, name="scan"),
    path("<slug:course>/hardware/desk/", desk.index, name="desk"),
    path("<slug:course>/hardware/desk/hand-over/", desk.hand_over, name="hand_over"),
    path("<slug:course>/hardware/desk/take-back/", desk.take_back, name="take_back"),
    path("<slug:course>/hardware/loans/", loans.index, name="loans"),
    path("<slug:course>/hardware/loans.csv", loans.csv, name="loans_csv"),
    path("<slug:course>/hardware/loans/<int:loan>/", loans.show, name="loan"),
    path("<slug:course>/hardware/loans/<int:loan>/accept/", loans.accept, name="loan_accept"),
    path("<slug:course>/hardware/loans/<int:loan>/say/", loans.say, name="loan_say"),
    path("<slug:course>/hardware/loans/<int:loan>/renew/", loans.renew, name="loan_renew"),
    path("<slug:course>/hardware/loans/<int:loan>/undo/", loans.undo, name="loan_undo"),
    path("<slug:course>/hardware/loans/<int:loan>/lost/", loans.lost, name="loan_lost"),
    path("<slug:course>/hardware/loans/<int:loan>/photo/", loans.photo_add, name="loan_photo_add"),
    path("<slug:course>/hardware/loans/photos/<int:loan_photo>/", loans.photo, name="loan_photo"),
    path("<slug:course>/hardware/labels/", labels.index, name="labels"),
    path("<slug:course>/hardware/labels.pdf", labels.pdf, name="labels_pdf"),
    path("<slug:course>/hardware/import/", imports.new, name="import_new"),
    path("<slug:course>/hardware/import/<int:stock_import>/", imports.show, name="import"),
    path("<slug:course>/hardware/import/<int:stock_import>/apply/", imports.apply, name="import_apply"),
    path("<slug:course>/hardware/products/new/", products.new, name="product_new"),
    path("<slug:course>/hardware/products/<int:product>/", products.show, name="product"),
    path("<slug:course>/hardware/products/<int:product>/edit/", products.edit, name="product_edit"),
    path("<slug:course>/hardware/products/<int:product>/count/", products.count, name="count"),
    path("<slug:course>/hardware/products/<int:product>/picture/", products.picture, name="picture"),
    path("<slug:course>/hardware/products/<int:product>/picture/set/", products.picture_set, name="picture_set"),
    path("<slug:course>/hardware/items/", items.index, name="items"),
    path("<slug:course>/hardware/items/new/", items.new, name="items_new"),
    path("<slug:course>/hardware/items/<slug:tag>/", items.show, name="item"),
    path("<slug:course>/hardware/items/<slug:tag>/edit/", items.edit, name="item_edit"),
    path("<slug:course>/hardware/items/<slug:tag>/move/", items.move, name="item_move"),
    path("<slug:course>/hardware/items/<slug:tag>/history.csv", items.history_csv, name="item_history_csv"),
    *care_urls.patterns,
]
