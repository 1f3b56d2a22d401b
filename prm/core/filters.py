"""The filters of core's lists; whatever else stands in the address is ignored."""

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from prm.core.choices import ActorKind
from prm.core.codes import read_code
from prm.core.models import AuditEntry
from prm.core.models.audit import AuditQuerySet
from prm.core.refs import registered_kinds

# all apps have registered theirs before any address, and so this module, is loaded
_KINDS = [(each.kind, each.label) for each in registered_kinds()]


class AuditFilters(django_filters.FilterSet):
    """Filters of the audit log: by thing, by person, by what happened, by day."""

    q = django_filters.CharFilter(method="by_number", label=_("Record number"))
    thing = django_filters.ChoiceFilter("ref_kind", choices=_KINDS, label=_("Kind of record"))
    person = django_filters.CharFilter(method="by_person", label=_("Person"))
    what = django_filters.CharFilter(method="by_words", label=_("What happened"))
    day = django_filters.DateFromToRangeFilter("at", label=_("Day"))
    by = django_filters.ChoiceFilter("actor_kind", choices=ActorKind.choices, label=_("Done by"))

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def by_number(self, rows: AuditQuerySet, _name: str, value: str) -> AuditQuerySet:
        """The history of one thing, by its number as typed."""
        return rows.filter(ref_code=read_code(value) or value.strip())

    def by_person(self, rows: AuditQuerySet, _name: str, value: str) -> AuditQuerySet:
        """What somebody did, or was done in their name."""
        named = Q()
        for who in ("actor_user", "on_behalf_of"):
            named |= Q(**{f"{who}__name__icontains": value}) | Q(**{f"{who}__email__icontains": value})
        return rows.filter(named)

    def by_words(self, rows: AuditQuerySet, _name: str, value: str) -> AuditQuerySet:
        """Lines whose code holds every word, as in "registration approved"."""
        for word in value.replace(".", " ").replace("_", " ").split():
            rows = rows.filter(code__icontains=word)
        return rows
