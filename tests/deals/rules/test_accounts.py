import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.accounts import (
    KEY_VERSION,
    AccountError,
    account_keys,
    name_from_domain,
    normalise_name,
    registrable_domain,
)


@pytest.mark.parametrize(
    "text",
    [
        "acme.com",
        "ACME.COM",
        " acme.com ",
        "acme.com.",
        "www.acme.com",
        "shop.eu.acme.com",
        "https://www.acme.com:443/path?x=1#top",
        "http://user:secret@acme.com:8080/",
        "//acme.com",
        "ftp://acme.com",
        "acme.com/contact@elsewhere.org",
        "acme.com?to=elsewhere.org/",
        "acme.com#@elsewhere.org",
        "acme.com\\@elsewhere.org",
        "ada@acme.com",
        "mailto:ada@sales.acme.com",
        "ＡＣＭＥ．com",
        "acme。com",
    ],
)
def test_one_domain_however_it_was_pasted(text):
    assert registrable_domain(text) == "acme.com"


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("shop.acme.co.uk", "acme.co.uk"),
        ("acme.com.au", "acme.com.au"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("WWW.MÜNCHEN.DE", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("one.myshopify.com", "one.myshopify.com"),  # every shop of a platform is a company of its own
        ("two.myshopify.com", "two.myshopify.com"),
        ("myshopify.com", "myshopify.com"),  # and so is the platform
        ("www.myshopify.com", "myshopify.com"),
        ("www.one.myshopify.com", "one.myshopify.com"),
        ("www.co.uk", "www.co.uk"),
        ("www.com", "www.com"),
    ],
)
def test_the_part_that_a_company_registers(text, domain):
    assert registrable_domain(text) == domain


@pytest.mark.parametrize("text", ["gmail.com", "ada@gmail.com", "mail.google.gmail.com", "WEB.DE", "yahoo.co.uk"])
def test_a_mail_provider_identifies_nobody(text):
    assert registrable_domain(text) == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "domain"),
        ("acme", "domain"),
        ("localhost", "domain"),
        ("acme corp.com", "domain"),
        ("acme..com", "domain"),
        ("-acme.com", "domain"),
        ("_dmarc.acme.com", "domain"),
        ("acme.com:port", "domain"),
        ("127.0.0.1", "domain"),
        ("http://10.0.0.1/", "domain"),
        ("1.2.3", "domain"),
        ("0x7f.0x1", "domain"),
        ("[::1]", "domain"),
        ("acme\x00.com", "domain"),
        ("acme\u200b.com", "domain"),
        ("acme\u202emoc.com", "domain"),
        (f"{'a' * 64}.com", "domain"),
        (f"{'a.' * 130}com", "domain"),
        ("co.uk", "suffix"),
        ("com", "domain"),
        ("acme.notasuffix", "suffix"),
    ],
)
def test_what_is_no_domain_is_refused(text, code):
    with pytest.raises(AccountError) as error:
        registrable_domain(text)
    assert error.value.code == code


def test_the_suffix_list_is_an_argument():
    assert registrable_domain("a.b.c.test", split=lambda host: host.partition(".")[2]) == "b.c.test"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("ACME GmbH", "acme"),
        ("Acme", "acme"),
        ("  acme,  Inc. ", "acme"),
        ("ACME GmbH & Co. KG", "acme"),
        ("Acme Co., Ltd.", "acme"),
        ("Acme S.p.A.", "acme"),
        ("Acme Sp. z o.o.", "acme"),
        ("Acme S. A.", "acme"),
        ("ACME A/S", "acme"),
        ("Müller AG", "muller"),
        ("Mu\u0308ller AG", "muller"),
        ("Straße SE", "strasse"),
        ("Ørsted A/S", "orsted"),
        ("Łódź Sp. z o.o.", "lodz"),
        ("ﬁne Ltd", "fine"),
        ("O'Neil Ltd", "oneil"),
        ("O’Neil", "oneil"),
        ("AT&T Inc", "at and t"),
        ("Procter & Gamble Co.", "procter and gamble"),
        ("Acme (Germany) GmbH", "acme germany"),
        ("株式会社トヨタ", "トヨタ"),
        ("トヨタ自動車 株式会社", "トヨタ自動車"),
        ("삼성전자 주식회사", "삼성전자"),
        ("ガス", "ガス"),
        ("カス", "カス"),
        ("हिन्दी", "हिन्दी"),
        ("ΟΔΟΣ", "οδοσ"),
        ("Limited", "limited"),  # nothing but a legal form stays as it is
        ("Company of Heroes", "company of heroes"),
        ("Cold Co Storage", "cold co storage"),
        ("3M", "3m"),
    ],
)
def test_a_name_is_reduced_to_what_tells_it_apart(name, plain):
    assert normalise_name(name) == plain


@pytest.mark.parametrize("name", ["", "   ", "!!!", "***", "\u200b"])
def test_a_name_without_a_letter_is_refused(name):
    with pytest.raises(AccountError) as error:
        normalise_name(name)
    assert error.value.code == "name"


def test_the_claim_is_the_domain_and_else_the_name_with_its_country():
    by_domain = account_keys(domain="https://www.acme.com/", name="ACME GmbH", country="de")
    assert (by_domain.claim, by_domain.basis) == ("d:acme.com", "domain")
    assert (by_domain.domain_key, by_domain.name_key) == ("d:acme.com", "n:acme|DE")
    assert (by_domain.name, by_domain.country, by_domain.version) == ("acme", "DE", KEY_VERSION)
    for nothing in ("", "  ", "ada@gmail.com"):
        by_name = account_keys(domain=nothing, name="Acme", country="DE")
        assert (by_name.claim, by_name.basis, by_name.domain_key) == ("n:acme|DE", "name", "")


def test_different_companies_do_not_collide():
    claims = [
        account_keys(domain=domain, name=name, country=country).claim
        for domain, name, country in [
            ("acme.com", "Acme", "US"),
            ("acme.de", "Acme", "DE"),
            ("", "Acme", "DE"),
            ("", "Acme", "GB"),
            ("", "Acme", ""),
            ("", "acme.com", "US"),
            ("", "d:acme.com", "US"),
            ("", "Acme Logistics", "DE"),
        ]
    ]
    assert len(set(claims)) == len(claims)


def test_countries():
    assert account_keys(domain="", name="Acme", country="uk").claim == "n:acme|GB"
    for bad in ("Germany", "D", "1X", "DE|"):
        with pytest.raises(AccountError) as error:
            account_keys(domain="", name="Acme", country=bad)
        assert error.value.code == "country"


labels = st.text(string.ascii_lowercase, min_size=1, max_size=12)
companies = labels.map(lambda label: f"acme{label}")


@given(companies, st.sampled_from(["com", "de", "co.uk", "com.br"]), st.lists(labels, max_size=3), st.booleans())
def test_subdomains_case_and_decoration_never_change_the_domain(company, suffix, subdomains, shout):
    domain = f"{company}.{suffix}"
    decorated = f"https://{'.'.join([*subdomains, domain])}:8443/x?y=z"
    assert registrable_domain(domain) == domain
    assert registrable_domain(decorated.upper() if shout else decorated) == domain


@given(st.text(max_size=40))
def test_any_text_reads_or_is_refused_and_reading_again_changes_nothing(text):
    for read in (registrable_domain, normalise_name):
        try:
            once = read(text)
        except AccountError:
            continue
        if once:
            assert read(once) == once


@given(st.text(max_size=20), st.text(max_size=20))
def test_keys_of_different_kinds_never_collide(domain, name):
    try:
        keys = account_keys(domain=domain, name=name, country="DE")
    except AccountError:
        return
    assert keys.name_key.startswith("n:")
    assert keys.name_key.count("|") == 1
    assert not keys.domain_key or keys.domain_key.startswith("d:")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("aster-clinics.org", "Aster Clinics"),
        ("https://www.aster-clinics.org/about", "Aster Clinics"),
        ("info@shop.acme.co.uk", "Acme"),
        ("xn--mller-kva.de", "Müller"),
        ("3m.com", "3m"),
        ("a--b.com", "A B"),
        ("gmail.com", ""),  # a mail provider names nobody
        ("co.uk", ""),
        ("aster", ""),
        ("", ""),
        ("10.0.0.1", ""),
    ],
)
def test_a_domain_suggests_a_name(text, name):
    assert name_from_domain(text) == name
