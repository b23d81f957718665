// JSON's grammar (RFC 8259): checking and compacting a text in one pass, reading and writing strings and the values that
// adapters write. encoding/json would scan a text again for every level it is nested in, which a sandbox pays for.

package caisson

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

var errCutShort = errors.New("it ends too early")

// scanner copies JSON without the space between its tokens.
type scanner struct {
	text []byte
	at   int
	out  []byte
}

// compact checks that the text is one JSON value and gives it compact.
func compact(text []byte) (json.RawMessage, error) {
	s := scanner{text: text, out: make([]byte, 0, len(text))}
	if err := s.value(0); err != nil {
		return nil, err
	}
	if s.skip(); s.at < len(text) {
		return nil, s.unexpected()
	}
	return s.out, nil
}

func (s *scanner) value(depth int) error {
	if depth > Deepest {
		return fmt.Errorf("it nests deeper than %d levels", Deepest)
	}
	if s.skip(); s.at == len(s.text) {
		return errCutShort
	}
	switch b := s.text[s.at]; {
	case b == '"':
		return s.string()
	case b == '{' || b == '[':
		return s.items(depth, b+2)
	case b == '-' || b >= '0' && b <= '9':
		return s.number()
	case b == 't':
		return s.word("true")
	case b == 'f':
		return s.word("false")
	case b == 'n':
		return s.word("null")
	}
	return s.unexpected()
}

// items of an array or object; the brackets' closing bytes are their opening ones' plus two.
func (s *scanner) items(depth int, closing byte) error {
	s.take()
	for first := true; ; first = false {
		if s.skip(); s.at == len(s.text) {
			return errCutShort
		}
		if b := s.text[s.at]; b == closing && (first || s.out[len(s.out)-1] != ',') {
			s.take()
			return nil
		} else if !first && s.out[len(s.out)-1] != ',' {
			if b != ',' {
				return s.unexpected()
			}
			s.take()
			continue
		}
		if closing == '}' {
			if err := s.name(); err != nil {
				return err
			}
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
}

func (s *scanner) name() error {
	if s.text[s.at] != '"' {
		return s.unexpected()
	}
	if err := s.string(); err != nil {
		return err
	}
	if s.skip(); s.at == len(s.text) {
		return errCutShort
	}
	if s.text[s.at] != ':' {
		return s.unexpected()
	}
	s.take()
	return nil
}

func (s *scanner) string() error {
	begin := s.at
	for s.at = plainUntil(s.text, s.at+1); s.at < len(s.text); s.at = plainUntil(s.text, s.at+1) {
		switch b := s.text[s.at]; {
		case b == '"':
			s.at++
			s.out = append(s.out, s.text[begin:s.at]...)
			return nil
		case b < ' ':
			return s.unexpected()
		case b == '\\':
			s.at++
			if s.at == len(s.text) {
				return errCutShort
			}
			switch s.text[s.at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if len(s.text)-s.at < 5 {
					return errCutShort
				}
				if _, is := hex4(s.text[s.at+1:]); !is {
					return s.unexpected()
				}
				s.at += 4
			default:
				return s.unexpected()
			}
		}
	}
	return errCutShort
}

func (s *scanner) number() error {
	begin := s.at
	if s.text[s.at] == '-' {
		s.at++
	}
	whole := s.at
	if s.digits(); s.at == whole || s.text[whole] == '0' && s.at-whole > 1 {
		return s.unexpectedAt(whole)
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		s.at++
		fraction := s.at
		if s.digits(); s.at == fraction {
			return s.unexpected()
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		exponent := s.at
		if s.digits(); s.at == exponent {
			return s.unexpected()
		}
	}
	s.out = append(s.out, s.text[begin:s.at]...)
	return nil
}

func (s *scanner) digits() {
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
}

func (s *scanner) word(word string) error {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		return s.unexpected()
	}
	s.at += len(word)
	s.out = append(s.out, word...)
	return nil
}

func (s *scanner) take() {
	s.out = append(s.out, s.text[s.at])
	s.at++
}

func (s *scanner) skip() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\n' || s.text[s.at] == '\r' || s.text[s.at] == '\t') {
		s.at++
	}
}

func (s *scanner) unexpected() error { return s.unexpectedAt(s.at) }

func (s *scanner) unexpectedAt(at int) error {
	if at >= len(s.text) {
		return errCutShort
	}
	return fmt.Errorf("unexpected %q at byte %d", s.text[at], at)
}

// plainUntil gives where the next byte is that ends or breaks a plain run within a string: a quote, a backslash, a control
// character. Eight bytes at a time: a loop over bytes is what an adapter would spend most of its fuel on.
func plainUntil(text []byte, at int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; at+8 <= len(text); at += 8 {
		word := binary.LittleEndian.Uint64(text[at:])
		// Each subtraction borrows into the high bit of a byte that is less, at the latest of the lowest such byte.
		quote, slash := word^'"'*ones, word^'\\'*ones
		special := ((quote - ones) &^ quote) | ((slash - ones) &^ slash) | ((word - ' '*ones) &^ word)
		if special &= high; special != 0 {
			return at + bits.TrailingZeros64(special)/8
		}
	}
	for at < len(text) && text[at] >= ' ' && text[at] != '"' && text[at] != '\\' {
		at++
	}
	return at
}

func hex4(digits []byte) (rune, bool) {
	value, err := strconv.ParseUint(string(digits[:4]), 16, 32)
	return rune(value), err == nil
}

// unquote reads a checked string. What is no UTF-8, and half a surrogate pair, becomes a replacement character.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	out := make([]byte, 0, len(inner))
	for at := 0; at < len(inner); {
		plain := at
		if at = bytes.IndexByte(inner[plain:], '\\') + plain; at < plain {
			at = len(inner)
		}
		out = append(out, inner[plain:at]...)
		if at == len(inner) {
			break
		}
		at += 2
		switch escape := inner[at-1]; escape {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			unit, _ := hex4(inner[at:])
			at += 4
			if utf16.IsSurrogate(unit) {
				second := rune(-1)
				if len(inner)-at >= 6 && inner[at] == '\\' && inner[at+1] == 'u' {
					second, _ = hex4(inner[at+2:])
				}
				if unit = utf16.DecodeRune(unit, second); unit != utf8.RuneError {
					at += 6
				}
			}
			out = utf8.AppendRune(out, unit)
		default:
			out = append(out, escape)
		}
	}
	return validText(out)
}

// appendValue writes a value as compact JSON.
func appendValue(out []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(out, "null"...), nil
	case json.RawMessage:
		if value == nil {
			return append(out, "null"...), nil
		}
		return append(out, value...), nil
	case Fields:
		return appendFields(out, value), nil
	case []Fields:
		return appendList(out, value)
	case []json.RawMessage:
		return appendList(out, value)
	case []string:
		return appendList(out, value)
	case string:
		return appendString(out, value), nil
	case bool:
		return strconv.AppendBool(out, value), nil
	case int:
		return strconv.AppendInt(out, int64(value), 10), nil
	case int64:
		return strconv.AppendInt(out, value, 10), nil
	case uint32:
		return strconv.AppendUint(out, uint64(value), 10), nil
	case float64:
		if math.IsInf(value, 0) || math.IsNaN(value) {
			return nil, Errorf(Internal, "%v does not become JSON", value)
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, Errorf(Internal, "this does not become JSON: %v", err)
	}
	return append(out, text...), nil
}

func appendFields(out []byte, fields Fields) []byte {
	out = append(out, '{')
	for position, field := range fields {
		if position > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, field.Name), ':')
		if field.Value == nil {
			out = append(out, "null"...)
		}
		out = append(out, field.Value...)
	}
	return append(out, '}')
}

func appendList[Item any](out []byte, items []Item) ([]byte, error) {
	out = append(out, '[')
	for position, item := range items {
		if position > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, item); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendString(out []byte, text string) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	begin := len(out)
	out = append(out, validString(text)...)
	first := plainUntil(out, begin)
	if first == len(out) {
		return append(out, '"')
	}
	rest := bytes.Clone(out[first:])
	out = out[:first]
	for len(rest) > 0 {
		plain := plainUntil(rest, 0)
		out = append(out, rest[:plain]...)
		if rest = rest[plain:]; len(rest) == 0 {
			break
		}
		b := rest[0]
		rest = rest[1:]
		switch b {
		case '"', '\\':
			out = append(out, '\\', b)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		}
	}
	return append(out, '"')
}
