"""Finding the companies that everything hangs on."""

from prm.core.models import Organization


def vendor() -> Organization:
    """The company that runs this installation; it exists once set-up has run."""
    return Organization.objects.get(kind="vendor")
