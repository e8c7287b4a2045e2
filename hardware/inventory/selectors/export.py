"""The stock and its history as CSV. Taken in again, the file of the stock changes nothing."""

from collections.abc import Iterator

from django.http import HttpResponse

from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit
from hardware.inventory.access import stockroom_for
from hardware.inventory.ledger import shown
from hardware.inventory.selectors.balances import balances_of
from hardware.inventory.stock.plan import ITEM_COLUMNS, PRODUCT_COLUMNS
from hardware.inventory.stock.reading import COLUMNS
from hardware.models import Item, Product, StockEvent, Stockroom

HISTORY = ("at", "by", "product", "tag", "what", "before", "after", "why")


def stock_csv(visit: Visit) -> HttpResponse:
    stockroom = stockroom_for(visit)
    rows = ([row.get(name, "") for name in COLUMNS] for row in stock_rows(stockroom))
    return csv_response(f"{stockroom.slug}-stock.csv", list(COLUMNS), rows)


def stock_rows(stockroom: Stockroom) -> Iterator[dict[str, str]]:
    """One row an item, and one for each product without items: three queries."""
    products = {row.pk: row for row in Product.objects.filter(stockroom=stockroom)}
    balances, shown_products = balances_of(stockroom), set()
    for item in Item.objects.filter(stockroom=stockroom).order_by("tag"):
        row = products[item.product_id]
        shown_products.add(row.pk)
        facts = {column: shown(getattr(item, name)) for column, name in ITEM_COLUMNS.items()}
        yield _of_product(row) | facts | {"tag": item.tag, "state": item.status}
    for row in products.values():
        if row.pk not in shown_products:
            yield _of_product(row) | ({"count": str(balances.get(row.pk, 0))} if row.is_counted else {})


def _of_product(row: Product) -> dict[str, str]:
    facts = {column: shown(getattr(row, name)) for column, name in PRODUCT_COLUMNS.items()}
    return facts | {"product": row.name}


def history_csv(visit: Visit, item: Item | None = None) -> HttpResponse:
    """All that ever happened to the stock, or to one item; the oldest first, times in UTC."""
    stockroom = stockroom_for(visit)
    events = StockEvent.objects.filter(stockroom=stockroom).select_related("product", "item").order_by("at", "pk")
    if item is not None:
        events = events.filter(item=item)
    rows = (
        [f"{one.at:%Y-%m-%dT%H:%M:%SZ}", one.by, one.product.name, one.item.tag if one.item else "", one.what, one.before, one.after, one.why]
        for one in events.iterator(chunk_size=1000)
    )  # fmt: skip
    return csv_response(f"{item.tag if item else stockroom.slug}-history.csv", HISTORY, rows)
