"""Write an LLM provider adapter for Caisson in Python.

An adapter is one class derived from `Adapter`; `python -m caisson build MODULE:CLASS -o FILE.wasm` makes a
component of it. The README walks through it.

What is here, in the order a request passes it: the contract's types (`api`), `http` (the client, with
`retry`), `json`, `sse` and `ndjson` (reading the answer), `AdapterError` (from the provider's failure to
ours), `host` and `log` (what else the host gives). `testing` runs all of it natively against recorded
exchanges.

What is deliberately not here: any provider's wire format, and any credential. The host puts keys on the
request after it has left the guest.
"""

from caisson import api, host, http, json, log, ndjson, sse
from caisson.adapter import Adapter, Answer, Step, Vectors
from caisson.api import *  # noqa: F403
from caisson.error import AdapterError, ErrorKind, kind_of_status
from caisson.http import Response
from caisson.retry import Retry

__all__ = [
    *api.__all__,
    "Adapter",
    "AdapterError",
    "Answer",
    "ErrorKind",
    "Response",
    "Retry",
    "Step",
    "Vectors",
    "host",
    "http",
    "json",
    "kind_of_status",
    "log",
    "ndjson",
    "sse",
]
