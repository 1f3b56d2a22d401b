"""The vendor, its staff, its program and its price list."""

from datetime import timedelta

from deals.models import Product
from partners.actions.programs import load_program, publish_version
from partners.documents.program_file import blueprint_text, read_program_file
from prm.core.actions.memberships import add_member
from prm.core.codes import new_code
from prm.core.csv_import import importer_for
from prm.core.models import Organization
from prm.demo import cast
from prm.demo.stage import SETUP, Stage


def set_up(stage: Stage) -> None:
    """What must be there before the first partner."""
    at = stage.moment(stage.start - timedelta(days=30), 8)
    vendor = Organization.objects.create(
        code=new_code("OR"),
        name=cast.VENDOR,
        kind="vendor",
        status="active",
        time_zone="Europe/Berlin",
        created_at=at,
    )
    for person in cast.STAFF:
        stage.staff[person.name] = add_member(
            organization=vendor,
            email=f"{person.name.split()[0].lower()}@example.com",
            name=person.name,
            role=person.role,
            by=SETUP,
            at=at,
        )
    program = read_program_file(blueprint_text("standard"))
    version = load_program(program=program.program, source_text=program.text, by=SETUP, at=at)
    publish_version(version=version, valid_from=stage.start - timedelta(days=30), by=SETUP, at=at)
    products = importer_for("products")
    rows = [
        {"name": name, "series": series, "list_price": price, "currency": "USD"}
        for name, series, price in cast.PRODUCTS
    ]
    stage.bring_in(products, rows, at, "price-list.csv")
    stage.products = list(Product.objects.order_by("pk"))
