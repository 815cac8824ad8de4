"""All servers, each with its proxy, for the whole session; each case is observed once, by all ways at once."""

import pytest

from .cases import Case
from .fleet import KINDS, Post, all_at_once


class Fleet:
    def __init__(self, directory):
        self.posts = [Post(kind, directory) for kind in KINDS]
        self.seen: dict[str, dict] = {}

    def each(self, job) -> dict:
        return all_at_once({post.name: lambda post=post: job(post) for post in self.posts})

    def observed(self, case: Case) -> dict:
        """What was seen of each server by each way; an exception where that could not be seen."""
        if case.name not in self.seen:
            self.seen[case.name] = self.each(lambda post: None if post.name in case.without else case.observe(post))
        return self.seen[case.name]


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("servers"))
    try:
        raise_first(fleet.each(Post.start))
        yield fleet
    finally:
        ended = fleet.each(Post.stop)
    raise_first(ended)


def raise_first(results: dict):
    for result in results.values():
        if isinstance(result, Exception):
            raise result
