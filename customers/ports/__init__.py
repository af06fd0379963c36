"""How neighbours work together without meeting: an app registers here what it offers, others use it by key.

Each module holds one registry and the frozen dataclass of its items; apps fill them in `AppConfig.ready()`.
"""
