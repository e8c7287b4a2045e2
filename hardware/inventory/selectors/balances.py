"""How many there are of what is only counted."""

from django.db.models import Sum

from hardware.models import StockEvent, Stockroom


def balances_of(stockroom: Stockroom) -> dict[int, int]:
    """By the key of the product: the sum of all that came and went. One query."""
    sums = StockEvent.objects.filter(stockroom=stockroom, what="count").order_by().values("product").annotate(sum=Sum("change"))  # fmt: skip
    return {row["product"]: row["sum"] or 0 for row in sums}
