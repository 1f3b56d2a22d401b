"""How large a world is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """``deals`` is the number of registrations and, again, of opportunities. The rest follows from these two."""

    name: str
    partners: int
    deals: int

    @property
    def members(self) -> int:
        """People per partner."""
        return 10

    @property
    def customers(self) -> int:
        """End customers: each is registered twice in two years, a year apart."""
        return max(self.deals // 2, 1)

    @property
    def portal_days(self) -> int:
        """Days on which some member used the portal."""
        return self.deals * 2

    @property
    def certificates(self) -> int:
        """Certificates, and NPS answers again."""
        return self.deals // 5

    @property
    def referrals(self) -> int:
        """Leads handed to the vendor."""
        return self.deals // 20

    @property
    def managers(self) -> int:
        """Partner managers at the vendor: one for each hundred partners, at least two."""
        return max(2, self.partners // 100)


SIZES = {
    size.name: size
    for size in (
        Size("mini", 20, 400),
        Size("S", 200, 10_000),
        Size("M", 2_000, 200_000),
        Size("L", 10_000, 1_000_000),
    )
}
