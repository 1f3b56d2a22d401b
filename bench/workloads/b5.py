"""B5: a registration sent in, with its conflict check, against a bare form that only stores and looks up."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

from django.urls import reverse

from bench.measure import Point, in_turn
from bench.people import Browser, seller
from bench.run import Bench
from bench.stopwatch import memory, must, statements_of
from deals.models import Claim, ConflictMatch, Product, Registration
from prm.core.actions.outbox import unattended

TITLE = "a registration sent in"


def run(bench: Bench) -> Iterator[Point]:
    """A new customer each time, with a name like others; every answer is a redirection and leaves its rows."""
    bench.lived_in()
    browser = Browser(seller(bench.world))
    path = reverse("portal:deals:registration_new")
    numbers = count(1)
    products = [str(pk) for pk in Product.objects.values_list("pk", flat=True)[:1]]

    def typed() -> dict[str, object]:
        number = next(numbers)
        return {
            "customer_name": f"Tabadele Clinics {number}", "customer_domain": f"bench{number}.com",
            "customer_country": "DE", "products": products, "amount": "1000", "currency": "USD", "stage": "prospecting",
            "expected_close_on": (bench.world.today + timedelta(days=90)).isoformat(),
            "first_contact_on": (bench.world.today - timedelta(days=1)).isoformat(), "do": "submit",
        }  # fmt: skip

    def ours() -> None:
        browser.post(path, typed())

    before = Registration.objects.count(), Claim.objects.count()
    with unattended():
        ours()
        must(
            (Registration.objects.count(), Claim.objects.count()) == (before[0] + 1, before[1] + 1),
            "the registration and its claim are not there",
        )
        statements = statements_of(ours)
        series = in_turn(
            {"ours": ours, "floor": lambda: browser.post("/bench/registration/", typed())}, rounds=bench.rounds(40)
        )
    sent = Registration.objects.filter(customer_domain__startswith="bench", status="submitted")
    must(sent.count() >= 2 * len(series["ours"]), "not every registration was stored")
    matches = ConflictMatch.objects.filter(registration__in=sent).count()
    yield Point(
        "B5", f"against {bench.world.size.deals:,} registrations", series["ours"], series["floor"],
        bench.at_largest(1.5), statements=statements, memory=memory(), note=f"{matches} similar accounts found for the manager",
    )  # fmt: skip
