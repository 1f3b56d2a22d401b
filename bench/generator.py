"""Fills an empty database with a world of a given size, from a seed, in about two dozen statements.

What few rows carry the meaning (the vendor, its staff, the program, the price list) is made through the product's own
actions. The mass comes by INSERT … SELECT over row numbers: every choice is a hash of the seed, the row's number and
the column, so the same seed gives the same world, whatever the order of execution. Days count back from ``today``.

The world keeps the promises of the product, which ``tests/bench`` checks: keys are those of the account rules, an
account has one holder at a time, decided registrations are dated, won deals have a rate.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

from django.apps import apps
from django.db.models import NOT_PROVIDED, JSONField, Model

from bench.sizes import Size
from deals.kinds import DECISION
from deals.models import Product
from partners.actions.programs import load_program, publish_version
from partners.documents.program_file import blueprint_text, read_program_file
from partners.models import Partner, ProgramVersion, Tier, Track
from prm.core.actions import memberships
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import Membership, Organization

SEED = 2026
DAYS = 730
PRODUCTS = ("Platform", "Analytics", "Integration Hub", "Secure Workspace", "Archive", "Edge", "Insight", "Relay")
LINES = 4
_SYLLABLES = ("ba be bi bo bu da de di do du fa fe fi fo ga ge gi go ka ke ki ko la le li lo ma me mi mo na ne").split()
_TRADES = (
    "Clinics Energy Foods Logistics Retail Insurance Motors Textiles Pharma Media Bank Airlines Hotels Schools Steel "
    "Ceramics Optics Paper Robotics Shipping"
).split()
_COUNTRIES = "DE FR GB ES IT NL SE DK PL US CA AT".split()
_TERRITORIES = "DACH West South Nordics Americas East".split()
# Type and track of partners by weight; resellers are the most common.
_TYPES = ("reseller", "reseller", "reseller", "si", "si", "strategic", "technology", "oem", "referral", "affiliate")

# Tables whose secondary indexes are built after the rows: filling a trigram index row by row takes minutes.
_LARGE = (
    "core_user", "core_membership", "core_portalday", "deals_account", "deals_registration",
    "deals_registration_products", "deals_claim", "deals_opportunity", "deals_referral", "training_certificate",
    "partners_npsanswer", "partners_healthscore",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """What a workload needs to know about the database it runs on."""

    size: Size
    today: date
    version_id: int
    vendor_id: int
    first_partner: int
    first_member: int


class Generator:
    """Fills one database through a cursor. ``bulk`` leaves foreign keys to the caller's tests and indexes to the end."""

    def __init__(self, cursor: Any, size: Size, *, today: date, seed: int = SEED, bulk: bool = True) -> None:
        self.cursor, self.size, self.today, self.seed, self.bulk = cursor, size, today, seed, bulk
        self.now = datetime.combine(today, clock(6), tzinfo=UTC)
        self.seconds: dict[str, float] = {}

    def fill(self) -> World:
        """Make the world; the database holds migrations and nothing else."""
        self._timed("program and staff", self._few)
        indexes = self._put_off_indexes() if self.bulk else []
        if self.bulk:
            self.cursor.execute("SET session_replication_role = replica")
        self._functions()
        for name, fill in (
            ("partners", self._partners), ("people", self._people), ("accounts", self._accounts),
            ("registrations", self._registrations), ("claims", self._claims), ("opportunities", self._opportunities),
            ("referrals", self._referrals), ("records", self._records), ("portal days", self._portal_days),
            ("health history", self._health_history), ("work", self._work),
        ):  # fmt: skip
            self._timed(name, fill)
        if self.bulk:
            self.cursor.execute("SET session_replication_role = DEFAULT")
            self._timed("indexes", lambda: [self.cursor.execute(each) for each in indexes])
        self._sequences()
        return self.world

    @property
    def world(self) -> World:
        """The numbers by which rows are found again."""
        return World(self.size, self.today, self.version_id, self.vendor.pk, self.partner_base + 1, self.user_base + 1)

    def _timed(self, name: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        self.seconds[name] = time.perf_counter() - started

    # -- what few rows carry ----------------------------------------------------------------------------------------

    def _few(self) -> None:
        by, at = Actor.system("bench"), self.now - timedelta(days=3 * DAYS)
        self.vendor = Organization.objects.create(
            code=new_code("OR"), name="Acme Cloud", kind="vendor", status="active", time_zone="UTC", locale="en",
            created_at=at,
        )  # fmt: skip
        read = read_program_file(blueprint_text("standard"))
        version = load_program(program=read.program, source_text=read.text, by=by, at=at)
        publish_version(version=version, valid_from=at.date(), by=by, at=at)
        self.version_id = version.pk
        staff = [
            ("ada", "Ada Lind", "admin"),
            ("dan", "Dan Okafor", "director"),
            ("mia", "Mia Berg", "partner_manager"),
        ]
        staff += [(f"manager{n}", f"Manager {n:03}", "partner_manager") for n in range(2, self.size.managers + 1)]
        for first, name, role in staff:
            memberships.add_member(
                organization=self.vendor, email=f"{first}@example.com", name=name, role=role, by=by, at=at
            )
        Product.objects.bulk_create(
            Product(code=new_code("PR"), name=name, line=1 + n % LINES, currency="USD", list_price=6000, created_at=at)
            for n, name in enumerate(PRODUCTS)
        )
        managers = Membership.objects.filter(organization=self.vendor, role="partner_manager").order_by("pk")
        self.managers = list(managers.values_list("user_id", flat=True))
        self.products = list(Product.objects.order_by("pk").values_list("pk", flat=True))
        tracks = dict(Track.objects.values_list("code", "pk"))
        self.tracks = [tracks[read.program.type(kind).track] for kind in _TYPES]
        self.tiers = dict(Tier.objects.filter(track__code="solution").values_list("code", "pk"))
        self.partner_base = self._highest("core_organization")
        # People and their memberships are numbered alike.
        self.user_base = max(self._highest(table) for table in ("core_user", "core_membership"))

    def _highest(self, table: str) -> int:
        self.cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
        return self.cursor.fetchone()[0]

    # -- the tools of the mass --------------------------------------------------------------------------------------

    def _functions(self) -> None:
        """``dice``: a number in [0, 1) from a row and a column; ``bench_code``: a public code from a row's number."""
        alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        letters = " || ".join(f"substr('{alphabet}', ((x >> {5 * n}) & 31)::int + 1, 1)" for n in range(6, -1, -1))
        syllables = _array(_SYLLABLES)
        self.cursor.execute(f"""
            CREATE FUNCTION pg_temp.dice(n bigint, salt int) RETURNS double precision LANGUAGE sql IMMUTABLE AS
              $$ SELECT (((hashint8extended(n, {self.seed}::bigint * 1000 + salt) >> 11) & 9007199254740991)::double
                         precision / 9007199254740992.0) $$;
            CREATE FUNCTION pg_temp.letters(x bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT {letters} $$;
            CREATE FUNCTION pg_temp.bench_code(prefix text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
              $$ SELECT prefix || '-' || pg_temp.letters((n * 7368787 + {self.seed}) % 34359738368) $$;
            CREATE FUNCTION pg_temp.word(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
              $$ SELECT initcap(({syllables})[((n >> 15) & 31) + 1] || ({syllables})[((n >> 10) & 31) + 1]
                 || ({syllables})[((n >> 5) & 31) + 1] || ({syllables})[(n & 31) + 1]) $$;
        """)

    def _insert(self, label: str, columns: dict[str, str], source: str) -> None:
        """INSERT … SELECT; what ``columns`` leaves out gets the model's own default, so new columns need no word."""
        model = apps.get_model(label)
        given = {**_defaults(model), **columns}
        names = ", ".join(f'"{name}"' for name in given)
        self.cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(given.values())} FROM {source}"
        )

    def _put_off_indexes(self) -> list[str]:
        """Drop what speeds up reading only; the statements that make it again."""
        self.cursor.execute(
            """
            SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), NULL, NULL, NULL
              FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
             WHERE t.relname = ANY(%s) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
            UNION ALL
            SELECT NULL, NULL, t.relname, c.conname, pg_get_constraintdef(c.oid)
              FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
             WHERE t.relname = ANY(%s) AND c.contype = 'x'
            """,
            [list(_LARGE), list(_LARGE)],
        )
        again = []
        for index, definition, table, constraint, text in self.cursor.fetchall():
            if index:
                self.cursor.execute(f"DROP INDEX {index}")
                again.append(definition)
            else:
                self.cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
                again.append(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {text}")
        self.cursor.execute("SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'")
        return again

    def _sequences(self) -> None:
        """The next row that the product writes gets a number of its own."""
        self.cursor.execute(
            """
            SELECT c.relname, pg_get_serial_sequence(quote_ident(c.relname), 'id')
              FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND a.attidentity <> ''
              JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' WHERE c.relkind = 'r'
            """
        )
        for table, sequence in self.cursor.fetchall():
            self.cursor.execute(f"SELECT setval('{sequence}', max(id)) FROM \"{table}\" HAVING max(id) IS NOT NULL")

    # -- the mass ---------------------------------------------------------------------------------------------------

    def _partners(self) -> None:
        base, rows = self.partner_base, f"generate_series(1::bigint, {self.size.partners}) AS n"
        name = f"""pg_temp.word(n * 40503 % 1048576) || ' ' || {_one_of("Solutions Systems Networks Digital".split(), "n", 1)}"""
        since = f"(DATE '{self.today}' - 100 - (pg_temp.dice(n, 2) * 1000)::int)"
        self._insert(
            "core.Organization",
            {
                "id": f"{base} + n", "code": "pg_temp.bench_code('OR', n)", "name": name, "kind": "'partner'",
                "status": "'active'", "time_zone": "'UTC'", "locale": "'en'", "created_at": f"{since}::timestamptz",
            },
            rows,
        )  # fmt: skip
        types, tracks = _array(_TYPES), f"ARRAY{self.tracks}::bigint[]"
        managers = f"ARRAY{self.managers}::bigint[]"
        kind = f"(1 + pg_temp.dice(n, 3) * {len(_TYPES)} - 0.5)::int"
        self._insert(
            "partners.Partner",
            {
                "organization_id": f"{base} + n", "code": "pg_temp.bench_code('PA', n)",
                "sort_name": f"lower({name})", "type": f"({types})[{kind}]",
                "track_id": f"({tracks})[{kind}]", "status": "'active'", "stage": "'monitor'", "stage_since": since,
                "territory": _one_of(_TERRITORIES, "n", 4), "country": _one_of(_COUNTRIES, "n", 5),
                "owner_id": f"({managers})[1 + n % {len(self.managers)}]", "agreement_signed_on": since,
                "partner_since": since, "created_at": f"{since}::timestamptz",
            },
            rows,
        )  # fmt: skip
        self._insert(
            "partners.PartnerContact",
            {
                "id": "n", "code": "pg_temp.bench_code('CO', n)", "partner_id": f"{base} + 1 + n / 3",
                "side": "'theirs'", "role": "(ARRAY['primary', 'technical', 'executive'])[1 + n % 3]",
                "name": "'Contact ' || n", "email": "'c' || n || '@example.com'",
                "created_at": f"TIMESTAMPTZ '{self.now}'",
            },
            f"generate_series(0::bigint, {self.size.partners * 3 - 1}) AS n",
        )  # fmt: skip
        self._insert(
            "reporting.QbrAction",
            {
                "id": "n + 1", "code": "pg_temp.bench_code('QA', n)", "partner_id": f"{base} + 1 + n / 4",
                "title": "'Agreed action ' || n", "side": "'us'", "agreed_on": f"DATE '{self.today}' - 60",
                "due_on": f"DATE '{self.today}' + (n % 40)::int", "created_at": f"TIMESTAMPTZ '{self.now}'",
            },
            f"generate_series(0::bigint, {self.size.partners * 4 - 1}) AS n",
        )  # fmt: skip

    def _people(self) -> None:
        each = self.size.members
        rows = f"generate_series(1::bigint, {self.size.partners * each}) AS n"
        partner = f"({self.partner_base} + 1 + (n - 1) / {each})"
        joined = "(SELECT created_at FROM core_organization o WHERE o.id = m.organization_id)"
        at = f"TIMESTAMPTZ '{self.now}' - interval '1 day' * (100 + 0 * n)"
        self._insert(
            "core.User",
            {
                "id": f"{self.user_base} + n", "email": "'m' || n || '@partner.example'",
                "name": "pg_temp.word(n * 7919 % 1048576) || ' ' || pg_temp.word(n * 104729 % 1048576)",
                "password": "'!'", "is_active": "true", "created_at": at,
            },
            rows,
        )  # fmt: skip
        roles = "(ARRAY['partner_admin', 'seller', 'seller', 'marketer', 'learner'])[1 + (n - 1) % 5]"
        self._insert(
            "core.Membership",
            {
                "id": f"{self.user_base} + n", "code": f"pg_temp.bench_code('ME', {self.user_base} + n)",
                "user_id": f"{self.user_base} + n", "organization_id": partner, "role": roles, "is_active": "true",
                "created_at": at,
            },
            rows,
        )  # fmt: skip
        self.cursor.execute(
            f"UPDATE core_membership m SET created_at = {joined} WHERE id > {self.user_base} AND id % 2 = 0"
        )

    def _accounts(self) -> None:
        """End customers. One in ten has no domain of its own."""
        name = f"pg_temp.word(c * 40503 % 1048576) || ' ' || {_one_of(_TRADES, 'c', 11)}"
        source = f"""(
          SELECT c, name, lower(name) AS plain, {_one_of(_COUNTRIES, "c", 12)} AS country,
                 CASE WHEN c % 10 = 0 THEN '' ELSE lower(replace(name, ' ', '-')) || '.com' END AS domain
            FROM (SELECT c, {name} AS name FROM generate_series(1::bigint, {self.size.customers}) AS c OFFSET 0) AS a
          OFFSET 0) AS x"""
        self._insert(
            "deals.Account",
            {
                "id": "c", "code": "pg_temp.bench_code('AC', c)", "name": "name", "domain": "domain",
                "country": "country", "domain_key": "CASE WHEN domain = '' THEN '' ELSE 'd:' || domain END",
                "name_key": "'n:' || plain || '|' || country", "plain_name": "plain",
                "created_at": f"TIMESTAMPTZ '{self.now}' - interval '{DAYS} days'",
            },
            source,
        )  # fmt: skip

    def _registrations(self) -> None:
        """Sent in evenly over two years, numbered by time. Those of the last month are mostly still protected."""
        n, size = self.size.deals, self.size
        days = f"({n} - r)::double precision * {DAYS} / {n}"
        # A late rival names the customer of a registration from a few days before, which is still open.
        back = max(1, min(int(n / DAYS * 3), size.customers // 4))
        source = f"""(
          SELECT r, days, rival, c, p, TIMESTAMPTZ '{self.now}' - days * interval '1 day' AS at,
                 (CASE WHEN rival THEN 'submitted'
                       WHEN days < 1.5 THEN (ARRAY['submitted', 'submitted', 'submitted', 'info_requested', 'approved'])[1 + (d * 5)::int % 5]
                       WHEN days < 30 THEN CASE WHEN d < 0.80 THEN 'approved' WHEN d < 0.86 THEN 'won' WHEN d < 0.90 THEN 'lost'
                                                WHEN d < 0.96 THEN 'rejected' ELSE 'withdrawn' END
                       WHEN days < 58 AND d < 0.15 THEN 'approved'
                       ELSE CASE WHEN d < 0.40 THEN 'won' WHEN d < 0.60 THEN 'lost' WHEN d < 0.75 THEN 'expired'
                                 WHEN d < 0.92 THEN 'rejected' ELSE 'withdrawn' END END) AS status,
                 1 + (days < 30)::int AS months
            FROM (SELECT r, {days} AS days, rival, pg_temp.dice(r, 21) AS d,
                         1 + (r - 1 - CASE WHEN rival THEN {back} ELSE 0 END) % {size.customers} AS c,
                         {self._some_partner("r", 22)} AS p
                    FROM (SELECT r, ({n} - r)::double precision * {DAYS} / {n} < 12 AND r > {back}
                                    AND pg_temp.dice(r, 23) < 0.02 AS rival
                            FROM generate_series(1::bigint, {n}) AS r) AS a) AS b) AS x JOIN deals_account a ON a.id = c"""
        started = f"({self.user_base} + (p - {self.partner_base} - 1) * {size.members} + 2)"
        closed = f"LEAST(at + (1 + pg_temp.dice(r, 24) * 28) * interval '1 day', TIMESTAMPTZ '{self.now}')"
        is_closed = "status IN ('won', 'lost', 'expired', 'rejected', 'withdrawn')"
        protected = "status IN ('approved', 'won', 'lost', 'expired')"
        self._insert(
            "deals.Registration",
            {
                "id": "r", "code": "pg_temp.bench_code('DR', r)", "partner_id": "p", "created_by_id": started,
                "submitted_by_id": started, "program_version_id": str(self.version_id),
                **_of_account("CASE WHEN r % 5 = 0 THEN a.name || ' GmbH' ELSE a.name END"),
                "account_key": "COALESCE(NULLIF(a.domain_key, ''), a.name_key)",
                "account_id": f"CASE WHEN {protected} THEN c END",
                "amount": "round((2000 * exp(pg_temp.dice(r, 25) * 3.5))::numeric, 2)", "currency": "'USD'",
                "expected_close_on": "(at + interval '60 days')::date", "first_contact_on": "(at - interval '5 days')::date",
                "stage": f"CASE WHEN {is_closed} THEN 'closed' ELSE (ARRAY['prospecting', 'qualified', 'proposal', 'negotiation'])[1 + r % 4] END",
                "status": "status", "created_at": "at", "saved_at": "at", "submitted_at": "at",
                "in_conflict": "rival", "conflict_outcome": "CASE WHEN rival THEN 'conflict' ELSE 'clear' END",
                "decided_at": f"CASE WHEN status NOT IN ('submitted', 'info_requested') THEN LEAST(at + interval '20 hours', TIMESTAMPTZ '{self.now}') END",
                "protected_from": f"CASE WHEN {protected} THEN at::date END",
                "protected_until": f"CASE WHEN {protected} THEN at::date + CASE WHEN days < 30 THEN 31 ELSE 60 END END",
                "extensions_used": f"CASE WHEN {protected} AND days >= 30 THEN 1 ELSE 0 END",
                "closed_at": f"CASE WHEN {is_closed} THEN {closed} END",
                "lost_reason": "CASE WHEN status = 'lost' THEN 'price' ELSE '' END",
            },
            source,
        )  # fmt: skip
        products = f"ARRAY{self.products}::bigint[]"
        self.cursor.execute(
            f"""INSERT INTO deals_registration_products (registration_id, product_id)
                SELECT r, ({products})[{self._product("r")}] FROM generate_series(1::bigint, {n}) AS r"""
        )

    def _some_partner(self, row: str, salt: int) -> str:
        """A partner's id; the first ones have many times as much as the last."""
        return f"({self.partner_base} + 1 + floor(pow(pg_temp.dice({row}, {salt}), 2) * {self.size.partners})::bigint)"

    def _product(self, row: str) -> str:
        return f"1 + floor(pg_temp.dice({row}, 26) * {len(self.products)})::int"

    def _claims(self) -> None:
        ends = """CASE WHEN closed_at IS NOT NULL THEN closed_at
                       WHEN protected_until IS NOT NULL THEN (protected_until + 1)::timestamptz END"""
        because = "CASE status WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost' WHEN 'expired' THEN 'expired' WHEN 'rejected' THEN 'rejected' WHEN 'withdrawn' THEN 'withdrawn' ELSE '' END"
        self._insert(
            "deals.Claim",
            {
                "id": "r.id", "code": "pg_temp.bench_code('CL', r.id)", "registration_id": "r.id",
                "partner_id": "r.partner_id", "basis": "CASE WHEN r.domain_key = '' THEN 'name' ELSE 'domain' END",
                "account_key": "r.account_key", "key_version": "r.key_version",
                "product_line": "int4range(p.line, p.line + 1)", "period": f"tstzrange(r.submitted_at, {ends})",
                "started_at": "r.submitted_at", "ended_at": "r.closed_at", "ended_because": because,
            },
            """deals_registration r JOIN deals_registration_products rp ON rp.registration_id = r.id
               JOIN deals_product p ON p.id = rp.product_id WHERE NOT r.in_conflict""",
        )  # fmt: skip

    def _opportunities(self) -> None:
        """One for each registration that was approved, the rest from imports and from the direct pipeline."""
        self.cursor.execute("SELECT count(*) FROM deals_registration WHERE account_id IS NOT NULL")
        made, products = self.cursor.fetchone()[0], f"ARRAY{self.products}::bigint[]"
        result = "CASE r.status WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost' ELSE 'open' END"
        closed = "CASE WHEN r.status IN ('won', 'lost') THEN r.closed_at::date END"
        common = {"currency": "'USD'", "rate": "1"}
        self._insert(
            "deals.Opportunity",
            {
                **common, "id": "row_number() OVER (ORDER BY r.id)", "code": "pg_temp.bench_code('OP', r.id)",
                "account_id": "r.account_id", "partner_id": "r.partner_id", "product_id": f"({products})[{self._product('r.id')}]",
                "registration_id": "r.id", "origin": "'registration'", "amount": "r.amount", "arr": "r.amount",
                "amount_program": "r.amount", "arr_program": "r.amount", "stage": "r.stage", "status": result,
                "expected_close_on": "r.expected_close_on", "closed_on": closed,
                "won_on": "CASE WHEN r.status = 'won' THEN r.closed_at::date END",
                "lost_reason": "r.lost_reason", "created_at": "r.submitted_at", "touched_at": "coalesce(r.closed_at, r.submitted_at)",
            },
            "deals_registration r WHERE r.account_id IS NOT NULL",
        )  # fmt: skip
        rest = self.size.deals - made
        source = f"""(
          SELECT k, direct, DATE '{self.today}' - days AS engaged, LEAST(DATE '{self.today}' - 1, DATE '{self.today}' - days + 45) AS closed,
                 CASE WHEN direct OR (days < 60 AND d < 0.7) THEN 'open' WHEN d < 0.55 THEN 'won' ELSE 'lost' END AS status
            FROM (SELECT k, 46 + (pg_temp.dice(k, 31) * ({DAYS} - 46))::int AS days, pg_temp.dice(k, 32) AS d, k % 20 = 0 AS direct
                    FROM generate_series({made + 1}::bigint, {made + rest}) AS k) AS a) AS x"""
        amount = "round((2000 * exp(pg_temp.dice(k, 33) * 3.5))::numeric, 2)"
        self._insert(
            "deals.Opportunity",
            {
                **common, "id": "k", "code": f"pg_temp.bench_code('OP', k + {self.size.deals})",
                "account_id": f"1 + floor(pg_temp.dice(k, 34) * {self.size.customers})::bigint",
                "partner_id": f"CASE WHEN direct THEN NULL ELSE {self._some_partner('k', 35)} END",
                "product_id": f"({products})[{self._product('k')}]",
                "origin": "CASE WHEN direct THEN 'direct' ELSE 'import' END", "is_partner_worked": "NOT direct AND k % 4 > 0",
                "amount": amount, "arr": amount, "amount_program": amount, "arr_program": amount,
                "stage": "CASE WHEN status = 'open' THEN 'proposal' ELSE 'closed' END", "status": "status",
                "engaged_on": "engaged", "expected_close_on": "engaged + 90",
                "closed_on": "CASE WHEN status <> 'open' THEN closed END", "won_on": "CASE WHEN status = 'won' THEN closed END",
                "lost_reason": "CASE WHEN status = 'lost' THEN 'price' ELSE '' END",
                "created_at": "engaged::timestamptz", "touched_at": "closed::timestamptz",
            },
            source,
        )  # fmt: skip

    def _referrals(self) -> None:
        n = self.size.referrals
        source = f"""(
          SELECT r, TIMESTAMPTZ '{self.now}' - days * interval '1 day' AS at, c, p, days,
                 CASE WHEN days < 3 THEN 'submitted' WHEN d < 0.3 THEN 'declined' WHEN d < 0.5 THEN 'accepted' ELSE 'qualified' END AS status
            FROM (SELECT r, pg_temp.dice(r, 41) * {DAYS} AS days, pg_temp.dice(r, 42) AS d,
                         1 + floor(pg_temp.dice(r, 43) * {self.size.customers})::bigint AS c,
                         {self._some_partner("r", 44)} AS p
                    FROM generate_series(1::bigint, {n}) AS r) AS b) AS x JOIN deals_account a ON a.id = c"""
        self._insert(
            "deals.Referral",
            {
                "id": "r", "code": "pg_temp.bench_code('RF', r)", "partner_id": "p",
                "created_by_id": f"({self.user_base} + (p - {self.partner_base} - 1) * {self.size.members} + 2)",
                "program_version_id": str(self.version_id), **_of_account("a.name"),
                "contact_name": "'Contact'",
                "product_id": f"({_ids(self.products)})[{self._product('r')}]", "amount": "5000", "currency": "'USD'",
                "status": "status", "submitted_at": "at", "conflict_outcome": "'clear'",
                "decided_at": "CASE WHEN status <> 'submitted' THEN at + interval '1 day' END",
                "qualified_on": f"CASE WHEN status = 'qualified' THEN LEAST((at + interval '9 days')::date, DATE '{self.today}' - 1) END",
            },
            source,
        )  # fmt: skip

    def _records(self) -> None:
        """Certificates, NPS answers, strategic fit and value."""
        people, n = self.size.partners * self.size.members, self.size.certificates
        kinds = f"(ARRAY['sales', 'technical', 'expert'])[1 + (n / {people}) % 3]"
        member = f"(1 + (n - 1) % {people})"
        day = f"(DATE '{self.today}' - (n / ({people} * 3))::int * 365 - (pg_temp.dice(n, 51) * 500)::int)"
        self._insert(
            "training.Certificate",
            {
                "id": "n", "code": "pg_temp.bench_code('CE', n)", "number": "'C-' || n",
                "partner_id": f"{self.partner_base} + 1 + ({member} - 1) / {self.size.members}",
                "user_id": f"{self.user_base} + {member}", "holder_name": f"'Holder ' || {member}",
                "holder_email": f"'m' || {member} || '@partner.example'", "kind": kinds, "valid_from": day,
                "valid_until": f"{day} + 365", "source": "'import'", "created_at": f"{day}::timestamptz",
            },
            f"generate_series(1::bigint, {n}) AS n",
        )  # fmt: skip
        self._insert(
            "partners.NpsAnswer",
            {
                "id": "n", "code": "pg_temp.bench_code('NP', n)", "partner_id": f"{self.partner_base} + 1 + n % {self.size.partners}",
                "score": "LEAST(10, floor(3 + pg_temp.dice(n % 997, 52) * 5 + pg_temp.dice(n, 53) * 4))::int",
                "answered_on": f"DATE '{self.today}' - 1 - (pg_temp.dice(n, 54) * {DAYS})::int", "source": "'import'",
                "created_at": f"TIMESTAMPTZ '{self.now}'",
            },
            f"generate_series(1::bigint, {n}) AS n",
        )  # fmt: skip
        rated = f"generate_series(1::bigint, {self.size.partners}) AS n WHERE n % 7 > 0"
        self._insert(
            "partners.FitRating",
            {
                "id": "n", "code": "pg_temp.bench_code('FI', n)", "partner_id": f"{self.partner_base} + n",
                "rating": _one_of(["strong", "moderate", "weak"], "n", 55), "set_on": f"DATE '{self.today}' - 200",
                "reason": "'Yearly look'", "source": "'import'", "created_at": f"TIMESTAMPTZ '{self.now}'",
            },
            rated,
        )  # fmt: skip
        # The value matrix is drawn for the partners that matter, however many there are.
        self._insert(
            "partners.ValueRating",
            {
                "id": "n", "code": "pg_temp.bench_code('VA', n)", "partner_id": f"{self.partner_base} + n",
                "score": "1 + (n * 7 % 5)::int", "rated_on": f"DATE '{self.today}' - 200", "reason": "'Yearly look'",
                "source": "'import'", "created_at": f"TIMESTAMPTZ '{self.now}'",
            },
            f"{rated} AND n <= 200",
        )  # fmt: skip
        self._insert(
            "partners.Integration",
            {
                "id": "n", "code": "pg_temp.bench_code('IN', n)", "partner_id": "p.organization_id",
                "name": "'Connector ' || n", "live_on": f"DATE '{self.today}' - 300", "evidence": "'Listed'",
                "source": "'import'", "version": "1", "created_at": f"TIMESTAMPTZ '{self.now}'",
            },
            f"generate_series(1::bigint, {self.size.partners}) AS n JOIN partners_partner p"
            f" ON p.organization_id = {self.partner_base} + n WHERE p.type IN ('technology', 'oem') AND n % 3 > 0",
        )  # fmt: skip

    def _portal_days(self) -> None:
        """Each member comes by every few days; how often depends on the partner, some have stayed away."""
        people = self.size.partners * self.size.members
        each = -(-self.size.portal_days // people)
        self.cursor.execute(
            f"""INSERT INTO core_portalday (membership_id, organization_id, day)
                SELECT m.id, m.organization_id,
                       DATE '{self.today}' - 1 - (k * stride + away + (m.id % stride))::int
                  FROM (SELECT id, organization_id, 2 + (pg_temp.dice(organization_id, 61) * 9)::int AS stride,
                               (ARRAY[0, 0, 0, 0, 20, 50, 120])[1 + organization_id % 7] AS away
                          FROM core_membership WHERE id > {self.user_base} AND id <= {self.user_base} + {people}) AS m
                 CROSS JOIN generate_series(0, {each - 1}) AS k"""
        )

    def _health_history(self) -> None:
        """A row for each of the twelve months before, as nights leave them."""
        line = '[{"code": "health.score", "unit": "points", "values": {"score": 60, "band": "healthy"}, "audience": "all"}]'
        self._insert(
            "partners.HealthScore",
            {
                "id": "n", "partner_id": f"{self.partner_base} + 1 + n / 12",
                "day": f"DATE '{self.today}' - 32 - (11 - n % 12)::int * 30", "version_id": str(self.version_id),
                "score": "s", "band": "CASE WHEN s >= 80 THEN 'champion' WHEN s >= 60 THEN 'healthy' WHEN s >= 40 THEN 'at_risk' WHEN s >= 20 THEN 'critical' ELSE 'churning' END",
                "known_points": "100", "revenue_points": "revenue", "activity_points": "activity", "engagement_points": "engagement",
                "satisfaction_points": "satisfaction", "fit_points": "fit", "explanation": f"'{line}'::jsonb",
                "fingerprint": "md5(n::text)",
            },
            f"""(SELECT *, revenue + activity + engagement + satisfaction + fit AS s
                   FROM (SELECT n, ({_ids([0, 10, 20, 30])})[{_step("n", 71, 4)}] AS revenue,
                                ({_ids([0, 10, 20, 25])})[{_step("n / 12", 72, 4)}] AS activity,
                                ({_ids([0, 10, 15, 20])})[{_step("n / 12", 73, 4)}] AS engagement,
                                ({_ids([0, 5, 10, 15])})[{_step("n / 12", 74, 4)}] AS satisfaction,
                                ({_ids([0, 5, 10])})[{_step("n / 12", 75, 3)}] AS fit
                           FROM generate_series(0::bigint, {self.size.partners * 12 - 1}) AS n) AS p) AS x""",
        )  # fmt: skip

    def _work(self) -> None:
        """What waits for a decision, on the desk of the partner's manager."""
        self._insert(
            "core.WorkItem",
            {
                "id": "row_number() OVER (ORDER BY r.id)", "code": "pg_temp.bench_code('WI', r.id)", "kind": f"'{DECISION}'",
                "ref_kind": "'deals.registration'", "ref_code": "r.code", "title": "r.customer_name",
                "context": "jsonb_build_object('account', r.customer_name, 'amount', r.amount::text, 'currency', r.currency)",
                "organization_id": str(self.vendor.pk), "about_id": "r.partner_id", "role": "'partner_manager'",
                "assignee_id": "p.owner_id", "opened_at": "r.submitted_at", "total_seconds": "86400",
                "due_soon_at": "r.submitted_at + interval '18 hours'", "due_at": "r.submitted_at + interval '1 day'",
                "escalate_to_role": "'director'",
            },
            "deals_registration r JOIN partners_partner p ON p.organization_id = r.partner_id WHERE r.status = 'submitted'",
        )  # fmt: skip


def _of_account(name: str) -> dict[str, str]:
    """The columns in which a deal repeats its customer ``a``, whose name is written as ``name``."""
    same = ("domain_key", "name_key", "plain_name")
    return {"customer_name": name, "customer_domain": "a.domain", "customer_country": "a.country"} | {
        column: f"a.{column}" for column in same
    }


def _array(words: list[str] | tuple[str, ...]) -> str:
    return "ARRAY[" + ", ".join(f"'{word}'" for word in words) + "]"


def _ids(numbers: list[int]) -> str:
    return f"ARRAY{numbers}::bigint[]"


def _one_of(words: list[str], row: str, salt: int) -> str:
    return f"({_array(words)})[{_step(row, salt, len(words))}]"


def _step(row: str, salt: int, steps: int) -> str:
    """A number from 1 to ``steps``."""
    return f"1 + floor(pg_temp.dice({row}, {salt}) * {steps})::int"


def _defaults(model: type[Model]) -> dict[str, str]:
    """SQL for what every column holds when nobody says anything; columns that must be given are left out."""
    found = {}
    for field in model._meta.concrete_fields:
        if field.null or field.primary_key:
            continue
        value = field.default
        if isinstance(field, JSONField):
            found[field.column] = "'[]'::jsonb" if value is list else "'{}'::jsonb"
        elif value is not NOT_PROVIDED and not callable(value):
            found[field.column] = f"'{value}'"
        elif field.empty_strings_allowed and field.blank:
            found[field.column] = "''"
    return found


def stored_world(size: Size, today: date) -> World:
    """The world that a database holds already."""
    vendor = Organization.objects.get(kind="vendor")
    return World(
        size,
        today,
        ProgramVersion.objects.get().pk,
        vendor.pk,
        Partner.objects.order_by("pk").values_list("pk", flat=True)[0],
        Membership.objects.exclude(organization=vendor).order_by("pk").values_list("pk", flat=True)[0],
    )
