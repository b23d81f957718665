// Package conversions is the mapping between the contract and the Messages API: pure, no I/O but for a refusal's body, no
// settings. Request goes out; Answer, Decoder and Refusal read what comes back.
package conversions

// The contract's extra as fields of Anthropic's objects, which are flat, and objects being written.

import (
	"encoding/json"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// object is written of names and values in turn; nil values are left out.
func object(namesAndValues ...any) caisson.Fields {
	fields := make(caisson.Fields, 0, len(namesAndValues)/2)
	for at := 0; at+1 < len(namesAndValues); at += 2 {
		if value := raw(namesAndValues[at+1]); value != nil {
			fields = append(fields, caisson.Field{Name: namesAndValues[at].(string), Value: value})
		}
	}
	return fields
}

// raw gives a value as JSON: what is JSON already stays as it is.
func raw(value any) json.RawMessage {
	switch value := value.(type) {
	case nil:
		return nil
	case json.RawMessage:
		return value
	case caisson.Fields:
		if value == nil {
			return nil
		}
	}
	// Strings, finite numbers, flags and what is made of them always become JSON.
	text, _ := caisson.Marshal(value)
	return text
}

// flat gives the fields of an extra where OpenAI puts an object's substance into another one, named inner: what was left
// in that one stands beside the rest.
func flat(extra caisson.Fields, inner, path string) (caisson.Fields, error) {
	fields, err := checked(extra, path)
	if err != nil {
		return nil, err
	}
	if left := fields.Object(inner); left != nil {
		fields.Take(inner)
		fields.Add(left)
	}
	return fields, nil
}

// checked gives a copy of an extra whose values are all JSON; path names its object in the error.
func checked(extra caisson.Fields, path string) (caisson.Fields, error) {
	fields := make(caisson.Fields, 0, len(extra))
	for _, field := range extra {
		value, err := caisson.ParseJSON(field.Value)
		if err != nil {
			place := field.Name
			if path != "" {
				place = path + "." + place
			}
			return nil, caisson.Invalid(place, "this is not JSON: %v", err)
		}
		fields = append(fields, caisson.Field{Name: field.Name, Value: value})
	}
	return fields, nil
}

// leftover gives what nobody took; nulls say nothing and stay behind.
func leftover(fields caisson.Fields) caisson.Fields {
	var left caisson.Fields
	for _, field := range fields {
		if string(field.Value) != "null" {
			left = append(left, field)
		}
	}
	return left
}

// only gives the field of this name alone.
func only(fields caisson.Fields, name string) caisson.Fields {
	for _, field := range fields {
		if field.Name == name {
			return caisson.Fields{field}
		}
	}
	return nil
}

// text gives a field that is a string; empty for anything else.
func text(fields caisson.Fields, name string) string {
	value, _ := fields.Text(name)
	return value
}
