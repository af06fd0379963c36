"""The cache of production: Redis while it answers, this process's memory while it does not."""

import logging
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class SteadyRedisCache(RedisCache):
    """Redis cache whose failure never breaks a page: reads and writes go to memory until Redis is back."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        params = {**params, "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1, **params.get("OPTIONS", {})}}
        super().__init__(server, params)
        self._memory = LocMemCache("steady", {})

    def _steady(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(), verb)(*args, **kwargs)
        except (RedisError, OSError) as error:
            log.warning("cache is in memory, Redis does not answer: %s", type(error).__name__)
            return getattr(self._memory, verb)(*args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("set", *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("add", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("touch", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("incr", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("delete", *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("get_many", *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("set_many", *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("delete_many", *args, **kwargs)

    def clear(self) -> Any:
        return self._steady("clear")

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("has_key", *args, **kwargs)
