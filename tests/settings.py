"""The settings the tests run under: the product's own, as the database's owner, with cheap passwords.

Set before ``prm.settings`` is read, so that a shell prepared for development can't change what is tested.
"""

import os
import tempfile

os.environ["PRM_ENV"] = "test"
os.environ["PRM_AS_OWNER"] = "1"
for _name in ("DEBUG", "SITE_URL", "ALLOWED_HOSTS", "TRUSTED_PROXY_COUNT", "MFA_REQUIRED", "EMAIL_BACKEND"):
    os.environ.pop(_name, None)

from prm.settings import *  # noqa: E402, F403
from prm.settings import CELERY, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PRIVATE_FILES_DIR = tempfile.mkdtemp(prefix="prm-test-files-")
STATIC_ROOT = tempfile.mkdtemp(prefix="prm-test-static-")
STORAGES["default"]["OPTIONS"]["location"] = PRIVATE_FILES_DIR
CELERY["broker_url"] = "memory://"

# Reading row by row is on purpose where an administrator runs an action on the rows they chose (each under its own
# lock), and not ours to change inside allauth.
ZEAL_ALLOWLIST = [
    {"model": "account.EmailAddress", "field": "get()"},
    {"model": "core.Invitation", "field": "get()"},
    {"model": "core.Membership", "field": "get()"},
    {"model": "core.OutboxDelivery", "field": "get()"},
    # saving a draft and sending it are two actions of one click, and each locks the row it changes
    {"model": "deals.Registration", "field": "get()"},
]
