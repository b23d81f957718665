"""Requests to an upstream that fails first: how often and after which waits they are sent again."""

import pytest

from caisson import AdapterError, ErrorKind, Retry, http
from caisson.testing import Reply, Upstream, context


def send(retry: Retry, *replies: Reply) -> tuple[int | AdapterError, list[float], int]:
    outcome: int | AdapterError
    with Upstream(*replies) as upstream:
        try:
            outcome = http.post("https://a.example", retry=retry).status
        except AdapterError as error:
            outcome = error
    assert upstream.open_bodies == 0
    return outcome, upstream.slept, len(upstream.requests)


def fails(status: int) -> Reply:
    return Reply.json(status, "{}")


def test_nothing_is_sent_again_unasked() -> None:
    assert send(Retry(), fails(503), fails(200)) == (503, [], 1)


def test_waits_double_up_to_the_cap() -> None:
    assert send(Retry(6), *[fails(529)] * 7) == (529, [0.5, 1, 2, 4, 8, 8], 7)
    assert send(Retry(2, base=1e308, cap=1e308), *[fails(529)] * 3)[1] == [1e308, 1e308]


@pytest.mark.parametrize(
    ("reply", "times"),
    [(fails(status), 1) for status in (200, 400, 401, 404, 422)]
    + [(fails(status), 2) for status in (408, 409, 429, 500, 503, 529)]
    + [(Reply.connection_refused(), 2), (Reply.denied(), 1), (Reply.timeout(), 1)]
    + [
        (fails(400).header("x-should-retry", "true"), 2),
        (fails(503).header("x-should-retry", "false"), 1),
        (fails(200).header("x-should-retry", "true"), 1),
    ],
)
def test_only_what_may_pass_is_sent_again(reply: Reply, times: int) -> None:
    assert send(Retry(1), reply, fails(200))[2] == times


def test_the_last_failure_is_what_the_caller_gets() -> None:
    outcome, _, times = send(Retry(2), fails(503), Reply.connection_refused(), Reply.denied())
    assert isinstance(outcome, AdapterError)
    assert (outcome.code, times) == ("egress_denied", 3)


_DATE = ("date", "Sun, 06 Nov 1994 08:49:37 GMT")


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ([("retry-after", "3")], [3]),
        ([("retry-after", "0")], [0]),
        ([("retry-after", "1.5")], [1.5]),
        ([("retry-after", "3"), ("retry-after-ms", "250")], [0.25]),
        ([_DATE, ("retry-after", "Sun, 06 Nov 1994 08:49:41 GMT")], [4]),
        ([("retry-after", "Sun, 06 Nov 1994 08:49:41 GMT")], [0]),
        ([("retry-after", "60")], [60]),
        # Too long to wait for: no second attempt.
        ([("retry-after", "61")], []),
        ([("retry-after", "1e300")], []),
        ([("retry-after", "inf")], []),
        # Nonsense: as if nothing had been said.
        ([("retry-after", "-1")], [0.5]),
        ([("retry-after", "NaN")], [0.5]),
        ([("retry-after", "soon")], [0.5]),
        ([("retry-after", "9" * 5000)], []),
    ],
)
def test_the_provider_may_say_how_long(headers: list[tuple[str, str]], waits: list[float]) -> None:
    reply = fails(429)
    for name, value in headers:
        reply = reply.header(name, value)
    assert send(Retry(1), reply, fails(200))[1] == waits


def test_no_wait_goes_past_the_time_there_is() -> None:
    assert send(Retry(9, within=3), *[fails(500)] * 10)[:2] == (500, [0.5, 1])


def test_the_settings_say_how_often() -> None:
    assert Retry.configured(context()) == Retry(0, within=60)
    assert Retry.configured(context(max_retries=" 2 ")).times == 2
    for nonsense in ("many", "-1", "1.5", "²"):
        with pytest.raises(AdapterError) as raised:
            Retry.configured(context(max_retries=nonsense))
        assert raised.value.kind is ErrorKind.INTERNAL
