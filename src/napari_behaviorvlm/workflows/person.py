"""Who is working."""

import getpass


def login_name() -> str:
    """Name under which decisions are kept: the login name, "someone" where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no entry in the password file, as in containers
        return "someone"
