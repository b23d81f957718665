// JSON in and out: what is taken, what is refused, what stays as it was.

package caisson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func FuzzJSONIsWhatEncodingJSONTakesItFor(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.50,-0,1e9,1E+2,{"b":null}],"c":"\u00e9\n\"","d":true,"e":false}`, ` [ ] `, `{}`, `"\ud83d\ude00"`, `[1,]`,
		`{"a":1,}`, `{,}`, `[,1]`, `01`, `-`, `1.`, `1e`, `.5`, `NaN`, `tru`, `"\x"`, `"\u12"`, "\"\n\"", `{"a" 1}`, `{1:2}`,
		`[1 2]`, `1 2`, ``, `"`, `{"a":`, "\"\xff\"", `"\ud800"`, `[[[]]]`, `{"a":{},"b":[]}`, `"a\/b"`, "\ufeff1", `]`, `[}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > Deepest {
			t.Skip()
		}
		ours, err := ParseJSON(text)
		if (err == nil) != json.Valid(text) {
			t.Fatalf("%q: %v, but encoding/json says %v", text, err, json.Valid(text))
		}
		if err != nil {
			return
		}
		var theirs bytes.Buffer
		if json.Compact(&theirs, text); !bytes.Equal(ours, theirs.Bytes()) {
			t.Fatalf("%q became %q, not %q", text, ours, theirs.Bytes())
		}
		if said, is := stringOf(ours); is {
			var theirs string
			if json.Unmarshal(text, &theirs); said != theirs {
				t.Fatalf("%q reads %q, not %q", text, said, theirs)
			}
			back, _ := Marshal(said)
			if again, _ := stringOf(back); again != said || !json.Valid(back) {
				t.Fatalf("%q was written %q", said, back)
			}
		}
		for _, field := range objectOf(ours) {
			if !json.Valid(field.Value) {
				t.Fatalf("%q holds %q", text, field.Value)
			}
		}
		for _, item := range listOf(ours) {
			if !json.Valid(item) {
				t.Fatalf("%q holds %q", text, item)
			}
		}
	})
}

func TestNestingIsBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 1_000_000), strings.Repeat(`{"a":`, 200_000), nested(Deepest + 2)} {
		if _, err := ParseJSON([]byte(text)); err == nil {
			t.Errorf("%.20s… was read", text)
		}
	}
	if _, err := ParseJSON([]byte(nested(Deepest))); err != nil {
		t.Error(err)
	}
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestNumbersKeepTheirDigits(t *testing.T) {
	text := `{"a":12345678901234567890,"b":1.50,"c":[1.0e2]}`
	fields, err := ParseObject([]byte(" " + text + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if back, _ := Marshal(fields); string(back) != text {
		t.Error(string(back))
	}
}

func TestOfANameThatComesTwiceTheLastValueCounts(t *testing.T) {
	many := strings.Repeat(`"x":0,`, 100_000)
	for _, text := range []string{`{"a":1,"b":2,"a":3}`, `{"a":1,` + many + `"b":2,"a":3}`} {
		fields, err := ParseObject([]byte(text))
		if err != nil || string(fields.Get("a")) != "3" || len(fields) > 3 {
			t.Errorf("%.20s… is %d fields, a is %s (%v)", text, len(fields), fields.Get("a"), err)
		}
	}
}

func TestCountsAreWholeAndFitTheContract(t *testing.T) {
	for text, want := range map[string]uint32{
		"0": 0, "7": 7, "4294967296": 1<<32 - 1, "18446744073709551615": 1<<32 - 1, "99999999999999999999999": 1<<32 - 1,
	} {
		if count, is := (Fields{{"n", json.RawMessage(text)}}).Count("n"); !is || count != want {
			t.Errorf("%s counts %d, %v", text, count, is)
		}
	}
	for _, text := range []string{"-1", "1.5", "1e3", "true", `"1"`, "null", "[1]"} {
		if _, is := (Fields{{"n", json.RawMessage(text)}}).Count("n"); is {
			t.Errorf("%s counts", text)
		}
	}
}

func TestWhatTheAdapterSetAClientCannotChange(t *testing.T) {
	fields := Fields{{"stream", json.RawMessage("true")}}
	fields.Add(Fields{{"stream", json.RawMessage("false")}, {"seed", json.RawMessage("1")}})
	if text, _ := Marshal(fields); string(text) != `{"stream":true,"seed":1}` {
		t.Error(string(text))
	}
}

func TestTakingAFieldLeavesTheOriginalAlone(t *testing.T) {
	whole, _ := ParseObject([]byte(`{"a":1,"b":2,"c":3}`))
	part := whole
	if taken := part.Take("a"); string(taken) != "1" || len(part) != 2 || string(whole[0].Value) != "1" || len(whole) != 3 {
		t.Error(whole, part)
	}
}
