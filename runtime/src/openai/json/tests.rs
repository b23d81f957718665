//! What is refused, and where; that nothing is lost; that hostile text costs neither stack nor quadratic time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use super::*;

#[track_caller]
fn check_syntax(text: &str, position: usize, says: &str) {
    let error = document(text, &Path::ROOT).err().expect("is refused");
    assert_eq!(error.position, Some(position), "{}", error.message);
    assert!(error.message.contains(says), "{}", error.message);
    assert_eq!(error.param, None);
}

#[test]
fn bad_json_is_told_with_line_column_and_byte() {
    check_syntax(r#"{"a": nope}"#, 7, "line 1 column 8");
    check_syntax("{\n \"a\": 1,\n \"b\" 2}", 16, "line 3 column 6");
    check_syntax(r#"{"a":1,}"#, 7, "trailing comma");
    check_syntax(r#"{"a":1} x"#, 8, "trailing characters");
    check_syntax(r#"{"a":"x"#, 7, "EOF");
    check_syntax("", 0, "EOF");
    check_syntax("[1, 2", 5, "EOF");
    check_syntax("{\"a\":\"\n\"}", 6, "control character");
}

#[test]
fn bytes_that_are_not_utf8_are_told_by_position() {
    let error = utf8(b"{\"a\":\"\xff\"}").unwrap_err();
    assert_eq!(error.position, Some(6));
}

#[test]
fn a_document_that_is_no_object_is_refused_as_such() {
    for (text, kind) in [("[1]", "an array"), ("\"x\"", "a string"), (" 12 ", "12"), ("null", "null")] {
        let error = document(text, &Path::ROOT).err().unwrap();
        assert_eq!(error.message, format!("the document must be an object, but is {kind}"));
    }
}

#[test]
fn deep_nesting_is_refused_at_its_byte_whatever_the_depth() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let deepest = nested(MAX_DEPTH - 1);
    assert!(document(&deepest, &Path::ROOT).is_ok());
    assert!(serde_json::from_str::<serde_json::Value>(&deepest).is_ok(), "guests can read it too");
    for depth in [MAX_DEPTH, 100_000] {
        let error = document(&nested(depth), &Path::ROOT).err().unwrap();
        assert_eq!(error.position, Some(5 + MAX_DEPTH - 1));
    }
    assert!(document(&format!("{{\"a\":{}", "[".repeat(100_000)), &Path::ROOT).is_err());
    assert!(check(&"[".repeat(100_000)).is_err());
}

#[test]
fn brackets_inside_strings_are_not_nesting() {
    let text = format!(r#"{{"a":"{}\"{}","b\\":1}}"#, "[".repeat(200), "{".repeat(200));
    assert!(document(&text, &Path::ROOT).is_ok());
}

#[test]
fn a_name_given_twice_is_refused_by_path() {
    let path = Path::ROOT;
    let messages = path.field("messages");
    let error = Value(r#"{"role":"user","ro\u006ce":"system"}"#).object(&messages.item(2)).err().unwrap();
    assert_eq!(error.param.as_deref(), Some("messages[2].role"));

    let many = (0..1000).map(|at| format!("\"f{at}\":0")).collect::<Vec<_>>().join(",");
    assert!(document(&format!("{{{many}}}"), &path).is_ok());
    let error = document(&format!("{{{many},\"f7\":1}}"), &path).err().unwrap();
    assert_eq!(error.param.as_deref(), Some("f7"));
}

#[test]
fn what_nobody_takes_keeps_its_order_and_every_byte() {
    let text = r#"{ "z" : 1.50 , "a":"x", "\u0062":[ 1,
        {"k" : 1e3}], "n":null, "last":9007199254740993 }"#;
    let path = Path::ROOT;
    let mut object = document(text, &path).unwrap();
    assert_eq!(object.string("a").unwrap().as_deref(), Some("x"));
    let extra = object.into_extra();
    let expected = [("z", "1.50"), ("b", "[ 1,\n        {\"k\" : 1e3}]"), ("n", "null"), ("last", "9007199254740993")];
    assert_eq!(extra, expected.map(|(name, json)| (name.to_owned(), json.to_owned())));
}

#[test]
fn what_is_left_of_a_nested_object_stays_in_its_place() {
    let path = Path::ROOT;
    let mut object = document(r#"{"a":1,"inner":{"x":1,"y\"":2,"z":[3]},"b":2}"#, &path).unwrap();
    let inner_path = path.field("inner");
    let mut inner = object.take("inner").unwrap().object(&inner_path).unwrap();
    inner.take("x");
    object.leave("inner", inner.into_rest());
    let extra = object.into_extra();
    assert_eq!(extra[1], ("inner".to_owned(), r#"{"y\"":2,"z":[3]}"#.to_owned()));
    assert_eq!(extra.len(), 3);
}

#[test]
fn half_a_surrogate_pair_is_refused_where_text_is_wanted_and_kept_where_not() {
    let path = Path::ROOT;
    let mut object = document(r#"{"a":"\ud800","b":"\ud83d\ude00","c":"\udead"}"#, &path).unwrap();
    let error = object.string("a").unwrap_err();
    assert_eq!(error.param.as_deref(), Some("a"));
    assert_eq!(object.string("b").unwrap().as_deref(), Some("😀"));
    assert_eq!(object.into_extra(), [("c".to_owned(), r#""\udead""#.to_owned())]);
}

#[test]
fn numbers_out_of_range_are_refused_with_what_was_given() {
    let path = Path::ROOT;
    let field = path.field("n");
    for text in ["-1", "4294967296", "1.5", "\"1\"", "true", "[1]"] {
        let error = Value(text).u32(&field).unwrap_err();
        assert!(error.message.starts_with("`n` must be an integer from 0 to 4294967295, but is "), "{error}");
    }
    assert!(Value("1e999").f64(&field).is_err());
    assert_eq!(Value("9223372036854775807").i64(&field).unwrap(), i64::MAX);
}

#[test]
fn outside_text_in_messages_is_short_and_whole_characters() {
    let long = "é".repeat(1000);
    let path = Path::ROOT;
    let error = BadRequest::at(&path.field(&long), "is bad");
    assert!(error.message.len() < 100, "{}", error.message.len());
    assert_eq!(shortened(&format!("a{long}")).chars().count(), 32);
}

#[test]
fn an_item_at_fault_ends_the_visit() {
    let path = Path::ROOT;
    let mut seen = 0;
    let visited = Value("[1,2,\"x\",4]").items(&path.field("a"), |item, path| {
        seen += 1;
        item.u32(path).map(drop)
    });
    assert_eq!(visited.unwrap_err().param.as_deref(), Some("a[2]"));
    assert_eq!(seen, 3);
}

#[test]
fn the_first_item_is_seen_without_the_rest() {
    for (text, first) in [("[1,2]", Some("1")), ("[ \"a\" ]", Some("\"a\"")), ("[]", None), ("[[1],2]", Some("[1]"))] {
        assert_eq!(Value(text).first_item().map(Value::text), first);
    }
}
