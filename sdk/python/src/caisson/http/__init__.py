"""HTTP to the provider: send a request, read the `Response` as its bytes arrive.

    answer = http.post(f"{root}/v1/answer", json={"question": "why?"}).raise_for_status().json()

The host decides where a request may go and adds the credential; it follows no redirect and neither does this
client. Connections, TLS and compression are the host's as well.
"""

from caisson.http.request import Headers, get, post, request
from caisson.http.response import Response
from caisson.http.url import path_segment
from caisson.transport import Timeouts

__all__ = ["Headers", "Response", "Timeouts", "get", "path_segment", "post", "request"]
