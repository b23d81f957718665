// JSON from a client or a provider, and the contract's extra fields. What needs no look inside stays the text it was, so
// that numbers keep their digits. The text may be hostile: nesting is bounded, since deep nesting would exhaust the
// sandbox's call stack. The grammar is jsontext.go's, reading into structs encoding/json's.

package caisson

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
)

// Deepest is how deep arrays and objects may nest in what this package reads.
const Deepest = 128

// Field is a name and a value.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Fields are an object's, in order, each name once. In a field called Extra they are what the contract has no name for.
type Fields []Field

// ParseJSON checks that this is JSON, and gives it without the space between its tokens.
func ParseJSON(text []byte) (json.RawMessage, error) { return compact(text) }

// ParseObject takes an object apart, one level deep. Of a name that comes twice the last value counts.
func ParseObject(text []byte) (Fields, error) {
	value, err := ParseJSON(text)
	if err != nil {
		return nil, err
	}
	if value[0] != '{' {
		return nil, errors.New("it is no object")
	}
	return objectOf(value), nil
}

// Unmarshal reads JSON into a struct by encoding/json, but for nesting that is too deep.
func Unmarshal(text []byte, into any) error {
	value, err := ParseJSON(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(value, into)
}

// Marshal gives compact JSON. Unlike encoding/json by default it leaves <, > and & as they are in [Fields], strings, and
// lists of them. A value that can't be JSON is a mistake of the adapter's.
func Marshal(value any) (json.RawMessage, error) { return appendValue(nil, value) }

// Get gives the value of this name; nil where there is none. A null is nil too.
func (f Fields) Get(name string) json.RawMessage {
	for _, field := range f {
		if field.Name == name {
			if string(field.Value) == "null" {
				return nil
			}
			return field.Value
		}
	}
	return nil
}

// Has says whether the name is there, null or not.
func (f Fields) Has(name string) bool {
	for _, field := range f {
		if field.Name == name {
			return true
		}
	}
	return false
}

// Take removes the name and gives its value; nil where there is none, or null.
func (f *Fields) Take(name string) json.RawMessage {
	for position, field := range *f {
		if field.Name == name {
			kept := make(Fields, 0, len(*f)-1)
			*f = append(append(kept, (*f)[:position]...), (*f)[position+1:]...)
			if string(field.Value) == "null" {
				return nil
			}
			return field.Value
		}
	}
	return nil
}

// Text gives a field that is a string; false where it is absent or something else.
func (f Fields) Text(name string) (string, bool) { return stringOf(f.Get(name)) }

// Object gives a field that is an object; nil where it is absent or something else.
func (f Fields) Object(name string) Fields { return objectOf(f.Get(name)) }

// List gives a field that is a list; nil where it is absent or something else.
func (f Fields) List(name string) []json.RawMessage { return listOf(f.Get(name)) }

// Objects gives the items of a field that is a list, nil for those that are no objects; nil where it is something else.
func (f Fields) Objects(name string) []Fields {
	list := f.List(name)
	if list == nil {
		return nil
	}
	objects := make([]Fields, len(list))
	for position, item := range list {
		objects[position] = objectOf(item)
	}
	return objects
}

// Count gives a field that counts something: a whole number from 0, at most what the contract's u32 holds.
func (f Fields) Count(name string) (uint32, bool) {
	value := f.Get(name)
	if len(value) == 0 || value[0] < '0' || value[0] > '9' || bytes.ContainsAny(value, ".eE") {
		return 0, false
	}
	count, err := strconv.ParseUint(string(value), 10, 32)
	if err != nil {
		return math.MaxUint32, true
	}
	return uint32(count), true
}

// Set replaces or adds a field.
func (f *Fields) Set(name string, value json.RawMessage) {
	for position := range *f {
		if (*f)[position].Name == name {
			(*f)[position].Value = value
			return
		}
	}
	*f = append(*f, Field{name, value})
}

// Add appends those of the others whose name is not there yet: what the adapter set, a client can't change by naming it.
func (f *Fields) Add(others Fields) {
	for _, other := range others {
		if !f.Has(other.Name) {
			*f = append(*f, other)
		}
	}
}

// MarshalJSON writes the object.
func (f Fields) MarshalJSON() ([]byte, error) { return appendFields(nil, f), nil }

// UnmarshalJSON reads an object.
func (f *Fields) UnmarshalJSON(text []byte) error {
	fields, err := ParseObject(text)
	*f = fields
	return err
}

// stringOf reads checked JSON.
func stringOf(value json.RawMessage) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	return unquote(value), true
}

// objectOf takes checked JSON apart; nil where it is no object.
func objectOf(value json.RawMessage) Fields {
	if len(value) == 0 || value[0] != '{' {
		return nil
	}
	// Most objects have few fields, and growing costs more than a little room.
	fields := make(Fields, 0, 8)
	var places map[string]int
	split(value, func(item []byte) {
		// A name ends at the quote before the first colon outside of it.
		end := stringEnd(item, 0)
		name, _ := stringOf(item[:end])
		for end < len(item) && (item[end] == ':' || item[end] <= ' ') {
			end++
		}
		field := Field{name, item[end:]}
		if len(fields) == 16 {
			places = make(map[string]int, 64)
			for place, known := range fields {
				places[known.Name] = place
			}
		}
		if places == nil {
			fields.Set(field.Name, field.Value)
		} else if place, known := places[name]; known {
			fields[place] = field
		} else {
			places[name] = len(fields)
			fields = append(fields, field)
		}
	})
	return fields
}

// listOf takes checked JSON apart; nil where it is no list.
func listOf(value json.RawMessage) []json.RawMessage {
	if len(value) == 0 || value[0] != '[' {
		return nil
	}
	items := []json.RawMessage{}
	split(value, func(item []byte) { items = append(items, item) })
	return items
}

// split gives the items of checked JSON that is a list or an object, without the space around them.
func split(value []byte, give func(item []byte)) {
	depth, begin := 0, 1
	for at := 1; at < len(value); at++ {
		switch value[at] {
		case '"':
			at = stringEnd(value, at) - 1
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth < 0 || depth == 0 && value[at] == ',' {
			for begin < at && value[begin] <= ' ' {
				begin++
			}
			end := at
			for end > begin && value[end-1] <= ' ' {
				end--
			}
			if begin < end {
				give(value[begin:end])
			}
			begin = at + 1
		}
	}
}

// stringEnd gives where the string that begins at a quote is over.
func stringEnd(text []byte, at int) int {
	for at = plainUntil(text, at+1); at < len(text); at = plainUntil(text, at+1) {
		if text[at] == '"' {
			return at + 1
		}
		at++
	}
	return len(text)
}
