"""What a page answers while there is no program to compute with."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from partners.queries.program import NoProgramInForce


class NoProgramMiddleware:
    """Answers 503 with what to do when a page needs the program and none is in force yet.

    That is so on a new installation, and before the first day of the first version. Nothing was written: actions raise
    it inside their transaction.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for this one refusal; every other exception goes its way."""
        if not isinstance(exception, NoProgramInForce):
            return None
        context = {"can_publish": request.actor.can("partners.program_edit")}
        return render(request, "public/partners/no_program.html", context, status=503)
