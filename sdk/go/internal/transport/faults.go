//go:build wasip1

// wasi:http's error codes as faults.

package transport

import (
	"fmt"
	"strings"

	http "github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_http_types"
	"github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_io_error"
	wit "github.com/caisson/caisson/sdk/go/internal/bindings/wit/types"
)

// bodyFault says why a body ended early. The answer had begun, so sending again would be no retry any more.
func bodyFault(failure *wasi_io_error.Error) *Fault {
	defer failure.Drop()
	if code := given(func() wit.Option[http.ErrorCode] { return http.HttpErrorCode(failure) }); code.IsSome() {
		fault := faultOf(code.Some())
		if fault.Kind == Unreachable {
			return &Fault{Broken, "the answer broke off (" + fault.What + ")"}
		}
		return fault
	}
	// A host may keep the code of a body's error to itself; its text at least tells a timeout.
	text := given(failure.ToDebugString)
	kind := Broken
	if strings.Contains(text, "timeout") {
		kind = TimedOut
	}
	return &Fault{kind, "the answer broke off (" + text + ")"}
}

var faults = map[uint8]Fault{
	http.ErrorCode_HttpRequestDenied:        {Denied, "not granted to this deployment"},
	http.ErrorCode_DestinationIpProhibited:  {Denied, "its address is not granted to this deployment"},
	http.ErrorCode_DnsTimeout:               {TimedOut, "looking up the name took too long"},
	http.ErrorCode_ConnectionTimeout:        {TimedOut, "connecting took too long"},
	http.ErrorCode_ConnectionReadTimeout:    {TimedOut, "waiting for bytes took too long"},
	http.ErrorCode_ConnectionWriteTimeout:   {TimedOut, "sending took too long"},
	http.ErrorCode_HttpResponseTimeout:      {TimedOut, "the answer took too long"},
	http.ErrorCode_DnsError:                 {Unreachable, "the name was not found"},
	http.ErrorCode_DestinationNotFound:      {Unreachable, "the destination was not found"},
	http.ErrorCode_DestinationUnavailable:   {Unreachable, "the destination is not available"},
	http.ErrorCode_DestinationIpUnroutable:  {Unreachable, "there is no route to the address"},
	http.ErrorCode_ConnectionRefused:        {Unreachable, "connection refused"},
	http.ErrorCode_ConnectionTerminated:     {Unreachable, "the connection was closed"},
	http.ErrorCode_HttpResponseIncomplete:   {Unreachable, "the answer broke off"},
	http.ErrorCode_ConnectionLimitReached:   {Broken, "too many connections"},
	http.ErrorCode_TlsProtocolError:         {Broken, "TLS failed"},
	http.ErrorCode_TlsCertificateError:      {Broken, "the TLS certificate is not trusted"},
	http.ErrorCode_TlsAlertReceived:         {Broken, "TLS was refused"},
	http.ErrorCode_HttpRequestUriInvalid:    {Malformed, "the URL is not valid"},
	http.ErrorCode_HttpRequestMethodInvalid: {Malformed, "the method is not valid"},
	http.ErrorCode_HttpProtocolError:        {Broken, "no HTTP answer came"},
}

func faultOf(code http.ErrorCode) *Fault {
	if fault, known := faults[code.Tag()]; known {
		return &fault
	}
	if code.Tag() == http.ErrorCode_InternalError && code.InternalError().IsSome() {
		return &Fault{Broken, code.InternalError().Some()}
	}
	return &Fault{Broken, fmt.Sprintf("wasi:http's error code %d", code.Tag())}
}
