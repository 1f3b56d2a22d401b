"""How the controls of forms are drawn: Django's own templates, but drop-downs without a template for each option.

Lists carry a dozen drop-downs and forms one with every country: through templates, each option costs two of them.
"""

from typing import Any

from django.forms import Select
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString


class Renderer(DjangoTemplates):
    """Draws what ``FORM_RENDERER`` is asked to draw."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """The markup of a control, a field or a form."""
        if template_name == Select.template_name:
            return _select(context["widget"])
        return super().render(template_name, context, request)


def _select(widget: dict[str, Any]) -> SafeString:
    """The same markup as ``django/forms/widgets/select.html``, white space aside."""
    lines = [f'<select name="{conditional_escape(widget["name"])}"{_attributes(widget["attrs"])}>']
    for name, options, _index in widget["optgroups"]:
        if name:
            lines.append(f'<optgroup label="{conditional_escape(name)}">')
        lines += [_option(each) for each in options]
        if name:
            lines.append("</optgroup>")
    return SafeString("\n".join([*lines, "</select>"]))


def _option(option: dict[str, Any]) -> str:
    label = conditional_escape(localize(option["label"]))
    return f'<option value="{conditional_escape(option["value"])}"{_attributes(option["attrs"])}>{label}</option>'


def _attributes(attrs: dict[str, Any]) -> str:
    return "".join(
        f" {conditional_escape(name)}"
        if value is True
        else f' {conditional_escape(name)}="{conditional_escape(value)}"'
        for name, value in attrs.items()
        if value is not False
    )
