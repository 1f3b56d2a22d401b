"""A browser's description of itself becomes the words of a person."""

import pytest

from prm.core.browsers import browser_words

CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (CHROME.format("X11; Linux x86_64"), "Chrome on Linux"),
        (CHROME.format("Windows NT 10.0; Win64; x64"), "Chrome on Windows"),
        (CHROME.format("Linux; Android 10; K"), "Chrome on Android"),
        (CHROME.format("X11; CrOS x86_64 14541.0.0"), "Chrome on ChromeOS"),
        (CHROME.format("Windows NT 10.0") + " Edg/130.0.0.0", "Edge on Windows"),
        (CHROME.format("Macintosh; Intel Mac OS X 10_15_7") + " OPR/115.0", "Opera on macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
            "Safari on macOS",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/130.0 Safari/604.1", "Chrome on iPhone"),
        ("curl/8.5.0", "curl"),
        ("Something/1.0 (Windows)", "A browser on Windows"),
        ("<script>", "An unknown program"),
        ("", "An unknown program"),
    ],
)
def test_the_most_particular_name_wins(said: str, words: str) -> None:
    assert browser_words(said) == words
