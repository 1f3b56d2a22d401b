"""Finding or writing down the end customer of a deal."""

from datetime import datetime

from deals.models import Account, Referral, Registration
from prm.core.codes import new_code


def account_for(*, thing: Registration | Referral, at: datetime) -> Account:
    """The account with the same domain, else the same name and country; a new one where there is none."""
    known = Account.objects.order_by("pk")
    if thing.domain_key:
        found = known.filter(domain_key=thing.domain_key).first()
    else:
        found = known.filter(domain_key="", name_key=thing.name_key).first()
    return found or Account.objects.create(
        code=new_code("AC"),
        name=thing.customer_name,
        domain=thing.customer_domain,
        country=thing.customer_country,
        address=getattr(thing, "customer_address", ""),
        domain_key=thing.domain_key,
        name_key=thing.name_key,
        plain_name=thing.plain_name,
        key_version=thing.key_version,
        created_at=at,
    )
