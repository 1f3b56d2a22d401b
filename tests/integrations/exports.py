"""Small exports on disk, in the columns of the shipped mapping."""

from datetime import date
from pathlib import Path

from prm.core.codes import new_code
from prm.core.models import Organization
from tests.partners import making
from tests.world import AT

HEAD = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
DEALS = """A1,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,1200
A2,Jane Doe,BasicPlus,,Engaging,2025-02-01,,
A3,Max Roe,Basic,Globex,Lost,2024-11-05,2025-01-15,0
A4,Max Roe,Basic,,Prospecting,,,
"""
FILES = {
    "sales_pipeline.csv": f"{HEAD}\n{DEALS}",
    "products.csv": "product,series,sales_price\nBasic,B,1200\nBasic Plus,B,1500.50\n",
    "accounts.csv": "account,sector,office_location\nGlobex,energy,Germany\nInitech,software,United States\n",
    "sales_teams.csv": "sales_agent,manager,regional_office\nJane Doe,Mia Hart,East\nMax Roe,Mia Hart,West\n"
    "Ann Poe,Lou Gray,West\n",
}
MAPPING = """name: Test
opportunities:
  file: sales_pipeline.csv
  columns:
    external_id: opportunity_id
    partner: sales_agent
    product: product
    account: account
    stage: deal_stage
    engaged_on: engage_date
    closed_on: close_date
    amount: close_value
  stages:
    Prospecting: {stage: prospecting, status: open}
    Engaging: {stage: qualified, status: open}
    Won: {stage: closed, status: won}
    Lost: {stage: closed, status: lost}
  products:
    BasicPlus: Basic Plus
  partner_worked: yes
products:
  file: products.csv
  columns: {name: product, series: series, list_price: sales_price}
accounts:
  file: accounts.csv
  columns: {name: account, country: office_location}
  countries: {Germany: DE, United States: US}
partners:
  file: sales_teams.csv
  columns: {name: sales_agent, owner: manager, territory: regional_office}
  type: reseller
  agreement: first_engaged
  mail_domain: crm.example.com
"""


def write(folder: Path, **changed: str | bytes | None) -> Path:
    """The small export in a folder; a changed file is named without its ending, None leaves it out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        content = changed.get(name.removesuffix(".csv"), text)
        if content is not None:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def installation() -> Organization:
    """What has to be there before anything comes in: the vendor, and a program in force since 2015."""
    vendor = Organization.objects.create(
        code=new_code("OR"), name="Acme Cloud", kind="vendor", status="active", created_at=AT
    )
    making.program(valid_from=date(2015, 1, 1))
    return vendor
