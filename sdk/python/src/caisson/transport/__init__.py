"""The one seam between this package and the world: outbound HTTP, time, chance, and the host's own functions.
In a component it is the generated imports, elsewhere the `testing` script.

Knows no policy: whether to send again and what an error means to a client is decided above.
"""

import sys

from caisson.transport.exchange import Answer, Body, Call, Fault, FaultKind, Timeouts

if sys.platform == "wasi":
    from wit_world import exports

    # What a component exports is its world.
    if hasattr(exports, "ProviderAsync"):
        from caisson.transport.wasi_async import (
            count_tokens,
            elapsed,
            fraction,
            original_body,
            send,
            sleep,
            unix_seconds,
        )
    else:
        from caisson.transport.wasi import (
            count_tokens,
            elapsed,
            fraction,
            original_body,
            send,
            sleep,
            unix_seconds,
        )
else:
    from caisson.transport.scripted import (
        count_tokens,
        elapsed,
        fraction,
        original_body,
        send,
        sleep,
        unix_seconds,
    )

__all__ = [
    "Answer",
    "Body",
    "Call",
    "Fault",
    "FaultKind",
    "Timeouts",
    "count_tokens",
    "elapsed",
    "fraction",
    "original_body",
    "send",
    "sleep",
    "unix_seconds",
]
