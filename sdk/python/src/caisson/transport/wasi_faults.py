"""The error codes of wasi:http as faults, in words for people."""

from wit_world.imports import types

from caisson.transport.exchange import Fault, FaultKind

_SAID: dict[type, tuple[FaultKind, str]] = {
    types.ErrorCode_HttpRequestDenied: (FaultKind.DENIED, "not granted to this deployment"),
    types.ErrorCode_DestinationIpProhibited: (
        FaultKind.DENIED,
        "its address is not granted to this deployment",
    ),
    types.ErrorCode_DnsTimeout: (FaultKind.TIMEOUT, "looking up the name took too long"),
    types.ErrorCode_ConnectionTimeout: (FaultKind.TIMEOUT, "connecting took too long"),
    types.ErrorCode_ConnectionReadTimeout: (FaultKind.TIMEOUT, "waiting for bytes took too long"),
    types.ErrorCode_ConnectionWriteTimeout: (FaultKind.TIMEOUT, "sending took too long"),
    types.ErrorCode_HttpResponseTimeout: (FaultKind.TIMEOUT, "the answer took too long"),
    types.ErrorCode_DnsError: (FaultKind.UNREACHABLE, "the name was not found"),
    types.ErrorCode_DestinationNotFound: (FaultKind.UNREACHABLE, "the destination was not found"),
    types.ErrorCode_DestinationUnavailable: (FaultKind.UNREACHABLE, "the destination is not available"),
    types.ErrorCode_DestinationIpUnroutable: (FaultKind.UNREACHABLE, "there is no route to the address"),
    types.ErrorCode_ConnectionRefused: (FaultKind.UNREACHABLE, "connection refused"),
    types.ErrorCode_ConnectionTerminated: (FaultKind.UNREACHABLE, "the connection was closed"),
    types.ErrorCode_HttpResponseIncomplete: (FaultKind.UNREACHABLE, "the answer broke off"),
    types.ErrorCode_ConnectionLimitReached: (FaultKind.BROKEN, "too many connections"),
    types.ErrorCode_TlsProtocolError: (FaultKind.BROKEN, "TLS failed"),
    types.ErrorCode_TlsCertificateError: (FaultKind.BROKEN, "the TLS certificate is not trusted"),
    types.ErrorCode_TlsAlertReceived: (FaultKind.BROKEN, "TLS was refused"),
    types.ErrorCode_HttpRequestUriInvalid: (FaultKind.MALFORMED, "the URL is not valid"),
    types.ErrorCode_HttpRequestMethodInvalid: (FaultKind.MALFORMED, "the method is not valid"),
    types.ErrorCode_HttpProtocolError: (FaultKind.BROKEN, "no HTTP answer came"),
}


def fault(code: types.ErrorCode) -> Fault:
    """Why there is no answer."""
    if isinstance(code, types.ErrorCode_InternalError) and code.value:
        return Fault(FaultKind.BROKEN, code.value)
    unnamed = type(code).__name__.removeprefix("ErrorCode_")
    kind, what = _SAID.get(type(code), (FaultKind.BROKEN, unnamed))
    return Fault(kind, what)


def late(why: Fault) -> Fault:
    """A fault once the answer had begun: sending again would be no retry any more."""
    if why.kind is FaultKind.UNREACHABLE:
        return Fault(FaultKind.BROKEN, f"the answer broke off ({why.what})")
    return why


def body_fault(code: types.ErrorCode | None, text: str) -> Fault:
    """Why a body ended early, on WASI 0.2."""
    if code is not None:
        return late(fault(code))
    # The host may keep the code of a body's error to itself; its text at least tells a timeout.
    kind = FaultKind.TIMEOUT if "timeout" in text else FaultKind.BROKEN
    return Fault(kind, f"the answer broke off ({text})")
