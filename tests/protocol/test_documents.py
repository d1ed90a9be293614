"""Documents in memory: bounded, and gone with what they were made from."""

from __future__ import annotations

from archive.protocol.documents import Document, DocumentCache


def document(size: int) -> Document:
    return Document(b"x" * size, "text/plain")


def test_cache_keeps_what_was_used_last():
    cache, source = DocumentCache(most_bytes=1000), object()
    for key in "abc":
        cache.get(source, key, lambda: document(300))
    assert cache.known(source, "a") is not None
    cache.get(source, "d", lambda: document(300))
    assert [key for key in "abcd" if cache.known(source, key)] == ["a", "c", "d"]


def test_cache_is_for_one_source():
    cache, first, second = DocumentCache(), object(), object()
    made = cache.get(first, "a", lambda: document(3))
    assert cache.get(first, "a", lambda: document(4)) is made
    assert cache.known(second, "a") is None
    assert cache.get(second, "a", lambda: document(5)) is not made
    assert cache.known(first, "a") is None


def test_bytes_are_counted_right_whatever_comes_and_goes():
    cache, source = DocumentCache(most_bytes=1000), object()
    cache.get(source, "large", lambda: document(5000))
    cache.get(source, "small", lambda: document(10))
    assert cache.known(source, "large") is None
    assert cache.known(source, "small") is not None
    cache.get(object(), "other", lambda: document(10))
    assert cache._bytes == 10
