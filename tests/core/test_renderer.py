"""Drop-downs are drawn as Django draws them, only without a template for each option."""

from django import forms
from django.forms.renderers import DjangoTemplates
from django.test import SimpleTestCase
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from prm.core.countries import COUNTRIES, country_choices
from prm.core.renderer import Renderer

NASTY = '"><script>&'
CHOICES = [
    ("", _("any")),
    ("a&b", NASTY),
    (7, 1234),
    ("html", SafeString("<b>bold</b>")),
    (_("Group"), [("x", "One"), ("y", "Two")]),
    (NASTY, [(None, "None")]),
]


class DropDowns(SimpleTestCase):
    """Compared as a browser reads them."""

    def same(self, widget: forms.Widget, value: object, **attrs: object) -> str:
        drawn = [widget.render("state", value, attrs, renderer=each) for each in (Renderer(), DjangoTemplates())]
        self.assertHTMLEqual(*drawn)
        return drawn[0]

    def test_one_of_several(self) -> None:
        html = self.same(forms.Select(choices=CHOICES), "y", id="id_state", title=NASTY, required=True, hidden=False)
        assert html.count(" selected") == 1
        assert "<script>" not in html
        self.same(forms.Select(choices=CHOICES), None)

    def test_many_and_yes_or_no(self) -> None:
        assert self.same(forms.SelectMultiple(choices=CHOICES), ["x", "7"]).count(" selected") == 2
        self.same(forms.NullBooleanSelect(), True)

    def test_everything_else_is_djangos(self) -> None:
        self.same(forms.RadioSelect(choices=CHOICES), "x")
        self.same(forms.TextInput(), NASTY)


def test_forms_use_it() -> None:
    class OneField(forms.Form):
        state = forms.ChoiceField(choices=[("a", "A")])

    assert isinstance(OneField().renderer, Renderer)


def test_countries_stand_in_the_order_of_the_readers_language() -> None:
    orders = {}
    for language in ("en", "de", "en"):
        with translation.override(language):
            names = [name for _code, name in country_choices()]
        assert names == ["", *sorted(names[1:])]
        orders.setdefault(language, names)
        assert orders[language] == names
    assert len(names) == len(COUNTRIES) + 1
