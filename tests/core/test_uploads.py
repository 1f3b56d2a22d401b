"""Every file of the corpus is refused, or kept without what made it dangerous (trust T9, corpus §5)."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import RequestFactory
from PIL import Image, ImageFile

from prm.core import uploads
from prm.core.actions.files import store_document
from prm.core.file_checks import MEDIA_TYPES, UploadRefused
from prm.core.models import StoredFile
from tests.core.corpus import MARKER, NAMES, SAMPLES, WRONG_ENDINGS, Sample, huge_png, pdf, picture
from tests.world import AT, World

pytestmark = pytest.mark.django_db


def take(world: World, name: str, data: bytes, **options) -> StoredFile:
    return uploads.accept_upload(
        file=SimpleUploadedFile(name, data),
        by=world.paul.actor,
        at=AT,
        organization_id=world.northwind.pk,
        **options,
    )


def request() -> HttpRequest:
    return RequestFactory().get("/")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label.replace(" ", "_"))
def test_a_file_of_the_corpus_is_refused_or_harmless(world: World, sample: Sample) -> None:
    if sample.outcome == "refused":
        with pytest.raises(UploadRefused) as refusal:
            take(world, sample.name, sample.make())
        assert sample.code in {"", refusal.value.code}
        assert refusal.value.message
        assert not StoredFile.objects.exists()
        return
    data = sample.make()
    stored = take(world, sample.name, data)
    kept = stored.content.read()
    response = uploads.file_response(request(), stored)
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] in MEDIA_TYPES
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, no-store"
    assert stored.sha256 == hashlib.sha256(kept).hexdigest()
    assert stored.size == len(kept)
    assert MARKER not in kept
    if stored.media_type.startswith("image/"):
        with Image.open(stored.content.path) as picture_kept:
            assert getattr(picture_kept, "n_frames", 1) == 1
            assert not picture_kept.getexif()
            assert "icc_profile" not in picture_kept.info
    else:
        assert kept == data


def test_the_corpus_is_as_large_as_promised() -> None:
    dangerous = [sample for sample in SAMPLES if sample.outcome != "taken"]
    assert len({sample.label for sample in dangerous}) == len(dangerous) >= 60


@pytest.mark.parametrize(("name", "clean"), NAMES.items(), ids=range(len(NAMES)))
def test_a_name_is_kept_as_harmless_text_and_never_reaches_the_disk(world: World, name: str, clean: str) -> None:
    assert uploads.clean_name(name) == clean
    if clean.endswith(".pdf"):
        file = SimpleUploadedFile("placeholder.pdf", pdf())
        file._name = name
        stored = uploads.accept_upload(file=file, by=world.paul.actor, at=AT, organization_id=world.northwind.pk)
        assert stored.name == clean
        assert Path(stored.content.name).name == f"{stored.code}.pdf"
        header = uploads.file_response(request(), stored)["Content-Disposition"]
        assert "\r" not in header
        assert "\n" not in header


@pytest.mark.parametrize("name", WRONG_ENDINGS)
def test_only_the_last_ending_counts(world: World, name: str) -> None:
    file = SimpleUploadedFile("placeholder.pdf", pdf())
    file._name = name
    if name.strip().rstrip(". ").endswith(".pdf"):
        assert uploads.accept_upload(file=file, by=world.paul.actor, at=AT, organization_id=None).name == "a.pdf"
        return
    with pytest.raises(UploadRefused) as refusal:
        uploads.accept_upload(file=file, by=world.paul.actor, at=AT, organization_id=None)
    assert refusal.value.code == "core.upload.type"


def test_a_kind_that_the_form_does_not_want_is_refused(world: World) -> None:
    with pytest.raises(UploadRefused, match=r"Allowed: \.png"):
        take(world, "a.pdf", pdf(), kinds=("image",))


def test_the_size_limit_is_exact(world: World, settings) -> None:
    data = pdf()
    settings.UPLOAD_MAX_BYTES = len(data)
    assert take(world, "a.pdf", data).size == len(data)
    settings.UPLOAD_MAX_BYTES = len(data) - 1
    with pytest.raises(UploadRefused) as refusal:
        take(world, "a.pdf", data)
    assert refusal.value.code == "core.upload.too_large"


def test_a_request_that_is_too_large_is_answered_before_it_is_read(client, settings) -> None:
    body = b"x" * (settings.UPLOAD_MAX_BYTES + 128 * 1024)

    class Unread:
        def read(self, *_args: int) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    environ = {
        "wsgi.input": Unread(),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    response = client.generic("POST", "/accounts/login/", **environ)
    assert response.status_code == 413


def test_a_full_disk_leaves_neither_row_nor_file(world: World, monkeypatch) -> None:
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "_save", full, raising=False)
    monkeypatch.setattr(type(default_storage._wrapped), "_save", full)
    with pytest.raises(UploadRefused) as refusal:
        take(world, "a.pdf", pdf())
    assert refusal.value.code == "core.upload.storage"
    assert not StoredFile.objects.exists()


def test_a_library_that_makes_pillow_forgiving_does_not_make_us_so(world: World, monkeypatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(UploadRefused):
        take(world, "a.png", picture(size=(400, 400))[:200])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_a_missing_file_is_a_page_not_an_error(world: World) -> None:
    stored = take(world, "a.png", picture())
    Path(stored.content.path).unlink()
    asked = request()
    asked.actor, asked.organization, asked.user, asked.memberships = world.paul.actor, None, world.paul.user, []
    asked.at = AT
    response = uploads.file_response(asked, stored)
    assert response.status_code == 404
    assert b"not available" in response.content


def test_a_type_that_we_do_not_know_is_never_shown(world: World) -> None:
    stored = store_document(
        content=b"<html>", name="page.html", suffix=".html", media_type="text/html", organization_id=None, at=AT
    )
    assert uploads.file_response(request(), stored)["Content-Type"] == "application/octet-stream"


def test_a_file_has_no_address_of_its_own(world: World, client) -> None:
    stored = take(world, "a.pdf", pdf())
    for prefix in ("/media/", "/files/", "/static/", "/", "/var/files/"):
        assert client.get(f"{prefix}{stored.content.name}").status_code == 404


BOMBS = ["zip bomb", "100 megapixel png", "icc bomb", "comment bomb", "billion laughs", "pdf of 10,000 pages"]
MEASURE = """
import re, sys, time
from django.conf import settings
settings.configure(USE_I18N=False)
from prm.core.file_checks import UploadRefused, check_content
data = open(sys.argv[1], "rb").read()
before = time.perf_counter()
try:
    check_content(data, sys.argv[2], ("pdf", "image", "office", "csv"))
except UploadRefused:
    pass
seconds = time.perf_counter() - before
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


@pytest.mark.parametrize("label", BOMBS)
def test_a_bomb_is_refused_in_little_time_and_memory(tmp_path: Path, settings, label: str) -> None:
    sample = next(each for each in SAMPLES if each.label == label)
    path = tmp_path / "bomb"
    path.write_bytes(sample.make())
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), uploads.suffix_of(sample.name)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=settings.BASE_DIR,
    )
    seconds, megabytes = map(float, run.stdout.split())
    assert seconds < 2, f"{seconds:.1f} s"
    assert megabytes < 200, f"{megabytes:.0f} MB"


def test_the_largest_picture_that_is_allowed_stays_within_memory(tmp_path: Path, settings) -> None:
    path = tmp_path / "large"
    path.write_bytes(huge_png(4_900))
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), ".png"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=settings.BASE_DIR,
    )
    assert float(run.stdout.split()[1]) < 300
