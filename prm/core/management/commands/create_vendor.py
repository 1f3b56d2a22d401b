"""``manage.py create_vendor``: the first step of a new installation."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from prm.core.actions.organizations import set_up_vendor
from prm.core.actors import Actor
from prm.core.models import User
from prm.core.refused import Refused


class Command(BaseCommand):
    """Make the company and invite its first administrator, or give them a password that is asked for."""

    help = "Set up the company that runs this installation and its first administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the company and the person; say how they get in."""
        parser.add_argument("--name", required=True, help="the company's name")
        parser.add_argument("--email", required=True, help="the administrator's mail address")
        parser.add_argument("--person", required=True, help="the administrator's name")
        parser.add_argument("--time-zone", default="UTC", help="such as Europe/Berlin; UTC by default")
        parser.add_argument("--language", default="en", choices=[code for code, _name in settings.LANGUAGES])
        parser.add_argument(
            "--ask-password", action="store_true", help="ask for a password here instead of mailing an invitation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check what was typed, then do all of it or nothing."""
        for name in ("name", "person"):
            if not options[name].strip():
                raise CommandError(f"--{name} must not be empty.")
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"--email: {' '.join(error.messages)}") from None
        if options["time_zone"] not in available_timezones():
            raise CommandError(f"--time-zone: {options['time_zone']} is not a time zone, such as Europe/Berlin.")
        password = _asked(email, options["person"].strip()) if options["ask_password"] else None
        try:
            vendor = set_up_vendor(
                name=options["name"],
                email=email,
                person=options["person"],
                time_zone=options["time_zone"],
                locale=options["language"],
                password=password,
                by=Actor.system("create_vendor"),
                at=timezone.now(),
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        if password is None:
            self.stdout.write(f"{vendor.name} is set up. {email} is invited as its administrator.")
            self.stdout.write(f"A worker sends the mail; its link works for {settings.INVITATION_DAYS} days.")
        else:
            self.stdout.write(f"{vendor.name} is set up. {email} can sign in at {settings.SITE_URL}/.")


def _asked(email: str, name: str) -> str:
    """A password typed twice that the product would accept. An account that has the address already keeps its own."""
    if User.objects.filter(email__iexact=email).exists():
        raise CommandError(f"{email} has an account already. Leave out --ask-password to invite it.")
    password = getpass("Password: ")
    if password != getpass("Password again: "):
        raise CommandError("The two passwords differ.")
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password
