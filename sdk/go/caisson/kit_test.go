// What every kit of Caisson's does alike: streams however they are split, refusals of every shape, retries, dates, URLs.

package caisson_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/caissontest"
)

func get(upstream *caissontest.Upstream, request caisson.Request) (response *caisson.Response, err error) {
	if request.URL == "" {
		request.URL = "https://a.example/v1"
	}
	upstream.Run(func() { response, err = request.SendOK() })
	return response, err
}

func refusal(t *testing.T, reply *caissontest.Reply) *caisson.Error {
	t.Helper()
	_, err := get(caissontest.New(reply), caisson.Request{})
	var failure *caisson.Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	return failure
}

func events(t *testing.T, reply *caissontest.Reply) (events []caisson.SSEEvent, failure error) {
	t.Helper()
	response, err := get(caissontest.New(reply), caisson.Request{})
	if err != nil {
		t.Fatal(err)
	}
	for event, err := range response.SSE() {
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
	return events, nil
}

func TestEventsArriveWholeHoweverTheyAreSplit(t *testing.T) {
	text := "\uFEFFdata: one\n\n: comment\r\nevent: x\r\nid: 7\r\ndata:two\r\ndata: ⚓\r\n\r\nretry: 5\rdata\r\rnoise\n\ndata: last"
	want := []caisson.SSEEvent{{Data: "one"}, {Event: "x", Data: "two\n⚓", ID: "7"}, {Data: ""}, {Data: "last"}}
	replies := []*caissontest.Reply{caissontest.SSE(text).ChunkSize(1)}
	for at := range len(text) {
		replies = append(replies, caissontest.SSE(text).SplitAt(at))
	}
	for _, reply := range replies {
		if got, err := events(t, reply); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

func TestAnEventOverTheLimitEndsTheStreamAfterThoseBeforeIt(t *testing.T) {
	for _, long := range []string{"data: " + strings.Repeat("x", 17<<20), strings.Repeat("data: "+strings.Repeat("x", 1<<20)+"\n", 17)} {
		got, err := events(t, caissontest.SSE("data: a\n\n"+long).ChunkSize(64<<10))
		if len(got) != 1 || err == nil {
			t.Errorf("%d events, %v", len(got), err)
		}
	}
}

func TestLinesAreTrimmedAndBlankOnesSkipped(t *testing.T) {
	for size := range 9 {
		upstream := caissontest.New(caissontest.NDJSON("{\"a\":1}\r\n\n  {\"b\":2} \n{\"c\":3}").ChunkSize(size))
		response, err := get(upstream, caisson.Request{})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line, err := range response.NDJSON() {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		if got := strings.Join(lines, " "); got != `{"a":1} {"b":2} {"c":3}` || upstream.OpenBodies != 0 {
			t.Error(got)
		}
	}
}

func TestAStreamThatIsLeftClosesTheExchange(t *testing.T) {
	upstream := caissontest.New(caissontest.SSE("data: a\n\ndata: b\n\n").ChunkSize(1))
	response, _ := get(upstream, caisson.Request{})
	for range response.SSE() {
		break
	}
	if upstream.OpenBodies != 0 {
		t.Error("still open")
	}
}

func TestRefusalsOfEveryShapeKeepTheirWords(t *testing.T) {
	for body, want := range map[string]caisson.Error{
		`{"error":{"message":"No.","code":"c","param":"p"}}`:              {Message: "No.", Code: "c", Param: "p"},
		`{"error":"No.","code":7}`:                                        {Message: "No.", Code: "7"},
		`[{"error":{"message":"No.","status":"S"}}]`:                      {Message: "No.", Code: "S"},
		`{"detail":[{"msg":"No."}]}`:                                      {Message: "No."},
		`{"errors":[{"message":"No."}]}`:                                  {Message: "No."},
		`"No."`:                                                           {Message: "No."},
		"No.\nAnd no.":                                                    {Message: "the provider answered with status 400: No."},
		"<html>":                                                          {Message: "the provider answered with status 400"},
		`{"error":{"message":"x","code":400}}`:                            {Message: "x"},
		`{"error":{"message":"the maximum context length is 8"}}`:         {Message: "the maximum context length is 8", Kind: caisson.ContextLength},
		`{"error":{"message":"x","code":"insufficient_quota"}}`:           {Message: "x", Code: "insufficient_quota", Kind: caisson.QuotaExceeded},
		`{"error":{"message":"x","code":"content_filter","param":null}}`:  {Message: "x", Code: "content_filter", Kind: caisson.ContentFiltered},
		strings.Repeat("[", 100_000):                                      {Message: "the provider answered with status 400: " + strings.Repeat("[", 500)},
		`{"error":{"message":"` + strings.Repeat("⚓", 9000) + `"},"x":1}`: {Message: strings.Repeat("⚓", 4096/3)},
	} {
		got := refusal(t, caissontest.JSON(400, body))
		if want.Kind == caisson.Internal {
			want.Kind = caisson.InvalidRequest
		}
		if got.Message != want.Message || got.Code != want.Code || got.Param != want.Param || got.Kind != want.Kind || got.Status != 400 {
			t.Errorf("%.60s is %+v", body, got)
		}
	}
}

func TestEveryStatusHasAKind(t *testing.T) {
	for status, kind := range map[int]caisson.Kind{
		301: caisson.Upstream, 400: caisson.InvalidRequest, 401: caisson.Authentication, 402: caisson.QuotaExceeded, 403: caisson.Permission,
		404: caisson.NotFound, 408: caisson.Timeout, 409: caisson.Conflict, 410: caisson.NotFound, 413: caisson.TooLarge,
		422: caisson.InvalidRequest, 429: caisson.RateLimited, 500: caisson.Upstream, 504: caisson.Timeout, 529: caisson.Upstream,
	} {
		if got := refusal(t, caissontest.JSON(status, "{}")); got.Kind != kind {
			t.Errorf("%d is %d", status, got.Kind)
		}
	}
}

func TestFaultsSayWhoAndWhat(t *testing.T) {
	for reply, want := range map[*caissontest.Reply]caisson.Error{
		caissontest.ConnectionRefused(): {Kind: caisson.Upstream, Message: "could not reach https://a.example: connection refused"},
		caissontest.TimedOut():          {Kind: caisson.Timeout, Message: "https://a.example: the answer took too long"},
		caissontest.Denied(): {
			Kind: caisson.Upstream, Code: "egress_denied", Message: "egress denied: https://a.example: not granted to this deployment",
		},
	} {
		if got := refusal(t, reply); got.Kind != want.Kind || got.Message != want.Message || got.Code != want.Code {
			t.Errorf("%+v", got)
		}
	}
}

func TestTheWaitThatAnAnswerAsksForIsRead(t *testing.T) {
	for _, each := range []struct {
		headers caisson.Pairs
		want    uint32
		is      bool
	}{
		{caisson.Pairs{{Name: "retry-after", Value: "17"}}, 17_000, true},
		{caisson.Pairs{{Name: "retry-after", Value: "0"}}, 0, true},
		{caisson.Pairs{{Name: "retry-after-ms", Value: "1500.7"}, {Name: "retry-after", Value: "9"}}, 1500, true},
		{caisson.Pairs{{Name: "retry-after", Value: "1e99"}}, 1<<32 - 1, true},
		{caisson.Pairs{{Name: "date", Value: "Sun, 06 Nov 1994 08:49:37 GMT"}, {Name: "retry-after", Value: "Sunday, 06-Nov-94 08:50:07 GMT"}}, 30_000, true},
		{caisson.Pairs{{Name: "date", Value: "Sun, 06 Nov 1994 08:49:37 GMT"}, {Name: "retry-after", Value: "Sun Nov  6 08:49:00 1994"}}, 0, true},
		{caisson.Pairs{{Name: "retry-after", Value: "-1"}}, 0, false},
		{caisson.Pairs{{Name: "retry-after", Value: "NaN"}}, 0, false},
		{caisson.Pairs{{Name: "retry-after", Value: "soon"}}, 0, false},
		{nil, 0, false},
	} {
		if got, is := caisson.RefusalOf(429, each.headers, nil).Milliseconds(); got != each.want || is != each.is {
			t.Errorf("%v: %d, %v", each.headers, got, is)
		}
	}
}

func TestARequestIsSentAgainWhereThatMayHelp(t *testing.T) {
	retry := caisson.Retry{Times: 5, Within: 20 * time.Second}
	for name, each := range map[string]struct {
		first *caissontest.Reply
		retry caisson.Retry
		slept []time.Duration
	}{
		"none by default":       {caissontest.JSON(503, "{}"), caisson.Retry{}, nil},
		"nobody there":          {caissontest.ConnectionRefused(), retry, []time.Duration{time.Second / 2}},
		"unavailable":           {caissontest.JSON(503, "{}"), retry, []time.Duration{time.Second / 2}},
		"as asked":              {caissontest.JSON(429, "{}").Header("retry-after", "7"), retry, []time.Duration{7 * time.Second}},
		"asked past the end":    {caissontest.JSON(429, "{}").Header("retry-after", "21"), retry, nil},
		"asked too much":        {caissontest.JSON(429, "{}").Header("retry-after", "61"), caisson.Retry{Times: 1}, nil},
		"told not to":           {caissontest.JSON(503, "{}").Header("x-should-retry", "false"), retry, nil},
		"told to":               {caissontest.JSON(400, "{}").Header("x-should-retry", "true"), retry, []time.Duration{time.Second / 2}},
		"the client's mistake":  {caissontest.JSON(400, "{}"), retry, nil},
		"a grant that is not":   {caissontest.Denied(), retry, nil},
		"an answer that's late": {caissontest.TimedOut(), retry, nil},
	} {
		upstream := caissontest.New(each.first, caissontest.JSON(200, "{}"))
		_, err := get(upstream, caisson.Request{Retry: each.retry})
		if !reflect.DeepEqual(upstream.Slept, each.slept) || (err == nil) != (each.slept != nil) || upstream.OpenBodies > 1 {
			t.Errorf("%s: %v, %v", name, upstream.Slept, err)
		}
	}
}

func TestWaitsGrowTwofoldToTheirCap(t *testing.T) {
	var replies []*caissontest.Reply
	for range 8 {
		replies = append(replies, caissontest.JSON(500, "{}"))
	}
	upstream := caissontest.New(replies...)
	get(upstream, caisson.Request{Retry: caisson.Retry{Times: 6}})
	want := []time.Duration{500, 1000, 2000, 4000, 8000, 8000}
	for at := range want {
		want[at] *= time.Millisecond
	}
	if !reflect.DeepEqual(upstream.Slept, want) || upstream.RepliesLeft() != 1 {
		t.Error(upstream.Slept)
	}
}

func TestARequestThatCouldBeMisreadIsNotSent(t *testing.T) {
	for _, url := range []string{
		"", "a.example/v1", "ftp://a.example", "https://", "https:///v1", "https://good.example@bad.example/", "https://a b/",
		"https://a\\b/", "https://a.example/\r\nx: y", "https://ä.example/",
	} {
		upstream := caissontest.New(caissontest.JSON(200, "{}"))
		upstream.Run(func() {
			if _, err := (&caisson.Request{URL: url}).Send(); err == nil {
				t.Errorf("%q was sent", url)
			}
		})
	}
	for _, header := range []caisson.Pair{
		{Name: "", Value: "x"}, {Name: "a b", Value: "x"}, {Name: "é", Value: "x"}, {Name: "x", Value: "a\r\nb: c"}, {Name: "Host", Value: "x"},
		{Name: "transfer-encoding", Value: "chunked"},
	} {
		if _, err := get(caissontest.New(caissontest.JSON(200, "{}")), caisson.Request{Header: caisson.Pairs{header}}); err == nil {
			t.Errorf("%q was sent", header)
		}
	}
}

func TestARequestGoesOutAsWritten(t *testing.T) {
	upstream := caissontest.New(caissontest.JSON(200, "{}"))
	get(upstream, caisson.Request{
		URL: "HTTP://a.example:8080/v1/" + caisson.PathSegment("../é") + "?x=1#z", Query: caisson.Pairs{{Name: "k y", Value: "a&b"}},
		JSON: map[string]any{"a": 1},
	})
	sent := upstream.Requests[0]
	if sent.URL != "http://a.example:8080/v1/..%2F%C3%A9?x=1&k%20y=a%26b" || sent.Method != "POST" || string(sent.Body) != `{"a":1}` ||
		sent.Header("content-type") != "application/json" {
		t.Errorf("%+v", sent)
	}
	if caisson.PathSegment("..") != "%252E%252E" {
		t.Error("a dot segment leaves its place")
	}
}

func TestAnAnswerOverTheLimitIsTheProvidersFault(t *testing.T) {
	upstream := caissontest.New(caissontest.JSON(200, "12345678").ChunkSize(3))
	response, _ := get(upstream, caisson.Request{})
	response.Limit = 7
	if _, err := response.Bytes(); err == nil || upstream.OpenBodies != 0 {
		t.Error(err)
	}
}

type bare struct{ caisson.Base }

func (bare) Describe() caisson.AdapterInfo { return caisson.AdapterInfo{Name: "bare", Version: "0"} }

func TestWhatAnAdapterLacksIsUnsupported(t *testing.T) {
	_, whole := bare{}.Complete(nil, nil)
	_, vectors := bare{}.Embed(nil, nil)
	for _, err := range []error{whole, vectors, bare{}.Stream(nil, nil, nil)} {
		if failure, is := err.(*caisson.Error); !is || failure.Kind != caisson.UnsupportedKind {
			t.Error(err)
		}
	}
}
