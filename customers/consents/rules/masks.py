"""An address shown so that its owner knows it and a stranger learns nothing."""


def masked(address: str) -> str:
    """`a•••@e•••.com` for an e-mail, `•••0018` for a phone number."""
    name, sign, domain = address.rpartition("@")
    if not sign:
        return f"•••{address[-4:]}" if len(address) > 6 else "•••"
    host, dot, last = domain.rpartition(".")
    return f"{name[:1]}•••@{host[:1]}•••{dot}{last}" if dot else f"{name[:1]}•••@•••"
