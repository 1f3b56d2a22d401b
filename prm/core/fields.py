"""One form field as the page shows it: which kind of control, which attributes, which texts belong to it.

Django already links hint and error to the control (``aria-describedby``, ``aria-invalid``) under the ids that the
template gives them; here the control gets its look, its keyboard and its unit.
"""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

_CHECKS = (forms.CheckboxInput,)
_CHOICES = (forms.RadioSelect, forms.CheckboxSelectMultiple)
_SELECTS = (forms.Select,)


def widget_is_select(widget: forms.Widget) -> bool:
    """Whether a control is a drop-down."""
    return isinstance(widget, _SELECTS) and not isinstance(widget, _CHOICES)


def kind_of(bound: BoundField) -> str:
    """Which of the shapes fits: check, choices, file, select, text."""
    widget = bound.field.widget
    if isinstance(widget, _CHOICES):
        return "choices"
    if isinstance(widget, _CHECKS):
        return "check"
    if isinstance(widget, forms.FileInput):
        return "file"
    return "select" if isinstance(widget, _SELECTS) else "text"


def field_context(bound: BoundField, options: dict[str, Any]) -> dict[str, Any]:
    """Everything that ``components/field.html`` needs. ``options`` are those of the ``field`` tag."""
    kind = kind_of(bound)
    currency = options.get("currency", "")
    chooses = isinstance(currency, BoundField)
    return {
        "field": bound,
        "kind": kind,
        "control": _control(bound, kind, options),
        "label": options.get("label", bound.label),
        "hint": options.get("hint", bound.help_text),
        "group_id": bound.auto_id,
        "hint_id": f"{bound.auto_id}_helptext",
        "error_id": f"{bound.auto_id}_error",
        "optional": not bound.field.required and kind != "check",
        "prefix": options.get("prefix", ""),
        "suffix": options.get("suffix", "" if chooses else currency),
        "currency": currency.as_widget(attrs={"class": "form-select", "aria-label": currency.label}) if chooses else "",
        "currency_errors": currency.errors if chooses else (),
        "span": options.get("span", ""),
    }


def error_list(form: Any) -> list[dict[str, str]]:
    """The errors of a bound form in the order of its fields: text, and the id of the control it is about.

    A group of boxes has no control of its own: its frame carries the field's id.
    """
    if not getattr(form, "is_bound", False) or not form.errors:
        return []
    lines = [{"text": text, "id": "", "label": ""} for text in form.non_field_errors()]
    for bound in form:
        lines += [
            {"text": text, "id": bound.id_for_label or bound.auto_id, "label": str(bound.label)}
            for text in bound.errors
        ]
    return lines


def _control(bound: BoundField, kind: str, options: dict[str, Any]) -> str:
    widget = bound.field.widget
    attrs: dict[str, Any] = {"class": _classes(kind, widget, options)}
    for name in ("placeholder", "rows", "autofocus", "autocomplete", "list", "min", "max", "step"):
        if name in options:
            attrs[name] = options[name]
    for name, value in options.items():
        if name.startswith(("hx_", "data_")):
            attrs[name.replace("_", "-")] = value
    if options.get("currency") or isinstance(bound.field, forms.DecimalField):
        attrs.setdefault("inputmode", "decimal")
        attrs.setdefault("autocomplete", "off")
    if options.get("hint") and not bound.help_text:
        # a hint given by the template is linked like one that the field brings
        ids = [f"{bound.auto_id}_helptext"] + ([f"{bound.auto_id}_error"] if bound.errors else [])
        attrs["aria-describedby"] = " ".join(ids)
    if str(widget.attrs.get("placeholder", "")) == str(bound.label) or options.get("label"):
        widget.attrs.pop("placeholder", None)  # the label says it already
    if kind == "choices":
        widget.attrs["class"] = "form-check-input"
        return ""  # the template draws each option itself
    return bound.as_widget(attrs=attrs)


def _classes(kind: str, widget: forms.Widget, options: dict[str, Any]) -> str:
    base = {"check": "form-check-input", "choices": "", "select": "form-select"}.get(kind, "form-control")
    number = options.get("currency") or isinstance(widget, forms.NumberInput)
    return " ".join(filter(None, [base, "num" if number else "", widget.attrs.get("class", "")]))
