"""All settings in reading order: where we are, secrets, apps, data, people, pages, mail, files, jobs, logs.

Every variable that can be set from outside is read here through ``prm.environment`` and described in
``docs/configuration.md``.
"""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from prm import environment as env

# --- Where we are ----------------------------------------------------------------------------------
BASE_DIR = Path(__file__).resolve().parent.parent
PRM_ENV = env.choice("PRM_ENV", ("production", "dev", "demo", "test"), "production")
DEBUG = env.flag("DEBUG", False)
if DEBUG and PRM_ENV == "production":
    raise ImproperlyConfigured("DEBUG must be 0 when PRM_ENV is production.")
STATE_DIR = Path(env.text("PRM_STATE_DIR", str(BASE_DIR / "var")))
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "" if PRM_ENV == "production" else "127.0.0.1,localhost,testserver")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS", SITE_URL if PRM_ENV == "production" else "")

# --- Secrets ---------------------------------------------------------------------------------------
_WEAK_KEYS = {"changeme", "secret", "insecure", "django-insecure"}
SECRET_KEY = env.text("SECRET_KEY", None if PRM_ENV == "production" else "only-for-this-machine-" + "x" * 40)
if PRM_ENV == "production" and (len(SECRET_KEY) < 40 or SECRET_KEY.lower() in _WEAK_KEYS):
    raise ImproperlyConfigured("SECRET_KEY must be at least 40 random characters.")
# Bank and tax details are sealed with the first of these and opened with any. A machine of one's own derives one.
FIELD_KEYS = env.field_keys("PRM_FIELD_KEYS", derived_from="" if PRM_ENV == "production" else SECRET_KEY)

# --- Apps, from the lowest to the highest ----------------------------------------------------------
INSTALLED_APPS = [
    "prm.core",
    "partners",
    "training",
    "deals",
    "marketing",
    "reporting",
    "prm.integrations",
    *(["prm.demo"] if PRM_ENV != "production" else []),
    "prm.core.admin_apps.PrmAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_filters",
    "django_htmx",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    *(["zeal"] if PRM_ENV == "test" else []),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "prm.core.middleware.RequestIdMiddleware",
    "prm.core.middleware.BodySizeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "prm.core.middleware.ActorMiddleware",
    "prm.core.middleware.FormAddressMiddleware",
    "partners.middleware.NoProgramMiddleware",
    *(["zeal.middleware.zeal_middleware"] if PRM_ENV == "test" else []),
]
ROOT_URLCONF = "prm.urls"
WSGI_APPLICATION = "prm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Data ------------------------------------------------------------------------------------------
# The application runs as a role that may not touch history; only migrations and tests run as owner.
_DATABASE = "DATABASE_OWNER_URL" if env.flag("PRM_AS_OWNER") else "DATABASE_URL"
DATABASES = {
    "default": env.database(_DATABASE)
    | {
        "CONN_MAX_AGE": env.whole("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": env.text("PRM_TEST_DB", "test_prm")},
    }
}
DATABASES["default"]["OPTIONS"] |= {
    "options": "-c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    if not env.flag("PRM_AS_OWNER")
    else "-c lock_timeout=30s",
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "prm_cache"},
}
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")

# --- People and sign-in ----------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "prm.core.accounts.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "prm.core.accounts.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody gets mail because a stranger typed their address
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# This session stays; every other one dies, because it was signed with the old password.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "login": "30/m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("TRUSTED_PROXY_COUNT", 0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # people with a second step may change their address; it counts once confirmed
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = env.text("VENDOR_NAME", "Acme Cloud")
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PRM_ENV != "production"
USERSESSIONS_TRACK_ACTIVITY = False
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
# The identity provider that people may link to their account; without its address there is none.
OIDC_SERVER_URL = env.text("PRM_OIDC_SERVER_URL", "").rstrip("/")
if OIDC_SERVER_URL and PRM_ENV == "production" and not OIDC_SERVER_URL.startswith("https://"):
    raise ImproperlyConfigured("PRM_OIDC_SERVER_URL must begin with https:// in production.")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "company",
                "name": env.text("PRM_OIDC_NAME", "your company"),
                "client_id": env.text("PRM_OIDC_CLIENT_ID"),
                "secret": env.text("PRM_OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if OIDC_SERVER_URL
        else [],
    }
}
MFA_REQUIRED = env.flag("MFA_REQUIRED", PRM_ENV not in {"demo"})
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
INVITATION_DAYS = env.whole("INVITATION_DAYS", 7, least=1)

# --- Transport -------------------------------------------------------------------------------------
_SECURE = PRM_ENV == "production"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SECURE_SSL_REDIRECT = _SECURE and env.flag("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31536000 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        # the form that starts a company sign-in is answered by a redirect to the provider
        "form-action": [SELF, *filter(None, ["/".join(OIDC_SERVER_URL.split("/")[:3])])],
        "frame-ancestors": [NONE],
    }
}

# --- Pages -----------------------------------------------------------------------------------------
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "prm.core.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "prm.core.renderer.Renderer"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False
VENDOR_NAME = env.text("VENDOR_NAME", "Acme Cloud")

# --- Static and private files ----------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
PRIVATE_FILES_DIR = STATE_DIR / "files"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PRIVATE_FILES_DIR, "base_url": None, "file_permissions_mode": 0o640},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRM_ENV in {"production", "demo"}
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
UPLOAD_MAX_BYTES = env.whole("UPLOAD_MAX_MEGABYTES", 20, least=1) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Mail ------------------------------------------------------------------------------------------
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.smtp.EmailBackend"
    if PRM_ENV == "production"
    else "prm.core.mail_backend.StoreOnlyBackend",
)
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.whole("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "partners@example.com")
MAIL_PAGE = env.flag("MAIL_PAGE", PRM_ENV in {"dev", "demo", "test"})

# --- Jobs ------------------------------------------------------------------------------------------
CELERY = {
    "broker_url": f"redis+socket://{REDIS_URL.removeprefix('unix://')}"
    if REDIS_URL.startswith("unix://")
    else REDIS_URL,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        "visibility_timeout": 4 * 3600,
        "socket_connect_timeout": 0.3,
        # A request never waits for the broker: one try, no pauses; the schedule sweeps what was not announced.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
        "socket_timeout": 5,
    },
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_ignore_result": True,
    "task_publish_retry": False,
    "worker_prefetch_multiplier": 1,
    "worker_soft_shutdown_timeout": 10,
    "task_default_queue": "default",
    "task_routes": {
        "reporting.render_*": {"queue": "pdf"},
        "deals.render_*": {"queue": "pdf"},
        "reporting.run_*": {"queue": "night"},
    },
    "task_time_limit": 3600,
    "timezone": "UTC",
    "enable_utc": True,
}

# --- Paying partners -------------------------------------------------------------------------------
# Our own account, from which SEPA transfers leave. Without it payments go out as CSV only.
PAYOUT_ACCOUNT_NAME = env.text("PAYOUT_ACCOUNT_NAME", VENDOR_NAME)
PAYOUT_IBAN = env.iban("PAYOUT_IBAN", "")
PAYOUT_BIC = env.text("PAYOUT_BIC", "")

# --- Logs ------------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "prm.core.logs.json_formatter"},
        "plain": {"()": "prm.core.logs.plain_formatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if PRM_ENV == "production" else "plain",
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL if PRM_ENV != "test" else "WARNING"},
    # One line for each page of each PDF would drown what the worker has to say.
    "loggers": {"weasyprint.progress": {"level": "WARNING"}},
}
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
