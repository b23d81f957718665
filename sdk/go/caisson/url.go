// The little of URLs that a client needs: take one apart, encode what goes into one. Resolves nothing and normalises
// nothing: what the adapter wrote is what is sent.

package caisson

import (
	"errors"
	"strings"
)

type urlParts struct {
	secure              bool
	authority, pathTail string
}

// parseURL takes an absolute http or https URL apart; the error says what is wrong with it.
func parseURL(url string) (urlParts, error) {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return urlParts{}, errors.New("it has no scheme")
	}
	secure := strings.EqualFold(scheme, "https")
	if !secure && !strings.EqualFold(scheme, "http") {
		return urlParts{}, errors.New("its scheme is neither http nor https")
	}
	rest, _, _ = strings.Cut(rest, "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	if authority == "" {
		return urlParts{}, errors.New("it has no host")
	}
	// https://granted.example@other.example is made to be misread.
	if strings.Contains(authority, "@") {
		return urlParts{}, errors.New("it has a user name in it")
	}
	if strings.ContainsFunc(authority, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
		return urlParts{}, errors.New("its host has characters that no host has")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return urlParts{}, errors.New("its path has control characters")
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return urlParts{secure, authority, encodeWhere(path, mayStand)}, nil
}

// PathSegment gives a string as one segment of a URL's path: everything but letters, digits and -._~ is percent-encoded,
// so that a model's name can't leave its place.
func PathSegment(text string) string {
	// A dot segment is resolved away even where its dots are encoded, so there is no way to send one.
	if text == "." || text == ".." {
		text = strings.ReplaceAll(text, ".", "%2E")
	}
	return encodeWhere(text, unreserved)
}

func withQuery(path string, query Pairs) string {
	for _, pair := range query {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		path += mark + encodeWhere(pair.Name, unreserved) + "=" + encodeWhere(pair.Value, unreserved)
	}
	return path
}

// unreserved is RFC 3986's.
func unreserved(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~", b) >= 0
}

// mayStand in a path or query at all, what is encoded already included.
func mayStand(b byte) bool {
	return b > ' ' && b < 0x7f && strings.IndexByte("\"<>\\^`{|}", b) < 0
}

func encodeWhere(text string, plain func(byte) bool) string {
	const digits = "0123456789ABCDEF"
	var encoded strings.Builder
	encoded.Grow(len(text))
	for _, b := range []byte(text) {
		if plain(b) {
			encoded.WriteByte(b)
		} else {
			encoded.Write([]byte{'%', digits[b>>4], digits[b&15]})
		}
	}
	return encoded.String()
}
